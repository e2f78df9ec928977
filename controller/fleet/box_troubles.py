"""What is wrong with one box now, in words for people: pure, from what it said and what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from controller.fleet.box_policy import BoxPolicy
from edge_agent.contract.state import ClockSource, Telemetry

Words = tuple[str, str]
"""Vietnamese and English: what is wrong, and what to do."""

HOT_C, COOL_C = 80.0, 75.0
DISK_LOW_BYTES, DISK_ROOMY_BYTES = 200_000_000, 400_000_000
CLOCK_OFF_MS, CLOCK_GOOD_MS = 5_000, 3_000
LATE_MS = 3_000
CARD_WORN_PERCENT = 80
DATA_NEARLY_PERCENT = 90
PLAN_SHORT_MS = 24 * 3_600_000
SETTLED_S = 300
SPOOL_LONG, SPOOL_SHORT = 1_000, 500
MOST_LOSSES = 3
DEATHS_A_DAY = 3


@dataclass(frozen=True, slots=True)
class LatePlay:
    """A play that began so much later or earlier than it should have."""

    title: str
    planned_ms: int
    error_ms: int


@dataclass(frozen=True, slots=True)
class Unreported:
    """A planned play of which the box has said nothing."""

    title: str
    planned_ms: int


@dataclass(frozen=True, slots=True)
class BoxFacts:
    """All that is known of one box; instants in ms UTC.

    `seen_ms` is 0 for one that never spoke. `listening_since_ms` is since when the controller
    could have heard it, None while it cannot. `unheard` are the titles of plays in a row, newest
    first, that its ear did not notice. `standing` names the troubles that stand already: some end
    later than they begin.
    """

    place: str
    policy: BoxPolicy
    seen_ms: int
    listening_since_ms: int | None
    rules: int
    our_rules: int
    held_serial: int
    our_serial: int
    clock_source: str
    clock_offset_ms: int
    disk_errors_known: int | None
    losses: tuple[str, ...] = ()
    telemetry: Telemetry | None = None
    late: LatePlay | None = None
    unreported: Unreported | None = None
    unheard: tuple[str, ...] = ()
    standing: frozenset[str] = frozenset()


def troubles(facts: BoxFacts, zone: ZoneInfo, now: datetime) -> Mapping[str, Words]:
    """What a person should look at, by kind. Under maintenance only what is lost for good.

    What a silent box said last stands until it says otherwise.
    """
    muted = facts.policy.maintained_at(now) is not None
    found: dict[str, Words] = {}
    for kind, judge in (_LASTING if muted else _JUDGES).items():
        words = judge(_Look(facts, zone, round(now.timestamp() * 1000)))
        if words is not None:
            found[kind] = (f"{facts.place}: {words[0]}", f"{facts.place}: {words[1]}")
    return found


def turned_bad(before: Mapping[str, object], said: Telemetry) -> bool:
    """Whether something said now is so much worse than before that it should be looked at now."""
    was_hot = _number(before.get("temperature_c")) >= HOT_C
    had_room = _number(before.get("disk_free_bytes"), DISK_LOW_BYTES) >= DISK_LOW_BYTES
    return (
        ((said.temperature_c or 0.0) >= HOT_C and not was_hot)
        or (said.under_voltage is True and before.get("under_voltage") is not True)
        or (said.disk_free_bytes is not None and said.disk_free_bytes < DISK_LOW_BYTES and had_room)
        or (said.disk_errors or 0) > _number(before.get("disk_errors"))
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one box."""

    facts: BoxFacts
    zone: ZoneInfo
    now_ms: int

    @property
    def told(self) -> Telemetry | None:
        return self.facts.telemetry

    def stands(self, kind: str) -> bool:
        return kind in self.facts.standing

    @property
    def just_begun(self) -> bool:
        """It was switched on so lately that it may still be asking for the time."""
        uptime_s = self.told.uptime_s if self.told else None
        return uptime_s is not None and uptime_s < SETTLED_S and not self.stands("clock")

    def wall(self, ms: int) -> str:
        return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(self.zone):%H:%M %d/%m}"


def _box_silent(look: _Look) -> Words | None:
    facts = look.facts
    if not facts.seen_ms:
        return None
    if facts.listening_since_ms is None:
        # Deaf ears prove nothing: neither that a silence began nor that it ended.
        silent = look.stands("box_silent")
    else:
        last = max(facts.seen_ms, facts.listening_since_ms)
        silent = look.now_ms - last > facts.policy.silent_after_ms
        silent |= look.stands("box_silent") and facts.seen_ms < facts.listening_since_ms
    if not silent:
        return None
    since = look.wall(facts.seen_ms)
    return (
        f"mất liên lạc từ {since}. Máy vẫn phát theo lịch đã nhận. Hãy xem điện, mạng và SIM.",
        f"out of touch since {since}. It goes on by the plan it holds. Look at its power, its "
        "network and its SIM.",
    )


def _box_late(look: _Look) -> Words | None:
    late, unreported = look.facts.late, look.facts.unreported
    if late is not None:
        at, seconds = look.wall(late.planned_ms), abs(late.error_ms) / 1000
        way = ("muộn", "late") if late.error_ms > 0 else ("sớm", "early")
        return (
            f"phát “{late.title}” lúc {at} {way[0]} {seconds:.1f} giây. Hãy xem đồng hồ và máy.",
            f"played “{late.title}” of {at} {seconds:.1f} s {way[1]}. Look at its clock and "
            "at the box.",
        )
    if unreported is not None:
        at = look.wall(unreported.planned_ms)
        return (
            f"đang có liên lạc nhưng chưa báo gì về “{unreported.title}” lúc {at}. Hãy yêu cầu "
            "máy tự kiểm tra.",
            f"is in touch but has said nothing of “{unreported.title}” of {at}. Ask it to "
            "diagnose itself.",
        )
    return None


def _disk_full(look: _Look) -> Words | None:
    free = look.told.disk_free_bytes if look.told else None
    limit = DISK_ROOMY_BYTES if look.stands("disk_full") else DISK_LOW_BYTES
    if free is None or free >= limit:
        return None
    room = DISK_LOW_BYTES // 1_000_000
    return (
        f"đĩa sắp đầy, đã xuống dưới {room} MB; tiếng mới có thể không tải được. Hãy dọn đĩa "
        "hoặc thay thẻ lớn hơn.",
        f"the disk is nearly full, it fell below {room} MB; new audio may not be fetched. Clear "
        "the disk or put in a larger card.",
    )


def _hot(look: _Look) -> Words | None:
    celsius = look.told.temperature_c if look.told else None
    limit = COOL_C if look.stands("hot") else HOT_C
    if celsius is None or celsius < limit:
        return None
    return (
        f"máy nóng quá {HOT_C:.0f} °C. Hãy xem nắng chiếu, bụi và quạt; quá nóng máy tự chạy chậm.",
        f"the box became hotter than {HOT_C:.0f} °C. Look for sun, dust and the fan; a hot "
        "machine slows down.",
    )


def _under_voltage(look: _Look) -> Words | None:
    if look.told is None or look.told.under_voltage is not True:
        return None
    return (
        "điện vào máy quá yếu; máy có thể tắt giữa chừng và hỏng thẻ. Hãy xem nguồn và dây.",
        "its supply voltage is too low; it may die in mid-sentence and spoil its card. Look at "
        "the supply and the cable.",
    )


def _clock(look: _Look) -> Words | None:
    facts, told = look.facts, look.told
    allowed_s = facts.policy.clock_within_s
    if facts.rules and facts.clock_source == ClockSource.UNTRUSTED and not look.just_begun:
        return (
            "không biết giờ đúng, nên chưa phát gì theo lịch. Hãy xem mạng và pin đồng hồ.",
            "does not know the time, so it plays nothing scheduled. Look at its network and at "
            "the battery of its clock.",
        )
    if told is not None and (told.clock_error_ms or 0) > allowed_s * 1000:
        return (
            f"đồng hồ có thể sai quá {allowed_s} giây. Hãy xem mạng và pin đồng hồ.",
            f"its clock may be wrong by more than {allowed_s} s. Look at its network and at the "
            "battery of its clock.",
        )
    # With time from the controller a box adds the offset to its clock, however large it is.
    own = facts.clock_source in (ClockSource.NTP, ClockSource.RTC)
    limit = CLOCK_GOOD_MS if look.stands("clock") else CLOCK_OFF_MS
    if own and abs(facts.clock_offset_ms) > limit:
        return (
            f"đồng hồ ({facts.clock_source}) lệch giờ của bộ điều khiển quá "
            f"{CLOCK_OFF_MS // 1000} giây. Hãy xem máy chủ giờ mà máy dùng.",
            f"its clock ({facts.clock_source}) is more than {CLOCK_OFF_MS // 1000} s off the "
            "controller's. Look at the time server that it uses.",
        )
    return None


def _horn_not_heard(look: _Look) -> Words | None:
    if len(look.facts.unheard) < 2:
        return None
    title = look.facts.unheard[0]
    return (
        f"hai lần liền phát mà loa không có tiếng, lần cuối là “{title}”. Hãy xem âm ly, dây loa "
        "và cầu chì.",
        f"two plays in a row were not heard at the horn, the last was “{title}”. Look at the "
        "amplifier, the cable and the fuse.",
    )


def _amplifier(look: _Look) -> Words | None:
    if look.told is None or not look.told.amplifier_fault:
        return None
    why = look.told.amplifier_fault
    return (
        f"công tắc âm ly không chạy ({why}), nên loa có thể im. Hãy xem dây và rơ-le.",
        f"its amplifier's switch failed ({why}), so the horn may be silent. Look at the wiring "
        "and the relay.",
    )


def _player(look: _Look) -> Words | None:
    told = look.told
    if told is None or told.player_restarts < DEATHS_A_DAY:
        return None
    if told.player_restarts * 86_400 < DEATHS_A_DAY * (told.uptime_s or 0):
        return None
    return (
        f"trình phát chết hơn {DEATHS_A_DAY} lần một ngày. Hãy yêu cầu máy tự kiểm tra và xem "
        "cạc âm thanh.",
        f"its player dies more than {DEATHS_A_DAY} times a day. Have it diagnose itself, and "
        "look at the sound card.",
    )


def _data(look: _Look) -> Words | None:
    told = look.told
    if told is None or not told.data_limit_bytes or told.data_used_bytes is None:
        return None
    percent = 100 * told.data_used_bytes // told.data_limit_bytes
    if percent >= 100:
        return (
            "đã hết dung lượng mạng của tháng: chỉ còn nhận lịch và tin khẩn. Hãy nạp thêm, hoặc "
            "mang tiếng đến bằng USB.",
            "this month's data is used up: only plans and emergencies still arrive. Top it up, "
            "or bring audio on a USB stick.",
        )
    if percent >= DATA_NEARLY_PERCENT:
        return (
            f"đã dùng hơn {DATA_NEARLY_PERCENT} % dung lượng mạng của tháng.",
            f"more than {DATA_NEARLY_PERCENT} % of this month's data is used.",
        )
    return None


def _card(look: _Look) -> Words | None:
    told, known = look.told, look.facts.disk_errors_known
    if told is not None and told.disk_errors is not None and known is not None:
        grew = told.disk_errors - known
        if grew > 0:
            return (
                "thẻ nhớ hay đĩa báo lỗi đọc ghi mới. Hãy thay thẻ sớm; đặt bảo trì cho máy khi "
                "làm thì lỗi cũ được coi là đã biết.",
                "its card or disk reports new errors. Replace the card soon; maintenance set for "
                "the box takes the old errors as known.",
            )
    if told is not None and (told.card_worn_percent or 0) >= CARD_WORN_PERCENT:
        return (
            f"thẻ nhớ đã mòn hơn {CARD_WORN_PERCENT} %. Hãy chuẩn bị thẻ mới.",
            f"its card is worn by more than {CARD_WORN_PERCENT} %. Have a new card ready.",
        )
    return None


def _plan_short(look: _Look) -> Words | None:
    until = look.told.plan_until if look.told else None
    if until is None or until - look.now_ms >= PLAN_SHORT_MS:
        return None
    at = look.wall(until)
    return (
        f"lịch trên máy chỉ đến {at}; sau đó máy im lặng nếu không nhận được lịch mới. Hãy nối "
        "mạng hoặc mang lịch đến bằng USB.",
        f"its plan ends {at}; after that it is silent unless a new plan reaches it. Connect it, "
        "or bring the plan on a USB stick.",
    )


def _losses(look: _Look) -> Words | None:
    losses = look.facts.losses
    if not losses:
        return None
    named = ", ".join(losses[:MOST_LOSSES]) + (" …" if len(losses) > MOST_LOSSES else "")
    return (
        f"đĩa của máy làm hỏng hoặc không ghi được dữ liệu: {named}. Báo cáo chưa gửi có thể mất; "
        "hãy thay thẻ nếu còn xảy ra.",
        f"its disk damaged data or does not take it: {named}. Reports that had not been sent may "
        "be lost; replace the card if it happens again.",
    )


def _rolled_back(look: _Look) -> Words | None:
    if look.facts.held_serial <= look.facts.our_serial:
        return None
    return (
        "máy giữ một lịch mới hơn của bộ điều khiển này: cơ sở dữ liệu có phải vừa được lấy lại từ "
        "bản sao lưu cũ? Ở đây đang lập lại lịch và gửi lại; những gì đặt sau bản sao lưu thì đã "
        "mất, hãy đặt lại.",
        "it holds a newer plan than this controller's: was the database restored from an old "
        "backup? The plan is being made anew and sent again; what was set after that backup is "
        "lost, set it again.",
    )


def _wrong_rules(look: _Look) -> Words | None:
    facts = look.facts
    if not facts.rules or facts.rules == facts.our_rules:
        return None
    return (
        f"máy quyết định theo bộ quy tắc số {facts.rules}, ở đây là số {facts.our_rules}; không "
        "nói trước được máy sẽ phát gì. Hãy cập nhật phần mềm của máy hoặc của bộ điều khiển.",
        f"it decides by rules number {facts.rules}, here they are number {facts.our_rules}; what "
        "it will play cannot be foretold. Update the box or the controller.",
    )


def _spool_long(look: _Look) -> Words | None:
    limit = SPOOL_SHORT if look.stands("spool_long") else SPOOL_LONG
    if look.told is None or look.told.spooled <= limit:
        return None
    return (
        f"hơn {SPOOL_LONG} báo cáo phát chưa về tới đây. Hãy xem đường truyền của máy.",
        f"more than {SPOOL_LONG} playback reports have not arrived here. Look at its connection.",
    )


def _number(value: object, otherwise: float = 0.0) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


_Judge = Callable[[_Look], Words | None]
_LASTING: Mapping[str, _Judge] = MappingProxyType({"losses": _losses})
_JUDGES: Mapping[str, _Judge] = MappingProxyType(
    {
        "box_silent": _box_silent,
        "box_late": _box_late,
        "disk_full": _disk_full,
        "hot": _hot,
        "under_voltage": _under_voltage,
        "clock": _clock,
        "horn_not_heard": _horn_not_heard,
        "amplifier": _amplifier,
        "player": _player,
        "data": _data,
        "card": _card,
        "plan_short": _plan_short,
        "losses": _losses,
        "rolled_back": _rolled_back,
        "wrong_rules": _wrong_rules,
        "spool_long": _spool_long,
    }
)

KINDS = tuple(_JUDGES)
