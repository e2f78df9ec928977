from pathlib import Path

import pytest

from audio_library.errors import EngineFailed, VoiceNotReady
from audio_library.speech.engine import Voice
from audio_library.speech.mms import Mms
from audio_library.speech.mms_worker import letters_of, tokens_of
from tests.audio_library.speech.tiny_models import mms_voice

TEXTS = ("bơngai lơm plei", "đak", "hơdrih tơm")


def bahnar(engine: Mms) -> Voice:
    (voice,) = (v for v in engine.voices() if v.language == "bdq")
    return voice


def speak(folder: Path, into: Path, *texts: str) -> list[bytes]:
    engine = Mms(folder, accepted=True)
    made = engine.speak(texts, bahnar(engine), into=into, timeout_s=30)
    assert {s.sample_rate for s in made} == {16_000}
    return [s.path.read_bytes() for s in made]


def test_it_is_off_until_the_licence_is_accepted(tmp_path: Path) -> None:
    mms_voice(tmp_path)
    voice = bahnar(Mms(tmp_path))
    assert "NC" in voice.licence
    assert voice.missing is not None
    assert "LOALANG_MMS" in voice.missing.vi
    with pytest.raises(VoiceNotReady, match="LOALANG_MMS"):
        Mms(tmp_path).speak(TEXTS, voice, into=tmp_path / "o", timeout_s=9)
    assert bahnar(Mms(tmp_path, accepted=True)).ready


@pytest.mark.parametrize("noise_inside", [False, True], ids=["sherpa-onnx", "transformers"])
def test_a_text_sounds_the_same_whatever_stands_beside_it(
    tmp_path: Path, noise_inside: bool
) -> None:
    mms_voice(tmp_path / "v", noise_inside=noise_inside)
    together = speak(tmp_path / "v", tmp_path / "all", *TEXTS)
    for number, text in enumerate(TEXTS):
        assert speak(tmp_path / "v", tmp_path / str(number), text) == [together[number]]
    assert len(set(together)) == 3


def test_it_speaks_no_language_that_it_has_no_model_of(tmp_path: Path) -> None:
    mms_voice(tmp_path, "vie")
    mms_voice(tmp_path, "sed")
    ready = [v.id for v in Mms(tmp_path, accepted=True).voices() if v.ready]
    assert ready == ["mms:vie"]
    absent = bahnar(Mms(tmp_path, accepted=True)).missing
    assert absent is not None
    assert "mms-tts-bdq" in absent.vi
    assert "record a person" in absent.en


@pytest.mark.parametrize("lost", ["model.onnx", "tokens.txt"])
def test_a_folder_that_lacks_a_file_says_which(tmp_path: Path, lost: str) -> None:
    (mms_voice(tmp_path) / lost).unlink()
    missing = bahnar(Mms(tmp_path, accepted=True)).missing
    assert missing is not None
    assert lost in missing.en


def test_a_letter_that_the_model_never_learnt_is_not_passed_over(tmp_path: Path) -> None:
    mms_voice(tmp_path)
    with pytest.raises(EngineFailed, match="no sound for ñ"):
        speak(tmp_path, tmp_path / "o", "ñam")
    with pytest.raises(EngineFailed, match="no letter"):
        speak(tmp_path, tmp_path / "o", "!?")


def test_letters_stand_between_blanks(tmp_path: Path) -> None:
    letters = letters_of(mms_voice(tmp_path) / "tokens.txt")
    assert letters[" "] > 0
    a, b = letters["a"], letters["b"]
    assert tokens_of("A b", letters) == [0, a, 0, letters[" "], 0, b, 0]
