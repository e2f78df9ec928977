"""Figures and joined phrases: as loud as all that airs, measured after decoding."""

from pathlib import Path

import pytest

from audio_library.cart import Figure
from audio_library.errors import AudioUnreadable
from audio_library.mastering.figures import FIGURES, figure_pcm
from audio_library.mastering.in_child import figure_in_child, joined_in_child
from audio_library.phrases.compose import Break, Said
from audio_library.phrases.joining import Piece, pieces

SIREN_TURNS = 3


@pytest.mark.parametrize("figure", Figure)
def test_a_figure_is_made_at_the_loudness_of_the_air(figure: Figure, tmp_path: Path) -> None:
    made = figure_in_child(figure, tmp_path / "figure.opus")
    assert made.lufs == pytest.approx(-16.0, abs=0.5)
    assert made.true_peak_dbtp <= -1.5
    assert 1_000 < made.duration_ms < 4_000
    assert [file.name for file in tmp_path.iterdir()] == ["figure.opus"]


def test_figures_are_told_apart() -> None:
    assert len({figure_pcm(figure) for figure in Figure}) == len(Figure)
    assert set(FIGURES) == set(Figure)


@pytest.mark.parametrize("figure", Figure)
def test_no_figure_is_a_siren(figure: Figure) -> None:
    """A siren goes to and fro between two pitches, again and again."""
    heard = [note.hertz for note in sorted(FIGURES[figure])]
    turns = sum(a == c != b for a, b, c in zip(heard, heard[1:], heard[2:], strict=False))
    assert turns < SIREN_TURNS
    assert all(note.hertz % 20 == 0 for note in FIGURES[figure]), "else a tone would click"


def test_phrases_are_joined_with_a_breath_at_the_end_of_a_clause(tmp_path: Path) -> None:
    first = figure_in_child(Figure.NORMAL, tmp_path / "a.opus")
    second = figure_in_child(Figure.CLOSING, tmp_path / "b.opus")
    paths = {"a": first.path, "b": second.path}
    said = (Said("a", Break.WORD), Said("b", Break.CLAUSE), Said("a", Break.CLAUSE))
    assert [piece.pause_ms for piece in pieces(said, paths)] == [120, 350, 0]

    made = joined_in_child(pieces(said, paths), tmp_path / "joined.opus")

    spoken_ms = 2 * first.duration_ms + second.duration_ms
    assert made.duration_ms == pytest.approx(spoken_ms + 120 + 350, abs=100)
    assert made.lufs == pytest.approx(-16.0, abs=0.5)
    assert made.true_peak_dbtp <= -1.5
    again = joined_in_child(pieces(said, paths), tmp_path / "again.opus")
    assert again.sha256 == made.sha256


@pytest.mark.parametrize("content", [b"", b"no sound", b"OggS" + bytes(200)])
def test_a_damaged_phrase_spoils_the_sentence_and_leaves_nothing(
    content: bytes, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.opus"
    broken.write_bytes(content)
    with pytest.raises(AudioUnreadable):
        joined_in_child([Piece(broken, 0)], tmp_path / "out" / "joined.opus")
    assert list((tmp_path / "out").iterdir()) == []
