"""The .ics file: other people's calendars read, our own written, and the feed for telephones."""

from dataclasses import dataclass

from schedules.calendar_lines import Component, components
from schedules.calendar_moments import Reading, Unread
from schedules.calendar_series import CalendarEvent, events_of, uid_of
from schedules.calendar_writing import FeedEntry, write_calendar, write_feed
from schedules.calendar_zones import zone_named
from schedules.errors import CalendarTooLarge
from schedules.step_budget import within_steps

__all__ = [
    "CalendarEvent",
    "FeedEntry",
    "ReadCalendar",
    "Unread",
    "read_calendar",
    "write_calendar",
    "write_feed",
]

MOST_EVENTS = 10_000
MOST_STEPS = 3_000_000
"""Of all rules of a file together: some seconds."""


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """The sound events in the order of the file, and what was not read or read otherwise."""

    events: tuple[CalendarEvent, ...]
    unread: tuple[Unread, ...]


def read_calendar(data: bytes, home: str) -> ReadCalendar:
    """Every event that can be read; times without a zone are in X-WR-TIMEZONE, else in `home`.

    NoCalendarFile, CalendarTooLarge beyond 10 MB or 10,000 events, TooMuchToReckon beyond
    MOST_STEPS; nothing else is raised for what the file holds.
    """
    outside, *parts = components(data)
    said = outside.first("X-WR-TIMEZONE")
    named = zone_named(said.value) if said else None
    drawn = (part for part in parts if part.kind == "VTIMEZONE")
    reading = Reading(
        home=named or home,
        drawn={tzid.value: part for part in drawn if (tzid := part.first("TZID"))},
        utc_is_home=named is not None,
    )
    by_uid: dict[str, list[Component]] = {}
    for part in parts:
        if part.kind == "VEVENT":
            by_uid.setdefault(uid_of(part, reading), []).append(part)
        elif part.kind in {"VTODO", "VJOURNAL"}:
            reading.note(
                f"{part.kind}, dòng/line {part.line}",
                "việc cần làm và nhật ký không phải giờ phát; bỏ qua",
                "a to-do or a journal is no airtime; left out",
            )
    if sum(map(len, by_uid.values())) > MOST_EVENTS:
        raise CalendarTooLarge(f"{MOST_EVENTS} sự kiện / events")
    with within_steps(MOST_STEPS):
        return ReadCalendar(tuple(events_of(by_uid, reading)), tuple(reading.unread))
