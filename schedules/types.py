"""Units and identifiers of planning, and the one door for instants and time zones."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NewType
from zoneinfo import ZoneInfo

from schedules.errors import NaiveTime, UnknownTimeZone

DurationMs = NewType("DurationMs", int)
GainDb = NewType("GainDb", float)
UtcInstant = NewType("UtcInstant", datetime)

UnitId = NewType("UnitId", str)
AreaCode = NewType("AreaCode", str)
ZoneId = NewType("ZoneId", str)
ClusterId = NewType("ClusterId", str)
ProgrammeId = NewType("ProgrammeId", str)
BulletinId = NewType("BulletinId", str)
CartId = NewType("CartId", str)
RelayId = NewType("RelayId", str)
RenditionId = NewType("RenditionId", str)
CueId = NewType("CueId", str)
AssetSha256 = NewType("AssetSha256", str)
LanguageTag = NewType("LanguageTag", str)

_MS = timedelta(milliseconds=1)


def utc_instant(at: datetime) -> UtcInstant:
    """The same instant in UTC; NaiveTime if `at` does not say its offset."""
    if at.utcoffset() is None:
        raise NaiveTime(at)
    return UtcInstant(at.astimezone(UTC))


def later(at: UtcInstant, ms: int) -> UtcInstant:
    """`at` moved by `ms` milliseconds of elapsed time; negative moves it back."""
    return UtcInstant(at + timedelta(milliseconds=ms))


def elapsed_ms(start: UtcInstant, end: UtcInstant) -> DurationMs:
    """Whole milliseconds from `start` to `end`, rounded down."""
    return DurationMs((end - start) // _MS)


@cache
def time_zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; UnknownTimeZone if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownTimeZone(name) from error


def wall_clock(at: UtcInstant, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows at that instant: a datetime without a zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def wall_instant(wall: datetime, zone: ZoneInfo) -> UtcInstant:
    """The instant at which a clock on the wall shows `wall` (no zone in it).

    A time that occurs twice is the first of the two. A time that the zone skips is read with the
    offset before the gap (RFC 5545 §3.3.5, PEP 495 fold=0): 02:30 in a gap of one hour is 03:30.
    """
    return UtcInstant(wall.replace(tzinfo=zone, fold=0).astimezone(UTC))
