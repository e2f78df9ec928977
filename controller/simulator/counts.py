"""What a fleet has seen and said."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Totals over all boxes of a fleet."""

    heard: Counter[str] = field(default_factory=Counter)
    """Verified messages by kind: keys, state, desired, cmd, alert, ack, time."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Messages not obeyed, by reason."""
    plays: Counter[str] = field(default_factory=Counter)
    """Playback events by kind."""
    said: Counter[str] = field(default_factory=Counter)
    """Messages handed to a connection, by word."""
    reports: int = 0
    reports_again: int = 0
    reports_spoilt: int = 0
    """Reports that a fault damaged on their way."""
    acknowledged: int = 0
    """Playback events that the controller has acknowledged."""
    reconnections: int = 0
    pages_fetched: int = 0
    audio_fetched: int = 0
    fetches_failed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """Boxes that a fault was done to, by its kind."""
