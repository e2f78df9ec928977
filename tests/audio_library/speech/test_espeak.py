from dataclasses import replace
from pathlib import Path

import pytest

from audio_library.errors import EngineFailed, TookTooLong
from audio_library.speech.engine import RAW_PCM
from audio_library.speech.espeak import SAMPLE_RATE, Espeak

TEXT = "Khi thấy cháy gọi một một bốn."
VI, CENTRAL, SOUTH = Espeak().voices()


def said(path: Path, text: str = TEXT, engine: Espeak = Espeak()) -> bytes:  # noqa: B008 (frozen)
    engine.speak(text, VI, into=path, timeout_s=30)
    return path.read_bytes()


def test_three_voices_of_vietnamese_are_ready_offline() -> None:
    assert [voice.id for voice in (VI, CENTRAL, SOUTH)] == [
        "espeak:vi",
        "espeak:vi-vn-x-central",
        "espeak:vi-vn-x-south",
    ]
    assert all(v.ready and not v.online and v.language == "vi" for v in (VI, CENTRAL, SOUTH))


def test_the_same_words_give_the_same_samples(tmp_path: Path) -> None:
    assert said(tmp_path / "one") == said(tmp_path / "two")


def test_speech_is_as_long_as_words_take(tmp_path: Path) -> None:
    speech = Espeak().speak(TEXT, VI, into=tmp_path / "a", timeout_s=30)
    assert (speech.media_type, speech.sample_rate) == (RAW_PCM, SAMPLE_RATE)
    seconds = speech.path.stat().st_size / 2 / speech.sample_rate
    assert 1.5 < seconds < 6
    assert len(said(tmp_path / "b", f"{TEXT} {TEXT}")) > 1.8 * speech.path.stat().st_size


def test_the_voices_differ(tmp_path: Path) -> None:
    sounds = set()
    for voice in (VI, CENTRAL, SOUTH):
        Espeak().speak(TEXT, voice, into=tmp_path / "a", timeout_s=30)
        sounds.add((tmp_path / "a").read_bytes())
    assert len(sounds) == 3


def test_an_unknown_voice_is_refused_and_not_read_by_another(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="no such voice"):
        Espeak().speak(TEXT, replace(VI, id="espeak:sed"), into=tmp_path / "a", timeout_s=30)


def test_markup_and_nul_are_text(tmp_path: Path) -> None:
    assert len(said(tmp_path / "a", f"{TEXT}\0{TEXT}")) > 1.5 * len(said(tmp_path / "b"))


def test_it_stops_when_its_time_is_up(tmp_path: Path) -> None:
    with pytest.raises(TookTooLong):
        Espeak().speak(f"{TEXT} " * 2_000, VI, into=tmp_path / "a", timeout_s=0.02)


def test_without_wheel_and_command_it_says_what_is_missing(tmp_path: Path) -> None:
    bare = Espeak(find_wheel=lambda: None, find_command=lambda: None)
    missing = bare.voices()[0].missing
    assert missing is not None
    assert "espeakng-loader" in missing.vi
    assert not bare.voices()[0].ready
    with pytest.raises(EngineFailed):
        said(tmp_path / "a", engine=bare)


@pytest.mark.needs("espeak-ng")
def test_the_command_stands_in_for_the_wheel(tmp_path: Path) -> None:
    by_command = Espeak(find_wheel=lambda: None)
    assert by_command.voices()[0].ready
    sound = said(tmp_path / "a", engine=by_command)
    assert sound.startswith(b"RIFF")
    with pytest.raises(EngineFailed):
        by_command.speak(TEXT, replace(VI, id="espeak:xx"), into=tmp_path / "b", timeout_s=30)
