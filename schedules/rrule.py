"""A recurrence rule (RFC 5545 §3.3.10) read from text: checked, and written in one form."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import lru_cache

from schedules.errors import BadRule

LONGEST = 4_000
"""Letters of one rule; a list of all seconds and minutes has some 350."""

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)")
_MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d))?(Z?))?")
_NUMBER = re.compile(r"[+-]?\d{1,15}")


class Frequency(IntEnum):
    """How long one period of the rule is; the finer, the greater."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it stands in the text, its lists sorted; an empty list says nothing.

    `until` is included: a date as its midnight (as other programs have it), a datetime without a
    zone in wall time, one in UTC as an instant.
    `by_day` holds (weekday from Monday 0, n), where an n of 0 means every one.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    by_month: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()
    week_start: int = 0

    def __str__(self) -> str:
        """The RRULE value, its parts in the order of the standard."""
        parts = [
            ("FREQ", self.frequency.name),
            ("UNTIL", "" if self.until is None else _moment_text(self.until)),
            ("COUNT", "" if self.count is None else str(self.count)),
            ("INTERVAL", "" if self.interval == 1 else str(self.interval)),
            *((name, _joined(getattr(self, field))) for name, (field, _, _) in _LISTS.items()),
            ("BYDAY", ",".join(f"{n or ''}{WEEKDAYS[day]}" for day, n in self.by_day)),
            ("WKST", WEEKDAYS[self.week_start] if self.week_start else ""),
        ]
        return ";".join(f"{name}={value}" for name, value in parts if value)


_LISTS = {
    "BYSECOND": ("by_second", 0, 60),
    "BYMINUTE": ("by_minute", 0, 59),
    "BYHOUR": ("by_hour", 0, 23),
    "BYMONTHDAY": ("by_month_day", -31, 31),
    "BYYEARDAY": ("by_year_day", -366, 366),
    "BYWEEKNO": ("by_week", -53, 53),
    "BYMONTH": ("by_month", 1, 12),
    "BYSETPOS": ("by_position", -366, 366),
}
_SAYS_NOTHING = {"RSCALE=GREGORIAN", "SKIP=OMIT"}
_KNOWN = {"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "WKST", *_LISTS}


@lru_cache(maxsize=4_096)
def read_rule(text: str) -> Rule:
    """The rule in `text`, in any letter case, with spaces or a leading “RRULE:”; else BadRule."""
    if len(text) > LONGEST:
        raise BadRule(text, f"dài hơn {LONGEST} ký tự", f"it is longer than {LONGEST} letters")
    parts = _parts(text)
    frequency = parts.get("FREQ", "")
    if frequency not in Frequency.__members__:
        raise BadRule(text, "thiếu FREQ hoặc FREQ không đúng", "FREQ is missing or unknown")
    fields: dict[str, tuple[int, ...]] = {}
    for name, (field, low, high) in _LISTS.items():
        if name in parts:
            fields[field] = _numbers(text, name, parts[name], low, high)
    if "by_second" in fields:
        # A leap second is heard as the second before it (RFC 5545 §3.3.10).
        fields["by_second"] = tuple(sorted({min(each, 59) for each in fields["by_second"]}))
    week_start = parts.get("WKST", "MO")
    if week_start not in WEEKDAYS:
        raise BadRule(text, "WKST không phải một thứ", "WKST is no weekday")
    return Rule(
        frequency=Frequency[frequency],
        interval=_amount(text, "INTERVAL", parts.get("INTERVAL", "1")),
        count=_amount(text, "COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        until=_moment(text, parts["UNTIL"]) if "UNTIL" in parts else None,
        by_day=_days(text, parts["BYDAY"]) if "BYDAY" in parts else (),
        week_start=WEEKDAYS.index(week_start),
        **fields,
    )


def _parts(text: str) -> dict[str, str]:
    plain = re.sub(r"\s+", "", text).upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in filter(None, plain.split(";")):
        name, equals, value = part.partition("=")
        if name.startswith("X-") or part in _SAYS_NOTHING:
            continue
        if name not in _KNOWN or not equals or not value:
            said = name[:20]
            raise BadRule(text, f"không hiểu phần {said!r}", f"the part {said!r} is not understood")
        if parts.setdefault(name, value) != value:
            raise BadRule(text, f"{name} ghi hai lần", f"{name} stands twice")
    return parts


def _amount(text: str, name: str, value: str) -> int:
    number = int(value) if _NUMBER.fullmatch(value) else 0
    if number < 1:
        raise BadRule(text, f"{name} phải là số từ 1", f"{name} must be a number from 1 up")
    return number


def _numbers(text: str, name: str, value: str, low: int, high: int) -> tuple[int, ...]:
    found = set()
    for each in value.split(","):
        number = int(each) if _NUMBER.fullmatch(each) else None
        if number is None or not low <= number <= high or (low < 0 and number == 0):
            raise BadRule(
                text,
                f"{name} nhận số từ {low} đến {high}",
                f"{name} takes numbers from {low} to {high}",
            )
        found.add(number)
    return tuple(sorted(found))


def _days(text: str, value: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for each in value.split(","):
        match = _DAY.fullmatch(each)
        n = int(match[1] or 0) if match else 0
        if match is None or (match[1] and not 1 <= abs(n) <= 53):
            raise BadRule(text, f"BYDAY có {each[:10]!r}", f"BYDAY holds {each[:10]!r}")
        found.add((WEEKDAYS.index(match[2]), n))
    return tuple(sorted(found))


def _moment(text: str, value: str) -> date | datetime:
    try:
        return read_moment(value)
    except ValueError as error:
        raise BadRule(text, "UNTIL không phải ngày giờ", "UNTIL is no date or time") from error


def read_moment(value: str) -> date | datetime:
    """A DATE or DATE-TIME of RFC 5545, in UTC where it ends in Z; ValueError if it is none."""
    match = _MOMENT.fullmatch(value)
    if match is None:
        raise ValueError(value)
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if match[4] is None:
        return date(year, month, day)
    # A leap second is no second of a datetime.
    hour, minute, second = int(match[4]), int(match[5]), min(int(match[6] or 0), 59)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC if match[7] else None)


def _moment_text(until: date | datetime) -> str:
    day = f"{until.year:04}{until:%m%d}"
    if not isinstance(until, datetime):
        return day
    return f"{day}T{until:%H%M%S}" + ("Z" if until.tzinfo else "")


def _joined(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))
