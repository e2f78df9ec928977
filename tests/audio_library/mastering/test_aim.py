"""A file that misses is made again with what was learned, and not for ever."""

from pathlib import Path

import pytest

from audio_library.errors import MasteringFailed
from audio_library.mastering.aim import MAX_TRIES, Aim, corrected, fits, within_limits
from audio_library.mastering.mastered import Mastered


def made(lufs: float, peak: float) -> Mastered:
    return Mastered(Path("a"), "0" * 64, 1, 1_000, lufs, peak)


@pytest.mark.parametrize(
    ("lufs", "peak", "fit"),
    [
        (-16.0, -3.0, True),
        (-15.5, -1.5, True),
        (-16.5, -1.5, True),
        (-15.49, -3.0, False),
        (-16.51, -3.0, False),
        (-16.0, -1.49, False),
        (None, -3.0, True),
        (None, -1.0, False),
    ],
)
def test_the_law_of_loudness(lufs: float | None, peak: float, fit: bool) -> None:
    assert fits(lufs, peak) is fit


def test_the_next_try_aims_where_the_last_one_missed() -> None:
    assert corrected(Aim(-15.5, -5.0), -17.0, -3.0) == Aim(-14.5, -5.0)
    assert corrected(Aim(-15.5, -5.0), -16.2, -1.0) == Aim(-15.5, -5.5)
    assert corrected(Aim(-15.5, -5.0), None, -1.0) == Aim(-15.5, -5.5)


def test_it_is_made_until_it_fits() -> None:
    tries = [made(-17.0, -3.0), made(-16.1, -1.0), made(-16.0, -2.0)]
    aims: list[Aim] = []

    def make(aim: Aim) -> Mastered:
        aims.append(aim)
        return tries[len(aims) - 1]

    assert within_limits(make) == tries[2]
    assert len(set(aims)) == 3


def test_what_never_fits_is_an_error_that_says_how_it_came_out() -> None:
    aims: list[Aim] = []

    def make(aim: Aim) -> Mastered:
        aims.append(aim)
        return made(-16.0, 0.3)

    with pytest.raises(MasteringFailed, match=r"0\.3 dBTP"):
        within_limits(make)
    assert len(aims) == MAX_TRIES
