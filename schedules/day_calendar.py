"""What kind of day a date is in a place: holiday or working day, and in which seasons. Data."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Swap:
    """A date that a yearly decision made a day off, or a working day in exchange."""

    day: date
    working: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Season:
    """From (month, day) to (month, day), both included, every year; may run over New Year."""

    name: str
    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DayCalendar:
    """A place's own days: `swaps` and `extra_holidays` come before the nation's holidays."""

    seasons: tuple[Season, ...] = ()
    swaps: tuple[Swap, ...] = ()
    extra_holidays: tuple[date, ...] = ()
