from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.errors import (
    EngineFailed,
    NoVoiceForLanguage,
    UnknownLanguage,
    UnknownVoice,
    VoiceNotReady,
)
from audio_library.languages import LANGUAGES
from audio_library.speech.engine import RAW_PCM, Missing, Speech, Voice
from audio_library.speech.registry import candidates, engine_of, engines, voice_for, voices


@dataclass(frozen=True)
class FakeEngine:
    """An engine of given voices, which writes its text as if it were sound."""

    name: str
    own_voices: tuple[Voice, ...]
    licence: str = "free"
    online: bool = False
    unofficial: bool = False
    whole: bool = False

    def voices(self) -> tuple[Voice, ...]:
        return self.own_voices

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        into.mkdir()
        for number, text in enumerate(texts):
            (into / str(number)).write_text(text)
        return tuple(Speech(into / str(n), RAW_PCM, 22_050) for n in range(len(texts)))


NEAR = Voice("near:vi", "vi", "Gần", "near", "free", online=False)
FAR = Voice("far:vi", "vi", "Xa", "far", "free", online=True)
BAHNAR = Voice("near:bdq", "bdq", "Ba Na", "near", "CC-BY-NC", online=False)
ENGINES = (FakeEngine("far", (FAR,), online=True), FakeEngine("near", (NEAR, BAHNAR)))


def test_voices_are_tried_in_the_order_asked_for_then_offline_ones_first() -> None:
    second = replace(NEAR, id="near:vi2")
    engines = (FakeEngine("far", (FAR,), online=True), FakeEngine("near", (NEAR, second)))
    assert candidates("vi", (), engines) == (NEAR, second, FAR)
    assert candidates("vi", ("far:vi",), engines) == (FAR, NEAR, second)
    assert candidates("vi", ("near:vi2", "gone:vi", "far:vi"), engines) == (second, FAR, NEAR)


def test_what_works_offline_comes_first() -> None:
    assert voice_for("vi", engines=ENGINES) == NEAR


def test_a_voice_that_is_not_ready_gives_way() -> None:
    broken = replace(NEAR, missing=Missing("thiếu tệp", "a file is missing"))
    engines = (FakeEngine("near", (broken,)), FakeEngine("far", (FAR,)))
    assert voice_for("vi", engines=engines) == FAR
    with pytest.raises(VoiceNotReady, match="thiếu tệp"):
        voice_for("vi", "near:vi", engines)
    with pytest.raises(VoiceNotReady):
        voice_for("vi", engines=engines[:1])


def test_the_preferred_voice_is_taken_or_refused_but_never_replaced() -> None:
    assert voice_for("vi", "far:vi", ENGINES) == FAR
    with pytest.raises(UnknownVoice, match="near:vi"):
        voice_for("vi", "other:vi", ENGINES)
    with pytest.raises(UnknownVoice):
        voice_for("vi", "near:bdq", ENGINES)


@pytest.mark.parametrize("tag", sorted(set(LANGUAGES) - {"vi"}))
def test_no_language_is_read_with_the_voice_of_another(tag: str) -> None:
    with pytest.raises(NoVoiceForLanguage, match="not read with another language's voice"):
        voice_for(tag)
    with pytest.raises(NoVoiceForLanguage):
        voice_for(tag, "espeak:vi")


@given(
    tag=st.sampled_from(sorted(LANGUAGES)),
    owned=st.lists(st.tuples(st.sampled_from(sorted(LANGUAGES)), st.booleans(), st.booleans())),
    preference=st.lists(st.integers(0, 9).map(lambda n: f"v{n}")),
)
def test_a_language_is_read_only_by_voices_of_its_own(
    tag: str, owned: list[tuple[str, bool, bool]], preference: list[str]
) -> None:
    missing = Missing("thiếu", "missing")
    every = [
        Voice(f"v{n}", language, "", f"e{online}", "", online, None if ready else missing)
        for n, (language, online, ready) in enumerate(owned)
    ]
    engines = [
        FakeEngine(f"e{online}", tuple(v for v in every if v.online is online), online=online)
        for online in (False, True)
    ]
    fitting = {v for v in every if v.language == tag}
    try:
        found = candidates(tag, preference, engines)
    except NoVoiceForLanguage:
        assert not fitting
    except VoiceNotReady:
        assert fitting
        assert not any(v.ready for v in fitting)
    else:
        assert set(found) == {v for v in fitting if v.ready}
        assert len(found) == len(set(found))


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("tag", sorted(set(LANGUAGES) - {"vi"}))
def test_no_minority_language_falls_to_a_vietnamese_voice(
    tmp_path: Path, tag: str, online: bool
) -> None:
    every = engines(voices_dir=tmp_path, kept_dir=tmp_path / "kept", online=online, mms=True)
    vietnamese = [v.id for v in voices(every) if v.language == "vi"]
    with pytest.raises((NoVoiceForLanguage, VoiceNotReady)):
        candidates(tag, vietnamese, every)


def test_an_unknown_language_is_told_apart_from_one_without_voice() -> None:
    with pytest.raises(UnknownLanguage):
        voice_for("xx")


def test_the_engines_here() -> None:
    assert voice_for("vi").id == "espeak:vi"
    assert len({voice.id for voice in voices()}) == len(voices())
    assert all(engine_of(voice).name == voice.engine for voice in voices())
    assert {v.online for v in voices()} == {True, False}
    assert all(not v.ready for v in voices() if v.online), "nobody has allowed it"
    with pytest.raises(EngineFailed):
        engine_of(replace(NEAR, engine="gone"))
