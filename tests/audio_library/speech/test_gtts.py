from collections.abc import Iterator
from pathlib import Path

import pytest

from audio_library.errors import EngineFailed, EngineOffline, VoiceNotReady
from audio_library.speech.engine import MP3
from audio_library.speech.gtts import Gtts


def test_its_answer_is_kept_as_it_came(tmp_path: Path) -> None:
    asked = []

    def ask(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        asked.append((text, voice))
        assert timeout_s <= 9
        yield from (b"one ", b"two")

    engine = Gtts(allowed=True, ask=ask, installed=lambda: True)
    (speech,) = engine.speak(["Xin chào"], engine.voices()[0], into=tmp_path, timeout_s=9)
    assert asked == [("Xin chào", "vi")]
    assert speech.media_type == MP3
    assert speech.path.read_bytes() == b"one two"


def test_an_empty_answer_is_a_failure(tmp_path: Path) -> None:
    engine = Gtts(allowed=True, ask=lambda text, voice, s: iter(()), installed=lambda: True)
    with pytest.raises(EngineFailed, match="empty"):
        engine.speak(["Xin chào"], engine.voices()[0], into=tmp_path, timeout_s=9)


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        (Gtts(installed=lambda: True), "LOALANG_ONLINE_VOICES"),
        (Gtts(allowed=True, installed=lambda: False), "“online”"),
    ],
)
def test_it_says_what_is_missing_and_asks_nobody(tmp_path: Path, engine: Gtts, says: str) -> None:
    voice = engine.voices()[0]
    assert voice.online
    assert voice.missing is not None
    assert says in voice.missing.vi
    assert says in voice.missing.en
    with pytest.raises(VoiceNotReady, match=says):
        engine.speak(["Xin chào"], voice, into=tmp_path, timeout_s=9)


def test_without_a_network_it_says_so_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gtts")
    # Whatever network this machine has, the way out of this test is a closed port.
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    engine = Gtts(allowed=True)
    with pytest.raises(EngineOffline) as refused:
        engine.speak(["Xin chào"], engine.voices()[0], into=tmp_path / "a", timeout_s=5)
    assert "cần mạng internet" in refused.value.vi
    assert "needs the internet" in refused.value.en
