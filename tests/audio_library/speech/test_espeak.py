import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audio_library.errors import EngineFailed, TookTooLong
from audio_library.speech.engine import RAW_PCM, Voice
from audio_library.speech.espeak import MEMORY_BYTES, SAMPLE_RATE, Espeak

TEXT = "Khi thấy cháy gọi một một bốn."
VI, CENTRAL, SOUTH = Espeak().voices()
BY_COMMAND = Espeak(find_wheel=lambda: None)
HAS_COMMAND = pytest.mark.needs("espeak-ng")


def speak(
    folder: Path,
    *texts: str,
    voice: Voice = VI,
    engine: Espeak | None = None,
    timeout_s: float = 30,
) -> list[bytes]:
    made = (engine or Espeak()).speak(texts, voice, into=folder, timeout_s=timeout_s)
    assert all(speech.path.parent == folder for speech in made)
    return [speech.path.read_bytes() for speech in made]


def test_three_voices_of_vietnamese_are_ready_offline() -> None:
    assert [voice.id for voice in (VI, CENTRAL, SOUTH)] == [
        "espeak:vi",
        "espeak:vi-vn-x-central",
        "espeak:vi-vn-x-south",
    ]
    assert all(v.ready and not v.online and v.language == "vi" for v in (VI, CENTRAL, SOUTH))


def test_the_same_words_give_the_same_samples(tmp_path: Path) -> None:
    assert speak(tmp_path / "one", TEXT) == speak(tmp_path / "two", TEXT)


def test_a_text_sounds_the_same_whatever_stands_beside_it(tmp_path: Path) -> None:
    others = ("Bà con chú ý.", TEXT, "Cấp độ rủi ro thiên tai: cấp một.", TEXT)
    alone = [speak(tmp_path / str(n), text)[0] for n, text in enumerate(others)]
    assert speak(tmp_path / "all", *others) == alone
    assert alone[1] == alone[3] != alone[0]


def test_no_texts_make_no_files(tmp_path: Path) -> None:
    assert speak(tmp_path / "a") == []


def test_speech_is_as_long_as_words_take(tmp_path: Path) -> None:
    (speech,) = Espeak().speak([TEXT], VI, into=tmp_path / "a", timeout_s=30)
    assert (speech.media_type, speech.sample_rate) == (RAW_PCM, SAMPLE_RATE)
    seconds = speech.path.stat().st_size / 2 / speech.sample_rate
    assert 1.5 < seconds < 6
    (twice,) = speak(tmp_path / "b", f"{TEXT} {TEXT}")
    assert len(twice) > 1.8 * speech.path.stat().st_size


def test_the_voices_differ(tmp_path: Path) -> None:
    voices = (VI, CENTRAL, SOUTH)
    assert len({speak(tmp_path / v.id, TEXT, voice=v)[0] for v in voices}) == 3


def test_an_unknown_voice_is_refused_and_not_read_by_another(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="no such voice"):
        speak(tmp_path, TEXT, voice=replace(VI, id="espeak:sed"))


def test_markup_and_nul_are_text(tmp_path: Path) -> None:
    (both,) = speak(tmp_path / "a", f"{TEXT}\0{TEXT}")
    assert len(both) > 1.5 * len(speak(tmp_path / "b", TEXT)[0])


@pytest.mark.parametrize("engine", [Espeak(), pytest.param(BY_COMMAND, marks=HAS_COMMAND)])
def test_it_stops_when_its_time_is_up(tmp_path: Path, engine: Espeak) -> None:
    with pytest.raises(TookTooLong):
        speak(tmp_path, f"{TEXT} " * 2_000, engine=engine, timeout_s=0.02)


def test_without_wheel_and_command_it_says_what_is_missing(tmp_path: Path) -> None:
    bare = Espeak(find_wheel=lambda: None, find_command=lambda: None)
    missing = bare.voices()[0].missing
    assert missing is not None
    assert "espeakng-loader" in missing.vi
    assert not bare.voices()[0].ready
    with pytest.raises(EngineFailed):
        speak(tmp_path, TEXT, engine=bare)


@pytest.mark.needs("espeak-ng")
def test_the_command_stands_in_for_the_wheel(tmp_path: Path) -> None:
    assert BY_COMMAND.voices()[0].ready
    assert not BY_COMMAND.voices()[0].fingerprint, "another version may stand there tomorrow"
    sounds = speak(tmp_path, TEXT, f"{TEXT} {TEXT}", engine=BY_COMMAND)
    assert all(sound.startswith(b"RIFF") for sound in sounds)
    assert len(sounds[1]) > 1.8 * len(sounds[0])
    with pytest.raises(EngineFailed):
        speak(tmp_path, TEXT, voice=replace(VI, id="espeak:xx"), engine=BY_COMMAND)


def test_the_command_is_held_to_its_memory(tmp_path: Path) -> None:
    greedy = tmp_path / "greedy"
    greedy.write_text(f"#!{sys.executable} -IS\nbytearray({2 * MEMORY_BYTES})\n")
    greedy.chmod(0o700)
    engine = Espeak(find_wheel=lambda: None, find_command=lambda: str(greedy))
    with pytest.raises(EngineFailed, match="MemoryError"):
        speak(tmp_path / "a", TEXT, engine=engine)
