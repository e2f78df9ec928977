"""All carts of a commune, made for real."""

from pathlib import Path

import pytest

from audio_library.cart import WORDLESS, Figure, Spoken
from audio_library.errors import NoWordsForCart
from audio_library.make_carts import make_carts


def test_all_carts_are_made_at_the_loudness_of_the_air_and_twice_the_same(tmp_path: Path) -> None:
    once, again = (list(make_carts(tmp_path / name, "Xã Đăk Hà")) for name in ("once", "again"))
    assert len(once) == len(Figure) + len(Spoken)
    for cart in once:
        assert cart.mastered.lufs == pytest.approx(-16.0, abs=0.5)
        assert cart.mastered.true_peak_dbtp <= -1.5
        assert (cart.language == WORDLESS) == (not cart.spoken)
    assert [c.mastered.sha256 for c in once] == [c.mastered.sha256 for c in again]
    assert {file.name for file in (tmp_path / "once").iterdir()} == {
        *(f"{figure}.opus" for figure in Figure),
        *(f"{kind}.vi.opus" for kind in Spoken),
    }


def test_without_words_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(NoWordsForCart):
        list(make_carts(tmp_path / "carts", "Xã Đăk Hà", "sed"))
    assert not (tmp_path / "carts").exists()
