"""What became of an occurrence that was on air or given up."""

from dataclasses import dataclass
from enum import StrEnum

MAX_STARTS = 5
"""An interrupted play is taken up again only so often."""


class PastState(StrEnum):
    """What became of an occurrence that was on air or given up."""

    DONE = "done"
    INTERRUPTED = "interrupted"
    OPEN = "open"
    """A stream died, or what sounded in its place ended: the rest of its time is still to fill."""


@dataclass(frozen=True, slots=True)
class Past:
    """History of one occurrence: sound given so far, when that ended, how often it started."""

    state: PastState
    played_ms: int = 0
    at_ms: int = 0
    starts: int = 1
