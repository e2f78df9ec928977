"""Small honest plans for the tests: every builder gives a value that is fit for air."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.day_calendar import DayCalendar
from schedules.programme import Programme
from schedules.recurrence import Occurrence, occurrences
from schedules.rundown import Material, MaterialKind, Rundown
from schedules.shelf import WORDLESS, Notice, Relay, Shelf
from schedules.template import Item, Template, chosen_alone
from schedules.timing import Timing
from schedules.types import (
    AssetSha256,
    BulletinId,
    CartId,
    DurationMs,
    LanguageTag,
    ProgrammeId,
    RelayId,
    RenditionId,
    ZoneId,
    utc_instant,
)
from schedules.zone import Zone
from schedules.zone_plan import Standing, ZoneInputs

VI, BANA, SEDANG = LanguageTag("vi"), LanguageTag("bdq"), LanguageTag("sed")
HOME = "Asia/Ho_Chi_Minh"
DAY = date(2026, 8, 15)
MIDNIGHT = datetime(2026, 8, 14, 17, tzinfo=UTC)
"""00:00 of DAY in Viet Nam."""


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """That wall time of DAY in Viet Nam, as an instant in UTC; hours go past 24."""
    return datetime.fromtimestamp(MIDNIGHT.timestamp() + hour * 3600 + minute * 60 + second, tz=UTC)


def zone(*languages: LanguageTag, zone_id: str = "kon-dao") -> Zone:
    return Zone(ZoneId(zone_id), "Kon Đao", HOME, (), languages or (VI,))


_OF_TIMING = {"day", "time_zone", "rules", "dates", "lunar", "valid_from", "valid_until"}


def timing(wall: time = time(6), day: date = DAY, **changes: Any) -> Timing:
    """Once at that wall time of `day` in Viet Nam."""
    given: dict[str, Any] = {"start": datetime.combine(day, wall), "time_zone": HOME}
    return Timing(**(given | changes))


def programme(
    name: str = "sang", wall: time = time(6), when: Timing | None = None, **changes: Any
) -> Programme:
    """Once, unless `when` says otherwise; of `changes`, those of its timing go there."""
    own = {key: changes.pop(key) for key in _OF_TIMING & changes.keys()}
    given: dict[str, Any] = {
        "id": ProgrammeId(name),
        "title": "Bản tin sáng",
        "zone_ids": (ZoneId("kon-dao"),),
        "timing": when or timing(wall, **own),
        "template": chosen_alone((BulletinId("tiem-chung"),)),
    }
    return Programme(**(given | changes))


def daily(name: str = "sang", wall: time = time(6), **changes: Any) -> Programme:
    return programme(name, wall, rules=("FREQ=DAILY",), **changes)


def material(
    bulletin: str = "tiem-chung",
    language: LanguageTag = VI,
    seconds: int = 60,
    valid_until: datetime | None = None,
) -> Material:
    return Material(
        asset_sha256=AssetSha256(sha256(f"{bulletin} {language} {seconds}".encode()).hexdigest()),
        duration_ms=DurationMs(seconds * 1_000),
        title=f"Tin {bulletin}",
        language=language,
        kind=MaterialKind.BULLETIN,
        bulletin_id=BulletinId(bulletin),
        rendition_id=RenditionId(f"{bulletin}-{language}"),
        spoken_sha256=sha256(bulletin.encode()).hexdigest(),
        approved_by="Y Bia",
        valid_until=utc_instant(valid_until or at(24 * 7)),
    )


def on_day(slot: Programme) -> Occurrence:
    """The occurrence of DAY."""
    return next(each for each in occurrences(slot, at(0), at(48)) if each.local_date == DAY)


FREE_LAW = replace(DEFAULT_AIRTIME_LAW, windows=(), quiet=None)
LONG_AGO, LONG_AFTER = at(-24 * 30), at(24 * 30)


def notice(
    name: str = "tiem-chung",
    *languages: LanguageTag,
    seconds: int = 60,
    approved: datetime = LONG_AGO,
    valid_until: datetime = LONG_AFTER,
    **changes: Any,
) -> Notice:
    """An approved bulletin of the commune, spoken for so long in each of these languages."""
    given: dict[str, Any] = {
        "bulletin_id": BulletinId(name),
        "title": f"Tin {name}",
        "topic": "y-te",
        "priority": False,
        "height": 0,
        "owner": None,
        "approved_at": utc_instant(approved),
        "valid_until": utc_instant(valid_until),
        "materials": tuple(
            material(name, each, seconds, valid_until) for each in languages or (VI,)
        ),
    }
    return Notice(**(given | changes))


def clip(name: str, seconds: int, language: LanguageTag = WORDLESS) -> Material:
    """One sound of a cart."""
    spoken = material(name, language, seconds, LONG_AFTER)
    return replace(
        spoken, kind=MaterialKind.CART, bulletin_id=None, rendition_id=None, spoken_sha256=None
    )


def shelf(*notices: Notice, **carts: Material | tuple[Material, ...]) -> Shelf:
    """These bulletins and carts, and the station `vov`."""
    station = Relay(RelayId("vov"), "VOV1", "https://vov.example/vov1")
    sounds: Mapping[CartId, tuple[Material, ...]] = {
        CartId(name): each if isinstance(each, tuple) else (each,) for name, each in carts.items()
    }
    return Shelf(notices, sounds, {station.relay_id: station})


def template(*items: Item) -> Template:
    return Template(items)


def zone_inputs(
    programmes: Iterable[Programme], on: Shelf, where: Zone | None = None, **changes: Any
) -> ZoneInputs:
    """All that a zone hears of these programmes, without any airtime law."""
    standing = tuple(Standing(each, utc_instant(LONG_AGO)) for each in programmes)
    given = ZoneInputs(where or zone(), FREE_LAW, DayCalendar(), standing, on)
    return replace(given, **changes)


def rundown(slot: Programme, *items: Material) -> Rundown:
    return Rundown(slot, on_day(slot), slot.zone_ids[0], items)
