"""Calendars made for the tests: text of .ics files, and what another library sees in them."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.rrule import rrulestr

from schedules.calendar_file import CalendarEvent
from schedules.recurrence import expand

HOME = "Asia/Ho_Chi_Minh"
ZONES = [
    HOME,
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def file_of(*lines: str) -> bytes:
    """An .ics file of these lines between BEGIN:VCALENDAR and END:VCALENDAR."""
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//", *lines, "END:VCALENDAR", ""]
    ).encode()


def event(*lines: str) -> list[str]:
    return ["BEGIN:VEVENT", *lines, "END:VEVENT"]


def starts_of(
    events: tuple[CalendarEvent, ...], since: datetime, until: datetime
) -> set[tuple[str, datetime]]:
    """What we say starts in [since, until)."""
    return {
        (each.uid, airing.start_utc)
        for each in events
        for airing in expand(each.timing, since, until)
    }


def starts_seen_by_another(
    data: bytes, since: datetime, until: datetime
) -> set[tuple[str, datetime]]:
    """What recurring-ical-events says starts in [since, until), dates as midnight at home."""
    calendar = icalendar.Calendar.from_ical(data)
    found = recurring_ical_events.of(calendar).between(since, until)
    starts = ((str(each["UID"]), _instant(each["DTSTART"].dt)) for each in found)
    return {(uid, start) for uid, start in starts if since <= start < until}


def _instant(start: date) -> datetime:
    if not isinstance(start, datetime):
        start = datetime(start.year, start.month, start.day)
    return (start if start.tzinfo else start.replace(tzinfo=ZoneInfo(HOME))).astimezone(UTC)


def random_calendar(random: Random) -> bytes:
    """A sound calendar of a few events, each a series with exceptions."""
    lines = [line for number in range(2) for line in _random_series(random, f"u{number}")]
    return file_of(*lines)


def _random_series(random: Random, uid: str) -> list[str]:
    zone = random.choice(ZONES)
    start = datetime(2024, 1, 1) + timedelta(
        days=random.randrange(900), minutes=random.choice([0, 5, 90, 330, 605, 1_020, 1_435])
    )
    lasts = f"DURATION:PT{random.choice([5, 15, 45])}M"
    rule = _random_rule(random, start)
    series = [f"UID:{uid}", _property("DTSTART", zone, start), lasts, f"RRULE:{rule}"]
    named = _first_named(rule, start)
    if not named:
        series.pop()
    elif named[0] != start:
        # A DTSTART that its rule does not name is undefined: they count it, and we do not.
        start = named[0]
        series[1] = _property("DTSTART", zone, start)
        named = _first_named(rule, start)
    if random.random() < 0.3:
        series.append(_property("RDATE", zone, start + timedelta(days=3, minutes=7)))
    if len(named) > 2 and random.random() < 0.4:
        series.append(_property("EXDATE", zone, named[1]))
    lines = event(*series)
    if "FREQ=HOURLY" in rule:
        # Of two times as far apart as the zone is from UTC, the other library takes one for both.
        return event(*series[:4])
    if len(named) > 4 and random.random() < 0.4:
        moved = named[3] + timedelta(minutes=random.choice([-40, 25, 3_000]))
        lines += event(
            f"UID:{uid}",
            _property("RECURRENCE-ID", zone, named[3]),
            _property("DTSTART", zone, moved),
            lasts,
        )
    if len(named) > 6 and random.random() < 0.3:
        name = "RECURRENCE-ID;RANGE=THISANDFUTURE"
        lines += event(
            f"UID:{uid}",
            _property(name, zone, named[5]),
            _property("DTSTART", zone, named[5] + timedelta(minutes=20)),
            lasts,
        )
    return lines


def _property(name: str, zone: str, wall: datetime) -> str:
    if zone == "UTC":
        return f"{name}:{wall:%Y%m%dT%H%M%S}Z"
    return f"{name};TZID={zone}:{wall:%Y%m%dT%H%M%S}"


def _first_named(rule: str, start: datetime) -> list[datetime]:
    plain = ";".join(part for part in rule.split(";") if not part.startswith("UNTIL"))
    return rrulestr(plain, dtstart=start).between(start, start + timedelta(days=1_500), inc=True)[
        :8
    ]


def _random_rule(random: Random, start: datetime) -> str:
    frequency = random.choice(["YEARLY", "MONTHLY", "WEEKLY", "WEEKLY", "DAILY", "DAILY", "HOURLY"])
    parts = [f"FREQ={frequency}"]

    def some(values: list[str], most: int) -> str:
        return ",".join(random.sample(values, random.randint(1, most)))

    if random.random() < 0.4:
        # An interval of hours that never meets BYHOUR is an error to the other library.
        parts.append(f"INTERVAL={5 if frequency == 'HOURLY' else random.choice([2, 3, 5])}")
    if random.random() < 0.3:
        parts.append(f"WKST={random.choice(WEEKDAYS)}")
    match frequency:
        case "YEARLY" if random.random() < 0.6:
            parts.append("BYMONTH=" + some([str(month) for month in range(1, 13)], 3))
        case "MONTHLY" if random.random() < 0.4:
            parts.append("BYDAY=" + some([f"{n}{day}" for n in (1, 2, -1) for day in WEEKDAYS], 2))
        case "MONTHLY" if random.random() < 0.5:
            parts.append("BYMONTHDAY=" + some(["1", "15", "28", "31", "-1", "-3"], 3))
        case "WEEKLY" | "DAILY" if random.random() < 0.6:
            parts.append("BYDAY=" + some(WEEKDAYS, 4))
        case "HOURLY":
            parts.append("BYHOUR=" + some([str(hour) for hour in range(24)], 5))
    end = random.random()
    if end < 0.25:
        parts.append(f"COUNT={random.randint(1, 30)}")
    elif end < 0.5:
        until = start + timedelta(days=random.randint(0, 500))
        parts.append(f"UNTIL={until:%Y%m%dT%H%M%S}Z")
    return ";".join(parts)
