"""What a person should be told of one cluster now: pure, from what we want and what we know."""

from dataclasses import dataclass
from enum import StrEnum

LATE_AFTER_MS = 5_000


class Status(StrEnum):
    """State codes of the screens; each has its icon and word."""

    NO_BOX = "thieu"
    OUT_OF_TOUCH = "mat"
    UNKNOWN = "chua"
    PLANNING = "cho"
    FETCHING = "duyet"
    READY = "san"
    ON_AIR = "phat"
    LATE = "tre"
    MAINTENANCE = "bao_tri"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a box; instants in ms UTC, None where nothing was said."""

    online: bool
    seen_ms: int
    wanted_serial: int | None
    held_serial: int
    lacking: int | None
    on_air_cue: str | None
    next_start_ms: int | None
    silent_after_ms: int
    maintained: bool


def status(known: Known | None, now_ms: int) -> Status:
    """Judge one cluster; silence is never taken for success."""
    if known is None:
        return Status.NO_BOX
    if known.maintained:
        return Status.MAINTENANCE
    if not known.seen_ms:
        return Status.UNKNOWN
    if not known.online or now_ms - known.seen_ms > known.silent_after_ms:
        return Status.OUT_OF_TOUCH
    if known.on_air_cue:
        return Status.ON_AIR
    if known.wanted_serial is None:
        return Status.UNKNOWN
    if known.held_serial < known.wanted_serial:
        return Status.PLANNING
    if known.lacking is None or known.lacking > 0:
        return Status.FETCHING
    if known.next_start_ms is not None and now_ms > known.next_start_ms + LATE_AFTER_MS:
        return Status.LATE
    return Status.READY
