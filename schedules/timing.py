"""When something airs, in wall time of an IANA zone: data only, expanded to instants late."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schedules.errors import DateOutOfRange, NonexistentWindow, WallTimeWithZone
from schedules.lunar import LunarRule
from schedules.rrule import read_rule
from schedules.types import DurationMs, time_zone

FIRST_YEAR, LAST_YEAR = 1900, 2099


class OnHolidays(StrEnum):
    """What a holiday does to an occurrence that falls on it."""

    AIR = "air"
    SKIP = "skip"
    ONLY = "only"
    NEXT_WORKING_DAY = "next_working_day"


@dataclass(frozen=True, slots=True)
class Change:
    """One occurrence that a person moved or cancelled.

    `of` is the wall time that the rules gave (RECURRENCE-ID); a `start` of None cancels it.
    `following`: all later ones are moved by as much, or cancelled, or last as long, too
    (RANGE=THISANDFUTURE), as far as no other change names them.
    """

    of: datetime
    start: datetime | None
    duration_ms: DurationMs | None = None
    following: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall times without an offset, all in `time_zone`.

    Without `rules` and `lunar` it airs at `start`; with them, from `start` on whenever they say
    (RRULE values of RFC 5545), and at `start` only if they name it. `dates` (RDATE) are added,
    `excluded` (EXDATE) and what `excluded_rules` (EXRULE) give are taken away. Then holidays,
    seasons and validity sift; `changes` come last. `seasons` name seasons of the place's day
    calendar, of which one must hold; `valid_until` is the last date, included.
    """

    start: datetime
    time_zone: str
    rules: tuple[str, ...] = ()
    dates: tuple[datetime, ...] = ()
    excluded: tuple[datetime, ...] = ()
    lunar: tuple[LunarRule, ...] = ()
    on_holidays: OnHolidays = OnHolidays.AIR
    seasons: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    changes: tuple[Change, ...] = ()
    excluded_rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        time_zone(self.time_zone)
        moved = (change.start for change in self.changes if change.start is not None)
        named = (change.of for change in self.changes)
        for wall in (self.start, *self.dates, *self.excluded, *named, *moved):
            if wall.tzinfo is not None:
                raise WallTimeWithZone(wall)
            if not FIRST_YEAR <= wall.year <= LAST_YEAR:
                raise DateOutOfRange(wall.date())
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise NonexistentWindow(self.valid_from, self.valid_until)
        for rule in (*self.rules, *self.excluded_rules):
            read_rule(rule)

    @property
    def recurs(self) -> bool:
        """It may air more than once."""
        return bool(self.rules or self.lunar or self.dates)
