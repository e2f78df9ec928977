"""What of a calendar's events takes place in a window of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schedules.calendar_moments import Unread
from schedules.calendar_series import CalendarEvent
from schedules.errors import CalendarTooLarge, RuleTooLong, ScheduleError
from schedules.holidays import DEFAULT_CALENDAR
from schedules.recurrence import expand
from schedules.types import time_zone, utc_instant, wall_instant

MOST_FOUND = 500_000
_MOST_ENDLESS = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TakingPlace:
    """One occurrence, its start and end in the event's own zone."""

    uid: str
    title: str
    start: datetime
    end: datetime


def taking_place(
    events: Iterable[CalendarEvent], since: datetime, until: datetime
) -> tuple[list[TakingPlace], list[Unread]]:
    """What starts in [since, until), or began earlier and still runs at `since`; by start.

    And which events cannot be reckoned. CalendarTooLarge beyond MOST_FOUND; RuleTooLong where rule
    upon rule is endless.
    """
    found: list[TakingPlace] = []
    unread: list[Unread] = []
    endless = 0
    for event in events:
        try:
            found += _of_event(event, utc_instant(since), utc_instant(until))
        except ScheduleError as error:
            endless += isinstance(error, RuleTooLong)
            if endless > _MOST_ENDLESS:
                raise
            unread.append(Unread(event.uid, f"bỏ qua: {error.vi}", f"left out: {error.en}"))
        if len(found) > MOST_FOUND:
            raise CalendarTooLarge(f"{MOST_FOUND} lần phát / occurrences")
    found.sort(key=lambda each: (each.start, each.uid, each.end))
    return found, unread


def _of_event(event: CalendarEvent, since: datetime, until: datetime) -> Iterator[TakingPlace]:
    zone = time_zone(event.timing.time_zone)
    own = (change.duration_ms or 0 for change in event.timing.changes)
    longest = timedelta(milliseconds=max((event.duration_ms or 0, *own)))
    # A day may have an hour more than 24.
    for airing in expand(event.timing, since - longest - _DAY, until, DEFAULT_CALENDAR):
        lasts_ms = event.duration_ms if airing.duration_ms is None else airing.duration_ms
        lasts = timedelta(milliseconds=lasts_ms or 0)
        end = airing.start_utc + lasts
        if event.all_day:
            end = wall_instant(airing.wall + lasts, zone)
        if airing.start_utc >= since or end > since:
            start = airing.start_utc.astimezone(zone)
            yield TakingPlace(event.uid, event.title, start, end.astimezone(zone))
