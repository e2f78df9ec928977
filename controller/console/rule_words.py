"""When a programme airs, in the words of an office: hằng ngày, mùng một và rằm, mùa khô."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from controller.console.words import WEEKDAYS
from schedules.lunar import LeapMonth, LunarRule
from schedules.timing import OnHolidays, Timing

DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""As RRULE names weekdays, Monday first."""

SEASONS: Mapping[str, str] = MappingProxyType({"fire": "mùa khô", "storm": "mùa bão"})
"""Seasons that every calendar has from the start; others are called what the commune calls them."""

WEEKDAY_NAMES = tuple(zip(DAY_CODES, WEEKDAYS, strict=True))
"""(code, name), Monday first."""

TOPICS: Mapping[str, str] = MappingProxyType(
    {
        "thong_bao": "Thông báo",
        "tiem_chung": "Tiêm chủng",
        "suc_khoe": "Sức khoẻ",
        "nong_nghiep": "Nông nghiệp",
        "gia_ca": "Giá cả",
        "phap_luat": "Pháp luật",
        "thien_tai": "Thiên tai",
        "chay_rung": "Cháy rừng",
        "van_hoa": "Văn hoá",
        "giao_duc": "Giáo dục",
        "an_ninh": "An ninh trật tự",
    }
)

HOLIDAYS: Mapping[OnHolidays, str] = MappingProxyType(
    {
        OnHolidays.AIR: "",
        OnHolidays.SKIP: "trừ ngày lễ",
        OnHolidays.ONLY: "chỉ ngày lễ",
        OnHolidays.NEXT_WORKING_DAY: "gặp ngày nghỉ thì dời sang ngày làm việc",
    }
)

_PERIODS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "DAILY": ("hằng ngày", "ngày"),
        "WEEKLY": ("hằng tuần", "tuần"),
        "MONTHLY": ("hằng tháng", "tháng"),
        "YEARLY": ("hằng năm", "năm"),
    }
)
_WHICH: Mapping[str, str] = MappingProxyType(
    {"1": "đầu tiên", "2": "thứ hai", "3": "thứ ba", "4": "thứ tư", "-1": "cuối cùng"}
)
_OWN_RULE = "theo luật riêng"


def season_word(name: str) -> str:
    """mùa khô; a commune's own season by its own name."""
    return SEASONS.get(name, name)


def topic_word(topic: str) -> str:
    """The name of a topic; one that an office made up as it wrote it."""
    return TOPICS.get(topic, topic.replace("_", " "))


def timing_words(timing: Timing) -> str:
    """05:30, thứ Hai–Sáu, mùa khô, trừ ngày lễ, đến 30/04/2027."""
    days = [*(rule_words(rule, timing.start) for rule in timing.rules), *_lunar(timing.lunar)]
    if not days:
        days = [f"một lần, {_date(timing.start)}"]
    elif timing.dates:
        days.append(f"thêm {len(timing.dates)} ngày")
    said = [f"{timing.start:%H:%M}", "; ".join(days)]
    said += [season_word(name) for name in timing.seasons]
    if HOLIDAYS[timing.on_holidays]:
        said.append(HOLIDAYS[timing.on_holidays])
    if timing.recurs and timing.valid_until:
        said.append(f"đến {timing.valid_until:%d/%m/%Y}")
    return ", ".join(said)


def rule_words(rule: str, start: datetime) -> str:
    """One RRULE value in words; a rule that has none is called one of its own."""
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    frequency, days = parts.pop("FREQ", ""), parts.pop("BYDAY", "")
    month_days = parts.pop("BYMONTHDAY", "")
    interval, until, count = (parts.pop(key, "") for key in ("INTERVAL", "UNTIL", "COUNT"))
    parts.pop("WKST", None)
    if frequency not in _PERIODS or parts or (days and month_days):
        return _OWN_RULE
    every, unit = _PERIODS[frequency]
    if interval not in ("", "1"):
        every = f"{interval} {unit} một lần"
    said = _with_days(frequency, every, days, month_days, start, spaced=interval not in ("", "1"))
    if count:
        said += f", {count} lần"
    if len(until) >= 8:
        said += f", đến {until[6:8]}/{until[4:6]}/{until[:4]}"
    return said


def _with_days(
    frequency: str, every: str, days: str, month_days: str, start: datetime, *, spaced: bool
) -> str:
    match frequency:
        case "WEEKLY":
            named = days.split(",") if days else [DAY_CODES[start.weekday()]]
            known = [DAY_CODES.index(day) for day in named if day in DAY_CODES]
            if len(known) != len(named):
                return _OWN_RULE
            return f"{every} vào {weekdays(known)}" if spaced else weekdays(known)
        case "MONTHLY" if days:
            which, day = days[:-2], days[-2:]
            if which not in _WHICH or day not in DAY_CODES:
                return _OWN_RULE
            return f"{_low(DAY_CODES.index(day))} {_WHICH[which]} {every}"
        case "MONTHLY":
            named = month_days.split(",") if month_days else [str(start.day)]
            return f"{_listed([_month_day(day) for day in named])} {every}"
        case "YEARLY" if not days and not month_days:
            return f"ngày {start:%d/%m} {every}"
        case "DAILY" if not days and not month_days:
            return every
        case _:
            return _OWN_RULE


def weekdays(days: Sequence[int]) -> str:
    """thứ Hai–Sáu; thứ Ba, thứ Năm; hằng ngày. 0 is Monday."""
    known = sorted(set(days))
    if len(known) == len(DAY_CODES):
        return "hằng ngày"
    if len(known) > 2 and known[-1] - known[0] == len(known) - 1:
        last = "Chủ nhật" if known[-1] == 6 else WEEKDAYS[known[-1]].removeprefix("Thứ ")
        return f"{_low(known[0])}–{last}"
    return _listed([_low(day) for day in known])


def lunar_words(rule: LunarRule) -> str:
    """rằm âm lịch; Tết Nguyên đán (3 ngày); ngày 10 tháng 3 âm lịch."""
    if (rule.month, rule.day) == (1, 1):
        if (rule.days, rule.offset_days) == (1, -1):
            return "giao thừa"
        said = "Tết Nguyên đán"
        if rule.offset_days < 0:
            said += f" từ {-rule.offset_days} ngày trước"
    else:
        day = {1: "mùng một", 15: "rằm", -1: "ngày cuối tháng"}.get(rule.day, f"ngày {rule.day}")
        month = f" tháng {rule.month}" if rule.month else ""
        said = f"{day}{month} âm lịch"
        if rule.offset_days:
            side = "trước" if rule.offset_days < 0 else "sau"
            said += f", {side} {abs(rule.offset_days)} ngày"
    if rule.leap is LeapMonth.LEAP:
        said += ", chỉ tháng nhuận"
    return f"{said} ({rule.days} ngày)" if rule.days > 1 else said


def _lunar(rules: Sequence[LunarRule]) -> list[str]:
    plain = {(LunarRule(day), LunarRule(day, leap=LeapMonth.BOTH)) for day in (1, 15)}
    if len(rules) == 2 and all(any(rule in same for rule in rules) for same in plain):
        return ["mùng một và rằm"]
    return [lunar_words(rule) for rule in rules]


def _month_day(day: str) -> str:
    return "ngày cuối tháng" if day == "-1" else f"ngày {day}"


def _low(day: int) -> str:
    name = WEEKDAYS[day]
    return name if day == 6 else f"thứ{name.removeprefix('Thứ')}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} và {words[-1]}"


def _date(at: date) -> str:
    return f"{at:%d/%m/%Y}"
