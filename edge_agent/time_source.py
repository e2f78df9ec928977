"""What the machine says of its own clock: who set it, how wrong it may be, when it was compared."""

import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge_agent.contract.state import ClockSource

TIMESYNCD_ERROR_MS = 1_000
"""systemd-timesyncd tells nobody how far it is off; it steps what is further than this."""

RTC_ERROR_MS = 2_000
"""A clock chip is read and written in whole seconds, each way."""

DRIFT_PER_MS = 50e-6
"""A crystal of a small computer gains or loses at most this much of the time that passes."""

ASK_WITHIN_S = 1.0

_TIMESYNCD = "run/systemd/timesync/synchronized"
_RTC = "sys/class/rtc/rtc0/hctosys"
_CHRONY_FIELDS = 14
_OWN_CLOCK = "7F7F0101"
"""What chrony names as its reference when it goes by nothing but the machine itself."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who set the system's clock, and by how much it may be wrong.

    `age_ms` is how long ago it was last compared, by that clock itself; None if nobody says.
    """

    source: ClockSource
    error_ms: int
    age_ms: int | None = None


def drift_ms(passed_ms: int) -> int:
    """How far a clock that nobody corrects may be off after `passed_ms`."""
    return math.ceil(max(0, passed_ms) * DRIFT_PER_MS)


def detect(system_ms: int, root: Path = Path("/")) -> Vouched | None:
    """Ask the machine below `root` who set its clock, which shows `system_ms`; None = nobody."""
    return _timesyncd(system_ms, root) or _chrony(system_ms) or _chip(root)


def _timesyncd(system_ms: int, root: Path) -> Vouched | None:
    try:
        age_ms = system_ms - (root / _TIMESYNCD).stat().st_mtime_ns // 1_000_000
    except OSError:
        return None
    return Vouched(ClockSource.NTP, TIMESYNCD_ERROR_MS + drift_ms(age_ms), age_ms)


def _chrony(system_ms: int) -> Vouched | None:
    program = shutil.which("chronyc")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "-n", "-c", "tracking"],
            capture_output=True,
            text=True,
            timeout=ASK_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return read_tracking(answer.stdout, system_ms)


def read_tracking(line: str, system_ms: int) -> Vouched | None:
    """Read the answer of `chronyc -c tracking`; its own bound on the error, None if it has none."""
    fields = line.strip().split(",")
    if len(fields) < _CHRONY_FIELDS or fields[13] == "Not synchronised" or fields[0] == _OWN_CLOCK:
        return None
    try:
        compared_s, off_s, delay_s, dispersion_s = (float(fields[at]) for at in (3, 4, 10, 11))
    except ValueError:
        return None
    bound_s = abs(off_s) + delay_s / 2 + dispersion_s
    if not (math.isfinite(bound_s) and math.isfinite(compared_s)):
        return None
    return Vouched(ClockSource.NTP, math.ceil(bound_s * 1000), system_ms - round(compared_s * 1000))


def _chip(root: Path) -> Vouched | None:
    try:
        from_chip = (root / _RTC).read_text("ascii").strip() == "1"
    except (OSError, UnicodeDecodeError):
        return None
    return Vouched(ClockSource.RTC, RTC_ERROR_MS) if from_chip else None
