"""Integrated loudness and true peak by FFmpeg's ebur128 (ITU-R BS.1770, EBU R 128)."""

import math
import re
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av

from audio_library.mastering.filters import Filter, pulled, through
from audio_library.mastering.pcm import SAMPLE_RATE

SILENCE_LUFS = -70.0
"""What the meter shows when nothing passed its gate, also for less than 0.4 s of sound."""

BLOCK_SAMPLES = SAMPLE_RATE // 10
"""Every 100 ms the meter tells the loudness of the last 400 ms: its momentary loudness."""
_UNFILLED_BLOCKS = 3
_RUN_UP = 10 * BLOCK_SAMPLES
"""Until meter and decoder have forgotten that they began in the middle."""
_GATE_LU = -10.0
_OFFSET_LU = -0.691

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
    return Loudness(_lufs(last), _in_db(peak))


def true_peak_dbtp(path: Path) -> float:
    """True peak of a file's sound, decoded within FFmpeg."""
    _, peak = _momentary(path)
    return _in_db(peak)


def integrated(frames: Iterable[av.AudioFrame]) -> float:
    """Loudness in LUFS."""
    return _lufs(_last_figures(through([_MEASURE], frames)))


def measure_file(path: Path, samples: int) -> Loudness:
    """The same of a finished file of ours, so many samples at 48 kHz: both halves side by side.

    It is decoded from its first sample to its last within FFmpeg, where no Python takes part.
    """
    middle = samples // 2 // BLOCK_SAMPLES * BLOCK_SAMPLES
    stretches = [(0, middle), (middle, samples)] if middle > _RUN_UP else [(0, samples)]
    with ThreadPoolExecutor(len(stretches)) as threads:
        halves = list(threads.map(lambda stretch: _momentary(path, *stretch), stretches))
    peak = max(peak for _, peak in halves)
    return Loudness(
        _gated([lufs for blocks, _ in halves for lufs in blocks]),
        _in_db(peak),
    )


def _in_db(peak: float) -> float:
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def _momentary(path: Path, start: int = 0, end: int | None = None) -> "tuple[array[float], float]":
    """Momentary loudness of each 100 ms that ends in this stretch of a file, and its true peak."""
    run_up = min(start, _RUN_UP)
    begin = start - run_up
    name = re.sub(r"([\\':])", r"\\\1", str(path.absolute()))
    seek_s = max(0.0, begin / SAMPLE_RATE - 1)
    frames = pulled(
        Filter("amovie", f"filename={name}:seek_point={seek_s:.3f}"),
        Filter("atrim", f"start_pts={begin}" + ("" if end is None else f":end_pts={end}")),
        _MEASURE_PEAK,
    )
    blocks, peak = array("d"), 0.0
    for frame in frames:
        figures = frame.metadata
        if "lavfi.r128.M" in figures:
            blocks.append(float(figures["lavfi.r128.M"]))
            peak = max(peak, float(figures["lavfi.r128.true_peak"]))
    return blocks[max(run_up // BLOCK_SAMPLES, _UNFILLED_BLOCKS) :], peak


def _gated(blocks: list[float]) -> float:
    """Integrated loudness of 400 ms blocks: BS.1770-4, equations 4 to 7."""
    loud = [lufs for lufs in blocks if lufs > SILENCE_LUFS]
    if not loud:
        return SILENCE_LUFS
    gate = _mean_loudness(loud) + _GATE_LU
    return _mean_loudness([lufs for lufs in loud if lufs > gate])


def _mean_loudness(blocks: list[float]) -> float:
    powers = [10 ** ((lufs - _OFFSET_LU) / 10) for lufs in blocks]
    return _OFFSET_LU + 10 * math.log10(math.fsum(powers) / len(powers))


def _lufs(figures: dict[str, str]) -> float:
    return float(figures.get("lavfi.r128.I", SILENCE_LUFS))


def _last_figures(measured: Iterator[av.AudioFrame]) -> dict[str, str]:
    # The last frame of all comes without figures.
    ends = deque(measured, maxlen=2)
    return next((figures for frame in reversed(ends) if (figures := frame.metadata)), {})
