"""A levelled sound as Opus packets, cut at its pauses, none of which a player decodes too loud.

FFmpeg's own Opus decoder, which nearly every player uses, now and then gives 20 ms of a voice 3 to
10 dB too loud where libopus does not, at places that nobody can foretell: three in an hour. Other
packets of the same sound do not have it. So each section is decoded, and encoded again, limited by
half a decibel more, until it is clean; a pause lets that cost seconds, not the whole.
"""

from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from audio_library.mastering.aim import HIGHEST_PEAK_DBTP, LIMIT_STEP_DB
from audio_library.mastering.filters import through
from audio_library.mastering.levelling import limiter
from audio_library.mastering.loudness import true_peak_dbtp
from audio_library.mastering.opus import FRAME_SAMPLES, packets_of, write_ogg
from audio_library.mastering.pcm import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    bytes_of,
    frames_of,
)

FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE
FRAMES_A_SECOND = SAMPLE_RATE // FRAME_SAMPLES
SHORTEST, LONGEST = 15 * FRAMES_A_SECOND, 45 * FRAMES_A_SECOND
PAUSE = 8
"""Frames, 160 ms: a breath; stops within a word are shorter."""
QUIET = round(32_768 * 10 ** (-34 / 20))
"""Of the highest sample: 18 dB below the voice, which stands at −16 LUFS."""
THREADS = 2
MAX_TRIES = 8
MARGIN_DB = 0.1
"""The whole is measured once more, in other blocks."""
_LEAP = 4
"""Every fourth sample is enough to know a pause."""
_FADE = SAMPLE_RATE // 100


@dataclass(frozen=True, slots=True)
class Section:
    """Frames [start, end) of a file of samples; a cut is faded into silence."""

    start: int
    end: int
    cut_before: bool
    cut_after: bool


def packets_within_limits(pcm: Path, limit_dbfs: float, folder: Path) -> Iterator[bytes]:
    """One packet for each 20 ms of `pcm`, which holds whole frames and ends in two silent ones."""
    sections = sections_of(pcm)
    if len(sections) == 1:
        yield from _clean(pcm, sections[0], limit_dbfs, folder)
        return
    with ThreadPoolExecutor(THREADS) as threads:
        for packets in threads.map(
            lambda section: _clean(pcm, section, limit_dbfs, folder), sections
        ):
            yield from packets


def sections_of(pcm: Path) -> list[Section]:
    """Cut in the quietest moment of each half minute; music without a pause is not cut."""
    frames = pcm.stat().st_size // FRAME_BYTES
    cuts = list(_cuts(_heights(pcm), frames)) if frames > LONGEST else []
    edges = [0, *cuts, frames]
    return [Section(start, end, start != 0, end != frames) for start, end in pairwise(edges)]


def _cuts(heights: "array[int]", frames: int) -> Iterator[int]:
    position = 0
    window = range(SHORTEST, LONGEST)
    while position + window.stop < frames:
        height, cut = min(
            (max(heights[at - PAUSE // 2 : at + PAUSE // 2]), at)
            for at in range(position + window.start, position + window.stop)
        )
        if height <= QUIET:
            yield cut
            position, window = cut, range(SHORTEST, LONGEST)
        else:
            window = range(window.stop, window.stop + LONGEST - SHORTEST)


def _heights(pcm: Path) -> "array[int]":
    """Highest sample of each frame."""
    heights = array("l")
    with pcm.open("rb") as file:
        while samples := memoryview(file.read(FRAME_BYTES)).cast("h")[::_LEAP].tolist():
            heights.append(max(max(samples), -min(samples)))
    return heights


def _clean(pcm: Path, section: Section, limit_dbfs: float, folder: Path) -> list[bytes]:
    """The packets of a section; those of the last try if none was clean."""
    tried = folder / f"section-{section.start}.opus"
    for number in range(MAX_TRIES):
        chunks = _samples(pcm, section)
        if number:
            limit = limiter(limit_dbfs - number * LIMIT_STEP_DB)
            chunks = map(bytes_of, through(limit, frames_of(chunks, SAMPLE_RATE)))
        packets = list(packets_of(chunks))
        write_ogg(packets, (section.end - section.start) * FRAME_SAMPLES, tried)
        if true_peak_dbtp(tried) <= HIGHEST_PEAK_DBTP - MARGIN_DB:
            break
    tried.unlink()
    # The last packet holds nothing but silence that came late.
    return packets[: section.end - section.start]


def _samples(pcm: Path, section: Section) -> Iterator[bytes]:
    with pcm.open("rb") as file:
        file.seek(section.start * FRAME_BYTES)
        for number in range(section.start, section.end):
            frame = file.read(FRAME_BYTES)
            if section.cut_before and number == section.start:
                frame = _faded(frame, rising=True)
            elif section.cut_after and number == section.end - 2:
                frame = _faded(frame, rising=False)
            elif section.cut_after and number == section.end - 1:
                frame = bytes(FRAME_BYTES)
            yield frame


def _faded(frame: bytes, *, rising: bool) -> bytes:
    """10 ms of silence and 10 ms of a straight rise, or the other way round."""
    samples = array("h", frame)
    ramp = [*([0] * _FADE), *range(_FADE)]
    if not rising:
        ramp.reverse()
    return array("h", (s * r // _FADE for s, r in zip(samples, ramp, strict=True))).tobytes()
