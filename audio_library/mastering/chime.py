"""The chime around a bulletin, made with pydub: nothing is recorded or copied."""

import warnings
from functools import cache

from audio_library.mastering.pcm import SAMPLE_RATE

with warnings.catch_warnings():
    # At import pydub complains of a missing ffmpeg (what is used here needs none) and of itself.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.generators import Sine

_NOTES_HZ = (480, 600, 720, 960)
"""A major chord upward; multiples of 20 Hz, so that 50 ms hold whole periods of every partial."""
_LOOP_MS = 50
_PARTIALS_DB = (-14, -26, -34)
_STEP_MS = 350
_NOTE_MS = 1_100


@cache
def chime_pcm() -> bytes:
    """2.15 s of 16-bit mono samples at 48 kHz."""
    whole = AudioSegment.silent(_STEP_MS * (len(_NOTES_HZ) - 1) + _NOTE_MS, SAMPLE_RATE)
    for step, hertz in enumerate(_NOTES_HZ):
        whole = whole.overlay(_note(hertz), position=step * _STEP_MS)
    return _pcm(whole)


def _note(hertz: int) -> AudioSegment:
    loop = AudioSegment.silent(_LOOP_MS, SAMPLE_RATE)
    for partial, level_db in enumerate(_PARTIALS_DB, start=1):
        sine = Sine(hertz * partial, sample_rate=SAMPLE_RATE, bit_depth=16)
        loop = loop.overlay(sine.to_audio_segment(_LOOP_MS, volume=level_db))
    note = loop * (_NOTE_MS // _LOOP_MS)
    return note.fade_in(8).fade_out(int(0.85 * _NOTE_MS))


def _pcm(segment: AudioSegment) -> bytes:
    return bytes(segment.set_channels(1).set_sample_width(2).raw_data)
