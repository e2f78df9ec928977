"""The ordered items of one occurrence in one zone: each bulletin in the zone's languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schedules.errors import BadDuration, WrongZone
from schedules.programme import Programme
from schedules.recurrence import Occurrence
from schedules.types import (
    AssetSha256,
    BulletinId,
    DurationMs,
    LanguageTag,
    RenditionId,
    UtcInstant,
    ZoneId,
    utc_instant,
)
from schedules.zone import Zone

GAP_MS = DurationMs(1_000)
"""Silence between two items, so that an ear hears where one ends."""


class MaterialKind(StrEnum):
    BULLETIN = "bulletin"
    CART = "cart"


@dataclass(frozen=True, slots=True)
class Material:
    """One asset fit for air, with what the as-run log will copy; a wordless cart is `zxx`.

    `spoken_sha256` is the hash of the approved spoken form that the asset was made from.
    """

    asset_sha256: AssetSha256
    duration_ms: DurationMs
    title: str
    language: LanguageTag
    kind: MaterialKind
    bulletin_id: BulletinId | None
    rendition_id: RenditionId | None
    spoken_sha256: str | None
    approved_by: str
    valid_until: UtcInstant

    def __post_init__(self) -> None:
        if self.duration_ms <= 0:
            raise BadDuration(self.duration_ms)
        utc_instant(self.valid_until)


class Lacking(NamedTuple):
    """A bulletin that cannot be heard in one of the zone's languages."""

    bulletin_id: BulletinId
    language: LanguageTag


@dataclass(frozen=True, slots=True)
class Rundown:
    """What an occurrence airs in a zone, in order.

    `missing` has no material in that language, `expired` none that is still valid at the start.
    """

    programme: Programme
    occurrence: Occurrence
    zone_id: ZoneId
    items: tuple[Material, ...]
    missing: tuple[Lacking, ...] = ()
    expired: tuple[Lacking, ...] = ()

    @property
    def duration_ms(self) -> DurationMs:
        """The session from first sound to last, gaps included."""
        gaps = GAP_MS * max(len(self.items) - 1, 0)
        return DurationMs(sum(item.duration_ms for item in self.items) + gaps)


def build(
    programme: Programme,
    occurrence: Occurrence,
    zone: Zone,
    materials: Mapping[BulletinId, Sequence[Material]],
) -> Rundown:
    """The bulletins in the order given, each in every language of the zone, in the zone's order.

    Of several materials in one language the first that outlives the start is taken; a language
    without one is listed and never replaced by another. WrongZone if the programme is not for it.
    """
    if zone.id not in programme.zone_ids:
        raise WrongZone(programme.title, zone.name)
    items: list[Material] = []
    missing: list[Lacking] = []
    expired: list[Lacking] = []
    for bulletin_id, choices in materials.items():
        for language in zone.languages:
            spoken = [each for each in choices if each.language == language]
            fresh = next((m for m in spoken if m.valid_until > occurrence.start_utc), None)
            if fresh is not None:
                items.append(fresh)
            else:
                (expired if spoken else missing).append(Lacking(bulletin_id, language))
    return Rundown(programme, occurrence, zone.id, tuple(items), tuple(missing), tuple(expired))
