"""Holidays and working days of Viet Nam, and the seasons of a place, as its day calendar has them.

A calendar's swaps win over its extra holidays, and these over the nation's holidays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from schedules.day_calendar import DayCalendar, Season
from schedules.errors import DateOutOfRange, UnknownSeason

_DAY = timedelta(days=1)
_SATURDAY = 6
_LAST_YEAR = 2099

DEFAULT_CALENDAR = DayCalendar(
    seasons=(Season("fire", (11, 1), (4, 30)), Season("storm", (9, 1), (11, 30)))
)
"""Forest fires in the dry season and storms, in the central highlands; a place sets its own."""

_OWN_HOLIDAY = ("Ngày nghỉ của địa phương", "Local holiday")
_DAY_OFF = ("Ngày nghỉ (hoán đổi)", "Day off (swapped)")


def holiday_name(day: date, calendar: DayCalendar) -> tuple[str, str] | None:
    """What the holiday is called, Vietnamese and English; None on a day that is none.

    A working day in exchange is no holiday, whatever it would be otherwise.
    """
    swap = next((s for s in calendar.swaps if s.day == day), None)
    if swap is not None and swap.working:
        return None
    national = _nation(day.year).names.get(day)
    if swap is not None:
        return (swap.note, swap.note) if swap.note else national or _DAY_OFF
    if day in calendar.extra_holidays:
        return national or _OWN_HOLIDAY
    return national


def is_working_day(day: date, calendar: DayCalendar) -> bool:
    """Neither a holiday nor a weekend, or a weekend on which people work in exchange."""
    swap = next((s for s in calendar.swaps if s.day == day), None)
    if swap is not None:
        return swap.working
    if holiday_name(day, calendar) is not None:
        return False
    return day.isoweekday() < _SATURDAY or day in _nation(day.year).worked_weekends


def next_working_day(day: date, calendar: DayCalendar) -> date:
    """The first working day from the day itself on; DateOutOfRange if none comes before 2100."""
    at = day
    while not is_working_day(at, calendar):
        at += _DAY
        if at.year > _LAST_YEAR:
            raise DateOutOfRange(at)
    return at


def in_season(day: date, season_name: str, calendar: DayCalendar) -> bool:
    """Whether the date lies in the season of that name; raises `UnknownSeason`."""
    for season in calendar.seasons:
        if season.name == season_name:
            return season.holds(day)
    raise UnknownSeason(season_name, [season.name for season in calendar.seasons])


@dataclass(frozen=True, slots=True)
class _Nation:
    """One year of the nation: names of its holidays, and weekends worked in exchange."""

    names: Mapping[date, tuple[str, str]]
    worked_weekends: frozenset[date]


@cache
def _nation(year: int) -> _Nation:
    # 0.2 s to import, and most processes never ask.
    from holidays import country_holidays

    vi, en = (country_holidays("VN", years=year, language=tag) for tag in ("vi", "en_US"))
    names = {day: (name, en[day]) for day, name in vi.items()}
    return _Nation(names, frozenset(vi.weekend_workdays))
