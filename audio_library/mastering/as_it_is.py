"""Sound that needs no filter: figures, and phrases that were mastered before, joined."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av

from audio_library.cart import Figure
from audio_library.mastering.aim import Aim, within_limits
from audio_library.mastering.figures import figure_pcm
from audio_library.mastering.filters import Filter, through
from audio_library.mastering.levelling import levelled, written
from audio_library.mastering.loudness import measure
from audio_library.mastering.master import finished
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.opus import packets_of, write_ogg
from audio_library.mastering.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE, frames_of, silence
from audio_library.mastering.segment import padded
from audio_library.mastering.sound_source import frames_of_container
from audio_library.phrases.joining import Piece

TONES_LU = 0.45
"""The codec takes nothing from pure tones, and as much as this from speech."""

_ONE_FORMAT = Filter("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={SAMPLE_RATE}")


def master_figure(figure: Figure, out: Path, folder: Path) -> Mastered:
    """Write a figure to `out`, at −16 ± 0.5 LUFS and at most −1.5 dBTP after decoding."""
    return _mastered(frames_of([figure_pcm(figure)], SAMPLE_RATE), out, folder, TONES_LU)


def master_joined(pieces: Sequence[Piece], out: Path, folder: Path) -> Mastered:
    """Write mastered files one after the other, with their pauses, to `out`; as loud as each.

    Raises AudioUnreadable, SilentAudio, MasteringFailed.
    """
    return _mastered(_frames(pieces), out, folder, 0.0)


def _frames(pieces: Sequence[Piece]) -> Iterator[av.AudioFrame]:
    for piece in pieces:
        yield from through([_ONE_FORMAT], frames_of_container(piece.path))
        yield from frames_of([silence(piece.pause_ms)], SAMPLE_RATE)


def _mastered(
    frames: Iterable[av.AudioFrame], out: Path, folder: Path, codec_lu: float
) -> Mastered:
    """`codec_lu`: by so much less than speech the codec makes it quieter."""
    raw = written(frames, folder / "raw.pcm")

    def attempt(aim: Aim) -> Mastered:
        wanted = replace(aim, lufs=aim.lufs - codec_lu)
        level = levelled(raw, wanted, folder / "level.pcm").path
        samples = sum(map(len, padded(level))) // BYTES_PER_SAMPLE
        write_ogg(packets_of(padded(level)), samples, out)
        return finished(out, samples, measure(frames_of_container(out)))

    return within_limits(attempt)
