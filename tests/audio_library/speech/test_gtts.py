from collections.abc import Iterator
from pathlib import Path

import pytest

from audio_library.errors import EngineFailed, EngineOffline
from audio_library.speech.engine import MP3
from audio_library.speech.gtts import Gtts


def test_its_answer_is_kept_as_it_came(tmp_path: Path) -> None:
    asked = []

    def ask(text: str, timeout_s: float) -> Iterator[bytes]:
        asked.append((text, timeout_s))
        yield from (b"one ", b"two")

    engine = Gtts(ask=ask, installed=lambda: True)
    speech = engine.speak("Xin chào", engine.voices()[0], into=tmp_path / "a", timeout_s=9)
    assert asked == [("Xin chào", 9)]
    assert speech.media_type == MP3
    assert speech.path.read_bytes() == b"one two"


def test_an_empty_answer_is_a_failure(tmp_path: Path) -> None:
    engine = Gtts(ask=lambda text, timeout_s: iter(()), installed=lambda: True)
    with pytest.raises(EngineFailed):
        engine.speak("Xin chào", engine.voices()[0], into=tmp_path / "a", timeout_s=9)


def test_without_the_package_it_says_which_extra_to_install(tmp_path: Path) -> None:
    engine = Gtts(installed=lambda: False)
    voice = engine.voices()[0]
    assert voice.online
    assert not voice.ready
    with pytest.raises(EngineOffline, match="online"):
        engine.speak("Xin chào", voice, into=tmp_path / "a", timeout_s=9)


def test_without_a_network_it_says_so_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gtts")
    # Whatever network this machine has, the way out of this test is a closed port.
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    engine = Gtts()
    with pytest.raises(EngineOffline) as refused:
        engine.speak("Xin chào", engine.voices()[0], into=tmp_path / "a", timeout_s=5)
    assert "cần mạng internet" in refused.value.vi
    assert "needs the internet" in refused.value.en
