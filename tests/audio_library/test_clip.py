"""Music that a commune brings is made as loud as speech, and keeps its soft beginning."""

from pathlib import Path

import pytest

from audio_library.clip import master_clip
from audio_library.recording.errors import NotARecording, RecordingTooLong, TakeSilent
from tests.audio_library.recording.sounds import made

pytestmark = pytest.mark.needs("ffmpeg")


def test_soft_music_full_of_noise_is_taken_and_levelled(tmp_path: Path) -> None:
    gongs = made(
        tmp_path / "gongs.mp3",
        *("-f", "lavfi", "-i", "sine=330:r=44100:d=5"),
        *("-f", "lavfi", "-i", "anoisesrc=a=0.02:d=5:seed=1"),
        *("-filter_complex", "amix=inputs=2,volume=-20dB,adelay=2000:all=1", "-ac", "2"),
    )

    mastered = master_clip(gongs, tmp_path / "out.opus")

    assert mastered.path == tmp_path / "out.opus"
    assert mastered.lufs == pytest.approx(-16, abs=0.5)
    assert mastered.true_peak_dbtp < -1.5
    assert 6_900 < mastered.duration_ms < 7_100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gongs.mp3", "out.opus"]


def test_a_single_tone_is_music_too(tmp_path: Path) -> None:
    tone = made(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=330:d=2")
    assert 1_950 < master_clip(tone, tmp_path / "out.opus").duration_ms < 2_100


def test_silence_is_refused(tmp_path: Path) -> None:
    silence = made(tmp_path / "silence.wav", "-f", "lavfi", "-i", "anullsrc=d=2")
    with pytest.raises(TakeSilent):
        master_clip(silence, tmp_path / "out.opus")


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.mp3").write_bytes(b"%PDF-1.4 nothing to hear")
    with pytest.raises(NotARecording):
        master_clip(tmp_path / "letter.mp3", tmp_path / "out.opus")


def test_a_clip_is_no_programme(tmp_path: Path) -> None:
    tone = made(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=330:d=3")
    with pytest.raises(RecordingTooLong):
        master_clip(tone, tmp_path / "out.opus", longest_s=1)
    assert [p.name for p in tmp_path.iterdir()] == ["tone.wav"]
