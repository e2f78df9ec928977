"""Numbers said from phrases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.phrases.catalogue import catalogue
from audio_library.phrases.numbers import number_phrases
from audio_library.wording.numbers import LARGEST, cardinal


@given(st.integers(0, LARGEST))
def test_the_phrases_of_a_number_say_what_its_reading_says(n: int) -> None:
    known = catalogue()
    assert " ".join(known[phrase].vi for phrase in number_phrases(n, "vi")) == cardinal(n)


def test_a_number_up_to_a_hundred_is_one_phrase() -> None:
    assert all(len(number_phrases(n, "vi")) == 1 for n in range(101))


def test_a_larger_one_is_composed() -> None:
    assert number_phrases(205, "vi") == ("number.2", "scale.hundred", "scale.odd", "number.5")


def test_a_language_whose_rule_is_not_known_says_only_what_was_recorded_whole() -> None:
    assert number_phrases(205, "bdq") == ("number.205",)


@pytest.mark.parametrize("n", [-1, LARGEST + 1])
def test_what_has_no_reading_has_no_phrases(n: int) -> None:
    with pytest.raises(ValueError, match=str(n)):
        number_phrases(n, "vi")
