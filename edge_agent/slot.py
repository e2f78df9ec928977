"""One play in the player: how far it has come, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.contract.manifest import Leave
from edge_agent.contract.report import EventKind, PlaybackEvent
from edge_agent.decide import FALLBACK, LENGTH_REACHED, Candidate, Current
from edge_agent.past import PastState
from edge_agent.player import Ended

STREAM_DEAD = "stream_dead"

SHORT_MS = 1_500
"""A file that ends this much before its length was cut."""


class Phase(StrEnum):
    """How far the play in the player has come."""

    LOADING = "loading"
    READY = "ready"
    RELEASED = "released"
    SOUNDING = "sounding"
    STOPPING = "stopping"


@dataclass(slots=True)
class Slot:
    """The play that the player holds; `told_db` is how loud the player was told to be last."""

    play: str
    candidate: Candidate
    gain_db: float
    phase: Phase
    since_mono_ms: int
    told_db: float
    preroll_ms: int = 0
    at_ms: int = 0
    started_mono_ms: int | None = None
    position_ms: int = 0
    kept_ms: int = 0
    moved_mono_ms: int = 0
    stop_reason: str = ""
    then: PastState = PastState.DONE
    reason: str = ""
    event: PlaybackEvent | None = None

    def enter(self, phase: Phase, mono_ms: int) -> None:
        self.phase, self.since_mono_ms = phase, mono_ms

    @property
    def on_air(self) -> bool:
        """Whether it sounds, or may at any moment."""
        return self.phase in (Phase.RELEASED, Phase.SOUNDING, Phase.STOPPING)

    def sound_ms(self, mono_ms: int) -> int:
        """Sound given until `mono_ms`, by the monotonic clock."""
        return 0 if self.started_mono_ms is None else max(0, mono_ms - self.started_mono_ms)

    def current(self, mono_ms: int) -> Current:
        """It, as a decision sees it."""
        return Current(self.candidate, self.sound_ms(mono_ms))

    def length_ms(self) -> int:
        return self.candidate.length_ms


def outcome(slot: Slot, ended: Ended, played_ms: int) -> tuple[EventKind, str, PastState]:
    """What became of a play that was on air, why, and what may still come of its cue."""
    candidate = slot.candidate
    relayed, stopping = candidate.cue.stream is not None, slot.phase is Phase.STOPPING
    after_end = PastState.OPEN if relayed else PastState.DONE
    if stopping and slot.stop_reason == LENGTH_REACHED:
        return EventKind.ENDED, _heard_as(slot), PastState.DONE
    if stopping and (ended.reason != "eof" or candidate.stream is not None):
        return EventKind.CUT, slot.stop_reason, slot.then
    why = ended.error or ended.reason
    if candidate.stream is not None:
        return EventKind.FAILED, f"{STREAM_DEAD}: {why}", PastState.OPEN
    if ended.reason == "stopped":
        return EventKind.CUT, "stopped_by_player", PastState.DONE
    if ended.reason != "eof":
        dropped = candidate.cue.leave is Leave.DROP
        return EventKind.FAILED, why, PastState.DONE if dropped else PastState.INTERRUPTED
    if played_ms < slot.length_ms() - SHORT_MS:
        return EventKind.FAILED, f"truncated: {played_ms} of {slot.length_ms()} ms", after_end
    return EventKind.ENDED, _heard_as(slot), after_end


def _heard_as(slot: Slot) -> str:
    """Say of a whole play what else than its own audio sounded, "" if that did."""
    if slot.candidate.instead is not None:
        return FALLBACK
    return slot.reason if slot.candidate.stream is not None else ""
