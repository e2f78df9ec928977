"""Programmes as an .ics file that our own reading gives back, and concrete events for a feed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur, vText

from schedules.calendar_own import RECKONED, TIMING, own_of
from schedules.calendar_series import CalendarEvent
from schedules.day_calendar import DayCalendar
from schedules.recurrence import NO_CALENDAR, expand, named_walls, next_airing
from schedules.timing import Change, Timing
from schedules.types import DurationMs, UtcInstant, time_zone, wall_instant

PRODUCT = "-//Loa Làng//VI"
REFRESH = timedelta(hours=6)
RECKONED_AHEAD = timedelta(days=366)

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One airing as a telephone shows it; the UID is that of this airing alone, and it keeps it."""

    uid: str
    sequence: int
    start_utc: UtcInstant
    end_utc: UtcInstant
    title: str
    description: str


def write_feed(entries: Iterable[FeedEntry], name: str, now: datetime) -> bytes:
    """Every entry as an event of its own in UTC; the same entries at the same `now` are the same
    bytes.
    """
    feed = _calendar(name)
    feed.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    feed.add("X-PUBLISHED-TTL", "PT6H")
    for entry in entries:
        event = Event()
        event.add("UID", entry.uid)
        event.add("DTSTAMP", now.astimezone(UTC).replace(microsecond=0))
        event.add("SEQUENCE", entry.sequence)
        event.add("DTSTART", entry.start_utc.replace(microsecond=0))
        event.add("DTEND", entry.end_utc.replace(microsecond=0))
        event.add("SUMMARY", entry.title)
        if entry.description:
            event.add("DESCRIPTION", entry.description)
        feed.add_component(event)
    return bytes(feed.to_ical())


def write_calendar(
    events: Iterable[CalendarEvent],
    name: str,
    now: datetime | None = None,
    calendar: DayCalendar = NO_CALENDAR,
) -> bytes:
    """Events that `read_calendar` gives back as they are.

    With `now`, what no rule of RFC 5545 says (âm lịch, holidays, seasons, validity) stands in the
    file for other programs, too: as dates reckoned for a year from `now`, by that day calendar.
    """
    file = _calendar(name)
    for event in events:
        for part in _parts(event, now, calendar):
            file.add_component(part)
    file.add_missing_timezones()
    return bytes(file.to_ical())


def _calendar(name: str) -> Calendar:
    file = Calendar()
    file.add("PRODID", PRODUCT)
    file.add("VERSION", "2.0")
    file.add("CALSCALE", "GREGORIAN")
    file.add("METHOD", "PUBLISH")
    file.add("X-WR-CALNAME", name)
    return file


def _parts(event: CalendarEvent, now: datetime | None, calendar: DayCalendar) -> Iterator[Event]:
    """The series, then each occurrence that a person changed."""
    timing = event.timing
    # Other programs take DTSTART for an occurrence, whatever the rules say.
    start = _first_named(timing)
    part = _part(event, start, event.duration_ms, now)
    for rule in timing.rules:
        part.add("RRULE", vRecur.from_ical(rule))
    for rule in timing.excluded_rules:
        part.add("EXRULE", vRecur.from_ical(rule))
    _add_dates(part, "RDATE", timing.dates, event)
    _add_dates(part, "EXDATE", timing.excluded, event)
    own = {key: value for key, value in event.own.items() if key != TIMING}
    if said := own_of(timing, start):
        own[TIMING] = said
    for key in sorted(own):
        part[key] = vText(own[key])
    if now is not None:
        added, dropped = _reckoned(replace(timing, changes=()), start, now, calendar)
        _add_dates(part, "RDATE", added, event, reckoned=True)
        _add_dates(part, "EXDATE", dropped, event, reckoned=True)
    yield part
    for change in timing.changes:
        if change.of in named_walls(timing, change.of, change.of):
            yield _changed_part(event, change, now)


def _part(
    event: CalendarEvent, start: datetime, duration_ms: DurationMs | None, now: datetime | None
) -> Event:
    part = Event()
    part.add("UID", event.uid)
    stamp = now or wall_instant(start, _zone(event.timing))
    part.add("DTSTAMP", stamp.astimezone(UTC).replace(microsecond=0))
    part.add("SEQUENCE", event.sequence)
    part.add("SUMMARY", event.title)
    if event.description:
        part.add("DESCRIPTION", event.description)
    if event.location:
        part.add("LOCATION", event.location)
    part.add("DTSTART", _written(start, event))
    if duration_ms is not None:
        part.add("DURATION", timedelta(milliseconds=duration_ms))
    return part


def _changed_part(event: CalendarEvent, change: Change, now: datetime | None) -> Event:
    lasts_ms = event.duration_ms if change.duration_ms is None else change.duration_ms
    part = _part(event, change.of if change.start is None else change.start, lasts_ms, now)
    along = {"RANGE": "THISANDFUTURE"} if change.following else {}
    part.add("RECURRENCE-ID", _written(change.of, event), parameters=along)
    if change.start is None:
        part.add("STATUS", "CANCELLED")
    return part


def _add_dates(
    part: Event,
    name: str,
    walls: Iterable[datetime],
    event: CalendarEvent,
    reckoned: bool = False,
) -> None:
    written = [_written(wall, event) for wall in walls]
    if written:
        parameters = {"VALUE": "DATE"} if event.all_day else {}
        part.add(name, written, parameters=parameters | ({RECKONED: "TRUE"} if reckoned else {}))


def _written(wall: datetime, event: CalendarEvent) -> date:
    if event.all_day:
        return wall.date()
    return wall.replace(tzinfo=_zone(event.timing), microsecond=0)


def _first_named(timing: Timing) -> datetime:
    """The first wall time that rules or âm lịch name; the start itself if they name none."""
    if not timing.rules and not timing.lunar:
        return timing.start
    first = next_airing(_plain(timing), wall_instant(timing.start, _zone(timing)) - _SECOND)
    return timing.start if first is None else first.recurrence_id


def _plain(timing: Timing) -> Timing:
    """Its rules alone, before anything is taken away or moved."""
    return Timing(timing.start, timing.time_zone, rules=timing.rules, lunar=timing.lunar)


def _reckoned(
    timing: Timing, start: datetime, now: datetime, calendar: DayCalendar
) -> tuple[list[datetime], list[datetime]]:
    """The dates that a program misses, and has too many, that reads only what is standard."""
    standard = Timing(
        start,
        timing.time_zone,
        rules=timing.rules,
        dates=timing.dates,
        excluded=timing.excluded,
        excluded_rules=timing.excluded_rules,
    )
    until = now + RECKONED_AHEAD
    true = {airing.wall for airing in expand(timing, now, until, calendar)}
    shown = {airing.wall for airing in expand(standard, now, until)}
    return sorted(true - shown), sorted(shown - true)


def _zone(timing: Timing) -> ZoneInfo:
    return time_zone(timing.time_zone)
