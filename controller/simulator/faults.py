"""What can be done to a simulated box, by name."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Each ends after its time; what is lost by then is lost."""

    LINK_DOWN = "link_down"
    """No network: the line is cut without a word and nothing can be fetched."""
    POWER_CUT = "power_cut"
    """Dark at once; then a boot, which knows what is on the disk and not what time it is."""
    CLOCK_STEP = "clock_step"
    """The system's clock jumps by so much, and back."""
    CLOCK_LOST = "clock_lost"
    """Nobody sets the system's clock any more."""
    AUDIO_MISSING = "audio_missing"
    """Every audio file goes bad, and none can be fetched."""
    DISK_FULL = "disk_full"
    """Nothing can be fetched."""
    SLOW = "slow"
    """Fetches take so many times as long."""
    DUPLICATE_REPORTS = "duplicate_reports"
    """Every report arrives twice."""
    CORRUPT_REPORT = "corrupt_report"
    """Every report is damaged on its way."""
    LYING_WILL = "lying_will"
    """The last will of an older connection arrives while a newer one stands."""
    REFUSE_BROKER = "refuse_broker"
    """The line is cut, and the broker takes the box's password no more."""
    MAINTENANCE = "maintenance"
    """Somebody turned the switch at the box."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the boxes of these numbers, so long after the beginning, for so long."""

    kind: FaultKind
    boxes: tuple[int, ...] = ()
    at_ms: int = 0
    lasts_ms: int = 0
    by_ms: int = 0
    """How far a clock steps."""
    factor: float = 1.0
    """How many times as slow a slow line is."""


NO_LINE = frozenset((FaultKind.LINK_DOWN, FaultKind.POWER_CUT, FaultKind.REFUSE_BROKER))
"""What cuts the line and holds it cut."""

NO_FETCH = frozenset((FaultKind.LINK_DOWN, FaultKind.DISK_FULL))
NO_AUDIO = NO_FETCH | {FaultKind.AUDIO_MISSING}
