"""One loudness for everything on air: filter, measure, bring to level, limit.

Figures found by trying 11 texts in 3 voices: eSpeak NG is very peaky, hence the phase rotation and
the fast compressor; Ogg/Opus at 24 kbit/s comes out 0.2 to 0.7 LU quieter than it went in, and
overshoots the limiter by up to 3.3 dB, hence a target above and a limit below what is wanted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import BinaryIO

import av

from audio_library.errors import SilentAudio
from audio_library.mastering.filters import Filter, through
from audio_library.mastering.loudness import integrated
from audio_library.mastering.pcm import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    bytes_of,
    chunks_of_file,
    frames_of,
)

TOLERANCE_LU = 0.08
MAX_PASSES = 3
QUIETEST_LUFS = -60.0
"""Below this there is nothing but noise to make loud."""
SHORTEST_MEASURED_S = 3.0
"""The meter needs 0.4 s and is steady from 3 s on; shorter sounds are measured repeated."""

VOICE_CHAIN = (
    # Rates at which the low-pass below still makes sense; others are brought to the nearest.
    Filter("aformat", "sample_fmts=flt:channel_layouts=mono:sample_rates=22050|24000|44100|48000"),
    Filter("highpass", "f=120:poles=2"),
    Filter("allpass", "f=200:t=q:w=0.7"),
    Filter("allpass", "f=200:t=q:w=0.7"),
    Filter("lowpass", "f=7500"),
    Filter("equalizer", "f=3000:t=q:w=1:g=3"),
    Filter(
        "acompressor",
        "threshold=-26dB:ratio=4:attack=1:release=60:makeup=1:detection=peak",
    ),
    Filter("aformat", "sample_fmts=s16"),
)


@dataclass(frozen=True, slots=True)
class Pcm:
    """Mono 16-bit samples in a file, and how loud they are."""

    path: Path
    sample_rate: int
    lufs: float


@dataclass(frozen=True, slots=True)
class Aim:
    """What to bring a sound to before it is encoded."""

    lufs: float = -15.55
    limit_dbfs: float = -5.0


def filtered_voice(frames: Iterable[av.AudioFrame], into: Path) -> Pcm:
    """Speech through the voice chain, at its own rate; raises SilentAudio."""
    return _written(through(VOICE_CHAIN, frames), into)


def levelled(pcm: Pcm, aim: Aim, into: Path) -> Pcm:
    """At 48 kHz, as loud as aimed at, its peaks limited; raises SilentAudio."""
    gain_db = aim.lufs - pcm.lufs
    for _ in range(MAX_PASSES):
        result = _written(
            through(_to_level(gain_db, aim), _frames(pcm.path, pcm.sample_rate)), into
        )
        short_by = aim.lufs - result.lufs
        if abs(short_by) <= TOLERANCE_LU:
            break
        gain_db += 1.35 * short_by
    return result


def pcm_of(samples: bytes, into: Path) -> Pcm:
    """Samples at 48 kHz, written and measured; raises SilentAudio."""
    return _written(frames_of([samples], SAMPLE_RATE), into)


def _to_level(gain_db: float, aim: Aim) -> tuple[Filter, ...]:
    limit = 10 ** (aim.limit_dbfs / 20)
    return (
        Filter("volume", f"{gain_db:.3f}dB"),
        Filter("aresample", str(SAMPLE_RATE)),
        # level: without 0 it normalises by itself; latency: without 1 all comes 5 ms late.
        Filter("alimiter", f"limit={limit:.4f}:attack=5:release=50:level=0:latency=1"),
        Filter("aformat", "sample_fmts=s16:channel_layouts=mono"),
    )


def _written(frames: Iterable[av.AudioFrame], into: Path) -> Pcm:
    """Write and measure in one go."""
    rates: set[int] = set()
    with into.open("wb") as file:
        lufs = integrated(_copied(frames, file, rates))
    if not rates:
        raise SilentAudio
    sample_rate = rates.pop()
    if into.stat().st_size < SHORTEST_MEASURED_S * sample_rate * BYTES_PER_SAMPLE:
        lufs = integrated(_repeated(into, sample_rate))
    if lufs < QUIETEST_LUFS:
        raise SilentAudio
    return Pcm(into, sample_rate, lufs)


def _copied(
    frames: Iterable[av.AudioFrame], file: BinaryIO, rates: set[int]
) -> Iterator[av.AudioFrame]:
    for frame in frames:
        rates.add(frame.sample_rate)
        file.write(bytes_of(frame))
        yield frame


def _repeated(path: Path, sample_rate: int) -> Iterator[av.AudioFrame]:
    samples = path.read_bytes()
    needed = SHORTEST_MEASURED_S * sample_rate * BYTES_PER_SAMPLE
    times = int(needed / max(len(samples), 1)) + 1
    return frames_of(chain.from_iterable(repeat([samples], times)), sample_rate)


def _frames(path: Path, sample_rate: int) -> Iterator[av.AudioFrame]:
    return frames_of(chunks_of_file(path), sample_rate)
