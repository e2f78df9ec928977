"""Short musical figures of our own, made with pydub: nothing is recorded or copied.

Never a siren: every tone keeps its pitch, and no two pitches take turns.
"""

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from audio_library.cart import Figure
from audio_library.mastering.pcm import SAMPLE_RATE

with warnings.catch_warnings():
    # At import pydub complains of a missing ffmpeg (what is used here needs none) and of itself.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.generators import Sine

_LOOP_MS = 50
_PARTIALS_DB = (-14, -24, -33, -40)
_FADE_IN_MS = 6
_END_MS = 60

# Pentatonic on 320 Hz, in whole multiples of 20 Hz: 50 ms hold whole periods of every partial.
_DO, _RE, _MI, _SO, _LA, _DO2, _RE2, _MI2, _SO2 = 320, 360, 400, 480, 540, 640, 720, 800, 960


class Note(NamedTuple):
    """A tone of `hertz`, struck at `at_ms`, that rings for `rings_ms`."""

    at_ms: int
    hertz: int
    rings_ms: int


FIGURES: Mapping[Figure, tuple[Note, ...]] = MappingProxyType(
    {
        # The station's name in tones: up, a turn, and home on an open fifth.
        Figure.IDENT: (
            Note(0, _SO, 700),
            Note(220, _LA, 700),
            Note(440, _DO2, 900),
            Note(880, _RE2, 700),
            Note(1_100, _MI2, 1_100),
            Note(1_650, _SO, 1_800),
            Note(1_650, _RE2, 1_800),
        ),
        Figure.NORMAL: (Note(0, _MI, 800), Note(320, _DO2, 1_300)),
        # Three equal knocks and a high answer, once more lower: heard as different, not as alarm.
        Figure.PRIORITY: (
            *(Note(at, _DO2, 250) for at in (0, 200, 400)),
            Note(700, _SO2, 1_000),
            *(Note(at, _LA, 250) for at in (1_500, 1_700, 1_900)),
            Note(2_200, _MI2, 1_300),
        ),
        Figure.OPENING: tuple(
            Note(260 * step, hertz, 1_000)
            for step, hertz in enumerate((_DO, _MI, _SO, _LA, _DO2, _MI2))
        ),
        Figure.CLOSING: tuple(
            Note(380 * step, hertz, 1_200) for step, hertz in enumerate((_DO2, _LA, _SO, _RE, _DO))
        ),
    }
)


def figure_pcm(figure: Figure) -> bytes:
    """16-bit mono samples at 48 kHz; the same at every call."""
    notes = FIGURES[figure]
    whole = AudioSegment.silent(
        max(note.at_ms + note.rings_ms for note in notes) + _END_MS, SAMPLE_RATE
    )
    for note in notes:
        whole = whole.overlay(_struck(note), position=note.at_ms)
    return bytes(whole.set_channels(1).set_sample_width(2).raw_data)


def _struck(note: Note) -> AudioSegment:
    loop = AudioSegment.silent(_LOOP_MS, SAMPLE_RATE)
    for partial, level_db in enumerate(_PARTIALS_DB, start=1):
        sine = Sine(note.hertz * partial, sample_rate=SAMPLE_RATE, bit_depth=16)
        loop = loop.overlay(sine.to_audio_segment(_LOOP_MS, volume=level_db))
    tone = (loop * (note.rings_ms // _LOOP_MS + 1))[: note.rings_ms]
    return tone.fade_in(_FADE_IN_MS).fade_out(int(0.9 * note.rings_ms))
