"""From speech to the file that is aired: chime, pause, speech, pause, chime at one loudness."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from audio_library.errors import MasteringFailed
from audio_library.mastering.chime import chime_pcm, pause_pcm
from audio_library.mastering.levelling import Aim, Pcm, filtered_voice, levelled, pcm_of
from audio_library.mastering.loudness import Loudness, measure
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.opus import encode
from audio_library.mastering.pcm import SAMPLE_RATE, chunks_of_file
from audio_library.mastering.sound_source import frames_of_container, frames_of_speech
from audio_library.speech.engine import Speech

WANTED_LUFS = -16.0
WITHIN_LU = 0.5
HIGHEST_PEAK_DBTP = -1.5
PAUSE_MS = 1_000
MAX_TRIES = 3


def master(speech: Speech, out: Path, *, chime: bool = True) -> Mastered:
    """Write `out` whole or not at all, at −16 ± 0.5 LUFS and at most −1.5 dBTP after decoding.

    Memory does not grow with the length. Raises AudioUnreadable, SilentAudio, MasteringFailed.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mastering-", dir=out.parent) as folder:
        made = Path(folder) / "made.opus"
        samples, loudness = _made(speech, made, Path(folder), chime)
        mastered = Mastered(
            path=out,
            sha256=_sha256(made),
            bytes=made.stat().st_size,
            duration_ms=round(samples * 1000 / SAMPLE_RATE),
            lufs=round(loudness.lufs, 2),
            true_peak_dbtp=round(loudness.true_peak_dbtp, 2),
        )
        _move_to_disk(made, out)
    return mastered


def _made(speech: Speech, made: Path, folder: Path, chime: bool) -> tuple[int, Loudness]:
    """Encode, decode and measure until it fits; what the codec changed is learned from a try."""
    voice = filtered_voice(frames_of_speech(speech), folder / "voice.pcm")
    bell = pcm_of(chime_pcm(), folder / "bell.pcm") if chime else None
    aim = Aim()
    for _ in range(MAX_TRIES):
        samples = encode(_programme(voice, bell, aim, folder), made)
        loudness = measure(frames_of_container(made))
        if _fits(loudness, samples):
            return samples, loudness
        aim = _corrected(aim, loudness)
    raise MasteringFailed(f"{loudness.lufs:.1f} LUFS, {loudness.true_peak_dbtp:.1f} dBTP")


def _programme(voice: Pcm, bell: Pcm | None, aim: Aim, folder: Path) -> Iterator[bytes]:
    speech = chunks_of_file(levelled(voice, aim, folder / "speech.pcm").path)
    if bell is None:
        yield from speech
        return
    chime = levelled(bell, aim, folder / "chime.pcm").path
    yield from chunks_of_file(chime)
    yield pause_pcm(PAUSE_MS)
    yield from speech
    yield pause_pcm(PAUSE_MS)
    yield from chunks_of_file(chime)


def _fits(loudness: Loudness, samples: int) -> bool:
    if loudness.true_peak_dbtp > HIGHEST_PEAK_DBTP:
        return False
    too_short_to_measure = samples < 0.4 * SAMPLE_RATE
    return too_short_to_measure or abs(loudness.lufs - WANTED_LUFS) <= WITHIN_LU


def _corrected(aim: Aim, loudness: Loudness) -> Aim:
    off_by = loudness.lufs - WANTED_LUFS
    return Aim(
        lufs=aim.lufs - off_by if abs(off_by) > WITHIN_LU else aim.lufs,
        limit_dbfs=aim.limit_dbfs - 1
        if loudness.true_peak_dbtp > HIGHEST_PEAK_DBTP
        else aim.limit_dbfs,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move_to_disk(made: Path, out: Path) -> None:
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(out)
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
