"""What the library shows and what its forms mean."""

import pytest

from audio_library.next_step import Step, Who
from controller.console.lacking import gathered
from controller.console.shelf import days_of, moved
from controller.errors import ControllerError
from controller.operations.lack_line import About, LackLine

STEP = Step(Who.WRITER, "người soạn viết", "the writer writes")


@pytest.mark.parametrize(
    ("voice", "up", "order"),
    [
        ("b", True, "bac"),
        ("b", False, "acb"),
        ("a", True, "abc"),
        ("c", False, "abc"),
        ("x", True, "abc"),
    ],
)
def test_a_voice_moves_one_place_and_never_out(voice: str, up: bool, order: str) -> None:
    assert moved(("a", "b", "c"), voice, up=up) == tuple(order)


def test_no_period_is_for_ever() -> None:
    assert days_of(" ") is None
    assert days_of(" 180 ") == 180


@pytest.mark.parametrize("typed", ["ba", "-1", "1.5", "١٢", "9999999"])
def test_a_period_is_a_number_of_days(typed: str) -> None:
    with pytest.raises(ControllerError, match="ví dụ 180"):
        days_of(typed)


def test_languages_that_lack_the_same_are_one_line() -> None:
    def lack(about: About, code: str, subject: str, language: str | None) -> LackLine:
        return LackLine(
            about=about, code=code, subject=subject, vi="", en="", step=STEP, language=language
        )

    lines = (
        lack(About.BULLETIN, "no_script", "b1", "bdq"),
        lack(About.BULLETIN, "no_script", "b2", "bdq"),
        lack(About.BULLETIN, "no_script", "b1", "jra"),
        lack(About.PHRASES, "phrases", "bdq", "bdq"),
        lack(About.PHRASES, "phrases", "jra", "jra"),
        lack(About.BOX, "no_box", "c1", None),
        lack(About.BOX, "no_box", "c2", None),
    )
    found = [(g.line.subject, g.also) for g in gathered(lines)]
    assert found == [("b1", ("jra",)), ("b2", ()), ("bdq", ("jra",)), ("c1", ()), ("c2", ())]
