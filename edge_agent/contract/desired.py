"""Desired state: the full, signed, retained word on what a box should do."""

from typing import Annotated

import msgspec

from edge_agent.contract.manifest import MAX_PAGE_BYTES, Asset, Manifest
from edge_agent.contract.types import (
    Address,
    DeviceId,
    GainDb,
    LanguageTag,
    Reason,
    ScopeId,
    Serial,
    Sha256,
    UtcMs,
    WallTime,
)


class VolumeStep(msgspec.Struct, frozen=True):
    """From this local wall time on, so loud."""

    since: WallTime
    gain_db: GainDb


class QuietHours(msgspec.Struct, frozen=True):
    """Local hours in which only emergencies, or a cue with a reason, may sound."""

    since: WallTime
    until: WallTime
    time_zone: str


class ReportPolicy(msgspec.Struct, frozen=True):
    """How often a box speaks of itself, and how soon its silence is noticed by the broker."""

    heartbeat_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 30
    keepalive_s: Annotated[int, msgspec.Meta(ge=5, le=1_200)] = 30


class OffPeak(msgspec.Struct, frozen=True):
    """Local hours in which data costs little; over midnight if `until` is not after `since`."""

    since: WallTime
    until: WallTime


class DataBudget(msgspec.Struct, frozen=True):
    """What a SIM may fetch from day `resets_on` of one month to that of the next.

    With `off_peak` hours, what is not needed soon waits for them. Emergencies and reports are
    exempt; what comes from a neighbour or a stick costs nothing.
    """

    monthly_bytes: Annotated[int, msgspec.Meta(ge=1_000_000, le=1 << 40)]
    time_zone: str
    resets_on: Annotated[int, msgspec.Meta(ge=1, le=28)] = 1
    off_peak: Annotated[tuple[OffPeak, ...], msgspec.Meta(max_length=4)] = ()


class PhraseRef(msgspec.Struct, frozen=True):
    """Where the phrases of one language are found: a gzip page (`PhrasePage`) by its hash."""

    language: LanguageTag
    sha256: Sha256
    bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_BYTES)]


class ClipsRef(msgspec.Struct, frozen=True):
    """Where the hazard clips of a box are found: a gzip page (`ClipPage`) by its hash."""

    sha256: Sha256
    bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_BYTES)]


class Maintenance(msgspec.Struct, frozen=True):
    """Somebody works at the horn: silent until then, and it ends by itself on the box."""

    until: UtcMs
    reason: Reason


class Desired(msgspec.Struct, frozen=True):
    """Obeyed if signed and of a greater serial than the stored one.

    An empty plan is obeyed only if it says `empty_because`. `sources` are base addresses in
    order of preference; pages and audio are found under them by hash. `withdrawn` never sounds.

    `phrases` and `clips` are kept whole on the box, for emergencies. `fallback` is a known sound,
    for a cue of which nothing is held. Each sound begins `delay_ms` after its planned instant, so
    that horns in earshot of each other agree. A clock that may be wrong by more than
    `clock_within_s` is not trusted.
    """

    did: DeviceId
    serial: Serial
    issued: UtcMs
    manifest: Manifest
    withdrawn: tuple[Sha256, ...]
    sources: tuple[Address, ...]
    scopes: tuple[ScopeId, ...]
    volume: tuple[VolumeStep, ...] = ()
    quiet_hours: QuietHours | None = None
    report: ReportPolicy = ReportPolicy()
    brokers: tuple[Address, ...] = ()
    minimum_agent: str = ""
    empty_because: Reason = ""
    phrases: Annotated[tuple[PhraseRef, ...], msgspec.Meta(max_length=18)] = ()
    fallback: Asset | None = None
    data: DataBudget | None = None
    delay_ms: Annotated[int, msgspec.Meta(ge=-2_000, le=2_000)] = 0
    maintenance: Maintenance | None = None
    clock_within_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 120
    clips: ClipsRef | None = None
    offices: Annotated[tuple[Address, ...], msgspec.Meta(max_length=8)] = ()
    """HTTPS addresses at which a certificate is renewed; none: those given at pairing."""
