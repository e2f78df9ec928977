"""What a sound is brought to before it is encoded, and what is asked of it afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

from audio_library.errors import MasteringFailed
from audio_library.mastering.mastered import Mastered

WANTED_LUFS = -16.0
WITHIN_LU = 0.5
HIGHEST_PEAK_DBTP = -1.5
UNMEASURED_LUFS = -70.0
"""What the meter says of less than 0.4 s."""
MAX_TRIES = 6
"""Two words of half a second have been seen to need four: the limiter takes what is added."""

LIMIT_STEP_DB = 0.5
"""The codec overshoots by 1 to 3 dB, and rarely by 5 where nobody could foretell it: what counts is
that the next try differs."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Loudness and limit before encoding; the codec makes it quieter and peakier."""

    lufs: float = -15.55
    limit_dbfs: float = -5.0


def fits(lufs: float | None, true_peak_dbtp: float) -> bool:
    """Is a file fit for air? `lufs` of a sound too short to be measured is None."""
    return true_peak_dbtp <= HIGHEST_PEAK_DBTP and (
        lufs is None or abs(lufs - WANTED_LUFS) <= WITHIN_LU
    )


def corrected(aim: Aim, lufs: float | None, true_peak_dbtp: float) -> Aim:
    """What to aim at after a try that came out like this."""
    off_by = 0.0 if lufs is None else lufs - WANTED_LUFS
    return Aim(
        lufs=round(aim.lufs - off_by, 2) if abs(off_by) > WITHIN_LU else aim.lufs,
        limit_dbfs=aim.limit_dbfs - (LIMIT_STEP_DB if true_peak_dbtp > HIGHEST_PEAK_DBTP else 0),
    )


def within_limits(make: Callable[[Aim], Mastered]) -> Mastered:
    """Make it until it is fit for air; what the codec changed is learned from a try.

    Raises MasteringFailed when that cannot be reached.
    """
    aim = Aim()
    for _ in range(MAX_TRIES):
        made = make(aim)
        lufs = None if made.lufs <= UNMEASURED_LUFS else made.lufs
        if fits(lufs, made.true_peak_dbtp):
            return made
        aim = corrected(aim, lufs, made.true_peak_dbtp)
    raise MasteringFailed(f"{made.lufs:.1f} LUFS, {made.true_peak_dbtp:.1f} dBTP")
