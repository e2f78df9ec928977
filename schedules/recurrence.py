"""Wall time expanded to instants, as late as possible, so that a changed zone rule is obeyed."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedules.errors import NonexistentWindow, StartInPast
from schedules.programme import Programme
from schedules.types import (
    ProgrammeId,
    UtcInstant,
    time_zone,
    utc_instant,
    wall_clock,
    wall_instant,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One airing: the local date that names it, and the instant at which it starts."""

    programme_id: ProgrammeId
    local_date: date
    start_utc: UtcInstant


def occurrences(
    programme: Programme, window_from: datetime, window_until: datetime
) -> tuple[Occurrence, ...]:
    """The airings that start in [window_from, window_until), in order, one a local day.

    A wall time that a day skips or repeats is read as `wall_instant` says; a whole day that a zone
    skips (Samoa, 30 December 2011) has no airing.
    """
    first, last = utc_instant(window_from), utc_instant(window_until)
    if last < first:
        raise NonexistentWindow(first, last)
    zone = time_zone(programme.time_zone)
    # A skipped wall time can land on the next date, so the day before is looked at too.
    day = max(programme.start_date, wall_clock(first, zone).date() - _DAY)
    end = wall_clock(last, zone).date()
    if programme.last_date is not None:
        end = min(end, programme.last_date)
    found = []
    while day <= end:
        start = _start_on(day, programme.wall_time, zone)
        if start is not None and first <= start < last:
            found.append(Occurrence(programme.id, day, start))
        day += _DAY
    return tuple(found)


def require_future(programme: Programme, now: datetime) -> None:
    """StartInPast if nothing of the programme is still to come at `now`."""
    last = programme.last_date
    zone = time_zone(programme.time_zone)
    if last is None:
        return
    start = wall_instant(datetime.combine(last, programme.wall_time), zone)
    if start <= utc_instant(now):
        raise StartInPast(start.astimezone(zone), now.astimezone(zone))


def _start_on(day: date, at: time, zone: ZoneInfo) -> UtcInstant | None:
    wall = datetime.combine(day, at)
    start = wall_instant(wall, zone)
    skipped_day = wall_clock(start, zone) == wall + _DAY
    return None if skipped_day else start
