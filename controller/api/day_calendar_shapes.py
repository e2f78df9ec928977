"""Shapes of a unit's day calendar: seasons, swap days, holidays, and the days of a year."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from controller.api.airtime_shapes import Named, SourceOut
from controller.api.shapes import Shape, Short
from controller.operations.day_calendar import HeldCalendar, NamedDay, SetCalendar, named_days
from schedules.day_calendar import DayCalendar, Season, Swap

EARLIEST, LATEST = date(1900, 1, 1), date(2099, 12, 31)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
_MONTH_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


def _month_and_day(text: str) -> str:
    if not re.fullmatch(_MONTH_DAY, text):
        raise PydanticCustomError("month_day", "should be a month and a day, as 11-01")
    return text


MonthDay = Annotated[
    str, AfterValidator(_month_and_day), Field(json_schema_extra={"pattern": f"^{_MONTH_DAY}$"})
]


class SeasonBody(Shape):
    """A part of every year; may run over New Year."""

    name: Named
    """What programmes call it: `fire`, `storm`, …"""
    first: MonthDay
    """First day, as `11-01` for 1 November."""
    last: MonthDay
    """Last day, itself included."""

    def season(self) -> Season:
        """The domain's value; raises `BadSeason` for a day that does not exist."""
        return Season(self.name, _month_day(self.first), _month_day(self.last))


class SwapBody(Shape):
    """A date that a yearly decision made a day off, or a working day in exchange."""

    day: Day
    """The date."""
    working: bool
    """True: people work; false: a day off."""
    note: Short = ""
    """Why, as people call the day."""

    def swap(self) -> Swap:
        """The domain's value."""
        return Swap(self.day, self.working, self.note)


class DayCalendarBody(Shape):
    """A unit's own days; its swaps and holidays come before the nation's holidays."""

    seasons: list[SeasonBody] = Field(default_factory=list, max_length=50)
    """Seasons that programmes can name."""
    swaps: list[SwapBody] = Field(default_factory=list, max_length=500)
    """Dates that were swapped, each once."""
    extra_holidays: list[Day] = Field(default_factory=list, max_length=500)
    """Holidays of this place alone."""

    @classmethod
    def of(cls, c: DayCalendar) -> "DayCalendarBody":
        """Make it of the domain's value."""
        return cls(
            seasons=[
                SeasonBody(name=s.name, first=_text(s.first), last=_text(s.last)) for s in c.seasons
            ],
            swaps=[SwapBody(day=s.day, working=s.working, note=s.note) for s in c.swaps],
            extra_holidays=list(c.extra_holidays),
        )

    def calendar(self) -> DayCalendar:
        """The domain's value; raises `BadSeason`, `RepeatedSwap`."""
        return DayCalendar(
            tuple(s.season() for s in self.seasons),
            tuple(sorted((s.swap() for s in self.swaps), key=lambda swap: swap.day)),
            tuple(sorted(set(self.extra_holidays))),
        )


class NamedDayOut(Shape):
    """A day off, or a weekend on which people work."""

    day: date
    """The date."""
    lunar: str
    """Day and month in âm lịch: `1/1`, `15/6 nhuận`."""
    working: bool
    """True only of a weekend on which people work in exchange."""
    vi: str
    """Name of the holiday in Vietnamese; empty where people work."""
    en: str
    """The same in English."""

    @classmethod
    def of(cls, d: NamedDay) -> "NamedDayOut":
        """Make it of the operation's value."""
        return cls(day=d.day, lunar=str(d.lunar), working=d.working, vi=d.vi, en=d.en)


class DayCalendarOut(Shape):
    """The day calendar that holds in a unit, and what it makes of one year."""

    unit: str
    """Id of the unit."""
    calendar: DayCalendarBody
    """What it says; fit to be changed and sent back."""
    source: SourceOut
    """Who set it."""
    year: int
    """The year of `days`."""
    days: list[NamedDayOut]
    """Days off and worked weekends of that year, in order."""
    own_below: list[str] = Field(default_factory=list)
    """After a change: units below that have a calendar of their own, which it does not reach."""

    @classmethod
    def of(cls, held: HeldCalendar, year: int) -> "DayCalendarOut":
        """Make it of the operation's value."""
        return cls(
            unit=held.unit_id,
            calendar=DayCalendarBody.of(held.calendar),
            source=SourceOut.of(held.source),
            year=year,
            days=[NamedDayOut.of(d) for d in named_days(held.calendar, year)],
        )

    @classmethod
    def after(cls, done: SetCalendar, year: int) -> "DayCalendarOut":
        """Make it of what a change left."""
        return cls.of(done.held, year).model_copy(update={"own_below": list(done.own_below)})


def _month_day(text: str) -> tuple[int, int]:
    month, day = text.split("-")
    return int(month), int(day)


def _text(at: tuple[int, int]) -> str:
    return f"{at[0]:02d}-{at[1]:02d}"
