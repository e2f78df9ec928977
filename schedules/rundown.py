"""The ordered items of one occurrence in one zone: each bulletin in the zone's languages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schedules.errors import BadDuration
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
    later,
    utc_instant,
)

GAP_MS = DurationMs(1_000)
"""Silence between two items, so that an ear hears where one ends."""


class MaterialKind(StrEnum):
    BULLETIN = "bulletin"
    CART = "cart"
    RELAY = "relay"
    FILLER = "filler"


@dataclass(frozen=True, slots=True)
class Stream:
    """Another station on air; `why_unproved` is an administrator's exception, "" for https."""

    url: str
    why_unproved: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """One asset fit for air, with what the as-run log will copy; a wordless cart is `zxx`.

    `spoken_sha256` is the hash of the approved spoken form that the asset was made from. `play_ms`
    is its length on air where that is not the asset's own, `least_ms` how short it may be made;
    speech has neither. With a `stream` the asset sounds only while the stream does not.
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
    play_ms: DurationMs | None = None
    least_ms: DurationMs | None = None
    stream: Stream | None = None

    def __post_init__(self) -> None:
        for ms in (self.duration_ms, self.play_ms, self.least_ms):
            if ms is not None and ms <= 0:
                raise BadDuration(ms)
        utc_instant(self.valid_until)

    @property
    def air_ms(self) -> DurationMs:
        """How long it is on air."""
        return self.duration_ms if self.play_ms is None else self.play_ms


class Lacking(NamedTuple):
    """A bulletin that cannot be heard in one of the zone's languages."""

    bulletin_id: BulletinId
    language: LanguageTag


class LeftOut(NamedTuple):
    """What a template asked for and a session has no place for, and why; a bulletin waits.

    `code` is for programs; `bulletin_id` is None for a cart, a relay or music.
    """

    occurrence: Occurrence
    title: str
    bulletin_id: BulletinId | None
    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Rundown:
    """What an occurrence airs in a zone, in order.

    `missing` has no material in that language, `expired` none that is still valid at the start.
    `fallback` sounds where an item is not on the box when its time comes.
    """

    programme: Programme
    occurrence: Occurrence
    zone_id: ZoneId
    items: tuple[Material, ...]
    missing: tuple[Lacking, ...] = ()
    expired: tuple[Lacking, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    fallback: Material | None = None

    @property
    def duration_ms(self) -> DurationMs:
        """The session from first sound to last, gaps included."""
        gaps = GAP_MS * max(len(self.items) - 1, 0)
        return DurationMs(sum(item.air_ms for item in self.items) + gaps)

    @property
    def ends_by(self) -> UtcInstant | None:
        """When the session is over; None where it takes as long as its items."""
        occurrence = self.occurrence
        length = occurrence.duration_ms
        return None if length is None else later(occurrence.start_utc, length)
