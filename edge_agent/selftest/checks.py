"""The parts of a box looked at one after the other: what is found, for people."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from edge_agent import ear
from edge_agent.contract.state import Check, CheckState, Telemetry
from edge_agent.errors import AgentError, EarDeaf
from edge_agent.health import HOT_C
from edge_agent.player import Ended, Player, PlayerEvent, Ready
from edge_agent.players.command import CommandPlayer
from edge_agent.players.mpv import MpvPlayer
from edge_agent.settings import Settings
from edge_agent.status.status import Status
from edge_agent.status.words import CERTIFICATE_TROUBLES
from edge_agent.tone import wav

PLAN_SHORT_MS = 24 * 3_600_000
CARD_WORN_PERCENT = 80
SPOOL_LONG = 1_000
EAR_S = 2
QUIET_BEFORE_MS = 15_000
"""So near before a play its ear is left to it."""

PLAYER_WITHIN_S = 10.0
MARKS = {CheckState.GOOD: "✓", CheckState.BAD: "✗", CheckState.UNKNOWN: "?"}
_MB = 1_000_000
_WHY_NO_TONE = {
    "clock_untrusted": ("đồng hồ chưa tin được", "the clock is not trusted"),
    "kill_switch": ("công tắc ngắt loa đang bật", "the kill switch is on"),
    "maintenance": ("đang bảo trì", "the box is under maintenance"),
    "missed": ("loa bận suốt một phút", "something else sounded for a minute"),
    "quiet_hours": ("đang giờ yên tĩnh", "quiet hours"),
    "superseded": ("loa bận suốt một phút", "something else sounded for a minute"),
}


def look(settings: Settings, status: Status, *, amplifier: str) -> tuple[Check, ...]:
    """Check all that can be looked at without a sound; takes seconds, so never in the agent's loop.

    `amplifier` is why its switch failed the last time, "" if it did not.
    """
    return (
        *judge(settings, status),
        check_disk(Path(settings.state_dir)),
        check_player(settings, status),
        check_switch(settings, amplifier),
        check_ear(settings, status),
        *check_page(settings),
    )


def check_page(settings: Settings) -> Iterator[Check]:
    """Where alerts can be raised on a page: whether that has a PIN."""
    chosen = settings.local_alert
    if not chosen.enabled or not chosen.page_port:
        return
    from edge_agent.local.pin import is_chosen

    if is_chosen(Path(settings.state_dir)):
        yield _good("local_page", "trang báo động đã có mã PIN", "the local page has a PIN")
    else:
        yield _bad(
            "local_page",
            "trang báo động chưa có mã PIN: chạy loalang-agent pin",
            "the local page has no PIN: run loalang-agent pin",
        )


def judge(settings: Settings, status: Status) -> tuple[Check, ...]:
    """What the status of the box already tells; pure."""
    told = status.telemetry
    return (
        _disk_free(settings, told),
        _counted("disk_errors", told.disk_errors, 1, ("lỗi đọc ghi", "disk errors"), ""),
        _counted(
            "card", told.card_worn_percent, CARD_WORN_PERCENT, ("thẻ nhớ mòn", "card worn"), " %"
        ),
        _counted("temperature", told.temperature_c, HOT_C, ("nhiệt độ", "temperature"), " °C"),
        _supply(told),
        _clock(status),
        *_link(status),
        *_certificate(told),
        _plan(status),
        _audio(status),
        _spool(told),
    )


def check_disk(state_dir: Path) -> Check:
    """Write to the disk, and read back what it really holds."""
    file, data = state_dir / "selftest.wav", wav(1)
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, data)
            os.fsync(handle)
            # Else the answer would come from memory.
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            same = os.pread(handle, len(data) + 1, 0) == data
        finally:
            os.close(handle)
            file.unlink(missing_ok=True)
    except OSError as e:
        return _bad("disk_write", f"không ghi được đĩa: {e}", f"the disk cannot be written: {e}")
    if not same:
        return _bad(
            "disk_write",
            "đọc lại khác với đã ghi: hãy thay thẻ nhớ",
            "what is read is not what was written: replace the card",
        )
    return _good("disk_write", "đĩa ghi và đọc lại đúng", "the disk writes and reads back")


def check_player(settings: Settings, status: Status) -> Check:
    """Let a player of its own decode a tone, into nothing.

    A player that is a program of the maker's may hold the sound card, so beside a running agent
    it is not started twice.
    """
    if settings.player.kind == "command" and status.running:
        return _unknown(
            "player",
            "thiết bị đang dùng trình phát; hãy thử với --tone",
            "the agent is using it; try with --tone",
        )
    said: SimpleQueue[PlayerEvent] = SimpleQueue()
    player = _player(settings, said)
    file = Path(settings.state_dir) / "selftest-player.wav"
    try:
        file.write_bytes(wav(1))
        fault = _decodes(player, file, said, to_the_end=settings.player.kind == "mpv")
    except (OSError, AgentError) as e:
        fault = str(e)
    finally:
        player.close()
        file.unlink(missing_ok=True)
    if fault:
        return _bad("player", f"trình phát không chạy: {fault}", f"the player fails: {fault}")
    return _good("player", "trình phát giải mã được", "the player decodes")


def check_switch(settings: Settings, fault: str) -> Check:
    """Say how the amplifier's switch did the last time."""
    chosen = settings.amplifier
    if chosen.gpio is None and not chosen.on and not chosen.off:
        return _unknown("amplifier", "không có công tắc âm ly", "no amplifier switch")
    if fault:
        return _bad("amplifier", f"công tắc âm ly lỗi: {fault}", f"its switch failed: {fault}")
    return _good("amplifier", "công tắc âm ly chạy", "its switch works")


def check_ear(settings: Settings, status: Status) -> Check:
    """Listen to the silence at the horn, unless something is to sound there."""
    if settings.horn.kind == "none":
        return _unknown("ear", "không có cảm biến ở loa", "no ear at the horn")
    unit = settings.horn.unit if settings.horn.unit == "dBFS" else "dB"
    heard = status.telemetry.speaker_dbfs
    if heard is not None:
        return _good(
            "ear", f"cảm biến ở loa: đang đo {heard:.0f} dBFS", f"the ear hears {heard:.0f} dBFS"
        )
    coming = status.next[0].start - status.now if status.next else QUIET_BEFORE_MS
    if status.telemetry.on_air is not None or coming < QUIET_BEFORE_MS:
        return _unknown(
            "ear", "cảm biến ở loa: sắp phát hoặc đang phát", "the ear: something sounds or will"
        )
    try:
        levels = ear.listen(settings.horn, EAR_S)
    except EarDeaf as e:
        return Check("ear", CheckState.BAD, e.vi[:500], e.en[:500])
    floor = max(levels)
    return _good(
        "ear",
        f"cảm biến ở loa: lúc im lặng {floor:.0f} {unit}",
        f"the ear: silence is {floor:.0f} {unit}",
    )


def tone_check(status: str, reason: str, heard: str) -> Check:
    """What came of a test tone: `status` as in an acknowledgement, `heard` as in an event."""
    if status != "done":
        vi, en = _WHY_NO_TONE.get(reason, (reason, reason))
        return _bad("tone", f"không phát được âm thử: {vi}", f"no tone: {en}")
    if heard == "no":
        return _bad(
            "tone",
            "đã phát âm thử nhưng không nghe thấy ở loa: hãy xem âm ly và dây loa",
            "the tone was played, not heard at the horn: look at the amplifier and the line",
        )
    if heard == "yes":
        return _good("tone", "âm thử nghe được ở loa", "the tone was heard at the horn")
    return _good("tone", "đã phát âm thử; loa có kêu không?", "the tone was played; did it sound?")


def lines(checks: tuple[Check, ...]) -> Iterator[str]:
    """A line a check: ✓, ✗ or ?."""
    for check in checks:
        yield f"{MARKS[check.state]} {check.vi} / {check.en} [{check.name}]"


def is_good(checks: tuple[Check, ...]) -> bool:
    """Whether nothing is known to be bad."""
    return all(check.state is not CheckState.BAD for check in checks)


def _disk_free(settings: Settings, told: Telemetry) -> Check:
    free, reserve = told.disk_free_bytes, settings.disk_reserve_mb
    if free is None:
        return _unknown("disk_free", "không rõ chỗ trống trên đĩa", "room on the disk not known")
    words = (f"đĩa còn trống {free // _MB} MB", f"{free // _MB} MB free on the disk")
    if free < reserve * _MB:
        return _bad("disk_free", f"{words[0]}, cần {reserve} MB", f"{words[1]}, {reserve} needed")
    return _good("disk_free", *words)


def _counted(
    name: str, value: float | None, bad_from: float, words: tuple[str, str], unit: str
) -> Check:
    vi, en = words
    if value is None:
        return _unknown(name, f"{vi}: máy không cho biết", f"{en}: the machine does not tell")
    state = CheckState.BAD if value >= bad_from else CheckState.GOOD
    return Check(name, state, f"{vi}: {value:.0f}{unit}", f"{en}: {value:.0f}{unit}")


def _supply(told: Telemetry) -> Check:
    if told.under_voltage is None:
        return _unknown("supply", "nguồn: máy không cho biết", "supply: the machine does not tell")
    if told.under_voltage:
        return _bad("supply", "nguồn điện yếu: hãy thay bộ nguồn", "under-voltage: replace it")
    return _good("supply", "nguồn điện đủ", "the supply is strong enough")


def _clock(status: Status) -> Check:
    if status.clock_trusted is None:
        return _unknown(
            "clock", "đồng hồ: chương trình hộp loa không chạy", "clock: the agent does not run"
        )
    if not status.clock_trusted:
        return _bad(
            "clock",
            "đồng hồ chưa tin được: lịch chưa phát; cần mạng hoặc đồng hồ RTC",
            "the clock is not trusted: nothing planned plays; it needs a network or an RTC",
        )
    source = status.telemetry.clock.source.value if status.telemetry.clock else ""
    error = status.telemetry.clock_error_ms or 0
    return _good(
        "clock", f"đồng hồ: {source}, sai tối đa {error} ms", f"clock: {source}, within {error} ms"
    )


def _link(status: Status) -> tuple[Check, ...]:
    """Of an agent that does not run, its brokers are asked instead."""
    if not status.running:
        return ()
    if status.online:
        return (_good("link", "đã kết nối máy chủ", "connected"),)
    return (
        _bad(
            "link",
            "chưa kết nối được máy chủ; lịch trên đĩa vẫn phát",
            "not connected; the plan on disk plays on",
        ),
    )


def _certificate(told: Telemetry) -> tuple[Check, ...]:
    """Of a box that was paired by a code."""
    trouble = told.certificate_trouble
    if trouble:
        words = CERTIFICATE_TROUBLES.get(trouble, f"{trouble} / {trouble}")
        vi, en = words.split(" / ", 1)
        return (_bad("certificate", f"chứng chỉ: {vi}", f"certificate: {en}"),)
    if told.certificate_until is None:
        return ()
    until = datetime.fromtimestamp(told.certificate_until / 1000, UTC).date()
    return (
        _good("certificate", f"chứng chỉ còn đến {until:%d/%m/%Y}", f"certificate until {until}"),
    )


def _plan(status: Status) -> Check:
    until = status.telemetry.plan_until
    if until is None:
        return _bad("plan", "chưa có lịch trên đĩa", "no plan on the disk")
    if until <= status.now:
        return _bad("plan", "lịch đã hết", "the plan has ended")
    hours = (until - status.now) // 3_600_000
    if until - status.now < PLAN_SHORT_MS:
        return _bad("plan", f"lịch chỉ còn {hours} giờ", f"the plan ends in {hours} h")
    return _good("plan", f"lịch còn {hours} giờ", f"the plan lasts {hours} h")


def _audio(status: Status) -> Check:
    if any(not play.held for play in status.next):
        return _bad("audio", "thiếu tiếng của mục sắp phát", "what plays next lacks its audio")
    lacking = status.telemetry.lacking
    if lacking:
        return _unknown("audio", f"còn {lacking} tệp chưa tải", f"{lacking} files still to come")
    return _good("audio", "đủ tiếng cho lịch", "all audio of the plan is here")


def _spool(told: Telemetry) -> Check:
    words = (f"{told.spooled} báo cáo chờ gửi", f"{told.spooled} reports wait")
    return _bad("reports", *words) if told.spooled > SPOOL_LONG else _good("reports", *words)


def _player(settings: Settings, said: "SimpleQueue[PlayerEvent]") -> Player:
    chosen = settings.player
    if chosen.kind == "command":
        return CommandPlayer(chosen.argv, said.put)
    return MpvPlayer(said.put, program=chosen.argv or ("mpv",), audio_output="null")


def _decodes(
    player: Player, file: Path, said: "SimpleQueue[PlayerEvent]", *, to_the_end: bool
) -> str:
    """Load `file`, and play it `to_the_end`; gives what went wrong, "" if nothing did."""
    player.load("selftest", file, gain_db=-60.0, from_ms=0)
    try:
        while True:
            match said.get(timeout=PLAYER_WITHIN_S):
                case Ready() if not to_the_end:
                    return ""
                case Ready():
                    player.play_at("selftest", 0.0)
                case Ended(_, played_ms, "eof") if played_ms > 500:
                    return ""
                case Ended(_, played_ms, reason, error):
                    return error or f"{reason}, {played_ms} ms"
    except Empty:
        return f"nothing said for {PLAYER_WITHIN_S:.0f} s"


def _good(name: str, vi: str, en: str) -> Check:
    return Check(name, CheckState.GOOD, vi, en)


def _bad(name: str, vi: str, en: str) -> Check:
    return Check(name, CheckState.BAD, vi[:500], en[:500])


def _unknown(name: str, vi: str, en: str) -> Check:
    return Check(name, CheckState.UNKNOWN, vi, en)
