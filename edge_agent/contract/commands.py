"""Commands: no order, a life of their own, done at most once."""

from enum import StrEnum
from typing import Annotated

import msgspec

from edge_agent.contract.manifest import Asset, Enter, Leave, Rank
from edge_agent.contract.types import (
    ClockMs,
    DurationMs,
    GainDb,
    Identifier,
    LanguageTag,
    Reason,
    ScopeId,
    Sha256,
    Title,
    UtcMs,
)

MAX_LIFE_MS = 10 * 60_000
"""expires - issued of an acceptable command."""

REMEMBERED_MS = 24 * 3_600_000
"""A seen id stays on disk until expires plus this."""


class CommandKind(StrEnum):
    """What a box can be told to do now."""

    PLAY = "play"
    STOP = "stop"
    VOLUME = "volume"
    TEST_TONE = "test_tone"
    REBOOT = "reboot"
    DIAGNOSE = "diagnose"
    UPDATE = "update"


class Command(msgspec.Struct, frozen=True):
    """Head of every command; `kind` stays open so that an unknown one is refused by name."""

    id: Identifier
    kind: str
    audience: ScopeId
    issued: UtcMs
    expires: UtcMs
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class Play(msgspec.Struct, frozen=True):
    """Play one asset at once; never longer than `max_play_ms` on the monotonic clock."""

    asset: Asset
    rank: Rank
    enter: Enter
    leave: Leave
    gain_db: GainDb
    max_play_ms: DurationMs
    title: Title
    language: LanguageTag
    quiet_ok: Reason = ""


class Stop(msgspec.Struct, frozen=True):
    """Stop what sounds now, or only the play or cue named."""

    cue: Identifier | None = None


class Volume(msgspec.Struct, frozen=True):
    """Set the gain under which everything but an emergency is played."""

    gain_db: GainDb


class TestTone(msgspec.Struct, frozen=True):
    """Sound a tone for so long, once nothing else does; never in quiet hours."""

    __test__ = False

    seconds: Annotated[int, msgspec.Meta(ge=1, le=30)] = 5
    gain_db: GainDb = -20.0


class Diagnose(msgspec.Struct, frozen=True):
    """Look at every part and say what is found, with the last lines of the log (`up/diag`)."""

    lines: Annotated[int, msgspec.Meta(ge=0, le=400)] = 200


class Reboot(msgspec.Struct, frozen=True):
    """Start the machine anew, once nothing sounds."""


class Update(msgspec.Struct, frozen=True):
    """Install the bundle of that hash, once nothing sounds; who is not healthy then goes back."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.+-]{1,40}\Z")]
    sha256: Sha256
    bytes: Annotated[int, msgspec.Meta(ge=1, le=200_000_000)]


class AckStatus(StrEnum):
    """How far a command has come."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


class CommandAck(msgspec.Struct, frozen=True):
    """One step of one command on one box."""

    id: Identifier
    status: AckStatus
    at: ClockMs
    reason: Reason = ""
