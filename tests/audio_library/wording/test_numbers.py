import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.wording.dialect import Dialect
from audio_library.wording.numbers import (
    DIGITS,
    LARGEST,
    cardinal,
    decimal,
    digit_by_digit,
    ordinal,
    whole,
)
from audio_library.wording.spoken_form import spoken_form

ONES = {word: value for value, word in enumerate(DIGITS)} | {"mốt": 1, "tư": 4, "lăm": 5}
SCALES = {"nghìn": 10**3, "ngàn": 10**3, "triệu": 10**6}


def value_of(words: str) -> int:
    """The number that the words stand for, found the other way round."""
    billions, total, group, tens = 0, 0, 0, 0
    for word in words.split():
        if word == "tỷ":
            billions, total, group, tens = (billions + total + group + tens) * 10**9, 0, 0, 0
        elif word in SCALES:
            total, group, tens = total + (group + tens) * SCALES[word], 0, 0
        elif word == "trăm":
            group, tens = tens * 100, 0
        elif word == "mười":
            tens = 10
        elif word == "mươi":
            tens *= 10
        elif word not in ("linh", "lẻ"):
            tens += ONES[word]
    return billions + total + group + tens


@given(st.integers(0, LARGEST) | st.integers(0, 10**6))
def test_the_words_say_the_number(n: int) -> None:
    assert value_of(cardinal(n)) == n


@given(st.integers(0, 10**15) | st.integers(0, 10**6), st.sampled_from(Dialect))
def test_a_number_as_written_can_be_read_back(n: int, dialect: Dialect) -> None:
    for written in (str(n), f"{n:,}".replace(",", ".")):
        said = spoken_form(written, dialect=dialect).text
        assert value_of(said) == n
        assert ("ngàn" in said or "lẻ" in said) <= (dialect is Dialect.SOUTH)
        assert ("nghìn" in said or "linh" in said) <= (dialect is not Dialect.SOUTH)


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "không"),
        (11, "mười một"),
        (15, "mười lăm"),
        (24, "hai mươi tư"),
        (31, "ba mươi mốt"),
        (104, "một trăm linh bốn"),
        (111, "một trăm mười một"),
        (1_005, "một nghìn không trăm linh năm"),
        (2_000_000, "hai triệu"),
        (10**9, "một tỷ"),
        (10**9 + 5, "một tỷ không trăm linh năm"),
        (10**12, "một nghìn tỷ"),
        (10**15, "một triệu tỷ"),
    ],
)
def test_cardinals(n: int, words: str) -> None:
    assert cardinal(n) == words


@pytest.mark.parametrize("n", [-1, LARGEST + 1])
def test_what_has_no_words_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=str(n)):
        cardinal(n)


def test_numbers_as_written() -> None:
    assert whole("05") == "năm"
    assert whole("007") == "không không bảy"
    assert whole("9" * 30) == digit_by_digit("9" * 30)
    assert decimal("54", "2") == "năm mươi tư phẩy hai"
    assert decimal("3", "05") == "ba phẩy không năm"
    assert decimal("1", "125") == "một phẩy một hai năm"
    assert [ordinal(n) for n in (1, 2, 4)] == ["nhất", "hai", "tư"]
