"""The shape of a sound for the screen: how far it goes down and up in each stretch of time."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from audio_library.mastering.filters import Filter, through
from audio_library.mastering.pcm import bytes_of
from audio_library.mastering.sound_source import frames_of_container, unreadable

RATE = 8_000
"""Enough to see; a sixth of the work."""
FULL = 100
_TO_LOOK_AT = (
    Filter("aresample", str(RATE)),
    Filter("aformat", "sample_fmts=s16:channel_layouts=mono"),
    Filter("asetnsamples", "80:p=0"),
)
"""10 ms a frame."""


class Peaks(TypedDict):
    """`points`: lowest and highest of each stretch, whole numbers from −100 to 100."""

    duration_ms: int
    points: list[tuple[int, int]]


def peaks(path: Path, points: int = 400) -> Peaks:
    """Between `points` / 2 and `points` pairs, one for each 10 ms at most; memory stays flat.

    Raises AudioUnreadable.
    """
    found: list[tuple[int, int]] = []
    stretch, waiting, samples = 1, 0, 0
    low = high = 0
    for frame_low, frame_high, length in _frames(path):
        samples += length
        low, high, waiting = min(low, frame_low), max(high, frame_high), waiting + 1
        if waiting < stretch:
            continue
        found.append((low, high))
        low = high = waiting = 0
        if len(found) >= points:
            pairs = zip(found[::2], found[1::2], strict=False)
            found = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in pairs]
            stretch *= 2
    if waiting:
        found.append((low, high))
    return {
        "duration_ms": round(samples * 1000 / RATE),
        "points": [(_share(low), _share(high)) for low, high in found],
    }


def _frames(path: Path) -> Iterator[tuple[int, int, int]]:
    with unreadable():
        for frame in through(_TO_LOOK_AT, frames_of_container(path)):
            samples = array("h", bytes_of(frame))
            if samples:
                yield min(samples), max(samples), len(samples)


def _share(sample: int) -> int:
    return round(sample * FULL / 32_768)
