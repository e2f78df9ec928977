"""The order of a sentence is data."""

import pytest

from audio_library.phrases.catalogue import catalogue
from audio_library.phrases.errors import BadPattern, UnknownSentence
from audio_library.phrases.pattern import MOMENT, check_pattern, pattern, sentences


@pytest.mark.parametrize("sentence", sentences())
def test_every_order_of_the_project_is_one_that_a_person_could_have_set(sentence: str) -> None:
    order = pattern(sentence, "vi")
    assert order.confirmed
    assert set(order.phrases) <= set(catalogue())


def test_a_language_without_an_order_follows_the_vietnamese_one_and_says_so() -> None:
    order = pattern("alert", "bdq")
    assert order.groups == pattern("alert", "vi").groups
    assert not order.confirmed


def test_a_language_with_its_own_order_follows_it() -> None:
    own = {"alert": check_pattern("alert", "time.issued  {issued!} | {hazards!} link.warning")}
    order = pattern("alert", "bdq", own)
    assert order.confirmed
    assert [part.name for part in order.groups[1].parts] == ["hazards", "link.warning"]


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("alert", ""),
        ("alert", "{hazards!}"),
        ("alert", "{issued!} | {hazards!} |"),
        ("alert", "{issued!} {hazards!} {dragon}"),
        ("alert", "{issued!} {hazards!} {issued}"),
        ("alert", "{issued!} {hazards!} hazard.dragon"),
        ("alert", "{issued!} {hazards!} {"),
        ("alert", "{issued!} {hazards!} link.warning " * 40),
        (MOMENT, "{hour!} {issued}"),
    ],
)
def test_an_order_that_would_lose_or_double_something_is_refused(
    sentence: str, written: str
) -> None:
    with pytest.raises(BadPattern):
        check_pattern(sentence, written)


def test_an_unknown_sentence_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownSentence, match="alert"):
        pattern("song", "vi")
