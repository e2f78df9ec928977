import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.writing.unicode import grapheme_length, one_spelling, script_of, shortened


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("o\u0306\u0302", "ô\u0306"),
        ("ŏ\u0302", "ô\u0306"),
        ("l\u01a1\u0306m", "lơ\u0306m"),
        ("o\u0306\u031b", "ơ\u0306"),
        ("a\u0301\u0306", "ắ"),
        ("a\u0302\u0301\u0306", "â\u0306\u0301"),
        ("Ðăk", "Đăk"),
        ("ðăk", "đăk"),
    ],
)
def test_letters_that_look_alike_become_the_same(typed: str, kept: str) -> None:
    assert one_spelling(typed) == kept


@pytest.mark.parametrize("text", ["‘na", "'nâi", "rơ’jíu", "rơʼjíu", "H'Drai"])
def test_apostrophes_stay_as_they_were_typed(text: str) -> None:
    assert one_spelling(text) == text


@given(st.text())
def test_one_spelling_of_one_spelling_is_the_same(text: str) -> None:
    once = one_spelling(text)
    assert one_spelling(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(alphabet="aăâeêoôơuưdđ'\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"))
def test_one_spelling_does_not_depend_on_how_letters_were_put_together(text: str) -> None:
    spelled = one_spelling(text)
    assert one_spelling(unicodedata.normalize("NFD", text)) == spelled
    assert one_spelling(unicodedata.normalize("NFD", spelled)) == spelled


@pytest.mark.parametrize(
    ("text", "seen"), [("", 0), ("Đăk", 3), ("anô\u0306", 3), ("Đơ\u0306ng", 4), ("👩‍🌾 ơi", 4)]
)
def test_a_letter_is_counted_as_people_see_it(text: str, seen: int) -> None:
    assert grapheme_length(text) == seen


@pytest.mark.parametrize(
    ("text", "graphemes", "short"),
    [
        ("Mất điện", 8, "Mất điện"),
        ("Mất điện hôm nay", 12, "Mất điện…"),
        ("Mất điện, hôm nay", 10, "Mất điện…"),
        ("kơdrăkơdră", 5, "kơdr…"),
        ("anô\u0306ô\u0306ô\u0306", 4, "anô\u0306…"),
        ("một hai", 1, "…"),
    ],
)
def test_a_text_is_cut_at_a_word_and_never_inside_a_letter(
    text: str, graphemes: int, short: str
) -> None:
    assert shortened(text, graphemes) == short


@given(st.text(), st.integers(1, 30))
def test_a_short_text_is_never_longer_than_wanted(text: str, graphemes: int) -> None:
    assert grapheme_length(shortened(text, graphemes)) <= graphemes


@pytest.mark.parametrize(
    ("letter", "script"),
    [("ẫ", "Latn"), ("ж", "Cyrl"), ("ກ", "Laoo"), ("ក", "Khmr"), ("ꪀ", "Tavt"), ("5", None)],
)
def test_a_letter_knows_its_script(letter: str, script: str | None) -> None:
    assert script_of(letter) == script
