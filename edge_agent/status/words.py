"""The status of a box in words: one screen, Vietnamese and English."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_agent.contract.state import ClockSource
from edge_agent.status.status import Status

UNKNOWN = "không rõ / unknown"
NONE = "không / none"
SHOWN_FAULTS = 5
_MB = 1_000_000

_SOURCES = {
    ClockSource.NTP: "NTP",
    ClockSource.RTC: "đồng hồ trong máy / clock chip",
    ClockSource.CONTROLLER: "máy chủ / controller",
    ClockSource.KEPT: "tự đếm tiếp / counted on",
    ClockSource.UNTRUSTED: "chưa tin được / not trusted",
}
_SILENCED = {
    "kill_switch": "công tắc ngắt / kill switch",
    "maintenance": "bảo trì / maintenance",
}
_WAITS = {
    "retry": "sẽ thử lại / tried again soon",
    "disk_full": "đĩa đầy / the disk is full",
    "makes_room": "đang dọn đĩa / making room",
    "spread": "chờ đến lượt / its turn comes",
    "neighbours": "hỏi hộp bên cạnh / asking neighbours",
    "data_budget": "hết hạn mức dữ liệu / data budget used up",
    "off_peak": "chờ giờ rẻ / waiting for cheap hours",
}
CERTIFICATE_TROUBLES = {
    "unreadable": "KHÔNG ĐỌC ĐƯỢC, đang xin cái mới / UNREADABLE, asking for another",
    "ended": "ĐÃ HẾT HẠN, đang gia hạn / ENDED, being renewed",
    "turned_away": "bị máy chủ từ chối, đang gia hạn / turned away, being renewed",
    "certificate_revoked": "ĐÃ BỊ THU HỒI, hãy ghép nối lại / REVOKED, pair the box again",
    "box_retired": "hộp đã ngừng dùng, hãy ghép nối lại / RETIRED, pair the box again",
    "box_quarantined": "hộp bị cách ly, hãy ghép nối lại / IN QUARANTINE, pair it again",
    "renewal_unproved": "văn phòng không nhận ra khoá, hãy ghép nối lại / NOT KNOWN, pair again",
}
"""Words of `Telemetry.certificate_trouble`; an office may know more."""


def screen(status: Status) -> str:
    """All of `status` in one screen of lines."""
    return "\n".join(_lines(status))


def _lines(status: Status) -> Iterator[str]:
    told = status.telemetry
    yield f"Hộp / Box {status.did}, loalang-agent {status.version}, lần chạy / start {told.boot}"
    if not status.running:
        yield (
            "loalang-agent KHÔNG CHẠY; đây là những gì còn trên đĩa / "
            "loalang-agent DOES NOT RUN; this is what stands on its disk"
        )
    else:
        yield _row("Kết nối / Connection", _link(status))
        yield _row("Đang phát / On air", status.on_air or NONE)
        yield _row("Bị ngắt tiếng / Silenced", _SILENCED.get(told.silenced, told.silenced) or NONE)
    if status.offices:
        yield _row("Văn phòng / Office", ", ".join(status.offices))
        yield _row("Dấu phần cứng / Machine", status.hardware[:16] or UNKNOWN)
    yield _row("Kế hoạch đến / Plan until", _at(told.plan_until, status))
    yield _row("Sắp phát / Next", "" if status.next else NONE)
    for play in status.next:
        lacks = "" if play.held else "  THIẾU ÂM THANH / AUDIO LACKS"
        yield f"    {_at(play.start, status)}  {play.title}{lacks}"
    yield _row("Còn thiếu / Lacking", _lacking(status))
    yield _row("Đồng hồ / Clock", _clock(status))
    if told.certificate_until is not None or told.certificate_trouble:
        yield _row("Chứng chỉ / Certificate", _certificate(status))
    yield _row("Đĩa còn trống / Disk free", _disk(status))
    yield _row("Nhiệt độ / Temperature", _number(told.temperature_c, " °C"))
    yield _row("Nguồn yếu / Under-voltage", _yes(told.under_voltage))
    yield _row("Sóng / Signal", _number(told.signal_dbm, " dBm"))
    if status.running:
        yield _row("Dữ liệu đã dùng / Data used", _data(status))
    yield _row("Báo cáo chờ gửi / Reports waiting", str(told.spooled))
    yield _row("Lỗi gần đây / Last faults", "" if status.faults else NONE)
    for fault in status.faults[-SHOWN_FAULTS:]:
        yield f"    {_fault(fault)}"


def _row(label: str, value: str) -> str:
    return f"{label}: {value}".rstrip()


def _link(status: Status) -> str:
    state = "trực tuyến / online" if status.online else "mất mạng / offline"
    if status.link_since is None:
        return f"{state} từ khi khởi động / since the start"
    return f"{state} từ / since {_at(status.link_since, status)}"


def _lacking(status: Status) -> str:
    told = status.telemetry
    if not told.lacking:
        return NONE
    size = (told.bytes_wanted - told.bytes_held) / _MB
    files = f"{told.lacking} tệp / files" + (f", {size:.1f} MB" if size > 0 else "")
    reasons = [_WAITS.get(reason, reason) for reason in told.waits.split(", ") if reason]
    return f"{files} ({'; '.join(reasons)})" if reasons else files


def _clock(status: Status) -> str:
    now = _at(status.now, status)
    clock, error_ms = status.telemetry.clock, status.telemetry.clock_error_ms
    if clock is None:
        return f"{now} (chưa kiểm tra / not judged)"
    source = _SOURCES[clock.source]
    error = UNKNOWN if error_ms is None else f"± {error_ms / 1000:.1f} s"
    waits = "" if status.clock_trusted else ", CHỜ GIỜ ĐÚNG / WAITS FOR THE TIME"
    return f"{now}, {source}, {error}{waits}"


def _disk(status: Status) -> str:
    told = status.telemetry
    if told.disk_free_bytes is None or told.disk_total_bytes is None:
        return UNKNOWN
    errors = f", {told.disk_errors} lỗi / errors" if told.disk_errors else ""
    worn = "" if told.card_worn_percent is None else f", mòn / worn {told.card_worn_percent} %"
    return f"{told.disk_free_bytes / _MB:.0f} / {told.disk_total_bytes / _MB:.0f} MB{errors}{worn}"


def _data(status: Status) -> str:
    used, limit = status.telemetry.data_used_bytes, status.telemetry.data_limit_bytes
    if used is None:
        return UNKNOWN
    return f"{used / _MB:.1f} MB" + (f" / {limit / _MB:.0f} MB" if limit else "")


def _fault(line: str) -> str:
    """A line of the log, shorter: when, what, and what it says of it."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    if not isinstance(said, dict):
        return line
    rest = (f"{k}={v}" for k, v in said.items() if k not in ("at", "level", "from", "action"))
    return f"{said.get('at', '')} {said.get('action', '')} {' '.join(rest)}"[:160].rstrip()


def _at(utc_ms: int | None, status: Status) -> str:
    if utc_ms is None:
        return UNKNOWN
    try:
        zone: ZoneInfo | None = ZoneInfo(status.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    return datetime.fromtimestamp(utc_ms / 1000, zone or UTC).strftime("%H:%M:%S %d/%m/%Y")


def _certificate(status: Status) -> str:
    told = status.telemetry
    until = f"đến / until {_at(told.certificate_until, status)}"
    trouble = CERTIFICATE_TROUBLES.get(told.certificate_trouble, told.certificate_trouble)
    return f"{until}, {trouble}" if trouble else until


def _number(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:g}{unit}"


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "CÓ / YES" if value else "không / no"
