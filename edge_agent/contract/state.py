"""What a box says of itself: birth and death, hello, telemetry, time."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from edge_agent.contract.types import (
    MAX_CLOCK_MS,
    ClockMs,
    Counter,
    DurationMs,
    Identifier,
    MonotonicMs,
    OffsetMs,
    Reason,
    RulesNumber,
    ScopeId,
    Serial,
    Sha256,
    UtcMs,
)


class State(msgspec.Struct, frozen=True):
    """Retained birth; the last will is the same with `online` false.

    A death counts only for the newest (`boot`, `conn`) pair: both are counters kept on disk.
    """

    boot: Counter
    conn: Counter
    online: bool


class ClockSource(StrEnum):
    """Why a box believes its clock."""

    NTP = "ntp"
    RTC = "rtc"
    CONTROLLER = "controller"
    KEPT = "kept"
    """Counted on by the box since one of these, for its wall clock was moved by nobody known."""

    UNTRUSTED = "untrusted"


class Clock(msgspec.Struct, frozen=True):
    """Clock of a box: its source, and what it would have to add to agree with the controller.

    With source `controller` or `kept` the box goes by wall + `offset_ms`, else by its wall clock
    alone.
    """

    source: ClockSource
    offset_ms: OffsetMs = 0

    def utc_ms(self, wall_ms: int) -> int:
        """What the box took for UTC when its wall clock showed `wall_ms`; within `ClockMs`."""
        by_offset = self.source in (ClockSource.CONTROLLER, ClockSource.KEPT)
        utc_ms = wall_ms + self.offset_ms if by_offset else wall_ms
        return min(max(0, utc_ms), MAX_CLOCK_MS)


class CacheState(msgspec.Struct, frozen=True):
    """Audio on disk for the plan: `lacking` = 0 means that everything is held and verified."""

    held: Counter
    lacking: Counter
    digest: Sha256


class SpoolRange(msgspec.Struct, frozen=True):
    """Reports not yet acknowledged; `first` > `last` when there are none."""

    id: Identifier
    first: Counter
    last: Counter


class HeldAlerts(msgspec.Struct, frozen=True):
    """The newest list of alerts that a box holds of one issuer for one scope."""

    issuer: Identifier
    scope: ScopeId
    serial: Serial


class Hello(msgspec.Struct, frozen=True):
    """Said at each connection and whenever something in it changes.

    `losses` names what was found unreadable on disk since the last start and set aside, and what
    the disk does not take now; `alerts` is the receipt for alert lists, `placement` for where the
    box was moved to since it was paired (0: nowhere).
    """

    boot: Counter
    conn: Counter
    agent: str
    rules: RulesNumber
    capabilities: tuple[str, ...]
    desired: Counter
    keys: Counter
    cache: CacheState
    spool: SpoolRange
    clock: Clock
    losses: tuple[Reason, ...] = ()
    alerts: tuple[HeldAlerts, ...] = ()
    placement: Counter = 0


class Proof(msgspec.Struct, frozen=True):
    """Proof of readiness: of what starts before `until` by serial `desired`, what is held and not.

    A hash is in `held` only if the file on disk was read and hashed for this proof.
    """

    boot: Counter
    at: ClockMs
    desired: Counter
    until: UtcMs
    held: Annotated[tuple[Sha256, ...], Meta(max_length=1_500)]
    lacking: Annotated[tuple[Sha256, ...], Meta(max_length=1_500)]
    mono: MonotonicMs = 0
    """Monotonic time of `boot`: orders the proofs of a box whose clock was wrong."""


class Presence(msgspec.Struct, frozen=True):
    """Signed at each connection: which run of which machine speaks for this box now.

    `run` is random at each start of the agent: one that comes back after a later one was copied.
    `hardware` names the machine (of its serial number, hashed), "" where it cannot tell.
    """

    boot: Counter
    conn: Counter
    run: Identifier
    at: ClockMs
    hardware: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]*\Z")] = ""
    agent: Annotated[str, Meta(max_length=40)] = ""


class OnAir(msgspec.Struct, frozen=True):
    """What sounds now and how far it has come."""

    play: Identifier
    cue: Identifier
    position_ms: DurationMs
    duration_ms: DurationMs


class Waits(StrEnum):
    """Why something that lacks is not being fetched."""

    RETRY = "retry"
    DISK_FULL = "disk_full"
    MAKES_ROOM = "makes_room"
    SPREAD = "spread"
    NEIGHBOURS = "neighbours"
    DATA_BUDGET = "data_budget"
    OFF_PEAK = "off_peak"


class Telemetry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Heartbeat; None where the machine cannot tell.

    `dropped` counts messages of this run that were not obeyed: unsigned, stale, not for this box.
    `data_used_bytes` counts this month of the budget, `data_limit_bytes` is what it allows.
    `disk_errors` sums what the file system and the card count. `plan_until` is the end of the
    plan on disk; `silenced` names the switch or order that keeps the box silent.
    `clock_error_ms` is how wrong the clock may be;
    `amplifier_fault` is why its switch failed the last time, empty if it did not.
    """

    boot: Counter
    at: ClockMs
    desired: Counter
    lacking: Counter
    bytes_wanted: Counter
    bytes_held: Counter
    on_air: OnAir | None = None
    temperature_c: float | None = None
    under_voltage: bool | None = None
    disk_free_bytes: Counter | None = None
    disk_errors: Counter | None = None
    signal_dbm: Annotated[int, Meta(ge=-200, le=100)] | None = None
    data_used_bytes: Counter | None = None
    dropped: Counter = 0
    speaker_dbfs: float | None = None
    uptime_s: Counter | None = None
    disk_total_bytes: Counter | None = None
    card_worn_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    data_limit_bytes: Counter | None = None
    plan_until: UtcMs | None = None
    silenced: Reason = ""
    clock: Clock | None = None
    clock_error_ms: Counter | None = None
    player_restarts: Counter = 0
    amplifier_fault: Reason = ""
    spooled: Counter = 0
    waits: Reason = ""
    """Why what lacks is not being fetched: words of `Waits`, with commas between."""

    certificate_until: UtcMs | None = None
    certificate_trouble: Reason = ""
    """Why the office may not let the box in by its certificate; empty if it does."""


class CheckState(StrEnum):
    """What became of one check of a diagnosis."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Check(msgspec.Struct, frozen=True):
    """One part looked at: what was found, for people, in both languages."""

    name: Identifier
    state: CheckState
    vi: Reason = ""
    en: Reason = ""


LogLine = Annotated[str, Meta(max_length=2_000, pattern=r"^[^\x00]*\Z")]


class Diagnosis(msgspec.Struct, frozen=True):
    """Answer to the command `diagnose` of this id: every check, and the last lines of the log."""

    command: Identifier
    boot: Counter
    at: ClockMs
    checks: Annotated[tuple[Check, ...], Meta(max_length=40)]
    lines: Annotated[tuple[LogLine, ...], Meta(max_length=400)] = ()


class TimeRequest(msgspec.Struct, frozen=True):
    """A fresh nonce; only an answer within 10 s is believed."""

    nonce: Identifier


class TimeAnswer(msgspec.Struct, frozen=True):
    """The controller's clock, signed, for one nonce."""

    nonce: Identifier
    utc_ms: UtcMs


class ControllerState(msgspec.Struct, frozen=True):
    """Retained: is a controller there; `epoch` changes at each of its starts."""

    online: bool
    epoch: Serial | None = None
