"""What `loalang boxes` does, over a signed-in user's way to the API."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from controller.errors import ControllerError

STATUS = {
    "chua": "chưa biết / not heard from",
    "mat": "mất liên lạc / out of touch",
    "cho": "chờ nhận lịch / plan not confirmed",
    "duyet": "đang tải / fetching",
    "san": "sẵn sàng / ready",
    "phat": "đang phát / on air",
    "tre": "trễ / late",
    "bao_tri": "bảo trì / maintenance",
}
MARKS = {"good": "✓", "bad": "✗", "unknown": "?"}
OVER = frozenset({"done", "failed", "refused", "superseded"})
ASK_EVERY_S = 1.0


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...
    def put(self, path: str, body: dict[str, Any]) -> Any: ...


def list_boxes(api: SignedIn) -> None:
    """Print id, place, state, when it last spoke, and the alarms that stand."""
    for box in api.get("/boxes"):
        alarms = f"\t! {', '.join(box['alarms'])}" if box["alarms"] else ""
        seen = _local(box["seen_at"]) if box["seen_at"] else "-"
        place = f"{box['village']}, {box['commune']} ({box['name']})"
        print(f"{box['device']}\t{place}\t{STATUS[box['status']]}\t{seen}{alarms}")


def show_one(api: SignedIn, device: str) -> None:
    """Print all that one box says of itself; what it has not said is left out."""
    box = api.get(f"/boxes/{device}")
    print(f"{box['device']}\t{box['village']}, {box['commune']} ({box['name']})")
    print(f"  {STATUS[box['status']]}")
    for name, value in _said(box):
        print(f"  {name}: {value}")
    for kind in box["alarms"]:
        print(f"  ! {kind}")


def set_one(api: SignedIn, device: str, form: dict[str, Any]) -> None:
    """Change what the form names, if anything, and print what is set."""
    path = f"/boxes/{device}/policy"
    held = api.put(path, form) if form else api.get(path)
    data, work = held["data"], held["maintenance"]
    if data:
        cheap = ", ".join(f"{h['since'][:5]}-{h['until'][:5]}" for h in data["off_peak"])
        print(
            f"dung lượng / data: {data['monthly_mb']} MB, ngày / day {data['resets_on']}"
            + (f", giờ rẻ / off-peak {cheap}" if cheap else "")
        )
    else:
        print("dung lượng / data: không giới hạn / unlimited")
    print(f"chậm lại / delay: {held['delay_ms']} ms")
    print(f"giờ sai tối đa / clock within: {held['clock_within_s']} s")
    print(f"tiếng dự phòng / known sound: {held['fallback'] or 'im lặng / silence'}")
    print(f"báo về mỗi / heartbeat: {held['heartbeat_s']} s")
    if work and datetime.fromisoformat(work["until"]) > datetime.now().astimezone():
        print(
            f"BẢO TRÌ đến / MAINTENANCE until {_local(work['until'])}: {work['why']} ({work['by']})"
        )


def order_one(
    api: SignedIn,
    device: str,
    what: str,
    body: dict[str, Any],
    wait_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Give an order, print the steps that the box reports; False unless it did it in time."""
    ordered = api.post(f"/boxes/{device}/{what}", body)
    seen: list[str] = []
    left = wait_s
    while True:
        for step in ordered["steps"]:
            if step["status"] not in seen:
                seen.append(step["status"])
                why = f" ({step['reason']})" if step["reason"] else ""
                print(f"{ordered['kind']}: {step['status']}{why}")
        if OVER & set(seen):
            return "done" in seen
        if left <= 0:
            print("máy chưa trả lời xong / the box has not finished")
            return False
        pause(ASK_EVERY_S)
        left -= ASK_EVERY_S
        ordered = api.get(f"/boxes/{device}/commands/{ordered['command']}")


def diagnosis_of(
    api: SignedIn,
    device: str,
    lines: int,
    wait_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> Any:
    """Ask for a diagnosis and wait for it; raises `ControllerError` if it does not come."""
    command = api.post(f"/boxes/{device}/diagnose", {"lines": lines})["command"]
    left = wait_s
    while True:
        ordered = api.get(f"/boxes/{device}/commands/{command}")
        refused = [s for s in ordered["steps"] if s["status"] in OVER - {"done"}]
        if refused:
            raise _not_diagnosed(refused[0]["reason"] or refused[0]["status"])
        found = _last_diagnosis(api, device)
        if found is not None and found["command"] == command:
            return found
        if left <= 0:
            raise _not_diagnosed(f"{wait_s:.0f} s")
        pause(ASK_EVERY_S)
        left -= ASK_EVERY_S


def _last_diagnosis(api: SignedIn, device: str) -> Any:
    try:
        return api.get(f"/boxes/{device}/diagnosis")
    except ControllerError as e:
        if e.code != "no_diagnosis":
            raise
        return None


def _not_diagnosed(why: str) -> ControllerError:
    return ControllerError(
        "not_diagnosed",
        f"Máy chưa gửi kết quả kiểm tra ({why}). Lần kiểm tra trước, nếu có, vẫn còn; hãy xem "
        "máy có liên lạc không rồi thử lại.",
        f"The box has not sent a diagnosis ({why}). An earlier one, if any, is kept; see whether "
        "the box is in touch, then try again.",
    )


def _said(box: dict[str, Any]) -> list[tuple[str, str]]:
    """What the box said, in the order in which a technician asks."""

    def megabytes(name: str) -> str:
        return "?" if box[name] is None else f"{box[name] / 1e6:.0f} MB"

    lines = [
        ("nói lần cuối / last spoke", box["seen_at"] and _local(box["seen_at"])),
        ("bảo trì đến / maintenance until", _when(box["maintenance_until"])),
        ("bị ngắt / silenced", box["silenced"]),
        ("phần mềm / program", box["agent"] and f"{box['agent']}, rules {box['rules']}"),
        ("lần khởi động / starts", _plain(box["boots"] or None)),
        ("trình phát đã chết / player died", _plain(box["player_restarts"] or None)),
        ("lịch đến / plan until", _when(box["plan_until"])),
        ("tệp còn thiếu / files lacking", _plain(box["lacking"])),
        (
            "vì sao chưa tải / why not fetched",
            box["waits_vi"] and f"{box['waits_vi']} / {box['waits_en']}",
        ),
        ("đồng hồ / clock", _clock(box)),
        ("nhiệt độ / temperature", _unit(box["temperature_c"], "°C")),
        ("điện yếu / under-voltage", "có / yes" if box["under_voltage"] else ""),
        (
            "đĩa trống / disk free",
            f"{megabytes('disk_free_bytes')} / {megabytes('disk_total_bytes')}"
            if box["disk_free_bytes"] is not None
            else "",
        ),
        ("lỗi đĩa / disk errors", _plain(box["disk_errors"])),
        ("thẻ mòn / card worn", _unit(box["card_worn_percent"], "%")),
        ("sóng / signal", _unit(box["signal_dbm"], "dBm")),
        (
            "dung lượng / data",
            f"{megabytes('data_used_bytes')} / {megabytes('data_limit_bytes')}"
            if box["data_used_bytes"] is not None
            else "",
        ),
        ("báo cáo chờ / reports waiting", str(box["spooled"])),
        ("dữ liệu hỏng / losses", ", ".join(box["losses"])),
    ]
    return [(name, value) for name, value in lines if value]


def _clock(box: dict[str, Any]) -> str:
    error = box["clock_error_ms"]
    return f"{box['clock_source']}" + ("" if error is None else f", ± {error / 1000:.1f} s")


def _plain(value: int | None) -> str:
    return "" if value is None else str(value)


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:g} {unit}"


def _when(instant: str | None) -> str:
    return _local(instant) if instant else ""


def _local(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone():%H:%M %d/%m/%Y}"
