"""The desired plan of one box: day pages of cues, fetched by hash like audio."""

from enum import StrEnum
from typing import Annotated

import msgspec

from edge_agent.contract.types import (
    Address,
    AssetBytes,
    DurationMs,
    GainDb,
    Identifier,
    LanguageTag,
    LocalDate,
    Reason,
    Sha256,
    Title,
    UtcMs,
)

MAX_PAGE_BYTES = 4 * 1024 * 1024
"""Bound of one unpacked day page: 1,440 one-minute cues are about 1 MB."""


class Rank(StrEnum):
    """Who interrupts whom, highest first."""

    EMERGENCY_LIVE = "emergency_live"
    EMERGENCY_RECORDED = "emergency_recorded"
    LIVE = "live"
    PRIORITY = "priority"
    RELAY = "relay"
    PROGRAMME = "programme"
    FILLER = "filler"


class Enter(StrEnum):
    """How a cue enters over a lower one: cut it, wait for the end of its item, or duck it."""

    CUT = "cut"
    AFTER_ITEM = "after_item"
    DUCK = "duck"


class Leave(StrEnum):
    """What becomes of what was interrupted: goes on, starts again, or is dropped."""

    RESUME = "resume"
    RESTART = "restart"
    DROP = "drop"


class Asset(msgspec.Struct, frozen=True):
    """One audio file: its name is its hash."""

    sha256: Sha256
    bytes: AssetBytes
    duration_ms: DurationMs
    media_type: str = "audio/ogg"


class Stream(msgspec.Struct, frozen=True):
    """Another station's stream: https with a verified host, or `excepted` says who let it be."""

    url: Address
    excepted: Reason = ""


class Cue(msgspec.Struct, frozen=True):
    """Play this asset then, so loud, not after then.

    It never starts after `latest_start`, nor if it could not end by `latest_end`,
    nor sounds at all after `valid_until`. `play_ms` is its length on air where that is not the
    asset's own: music is cut there, a stream ends there. With a `stream` the asset sounds only
    while the stream does not. `fallback` sounds in its place if the asset is not held.
    """

    id: Identifier
    asset: Asset
    start: UtcMs
    latest_start: UtcMs
    latest_end: UtcMs
    valid_until: UtcMs
    rank: Rank
    enter: Enter
    leave: Leave
    gain_db: GainDb
    title: Title
    language: LanguageTag
    quiet_ok: Reason = ""
    play_ms: Annotated[int, msgspec.Meta(ge=1, le=24 * 3_600_000)] | None = None
    stream: Stream | None = None
    fallback: Asset | None = None


class DayPage(msgspec.Struct, frozen=True):
    """All cues of one local date, in order of start."""

    date: LocalDate
    time_zone: str
    cues: tuple[Cue, ...]


class PageRef(msgspec.Struct, frozen=True):
    """Where a day page is found: gzip JSON, named by the hash of its packed bytes."""

    date: LocalDate
    sha256: Sha256
    bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_BYTES)]


class Manifest(msgspec.Struct, frozen=True):
    """The whole plan for a horizon, never a delta; `content_sha256` names what it says."""

    content_sha256: Sha256
    covers_from: UtcMs
    covers_until: UtcMs
    pages: tuple[PageRef, ...]
