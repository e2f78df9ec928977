"""Dates and times of an .ics file, each in the zone that it means, and notes of what is unclear."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schedules.calendar_lines import Component, Property
from schedules.calendar_own import RECKONED
from schedules.calendar_zones import zone_at, zone_drawn, zone_named, zone_of_offset
from schedules.rrule import read_moment
from schedules.types import UtcInstant, time_zone, wall_clock, wall_instant

MOST_NOTES = 2_000
_MOST_DRAWN = 100


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not read, or read otherwise than written: of which event, or where in the file."""

    uid_or_place: str
    vi: str
    en: str


@dataclass(slots=True)
class Reading:
    """What holds for the whole file, and what was noted while it was read.

    `drawn` are its own VTIMEZONEs by TZID; `utc_is_home` where it says so (X-WR-TIMEZONE).
    """

    home: str
    drawn: Mapping[str, Component]
    utc_is_home: bool = False
    unread: list[Unread] = field(default_factory=list)
    zones: dict[str, str | None] = field(default_factory=dict)

    def note(self, where: str, vi: str, en: str) -> None:
        """Keeps the first MOST_NOTES."""
        if len(self.unread) < MOST_NOTES:
            self.unread.append(Unread(where[:200], vi, en))

    def zone(self, tzid: str, wall: datetime) -> str:
        """The IANA zone meant; where there is none, a fixed one or the home zone, and a note."""
        drawn = self.drawn.get(tzid)
        is_new = tzid not in self.zones
        if is_new:
            found = zone_named(tzid)
            if found is None and drawn is not None and len(self.zones) < _MOST_DRAWN:
                found = zone_drawn(drawn, wall.year, self.home)
            self.zones[tzid] = found
        named = self.zones[tzid]
        if named is not None:
            return named
        fixed = zone_of_offset(tzid) if drawn is None else zone_at(drawn, wall)
        if is_new:
            self.note(
                f"TZID {tzid}",
                f"không có múi giờ nào như vậy; giờ được đọc theo {fixed or self.home}",
                f"there is no such time zone; its times were read as of {fixed or self.home}",
            )
        return fixed or self.home


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall time and its zone; of a date, its midnight, in no zone of its own."""

    wall: datetime
    zone: str
    is_date: bool

    @property
    def instant(self) -> UtcInstant:
        return wall_instant(self.wall, time_zone(self.zone))

    def seen_in(self, zone: str) -> datetime:
        """The wall time there; a date stays that date."""
        if self.is_date or zone == self.zone:
            return self.wall
        return wall_clock(self.instant, time_zone(zone))


def listed_moments(
    uid: str, part: Component, name: str, reading: Reading
) -> Iterator[tuple[Moment, str, Property]]:
    """The dates of EXDATE or RDATE and the ends of its periods; what is no date is noted."""
    for found in part.properties(name):
        if RECKONED in found.parameters:
            continue
        for value in filter(None, map(str.strip, found.value.split(","))):
            begin, _, end = value.partition("/")
            try:
                yield moment_of(begin, found.parameters, reading), end, found
            except ValueError:
                reading.note(
                    uid,
                    f"{name} có {value[:40]!r} không phải ngày giờ; bỏ qua giá trị này",
                    f"{name} holds {value[:40]!r}, which is no date; this value was left out",
                )


def moment_of(value: str, parameters: Mapping[str, str], reading: Reading) -> Moment:
    """ValueError if it is no date or time."""
    moment = read_moment(value.strip().upper())
    if not isinstance(moment, datetime) or parameters.get("VALUE", "").upper() == "DATE":
        midnight = datetime(moment.year, moment.month, moment.day)
        return Moment(midnight, reading.home, is_date=True)
    if moment.tzinfo is not None:
        wall = moment.replace(tzinfo=None)
        if reading.utc_is_home:
            home = time_zone(reading.home)
            return Moment(moment.astimezone(home).replace(tzinfo=None), reading.home, False)
        return Moment(wall, "UTC", is_date=False)
    tzid = parameters.get("TZID", "")
    zone = reading.zone(tzid, moment) if tzid else reading.home
    return Moment(moment, zone, is_date=False)
