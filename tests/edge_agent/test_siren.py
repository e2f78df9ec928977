"""The siren: as loud as speech, never louder, and the same on every box."""

from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from audio_library.mastering.loudness import measure_file
from edge_agent.siren import siren
from edge_agent.tone import RATE

HEADER = 44


@pytest.mark.parametrize("seconds", [3, 10])
def test_it_is_as_loud_as_speech(tmp_path: Path, seconds: int) -> None:
    file = tmp_path / "siren.wav"
    file.write_bytes(siren(seconds))
    loudness = measure_file(file, seconds * 48_000)
    assert loudness.lufs == pytest.approx(-16.0, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.5


def test_it_lasts_as_long_as_it_is_asked_to_and_begins_and_ends_softly() -> None:
    for seconds in (1, 7, 30):
        samples = array("h", siren(seconds)[HEADER:])
        assert len(samples) == seconds * RATE
        assert max(map(abs, samples[:8])) < 500
        assert max(map(abs, samples[-8:])) < 500


def test_it_goes_on_without_a_jump_from_one_sweep_to_the_next() -> None:
    samples = array("h", siren(5)[HEADER:])
    steps = [abs(a - b) for a, b in pairwise(samples)]
    seams = [max(steps[at - 2 : at + 2]) for at in (2 * RATE, 4 * RATE)]
    assert max(seams) <= max(steps[RATE // 10 : 2 * RATE - 10])


def test_the_same_seconds_give_the_same_bytes() -> None:
    assert siren(6) == siren(6)
