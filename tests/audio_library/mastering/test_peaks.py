"""The shape of a sound for the screen."""

import json
from array import array
from pathlib import Path

import pytest

from audio_library.errors import AudioUnreadable
from audio_library.mastering.in_child import peaks_in_child
from audio_library.mastering.opus import packets_of, write_ogg
from audio_library.mastering.peaks import peaks

SECOND = 48_000
HALF = 16_384


def sound(path: Path, seconds: int) -> Path:
    """A second of silence and a second of a tone at half scale, in turns."""
    tone = array("h", [HALF] * 60 + [-HALF] * 60) * (SECOND // 120)
    silent = array("h", bytes(2 * SECOND))
    samples = [(tone if n % 2 else silent).tobytes() for n in range(seconds)]
    write_ogg(packets_of(samples), seconds * SECOND, path)
    return path


def test_silence_is_flat_and_sound_is_seen(tmp_path: Path) -> None:
    found = peaks(sound(tmp_path / "a.opus", 4), points=40)
    assert found["duration_ms"] == 4_000
    points = found["points"]
    assert 20 <= len(points) <= 40
    quiet, loud = points[: len(points) // 4 - 1], points[len(points) // 4 + 1 : len(points) // 2]
    assert all((low, high) == (0, 0) for low, high in quiet)
    assert all(low < -40 and high > 40 for low, high in loud[:-1])
    assert all(-100 <= low <= 0 <= high <= 100 for low, high in points)


@pytest.mark.parametrize("seconds", [1, 2, 7, 60])
def test_any_length_is_small(tmp_path: Path, seconds: int) -> None:
    found = peaks_in_child(sound(tmp_path / "a.opus", seconds), points=200)
    assert found["duration_ms"] == pytest.approx(seconds * 1_000, abs=1)
    assert 100 <= len(found["points"]) <= 200
    assert len(json.dumps(found)) < 4_000


@pytest.mark.parametrize("content", [b"", b"nothing" * 50])
def test_what_is_no_sound_has_no_shape(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(AudioUnreadable):
        peaks_in_child(tmp_path / "a")
