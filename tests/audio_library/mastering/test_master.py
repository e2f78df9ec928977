"""One loudness for everything on air, measured on what was encoded."""

import hashlib
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from audio_library.errors import AudioUnreadable, SilentAudio
from audio_library.mastering.chime import chime_pcm
from audio_library.mastering.loudness import measure
from audio_library.mastering.master import master
from audio_library.mastering.pcm import SAMPLE_RATE
from audio_library.mastering.sound_source import duration_ms, frames_of_container
from audio_library.speech.engine import RAW_PCM, Speech
from audio_library.speech.espeak import Espeak

LONG = (
    "Cảnh báo: Trong ba đến sáu giờ tới, xã Măng Bút có mưa năm mươi đến một trăm mi li mét, "
    "nguy cơ rất cao lũ quét, sạt lở đất. Cấp độ rủi ro thiên tai: cấp một."
)
FFMPEG = ("ffmpeg", "-hide_banner", "-nostats")
VOICES = Espeak().voices()
CHIME_MS = len(chime_pcm()) * 1000 / (2 * SAMPLE_RATE)


def speech(path: Path, text: str = LONG, voice: int = 0) -> Speech:
    return Espeak().speak([text], VOICES[voice], into=path, timeout_s=30)[0]


def samples_in(path: Path) -> int:
    return sum(frame.samples for frame in frames_of_container(path))


@pytest.mark.parametrize("voice", [0, 1, 2])
@pytest.mark.parametrize("text", ["Không.", "Khi thấy cháy gọi một một bốn.", LONG])
def test_everything_comes_out_at_one_loudness(tmp_path: Path, text: str, voice: int) -> None:
    made = master(speech(tmp_path / "s", text, voice), tmp_path / "a.opus")
    assert made.lufs == pytest.approx(-16, abs=0.5)
    assert made.true_peak_dbtp <= -1.5


def test_a_whisper_and_a_shout_come_out_alike(tmp_path: Path) -> None:
    loud = speech(tmp_path / "loud")
    quiet = replace(loud, path=tmp_path / "quiet")
    samples = memoryview(loud.path.read_bytes()).cast("h")
    quiet.path.write_bytes(b"".join((s // 40).to_bytes(2, "little", signed=True) for s in samples))
    for source in (loud, quiet):
        made = master(source, tmp_path / "a.opus")
        assert made.lufs == pytest.approx(-16, abs=0.5)


def test_the_figures_are_those_of_the_file(tmp_path: Path) -> None:
    made = master(speech(tmp_path / "s"), tmp_path / "a.opus")
    content = made.path.read_bytes()
    assert made.path == tmp_path / "a.opus"
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert made.bytes == len(content)
    assert made.duration_ms == round(samples_in(made.path) * 1000 / SAMPLE_RATE)
    assert made.duration_ms == duration_ms(made.path)
    found = measure(frames_of_container(made.path))
    assert made.lufs == pytest.approx(found.lufs, abs=0.01)
    assert made.true_peak_dbtp == pytest.approx(found.true_peak_dbtp, abs=0.01)


def test_chime_pause_speech_pause_chime(tmp_path: Path) -> None:
    source = speech(tmp_path / "s")
    spoken_ms = source.path.stat().st_size / 2 / source.sample_rate * 1000
    assert master(source, tmp_path / "a.opus").duration_ms == pytest.approx(
        2 * CHIME_MS + 2 * 1_000 + spoken_ms, abs=2
    )
    assert master(source, tmp_path / "b.opus", chime=False).duration_ms == pytest.approx(
        spoken_ms, abs=2
    )


def test_the_same_speech_gives_the_same_bytes(tmp_path: Path) -> None:
    source = speech(tmp_path / "s", "Khi thấy cháy gọi một một bốn.")
    first = master(source, tmp_path / "a.opus")
    assert master(source, tmp_path / "b.opus").sha256 == first.sha256


def test_it_is_speech_at_24_kbit(tmp_path: Path) -> None:
    made = master(speech(tmp_path / "s"), tmp_path / "a.opus")
    assert 15_000 < made.bytes * 8_000 / made.duration_ms < 32_000


def test_any_file_with_sound_will_do(tmp_path: Path) -> None:
    made = master(speech(tmp_path / "s"), tmp_path / "a.opus", chime=False)
    again = master(Speech(made.path, "audio/ogg", 48_000), tmp_path / "b.opus", chime=False)
    assert again.lufs == pytest.approx(-16, abs=0.5)
    assert again.duration_ms == pytest.approx(made.duration_ms, abs=2)


@pytest.mark.parametrize("content", [b"", b"not sound at all" * 100, b"OggS" + bytes(500)])
def test_what_is_no_sound_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)
    out = tmp_path / "out"
    with pytest.raises(AudioUnreadable):
        master(Speech(tmp_path / "s", "audio/ogg", 48_000), out / "a.opus")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("samples", [b"", bytes(22_050 * 2 * 3)])
def test_silence_is_refused(tmp_path: Path, samples: bytes) -> None:
    (tmp_path / "s").write_bytes(samples)
    with pytest.raises(SilentAudio):
        master(Speech(tmp_path / "s", RAW_PCM, 22_050), tmp_path / "out" / "a.opus")


def test_a_failure_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.opus").write_bytes(b"good")
    (tmp_path / "s").write_bytes(b"bad")
    with pytest.raises(AudioUnreadable):
        master(Speech(tmp_path / "s", "audio/ogg", 48_000), tmp_path / "a.opus")
    assert (tmp_path / "a.opus").read_bytes() == b"good"


@pytest.mark.needs("ffmpeg")
def test_ffmpeg_agrees(tmp_path: Path) -> None:
    made = master(speech(tmp_path / "s"), tmp_path / "a.opus")
    heard = subprocess.run(
        [*FFMPEG, "-i", made.path, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr.rpartition("Summary:")[2]
    figures = re.search(r"I:\s+(-?[\d.]+) LUFS.*Peak:\s+(-?[\d.]+) dBFS", heard, re.DOTALL)
    assert figures is not None
    assert float(figures[1]) == pytest.approx(-16, abs=0.5)
    assert float(figures[1]) == pytest.approx(made.lufs, abs=0.11)
    assert float(figures[2]) <= -1.5
