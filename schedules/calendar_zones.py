"""Which IANA zone a TZID of an .ics file means, also where a program gave it a name of its own."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from itertools import islice
from zoneinfo import available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from schedules.calendar_lines import Component
from schedules.errors import ScheduleError, UnknownTimeZone
from schedules.rrule import read_moment, read_rule
from schedules.rule_walls import rule_walls
from schedules.types import time_zone

_REGION = re.compile(
    "(Africa|America|Antarctica|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)/.+"
)
_OFFSET = re.compile(r"\(?(?:UTC|GMT) ?([+-])(\d{1,2})(?:[:.]?00)?\)?.*", re.IGNORECASE)
_WEEKS = 105
_MOST_ONSETS = 400


def zone_named(tzid: str) -> str | None:
    """By an IANA name, one within a path, one in other letter case, or a name of Windows."""
    name = tzid.strip().strip('"')
    if name in WINDOWS_TO_OLSON:
        return WINDOWS_TO_OLSON[name]
    parts = name.strip("/").split("/")
    tries = ["/".join(parts[-many:]) for many in (len(parts), 3, 2, 1)] + [name.upper()]
    tries += [re.sub(r"[A-Za-z]+", lambda word: word[0].capitalize(), each) for each in tries]
    return next(filter(_exists, tries), None)


def zone_drawn(drawn: Component, year: int, home: str) -> str | None:
    """The IANA zone that a VTIMEZONE says it is, or whose clocks it follows in `year` and next."""
    said = drawn.first("X-LIC-LOCATION")
    if said is not None and (named := zone_named(said.value)):
        return named
    onsets = sorted(_onsets(drawn, year))
    if not onsets:
        return None
    begin = datetime(year, 1, 1, 12, tzinfo=UTC)
    weeks = [begin + timedelta(weeks=number) for number in range(_WEEKS)]
    meant = [_offset_at(week, onsets) for week in weeks]
    regional = (name for name in sorted(available_timezones()) if _REGION.match(name))
    for name in (home, *regional):
        zone = time_zone(name)
        if all(
            week.astimezone(zone).utcoffset() == it for week, it in zip(weeks, meant, strict=True)
        ):
            return name
    return None


def zone_at(drawn: Component, wall: datetime) -> str | None:
    """A fixed zone with the offset that a VTIMEZONE has at that wall time, in whole hours."""
    onsets = sorted(_onsets(drawn, wall.year))
    if not onsets:
        return None
    passed = [each for each in onsets if (each.at + each.before).replace(tzinfo=None) <= wall]
    offset = passed[-1].after if passed else onsets[0].before
    hours, rest = divmod(offset, timedelta(hours=1))
    # The signs of these zones run the other way.
    name = f"Etc/GMT{-hours:+d}"
    return name if not rest and _exists(name) else None


def zone_of_offset(tzid: str) -> str | None:
    """A fixed zone for a name that says no more than its whole hours: “UTC+7”, “(GMT+07:00) …”."""
    match = _OFFSET.fullmatch(tzid.strip())
    if match is None:
        return None
    name = f"Etc/GMT{'-' if match[1] == '+' else '+'}{int(match[2])}"
    return name if _exists(name) else None


def _exists(name: str) -> bool:
    try:
        time_zone(name)
    except UnknownTimeZone:
        return False
    return True


@dataclass(frozen=True, slots=True, order=True)
class _Onset:
    at: datetime
    before: timedelta
    after: timedelta


def _onsets(drawn: Component, year: int) -> Iterator[_Onset]:
    """Where its clocks are moved, from the year before `year` to the one after the next."""
    since, by = datetime(year - 1, 1, 1), datetime(year + 2, 12, 31)
    for part in drawn.parts:
        before, after = _offset(part, "TZOFFSETFROM"), _offset(part, "TZOFFSETTO")
        started = part.first("DTSTART")
        if before is None or after is None or started is None:
            continue
        try:
            start = read_moment(started.value)
            walls = [datetime(*start.timetuple()[:6])]
            for rule in islice(part.properties("RRULE"), 8):
                given = rule_walls(read_rule(rule.value), walls[0], since, by)
                walls += islice(_until(given, rule.value, before), _MOST_ONSETS)
            for listed in islice(part.properties("RDATE"), _MOST_ONSETS):
                moments = map(read_moment, listed.value.split(","))
                walls += (datetime(*moment.timetuple()[:6]) for moment in moments)
        except (ValueError, OverflowError, ScheduleError):
            continue
        for wall in walls:
            # Beyond these an offset leads out of the calendar.
            if MINYEAR < wall.year < MAXYEAR:
                yield _Onset((wall - before).replace(tzinfo=UTC), before, after)


def _until(walls: Iterable[datetime], rule: str, before: timedelta) -> Iterator[datetime]:
    until = read_rule(rule).until
    last = datetime.max if until is None else datetime(*until.timetuple()[:6])
    if isinstance(until, datetime) and until.tzinfo is not None:
        last += before
    return (wall for wall in walls if wall <= last)


def _offset_at(instant: datetime, onsets: list[_Onset]) -> timedelta:
    passed = [onset for onset in onsets if onset.at <= instant]
    return passed[-1].after if passed else onsets[0].before


def _offset(part: Component, name: str) -> timedelta | None:
    found = part.first(name)
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?", found.value) if found else None
    if match is None:
        return None
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return ahead if match[1] == "+" else -ahead
