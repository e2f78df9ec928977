"""Integrated loudness and true peak by FFmpeg's ebur128 (ITU-R BS.1770, EBU R 128)."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import av

from audio_library.mastering.filters import Filter, through

SILENCE_LUFS = -70.0
"""What the meter shows when nothing passed its gate, also for less than 0.4 s of sound."""

_MEASURE = Filter("ebur128", "metadata=1:framelog=quiet")
_MEASURE_PEAK = Filter("ebur128", "metadata=1:framelog=quiet:peak=true")


@dataclass(frozen=True, slots=True)
class Loudness:
    lufs: float
    true_peak_dbtp: float


def measure(frames: Iterable[av.AudioFrame]) -> Loudness:
    """Loudness with true peak: four times the work of `integrated`."""
    last = _last_figures(through([_MEASURE_PEAK], frames))
    peak = float(last.get("lavfi.r128.true_peak", 0.0))
    return Loudness(_lufs(last), 20 * math.log10(peak) if peak > 0 else -math.inf)


def integrated(frames: Iterable[av.AudioFrame]) -> float:
    """Loudness in LUFS."""
    return _lufs(_last_figures(through([_MEASURE], frames)))


def _lufs(figures: dict[str, str]) -> float:
    return float(figures.get("lavfi.r128.I", SILENCE_LUFS))


def _last_figures(measured: Iterator[av.AudioFrame]) -> dict[str, str]:
    # The last frame of all comes without figures.
    ends = deque(measured, maxlen=2)
    return next((figures for frame in reversed(ends) if (figures := frame.metadata)), {})
