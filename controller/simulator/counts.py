"""What a fleet has seen and said."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Totals over all boxes of a fleet."""

    heard: Counter[str] = field(default_factory=Counter)
    """Verified messages by kind: keys, state, desired, cmd, ack."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Messages not obeyed, by reason."""
    plays: Counter[str] = field(default_factory=Counter)
    """Playback events by kind."""
    reports: int = 0
    reports_again: int = 0
    acknowledged: int = 0
    """Playback events that the controller has acknowledged."""
    reconnections: int = 0
