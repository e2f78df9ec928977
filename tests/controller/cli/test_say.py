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
