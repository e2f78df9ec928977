"""A timing cut in two at one of its occurrences, for “this and all following”.

The rules stay as they are and count from where they counted, so that COUNT, INTERVAL and lunar
rules give the same days on both sides; the validity of each side ends or begins at the cut.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from schedules.day_calendar import DayCalendar
from schedules.recurrence import NO_CALENDAR, expand
from schedules.timing import Timing
from schedules.types import time_zone, wall_instant

_DAY = timedelta(days=1)


def before(timing: Timing, of: datetime, calendar: DayCalendar = NO_CALENDAR) -> Timing | None:
    """All that airs before the occurrence which the rules gave at `of`; None if nothing does."""
    ended = replace(
        timing,
        valid_until=of.date(),
        excluded=_with(timing.excluded, (w for w in _that_day(timing, of, calendar) if w >= of)),
        changes=tuple(c for c in timing.changes if c.of < of),
    )
    zone = time_zone(timing.time_zone)
    first = wall_instant(min((timing.start, *timing.dates)) - _DAY, zone)
    last = max((c.start for c in ended.changes if c.start is not None), default=of)
    end = wall_instant(max(of, last) + _DAY, zone)
    return ended if expand(ended, first, max(first, end), calendar) else None


def following(
    timing: Timing,
    of: datetime,
    start: datetime | None = None,
    calendar: DayCalendar = NO_CALENDAR,
) -> Timing:
    """What airs from the occurrence which the rules gave at `of` on, moved by `start` minus `of`.

    Rules that name weekdays, dates or hours themselves are not moved by that.
    """
    shift = (start or of) - of
    gone = (w for w in _that_day(timing, of, calendar) if w < of)
    return replace(
        timing,
        start=timing.start + shift,
        dates=tuple(wall + shift for wall in timing.dates),
        excluded=tuple(wall + shift for wall in _with(timing.excluded, gone)),
        valid_from=(of + shift).date(),
        changes=tuple(replace(c, of=c.of + shift) for c in timing.changes if c.of > of),
    )


def _that_day(timing: Timing, of: datetime, calendar: DayCalendar) -> tuple[datetime, ...]:
    """The wall times of that date that the rules gave, whatever became of them."""
    zone = time_zone(timing.time_zone)
    midnight = datetime.combine(of.date(), datetime.min.time())
    given = replace(timing, changes=())
    airings = expand(
        given, wall_instant(midnight, zone), wall_instant(midnight + _DAY, zone), calendar
    )
    return tuple(a.recurrence_id for a in airings if a.recurrence_id.date() == of.date())


def _with(walls: Iterable[datetime], more: Iterable[datetime]) -> tuple[datetime, ...]:
    return tuple(sorted({*walls, *more}))
