"""Desired state: the full, signed, retained word on what a box should do."""

from typing import Annotated

import msgspec

from edge_agent.contract.manifest import Manifest
from edge_agent.contract.types import (
    Address,
    DeviceId,
    GainDb,
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
    """How often a box speaks of itself."""

    heartbeat_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 30


class Desired(msgspec.Struct, frozen=True):
    """Obeyed if signed and of a greater serial than the stored one.

    An empty plan is obeyed only if it says `empty_because`. `sources` are base addresses in
    order of preference; pages and audio are found under them by hash. `withdrawn` never sounds.
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
