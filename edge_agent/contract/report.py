"""Playback events, written to disk before sound and kept until the controller has them."""

from enum import StrEnum
from typing import Annotated

import msgspec

from edge_agent.contract.manifest import Rank
from edge_agent.contract.state import Clock
from edge_agent.contract.types import (
    ClockMs,
    Counter,
    DurationMs,
    GainDb,
    Identifier,
    LanguageTag,
    MonotonicMs,
    Reason,
    RulesNumber,
    Sequence,
    Sha256,
    Title,
    UtcMs,
)

MAX_EVENTS = 20
MAX_REPORT_BYTES = 4096


class EventKind(StrEnum):
    """What happened to a play."""

    STARTED = "started"
    ENDED = "ended"
    CUT = "cut"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class Source(StrEnum):
    """Who wanted a play: the plan, an order, an alert from afar, or somebody at the box."""

    PLAN = "plan"
    COMMAND = "command"
    ALERT = "alert"
    LOCAL = "local"


class Heard(StrEnum):
    """Whether an ear at the horn (a microphone, a loopback, its current) noticed the play."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class PlaybackEvent(msgspec.Struct, frozen=True):
    """One fact about one play; `seq` has no gaps within its spool.

    `wall` and `mono` are the box's clocks, `played_ms` is sound that really left the player.
    It was to begin `delay_ms` after `planned`. `asset_sha256` names the audio that sounded: the
    cue's own, or other audio with the reason `fallback`; of a stream (`relay`, `relay_unproved`)
    the cue's own. `duration_ms` is how long this play was to sound. `heard` and `heard_dbfs` (how
    loud, where the ear can tell) come with the end of a play; they tell what sounded from what
    was played into a dead amplifier. `alert` names the alert of a play that spoke for one.
    """

    seq: Sequence
    kind: EventKind
    play: Identifier
    cue: Identifier
    asset_sha256: Sha256
    wall: ClockMs
    mono: MonotonicMs
    boot: Counter
    clock: Clock
    planned: UtcMs
    duration_ms: DurationMs
    rank: Rank
    rules: RulesNumber
    desired: Counter
    gain_db: GainDb
    title: Title
    language: LanguageTag
    played_ms: DurationMs = 0
    reason: Reason = ""
    heard: Heard = Heard.UNKNOWN
    heard_dbfs: float | None = None
    delay_ms: Annotated[int, msgspec.Meta(ge=-2_000, le=2_000)] = 0
    source: Source = Source.PLAN
    alert: Annotated[str, msgspec.Meta(max_length=120, pattern=r"^[A-Za-z0-9._:-]*\Z")] = ""


class Report(msgspec.Struct, frozen=True):
    """At most 20 events or 4 KB; each is read on its own, so that one bad event spoils no other."""

    spool: Identifier
    events: tuple[msgspec.Raw, ...]


class EventHead(msgspec.Struct, frozen=True):
    """The least that can be read of an event, to name it when the rest is bad."""

    seq: Sequence
