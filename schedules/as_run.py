"""One play as it went: a pure fold of playback events, in whatever order and number they arrive."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schedules.types import DurationMs, UtcInstant, elapsed_ms, utc_instant

FULL_SHARE = 0.95
"""A play counts as played when at least this share of its length was heard."""

_NONE_HEARD = DurationMs(0)


class EventKind(StrEnum):
    STARTED = "started"
    ENDED = "ended"
    CUT = "cut"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class Outcome(StrEnum):
    PLAYED = "played"
    CUT = "cut"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


class Heard(StrEnum):
    """Whether an ear at the horn noticed the play; UNKNOWN also where there is no ear."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact that a box reports about a play.

    `boot` counts the starts of the box and `mono_ms` its clock that never steps: these two order
    the events, `at` is what the wall clock said. `played_ms` is how much had sounded by then.
    `heard_dbfs` is how loud it was at the horn, where an ear there could tell.
    """

    kind: EventKind
    at: UtcInstant
    boot: int
    mono_ms: int
    planned_start: UtcInstant
    duration_ms: DurationMs
    played_ms: DurationMs = _NONE_HEARD
    reason: str = ""
    heard: Heard = Heard.UNKNOWN
    heard_dbfs: float | None = None

    def __post_init__(self) -> None:
        utc_instant(self.at)
        utc_instant(self.planned_start)


@dataclass(frozen=True, slots=True)
class PlayState:
    """What is known of a play; `start_error_ms` is positive when the first sound came late."""

    outcome: Outcome
    started_at: UtcInstant | None = None
    ended_at: UtcInstant | None = None
    start_error_ms: DurationMs | None = None
    played_ms: DurationMs = _NONE_HEARD
    reason: str = ""
    heard: Heard = Heard.UNKNOWN
    heard_dbfs: float | None = None


def fold(events: Iterable[Event]) -> PlayState:
    """The state of one play; a start without an end, like no event at all, is UNKNOWN.

    The last event decides, except that a full end stands whatever else was reported.
    """
    ordered = sorted(set(events), key=_order)
    if not ordered:
        return PlayState(Outcome.UNKNOWN)
    start = next((event for event in ordered if event.kind is EventKind.STARTED), None)
    decisive = next((event for event in ordered if _is_full(event)), ordered[-1])
    told = [event for event in ordered if event.heard is not Heard.UNKNOWN]
    ear = told[-1] if told else decisive
    return PlayState(
        outcome=_outcome(decisive),
        started_at=start.at if start else None,
        ended_at=decisive.at if _ends_sound(decisive, start) else None,
        start_error_ms=elapsed_ms(start.planned_start, start.at) if start else None,
        played_ms=max(event.played_ms for event in ordered),
        reason=decisive.reason,
        heard=ear.heard,
        heard_dbfs=ear.heard_dbfs,
    )


def _is_full(event: Event) -> bool:
    heard_enough = event.played_ms >= FULL_SHARE * event.duration_ms
    return event.kind is EventKind.ENDED and heard_enough


def _ends_sound(decisive: Event, start: Event | None) -> bool:
    if decisive.kind in (EventKind.FAILED, EventKind.SKIPPED):
        return start is not None
    return decisive.kind is not EventKind.STARTED


def _outcome(decisive: Event) -> Outcome:
    match decisive.kind:
        case EventKind.STARTED:
            return Outcome.UNKNOWN
        case EventKind.ENDED:
            return Outcome.PLAYED if _is_full(decisive) else Outcome.CUT
        case kind:
            return Outcome(kind.value)


def _order(event: Event) -> tuple[object, ...]:
    opens = event.kind is EventKind.STARTED
    return (
        event.boot,
        event.mono_ms,
        not opens,
        event.kind,
        event.at,
        event.played_ms,
        event.reason,
        event.planned_start,
        event.duration_ms,
        event.heard,
        event.heard_dbfs or 0.0,
    )
