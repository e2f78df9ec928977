from array import array
from itertools import pairwise

from audio_library.mastering.chime import chime_pcm
from audio_library.mastering.pcm import SAMPLE_RATE, silence


def test_the_chime_is_two_seconds_that_begin_and_end_in_silence() -> None:
    samples = array("h", chime_pcm())
    assert 1.5 < len(samples) / SAMPLE_RATE < 3
    assert abs(samples[0]) < 10
    assert abs(samples[-1]) < 10
    assert 8_000 < max(map(abs, samples)) < 32_000


def test_it_rises_in_steps_without_clicks() -> None:
    samples = array("h", chime_pcm())
    steepest = max(abs(a - b) for a, b in pairwise(samples))
    assert steepest < 6_000


def test_silence_is_of_its_length() -> None:
    assert silence(1_000) == bytes(2 * SAMPLE_RATE)
