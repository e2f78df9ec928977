"""How far an alert has come on each box, from what boxes said of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

UNANSWERED_AFTER_MS = 10_000
"""A box in touch answers within a second or two; who has not by then is looked after by people."""


class Answer(StrEnum):
    """What is known of one box and the newest version of one alert."""

    WAITING = "waiting"
    RECEIVED = "received"
    PLAYING = "playing"
    DONE = "done"
    """It has been heard, at least once."""
    SILENT = "silent"
    """The box holds the alert and says why it does not sound."""
    ENDED = "ended"
    UNANSWERED = "unanswered"
    """In touch, but nothing has come."""
    UNREACHED = "unreached"
    """Out of touch; it may hold the alert and sound it all the same."""


ANSWERED = frozenset({Answer.RECEIVED, Answer.PLAYING, Answer.DONE, Answer.SILENT, Answer.ENDED})
TO_BE_HEARD = frozenset({Answer.WAITING, Answer.RECEIVED, Answer.PLAYING})
"""More is to come of these by themselves."""

_ORDER = {"received": 0, "silent": 1, "playing": 2, "done": 3, "ended": 4}


@dataclass(frozen=True, slots=True)
class Step:
    """One step as a box said it last, at `at_ms` of its own clock.

    The office first had it at `received_ms`, and last at `last_ms`.
    """

    version: int
    status: str
    round: int
    at_ms: int
    received_ms: int
    last_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a box is; `after_ms` is the office's time from the order to each first step."""

    answer: Answer
    reason: str = ""
    round: int = 0
    after_ms: Mapping[str, int] | None = None


def progress(
    steps: Iterable[Step],
    version: int,
    issued_ms: int,
    now_ms: int,
    *,
    online: bool,
    over: bool = False,
) -> Progress:
    """Judge one box by its steps; silence is never taken for success.

    Once the alert is over, a box that played it need not say any more; what it said last stands.
    """
    mine = sorted((step for step in steps if step.version == version), key=_place)
    if not mine:
        if now_ms - issued_ms <= UNANSWERED_AFTER_MS and not over:
            return Progress(Answer.WAITING)
        return Progress(Answer.UNANSWERED if online else Answer.UNREACHED)
    last = mine[-1]
    after: dict[str, int] = {}
    for step in sorted(mine, key=lambda step: step.received_ms):
        after.setdefault(step.status, max(0, step.received_ms - issued_ms))
    return Progress(Answer(last.status), last.reason, last.round, after)


def tally(found: Sequence[Progress]) -> Mapping[Answer, int]:
    """So many boxes of each answer; an answer that none gave has 0."""
    counted = Counter(each.answer for each in found)
    return {answer: counted[answer] for answer in Answer}


def _place(step: Step) -> tuple[int, int, int, int]:
    """Order of steps: as they came; of those that came at once, as the box took them."""
    return step.last_ms, step.round, step.at_ms, _ORDER.get(step.status, -1)
