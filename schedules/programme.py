"""A programme: a slot with a purpose, in wall time of its IANA zone, once or daily."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from schedules.errors import (
    BadDuration,
    DateOutOfRange,
    EmptyReason,
    NonexistentWindow,
    NoZone,
    WallTimeWithZone,
)
from schedules.precedence import Rank
from schedules.types import DurationMs, ProgrammeId, ZoneId, time_zone


class Recurrence(StrEnum):
    ONCE = "once"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Programme:
    """A slot that airs at `wall_time` in `time_zone` from `start_date` on.

    `until` is the last date of a daily programme, itself included (as UNTIL of RFC 5545).
    `quiet_ok` is the reason for which an operator lets it break the airtime law.
    """

    id: ProgrammeId
    title: str
    zone_ids: tuple[ZoneId, ...]
    time_zone: str
    start_date: date
    wall_time: time
    kind: Recurrence = Recurrence.ONCE
    until: date | None = None
    rank: Rank = Rank.PROGRAMME
    max_duration_ms: DurationMs | None = None
    quiet_ok: str | None = None

    def __post_init__(self) -> None:
        time_zone(self.time_zone)
        if not self.zone_ids:
            raise NoZone(self.title)
        if self.wall_time.tzinfo is not None:
            raise WallTimeWithZone(self.wall_time)
        for day in (self.start_date, self.until or self.start_date):
            if not 1900 <= day.year <= 2099:
                raise DateOutOfRange(day)
        if self.until is not None and self.until < self.start_date:
            raise NonexistentWindow(self.start_date, self.until)
        if self.max_duration_ms is not None and self.max_duration_ms <= 0:
            raise BadDuration(self.max_duration_ms)
        if self.quiet_ok is not None and not self.quiet_ok.strip():
            raise EmptyReason

    @property
    def last_date(self) -> date | None:
        """The last local date on which it can air; None if it has no end."""
        return self.start_date if self.kind is Recurrence.ONCE else self.until
