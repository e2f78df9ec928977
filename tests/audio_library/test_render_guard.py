"""A Vietnamese voice is never handed another language; a person's recording is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from audio_library.errors import NotRecorded, NotThisLanguage
from audio_library.render import render_speech
from audio_library.speech.engine import Speech, Voice
from audio_library.speech.espeak import Espeak

BAHNAR = "Ƀing ta tơkŭm lơ\u0306m ƀon, hơtŏk đơ\u0306ng pơđĭ."


@dataclass(frozen=True)
class Heard(Espeak):
    """Remembers what it was asked to say, and says nothing."""

    asked: list[str] = field(default_factory=list)

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        self.asked.extend(texts)
        raise NotRecorded(voice.id, voice.language)


def test_no_synthetic_voice_is_asked_for_words_of_another_language(tmp_path: Path) -> None:
    engine = Heard(whole=False)
    with pytest.raises(NotThisLanguage, match="Ba Na"):
        render_speech(BAHNAR, "vi", out_dir=tmp_path, engines=[engine])
    assert engine.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_taken_as_its_reader_read_it(tmp_path: Path) -> None:
    engine = Heard(whole=True)
    with pytest.raises(NotRecorded):
        render_speech(BAHNAR, "vi", out_dir=tmp_path, engines=[engine])
    assert set(engine.asked) == {BAHNAR}
