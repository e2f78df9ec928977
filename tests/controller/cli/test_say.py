"""`loalang say`: what is tried by hand sounds as what airs."""

from pathlib import Path

import pytest

from controller.cli.voice import say


def test_it_is_mastered_for_the_loudspeakers_of_this_office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOALANG_DATA_DIR", str(tmp_path / "data"))
    for preset in ("horn", "plain"):
        monkeypatch.setenv("LOALANG_PRESET", preset)
        say("Họp lúc 7 giờ.", "vi", tmp_path / preset, None)

    assert (tmp_path / "horn").read_bytes() != (tmp_path / "plain").read_bytes()


def test_a_voice_that_was_wished_for_is_not_replaced_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOALANG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LOALANG_ONLINE_VOICES", "true")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    say("Xin chào.", "vi", tmp_path / "a.opus", "gtts:vi")

    assert "gtts:vi could not speak this time; espeak:vi spoke" in capsys.readouterr().err
    say("Xin chào.", "vi", tmp_path / "b.opus", "espeak:vi-vn-x-south")
    assert capsys.readouterr().err == ""
