"""What kind of day a date is in a place: holiday or working day, and in which seasons. Data."""

from dataclasses import dataclass
from datetime import date

from schedules.errors import BadSeason, RepeatedSwap

_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Swap:
    """A date that a yearly decision made a day off, or a working day in exchange."""

    day: date
    working: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Season:
    """From (month, day) to (month, day), both included, every year; may run over New Year.

    29 February as an end is 28 February where the year has none, as a beginning 1 March.
    """

    name: str
    first: tuple[int, int]
    last: tuple[int, int]

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise BadSeason(self.name)
        for month, day in (self.first, self.last):
            try:
                date(_LEAP_YEAR, month, day)
            except ValueError as error:
                raise BadSeason(self.name) from error

    def holds(self, day: date) -> bool:
        """Whether the date lies in the season."""
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


@dataclass(frozen=True, slots=True)
class DayCalendar:
    """A place's own days: `swaps` and `extra_holidays` come before the nation's holidays."""

    seasons: tuple[Season, ...] = ()
    swaps: tuple[Swap, ...] = ()
    extra_holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        names = [season.name for season in self.seasons]
        for name in names:
            if names.count(name) > 1:
                raise BadSeason(name)
        days = [swap.day for swap in self.swaps]
        for day in days:
            if days.count(day) > 1:
                raise RepeatedSwap(day)
