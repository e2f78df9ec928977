"""`loalang master` as a person types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audio_library.mastering.samples import encoded, speech

UNDER_A_LIMIT = """
import resource, sys
from controller.__main__ import main

limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
main()
"""


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wav")
    return encoded(*speech(folder / "speech"), folder / "a.wav")


def loalang(*arguments: object, room: int = 1_000_000_000) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT, str(room), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_its_waveform_and_its_figures(wav: Path, tmp_path: Path) -> None:
    out, peaks = tmp_path / "a.opus", tmp_path / "a.json"
    done = loalang("master", wav, "-o", out, "--peaks", peaks, "--preset", "plain")
    assert (done.returncode, done.stderr) == (0, "")
    assert "LUFS" in done.stdout
    assert out.read_bytes()[:4] == b"OggS"
    assert json.loads(peaks.read_text())["duration_ms"] > 5_000
    assert sorted(tmp_path.iterdir()) == [peaks, out]


def test_mp3_without_a_chime(wav: Path, tmp_path: Path) -> None:
    done = loalang("master", wav, "-o", tmp_path / "a.mp3", "--mp3", "--no-chime")
    assert done.returncode == 0
    assert (tmp_path / "a.mp3").read_bytes()[:3] == b"ID3"


@pytest.mark.parametrize("room", [0, 20_000, 200_000])
def test_a_full_disk_leaves_what_was_there(wav: Path, tmp_path: Path, room: int) -> None:
    out = tmp_path / "a.opus"
    out.write_bytes(b"of yesterday")
    done = loalang("master", wav, "-o", out, room=room)
    assert done.returncode == 2
    assert "Kho âm thanh đã đầy" in done.stderr
    assert "Error: The audio store is full" in done.stderr
    assert out.read_bytes() == b"of yesterday"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.wav", None, "No such file"),
        ("empty.wav", b"", "could not be read"),
        ("text.mp3", b"no sound" * 100, "could not be read"),
    ],
)
def test_what_cannot_be_mastered_is_said_in_two_languages(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = loalang("master", tmp_path / name, "-o", tmp_path / "out.opus")
    assert done.returncode == 2
    assert done.stderr.startswith("Lỗi: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.opus").exists()
