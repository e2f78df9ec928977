"""From sounds to the file that is aired, measured on what was encoded."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from audio_library.mastering.aim import Aim
from audio_library.mastering.loudness import Loudness, measure, measure_file
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.mp3 import write_mp3
from audio_library.mastering.opus import FRAME_SAMPLES, write_ogg
from audio_library.mastering.pcm import SAMPLE_RATE, silence
from audio_library.mastering.preset import Preset
from audio_library.mastering.programme import Part
from audio_library.mastering.segment import (
    joined,
    last_packet,
    level,
    make_packets,
    padded,
    silence_after,
)
from audio_library.mastering.sound_source import frames_of_container

THREADS = 2
"""Parts are encoded side by side; more threads would take the office's machine from its people."""


def master(parts: Sequence[Part], out: Path, *, preset: Preset, aim: Aim, folder: Path) -> Mastered:
    """Make what is missing of the parts and join all into one Ogg/Opus file, decoded and measured.

    Memory does not grow with the length; `folder` is for work in between. Whether the result is
    fit for air is for the caller to see. Raises AudioUnreadable, SilentAudio, OSError.
    """
    missing = {part.packets: part for part in parts if not part.packets.exists()}
    with ThreadPoolExecutor(THREADS) as threads:
        work = [
            threads.submit(make_packets, part, preset, aim, folder / f"part-{number}")
            for number, part in enumerate(missing.values())
        ]
        try:
            for made in work:
                made.result()
        finally:
            threads.shutdown(cancel_futures=True)
    samples = sum(1 for _ in joined(parts)) * FRAME_SAMPLES
    write_ogg(chain(joined(parts), [last_packet()]), samples, out)
    return measured(out, samples)


def master_mp3(
    parts: Sequence[Part], out: Path, *, preset: Preset, aim: Aim, folder: Path
) -> Mastered:
    """The same programme as MP3, for players that know no Opus."""
    levels = {
        part.packets: level(part, preset, aim, folder / f"part-{number}")
        for number, part in enumerate(parts)
    }
    samples = write_mp3(
        (
            piece
            for part in parts
            for piece in chain(padded(levels[part.packets]), [silence(silence_after(part))])
        ),
        out,
    )
    return finished(out, samples, measure(frames_of_container(out)))


def measured(made: Path, samples: int) -> Mastered:
    """The figures of a finished Ogg/Opus file of so many samples, decoded to its end."""
    return finished(made, samples, measure_file(made, samples))


def finished(made: Path, samples: int, loudness: Loudness) -> Mastered:
    """A file of so many samples and what was measured of it, safe on the disk."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Mastered(
        path=made,
        sha256=sha256,
        bytes=made.stat().st_size,
        duration_ms=round(samples * 1000 / SAMPLE_RATE),
        lufs=round(loudness.lufs, 2),
        true_peak_dbtp=round(loudness.true_peak_dbtp, 2),
    )
