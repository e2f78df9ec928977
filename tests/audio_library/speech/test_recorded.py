from dataclasses import dataclass, field
from pathlib import Path

import pytest

from audio_library.errors import NotRecorded
from audio_library.rendition import spoken_sha256
from audio_library.speech.engine import FLAC
from audio_library.speech.recorded import Reader, Recorded
from audio_library.speech.registry import candidates

BIA = Reader("r1", "Y Bia", ("bdq", "ren"))


@dataclass
class Takes:
    """Released takes by language, words and reader."""

    people: tuple[Reader, ...]
    takes: dict[tuple[str, str, str], Path] = field(default_factory=dict)

    def readers(self) -> tuple[Reader, ...]:
        return self.people

    def sound(self, language: str, spoken_sha256: str, reader_id: str) -> Path | None:
        return self.takes.get((language, spoken_sha256, reader_id))


def test_a_reader_is_a_voice_in_each_of_their_languages() -> None:
    engine = Recorded(Takes((BIA,)))
    for language in BIA.languages:
        (voice,) = candidates(language, (), (engine,))
        assert (voice.id, voice.language, voice.ready) == ("recorded:r1", language, True)
        assert not voice.fingerprint, "a new take of the same words sounds otherwise"
    assert engine.whole


def test_only_exactly_the_released_words_are_spoken(tmp_path: Path) -> None:
    words, take = "kơ mơng", tmp_path / "take"
    take.write_bytes(b"fLaC")
    takes = Takes((BIA,), {("bdq", spoken_sha256("bdq", words), "r1"): take})
    engine = Recorded(takes)
    bahnar, rengao = engine.voices()
    (speech,) = engine.speak([words], bahnar, into=tmp_path / "o", timeout_s=5)
    assert (speech.media_type, speech.path.read_bytes()) == (FLAC, b"fLaC")
    assert speech.path.parent == tmp_path / "o"
    for voice, text in ((bahnar, "kơ mơng hơi"), (rengao, words)):
        with pytest.raises(NotRecorded, match="Y Bia"):
            engine.speak([text], voice, into=tmp_path / "p", timeout_s=5)
