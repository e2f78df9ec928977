"""Wall time expanded to instants, as late as possible, so that a changed zone rule is obeyed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil.rrule import rrulestr

from schedules.day_calendar import DayCalendar
from schedules.errors import NonexistentWindow, StartInPast
from schedules.programme import Programme
from schedules.timing import Timing
from schedules.types import (
    DurationMs,
    ProgrammeId,
    UtcInstant,
    time_zone,
    utc_instant,
    wall_clock,
    wall_instant,
)

_DAY = timedelta(days=1)
NO_CALENDAR = DayCalendar()


@dataclass(frozen=True, slots=True)
class Airing:
    """One wall time at which something airs, named by the one that its rules gave."""

    recurrence_id: datetime
    wall: datetime
    start_utc: UtcInstant
    duration_ms: DurationMs | None = None
    """Of this one alone, where a person changed it."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One airing of a programme; `local_date` is the date on which it starts there."""

    programme_id: ProgrammeId
    recurrence_id: datetime
    local_date: date
    start_utc: UtcInstant
    duration_ms: DurationMs | None = None


def occurrences(
    programme: Programme,
    window_from: datetime,
    window_until: datetime,
    calendar: DayCalendar = NO_CALENDAR,
) -> tuple[Occurrence, ...]:
    """The airings that start in [window_from, window_until), in order."""
    return tuple(
        Occurrence(
            programme.id,
            airing.recurrence_id,
            airing.wall.date(),
            airing.start_utc,
            airing.duration_ms or programme.duration_ms,
        )
        for airing in expand(programme.timing, window_from, window_until, calendar)
    )


def expand(
    timing: Timing,
    window_from: datetime,
    window_until: datetime,
    calendar: DayCalendar = NO_CALENDAR,
) -> tuple[Airing, ...]:
    """Every wall time of `timing` whose instant lies in [window_from, window_until), in order.

    A wall time that a day skips or repeats is read as `wall_instant` says; a whole day that a zone
    skips (Samoa, 30 December 2011) has no airing.
    """
    first, last = utc_instant(window_from), utc_instant(window_until)
    if last < first:
        raise NonexistentWindow(first, last)
    zone = time_zone(timing.time_zone)
    # A skipped wall time can land on the next date, so the day before is looked at too.
    since, by = wall_clock(first, zone) - _DAY, wall_clock(last, zone) + _DAY
    found = []
    for wall in _walls(timing, since, by):
        if timing.valid_until is not None and wall.date() > timing.valid_until:
            break
        start = wall_instant(wall, zone)
        if first <= start < last and wall_clock(start, zone) != wall + _DAY:
            found.append(Airing(wall, wall, start))
    return tuple(found)


def require_future(
    programme: Programme, now: datetime, calendar: DayCalendar = NO_CALENDAR
) -> None:
    """StartInPast if nothing of the programme is still to come at `now`."""
    timing = programme.timing
    zone = time_zone(timing.time_zone)
    if timing.recurs and timing.valid_until is None:
        return
    start = wall_instant(timing.start, zone)
    if timing.valid_until is not None:
        start = wall_instant(datetime.combine(timing.valid_until, timing.start.time()), zone)
    if start <= utc_instant(now):
        raise StartInPast(start.astimezone(zone), now.astimezone(zone))


def _walls(timing: Timing, since: datetime, by: datetime) -> Iterator[datetime]:
    if not timing.rules:
        yield from (wall for wall in (timing.start,) if since <= wall <= by)
        return
    for rule in timing.rules:
        yield from rrulestr(rule, dtstart=timing.start).between(since, by, inc=True)
