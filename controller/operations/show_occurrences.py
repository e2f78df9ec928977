"""The single airings of a programme, with those that a person moved or cancelled."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.errors import ControllerError
from schedules.day_calendar import DayCalendar
from schedules.programme import Programme
from schedules.recurrence import occurrences
from schedules.types import UtcInstant, time_zone, wall_instant

LONGEST = timedelta(days=400)
MOST = 5_000


class What(StrEnum):
    """What became of an occurrence."""

    PLANNED = "planned"
    MOVED = "moved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Shown:
    """One occurrence, named by the wall time that the rules gave; a cancelled one when it was."""

    of: datetime
    start_utc: UtcInstant
    duration_ms: int | None
    what: What


def show_occurrences(
    programme: Programme, since: datetime, until: datetime, calendar: DayCalendar
) -> tuple[Shown, ...]:
    """All that start within [since, until), cancelled ones among them, in order; 5,000 at most.

    Raises ControllerError (window_too_long), NonexistentWindow.
    """
    if until - since > LONGEST:
        raise ControllerError(
            "window_too_long",
            f"Mỗi lần xem nhiều nhất {LONGEST.days} ngày. Hãy chọn khoảng ngắn hơn.",
            f"At most {LONGEST.days} days are shown at a time. Choose a shorter span.",
        )
    timing = programme.timing
    moved = {change.of for change in timing.changes}
    found = [
        Shown(
            each.recurrence_id,
            each.start_utc,
            each.duration_ms,
            What.MOVED if each.recurrence_id in moved else What.PLANNED,
        )
        for each in occurrences(programme, since, until, calendar)
    ]
    zone = time_zone(timing.time_zone)
    for change in timing.changes:
        at = wall_instant(change.of, zone)
        if change.start is None and since <= at < until:
            found.append(Shown(change.of, at, programme.duration_ms, What.CANCELLED))
    return tuple(sorted(found, key=lambda shown: shown.start_utc)[:MOST])
