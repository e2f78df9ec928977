"""The catalogue: in words already, known by stable names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.errors import AudioLibraryError
from audio_library.phrases.bank import Bank, needed_phrases, words_of
from audio_library.phrases.catalogue import (
    Category,
    catalogue,
    category_of,
    check_phrase_id,
    check_words,
)
from audio_library.phrases.errors import BadPhraseWords, UnknownPhrase
from audio_library.wording.spoken_form import spoken_form


@pytest.mark.parametrize("phrase", catalogue().values(), ids=lambda phrase: phrase.id)
def test_every_phrase_is_written_as_it_is_said(phrase) -> None:  # type: ignore[no-untyped-def]
    assert check_words(phrase.vi) == phrase.vi
    assert spoken_form(phrase.vi).text == phrase.vi, "nothing in it is left to be read"
    assert check_phrase_id(phrase.id) == phrase.id
    assert phrase.category.title_vi


def test_no_two_phrases_say_the_same() -> None:
    said = [phrase.vi for phrase in catalogue().values()]
    assert len(said) == len(set(said))


def test_every_kind_of_thing_that_an_emergency_speaks_of_is_there() -> None:
    assert {category_of(key) for key in needed_phrases({})} == set(Category) - {Category.NUMBER}
    assert {"hour.05", "minute.30", "number.17", "level.3", "source.commune"} <= set(catalogue())


def test_only_vietnamese_has_words_that_nobody_set() -> None:
    own = {"hazard.flash_flood": "lũ ống, lũ quét"}
    vi = words_of("vi", own, {"place.dv-1": "xã Đăk Hà"})
    assert vi["hazard.flash_flood"] == "lũ ống, lũ quét"
    assert vi["place.dv-1"] == "xã Đăk Hà"
    assert set(catalogue()) < set(vi)
    assert words_of("bdq", own, {"place.dv-1": "xã Đăk Hà"}) == own
    assert Bank("bdq", own).sounds == {}


@pytest.mark.parametrize("known", ["place.dv-23500", "number.999999", "number.0"])
def test_places_and_whole_numbers_are_phrases_too(known: str) -> None:
    assert check_phrase_id(known) == known


@pytest.mark.parametrize(
    "unknown",
    ["", "hazard.", "hazard.dragon", "number.01", "number.-1", "place.../etc", "place.", "x.y"],
)
def test_a_name_that_is_none_is_refused(unknown: str) -> None:
    with pytest.raises(UnknownPhrase):
        check_phrase_id(unknown)


@pytest.mark.parametrize("words", ["cấp 3", "50%", "lũ & bão", "", "a" * 201, "<b>lũ</b>"])
def test_words_that_are_not_said_as_they_stand_are_refused(words: str) -> None:
    with pytest.raises(BadPhraseWords):
        check_words(words)


@pytest.mark.parametrize("words", ["Rơteăng pơhla", "H'Drai", "pơ-lei", "B\u0103h  \n bŏk"])
def test_words_of_other_languages_are_taken_as_they_are(words: str) -> None:
    assert check_words(words) == " ".join(words.split())


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_in_words(text: str) -> None:
    try:
        words = check_words(text)
    except AudioLibraryError:
        return
    assert check_words(words) == words
    assert not any(character.isdigit() for character in words)
