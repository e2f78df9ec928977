"""Piper's own loading and synthesis, on a model so small that nobody would call it a voice."""

import array
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_library.errors import EngineFailed, StoreFull, TookTooLong, VoiceNotReady
from audio_library.render import render_speech
from audio_library.speech.catalogue import catalogue
from audio_library.speech.engine import RAW_PCM, Voice
from audio_library.speech.piper import Piper
from audio_library.speech.voice_file import (
    MAX_LICENCE_CHARACTERS,
    MAX_MODEL_BYTES,
    NotAVoice,
    check_onnx,
)
from tests.audio_library.speech.tiny_models import HOP, greedy_piper_voice, piper_voice

TEXTS = ("Bà con chú ý.", "Xã Đăk Hà có mưa. Khi thấy cháy gọi một một bốn.", "Xin chào.")


def only(folder: Path, name: str = "vi_VN-tiny-low") -> Voice:
    (voice,) = (v for v in Piper(folder).voices() if v.id == f"piper:{name}")
    return voice


def speak(folder: Path, into: Path, *texts: str) -> list[bytes]:
    made = Piper(folder).speak(texts, only(folder), into=into, timeout_s=30)
    assert {(s.media_type, s.sample_rate) for s in made} == {(RAW_PCM, 22_050)}
    return [s.path.read_bytes() for s in made]


def test_a_voice_file_in_the_folder_is_a_voice(tmp_path: Path) -> None:
    piper_voice(tmp_path)
    voice = only(tmp_path)
    assert voice.ready
    assert (voice.language, voice.online) == ("vi", False)
    assert "MODEL_CARD" in voice.licence
    (tmp_path / "vi_VN-tiny-low.licence.txt").write_text("CC BY 4.0, VAIS\n")
    assert only(tmp_path).licence == "CC BY 4.0, VAIS"


def test_it_speaks_and_a_text_sounds_the_same_whatever_stands_beside_it(tmp_path: Path) -> None:
    piper_voice(tmp_path / "voices")
    together = speak(tmp_path / "voices", tmp_path / "all", *TEXTS)
    for number, text in enumerate(TEXTS):
        assert speak(tmp_path / "voices", tmp_path / str(number), text) == [together[number]]
        samples = array.array("h", together[number])
        assert len(samples) >= HOP * len(text) / 2
        assert max(samples) > 10_000


def test_it_is_mastered_like_any_speech(tmp_path: Path) -> None:
    piper_voice(tmp_path / "voices")
    engines = (Piper(tmp_path / "voices"),)
    rendered = render_speech(TEXTS[1], "vi", out_dir=tmp_path / "out", engines=engines)
    assert rendered.voice == "piper:vi_VN-tiny-low"
    assert rendered.mastered.lufs == pytest.approx(-16, abs=0.5)


def test_another_file_is_another_fingerprint(tmp_path: Path) -> None:
    model = piper_voice(tmp_path)
    before = only(tmp_path).fingerprint
    assert before
    assert only(tmp_path).fingerprint == before
    config = tmp_path / f"{model.name}.json"
    config.write_text(config.read_text().replace("0.667", "0.5"))
    assert only(tmp_path).fingerprint != before


def test_what_is_not_downloaded_says_how_to_get_it(tmp_path: Path) -> None:
    piper_voice(tmp_path, catalogue()[0].name)
    voices = {v.id: v for v in Piper(tmp_path).voices()}
    assert voices[f"piper:{catalogue()[0].name}"].ready
    other = voices[f"piper:{catalogue()[1].name}"]
    assert other.missing is not None
    assert f"loalang voices install {catalogue()[1].name}" in other.missing.vi
    with pytest.raises(VoiceNotReady, match="install"):
        Piper(tmp_path).speak(["A"], other, into=tmp_path / "o", timeout_s=9)


def test_without_the_package_it_says_which_extra_to_install(tmp_path: Path) -> None:
    piper_voice(tmp_path)
    engine = Piper(tmp_path, installed=lambda: False)
    voice = engine.voices()[0]
    assert voice.missing is not None
    assert "“piper”" in voice.missing.en


def cut_model(folder: Path) -> None:
    model = piper_voice(folder)
    model.write_bytes(model.read_bytes()[:-7])


def without_config(folder: Path) -> None:
    Path(f"{piper_voice(folder)}.json").unlink()


def without_model(folder: Path) -> None:
    piper_voice(folder).unlink()


def without_language(folder: Path) -> None:
    config = Path(f"{piper_voice(folder)}.json")
    kept = {k: v for k, v in json.loads(config.read_text()).items() if k != "language"}
    config.write_text(json.dumps(kept))


def with_config(text: str) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        Path(f"{piper_voice(folder)}.json").write_text(text)

    return made


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda f: piper_voice(f).write_bytes(b"MZ\x90 not a voice at all"), "ONNX"),
        (lambda f: piper_voice(f).write_bytes(b""), "ONNX"),
        (lambda f: piper_voice(f).write_bytes(bytes(4096)), "ONNX"),
        (cut_model, "ONNX"),
        (without_config, "missing"),
        (without_model, "missing"),
        (without_language, "names no language"),
        (lambda f: piper_voice(f, language="xx_XX"), "“xx”"),
        (lambda f: piper_voice(f, rate=22), "sample rate"),
        (lambda f: piper_voice(f, rate="22050"), "sample rate"),
        (with_config("{"), "JSON"),
        (with_config("[" * 100_000), "JSON"),
        (with_config("[]"), "JSON"),
        (with_config('{"language": {"family": "vi"}, "audio": {"sample_rate": 16000}}'), "sounds"),
    ],
)
def test_a_file_that_is_no_voice_is_listed_with_the_reason(
    tmp_path: Path, made: Callable[[Path], object], reason: str
) -> None:
    made(tmp_path)
    voice = only(tmp_path)
    assert voice.missing is not None
    assert reason in voice.missing.en
    assert not voice.fingerprint
    with pytest.raises(VoiceNotReady):
        Piper(tmp_path).speak(TEXTS, voice, into=tmp_path / "o", timeout_s=9)


def test_a_model_that_lies_fails_in_its_own_process(tmp_path: Path) -> None:
    model = piper_voice(tmp_path)
    # Whole as a file, but no graph that anything could run: field 7 and field 8, both empty.
    model.write_bytes(b"\x08\x08\x3a\x00\x42\x00")
    assert only(tmp_path).ready
    with pytest.raises(EngineFailed):
        speak(tmp_path, tmp_path / "o", "Xin chào.")


def test_a_model_that_wants_more_than_its_memory_is_refused_it(tmp_path: Path) -> None:
    greedy_piper_voice(tmp_path)
    with pytest.raises(EngineFailed):
        speak(tmp_path, tmp_path / "o", "Xin chào.")


def test_a_full_disk_is_no_fault_of_the_voice(tmp_path: Path) -> None:
    piper_voice(tmp_path)
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "0.pcm").symlink_to("/dev/full")
    with pytest.raises(StoreFull):
        speak(tmp_path, tmp_path / "o", "Xin chào.")


def test_words_that_the_voice_has_no_sound_for_are_not_passed_over(tmp_path: Path) -> None:
    config = Path(f"{piper_voice(tmp_path)}.json")
    kept = json.loads(config.read_text())
    kept["phoneme_type"] = "text"
    kept["phoneme_id_map"] = {c: [n] for n, c in enumerate("_^$ aàbchinox.")}
    config.write_text(json.dumps(kept))
    with pytest.raises(EngineFailed, match="no sound for"):
        speak(tmp_path, tmp_path / "o", "Xin chào zê.")


def test_it_stops_when_its_time_is_up(tmp_path: Path) -> None:
    piper_voice(tmp_path)
    with pytest.raises(TookTooLong):
        Piper(tmp_path).speak(TEXTS, only(tmp_path), into=tmp_path / "o", timeout_s=0.02)


@given(st.binary(max_size=300))
@example(bytes([1 << 3 | 2, *[0xFF] * 9, 0x01]))
def test_random_bytes_are_never_more_than_no_voice(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    path = tmp_path_factory.mktemp("noise") / "a.onnx"
    path.write_bytes(noise)
    with contextlib.suppress(NotAVoice):
        check_onnx(path)


@pytest.mark.parametrize("name", [b"vi\xff", b"vi\x1b[2J", b"vi\n"])
def test_a_name_that_no_screen_can_carry_takes_no_other_voice_away(
    tmp_path: Path, name: bytes
) -> None:
    piper_voice(tmp_path)
    Path(os.fsdecode(bytes(tmp_path) + b"/" + name + b".onnx")).write_bytes(b"")
    odd, good = sorted(Piper(tmp_path).voices()[:2], key=lambda voice: voice.ready)
    assert good.ready
    assert odd.missing is not None
    assert f"{odd.id} {odd.name_vi} {odd.missing.vi} {odd.missing.en}".isprintable()


def test_a_huge_file_is_no_voice_and_a_huge_licence_is_cut(tmp_path: Path) -> None:
    model = piper_voice(tmp_path)
    with (tmp_path / "vi_VN-tiny-low.licence.txt").open("wb") as file:
        file.write(b"CC0 ")
        file.truncate(10**12)
    assert only(tmp_path).licence.startswith("CC0")
    assert len(only(tmp_path).licence) <= MAX_LICENCE_CHARACTERS
    with model.open("r+b") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    missing = only(tmp_path).missing
    assert missing is not None
    assert "larger than 1024 MiB" in missing.en
