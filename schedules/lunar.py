"""Âm lịch: the Vietnamese lunisolar calendar (reckoned at UTC+7; in places not the Chinese one)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from lunar_vn import solar_to_lunar

from schedules.errors import BadLunarRule, DateOutOfRange

_DAY = timedelta(days=1)
_FIRST, _LAST = date(1900, 1, 1), date(2099, 12, 31)
LONGEST_RUN = 30
FURTHEST_OFFSET = 60


class LeapMonth(StrEnum):
    """In which of two months of the same number a rule holds, in a year with a leap month."""

    REGULAR = "regular"
    LEAP = "leap"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A date in âm lịch; `leap` where the month is the second of its number."""

    year: int
    month: int
    day: int
    leap: bool

    def __str__(self) -> str:
        return f"{self.day}/{self.month}{' nhuận' if self.leap else ''}"


@dataclass(frozen=True, slots=True)
class LunarRule:
    """A day of the lunar month, of every month or of one.

    `day` 1–30, or -1 for the last day of the month; a 30 in a month of 29 days has no occurrence.
    `month` 1–12, None for every month; `days` airs on so many days running (Tết: month 1, day 1,
    days 3). `offset_days` moves the whole, so that -1 with month 1, day 1 is giao thừa. `leap`
    counts without a month too: REGULAR passes the leap month over, BOTH is every full moon.
    """

    day: int
    month: int | None = None
    leap: LeapMonth = LeapMonth.REGULAR
    days: int = 1
    offset_days: int = 0

    def __post_init__(self) -> None:
        if self.day != -1 and not 1 <= self.day <= 30:
            raise BadLunarRule("day", self.day, "1–30, -1")
        if self.month is not None and not 1 <= self.month <= 12:
            raise BadLunarRule("month", self.month, "1–12")
        if not 1 <= self.days <= LONGEST_RUN:
            raise BadLunarRule("days", self.days, f"1–{LONGEST_RUN}")
        if abs(self.offset_days) > FURTHEST_OFFSET:
            raise BadLunarRule("offset_days", self.offset_days, f"±{FURTHEST_OFFSET}")


@dataclass(frozen=True, slots=True)
class _Month:
    """One lunar month: `first` is the date of its day 1; `length` 29 or 30."""

    year: int
    month: int
    leap: bool
    first: date
    length: int


def lunar_day(day: date) -> LunarDay:
    """The date in âm lịch; DateOutOfRange outside 1900–2099."""
    if not _FIRST <= day <= _LAST:
        raise DateOutOfRange(day)
    month = next(m for m in _months_around(day, day) if day < m.first + m.length * _DAY)
    return LunarDay(month.year, month.month, (day - month.first).days + 1, month.leap)


def lunar_dates(rule: LunarRule, since: date, until: date) -> tuple[date, ...]:
    """The dates in [since, until) that the rule names, in order; none outside 1900–2099."""
    first, last = max(since, _FIRST), min(until - _DAY, _LAST)
    if last < first:
        return ()
    offset, run = rule.offset_days * _DAY, (rule.days - 1) * _DAY
    found: set[date] = set()
    for month in _months_around(first - offset - run, last - offset):
        start = _start(rule, month)
        if start is not None:
            running = (start + offset + passed * _DAY for passed in range(rule.days))
            found.update(day for day in running if first <= day <= last)
    return tuple(sorted(found))


def _start(rule: LunarRule, month: _Month) -> date | None:
    """The rule's day in that month; None if the month is not meant or too short."""
    if rule.month is not None and rule.month != month.month:
        return None
    if rule.leap is not LeapMonth.BOTH and month.leap is not (rule.leap is LeapMonth.LEAP):
        return None
    day = month.length if rule.day == -1 else rule.day
    return month.first + (day - 1) * _DAY if day <= month.length else None


def _months_around(since: date, until: date) -> Iterator[_Month]:
    """Every lunar month with a day in [since, until], as far as 1900–2099 reaches, in order."""
    for year in range(max(since.year - 1, _FIRST.year), min(until.year, _LAST.year) + 1):
        for month in _months_from(year):
            if month.first <= until and since < month.first + month.length * _DAY:
                yield month


@cache
def _months_from(year: int) -> tuple[_Month, ...]:
    """The lunar months that begin in that solar year; 1900 also has the one that it opens in."""
    opening = date(year, 1, 1)
    first = opening - (solar_to_lunar(opening).day - 1) * _DAY
    found = []
    while first.year <= year:
        # The month in which 1900 opens begins before lunar_vn does.
        named = solar_to_lunar(max(first, _FIRST))
        length = 30 if solar_to_lunar(first + 29 * _DAY).day == 30 else 29
        if first.year == year or year == _FIRST.year:
            found.append(_Month(named.year, named.month, named.leap, first, length))
        first += length * _DAY
    return tuple(found)
