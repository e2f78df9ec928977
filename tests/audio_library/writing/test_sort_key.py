import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.writing.sort_key import vietnamese_sort_key
from audio_library.writing.unicode import one_spelling

IN_ORDER = [
    list("aăâbcdđeêghiklmnoôơpqrstuưvxy"),
    ["ba", "bà", "bả", "bã", "bá", "bạ", "ban", "bă", "bằng", "bâng"],
    ["Thôn 1", "Thôn 2", "Thôn 02a", "Thôn 10", "Thôn A"],
    ["Đăk", "Đăk Hà", "Đăk Pék", "Đăk Tô", "Đăka"],
    ["Dục Nông", "Đăk Hà", "Ia Chim", "Kon Plông", "Măng Bút", "Măng Đen", "Ngọk Bay", "Sa Bình"],
    ["hoa", "hoà", "hoá", "hoạ", "hoà bình"],
    ["b", "ƀ", "c", "č", "d"],
    ["n", "nz", "ñ", "o", "ŏ", "p"],
    ["ơn", "ơ\u0306n", "p"],
]


@pytest.mark.parametrize("words", IN_ORDER)
def test_words_stand_as_in_a_vietnamese_list(words: list[str]) -> None:
    shuffled = random.Random(7).sample(words, len(words))
    assert sorted(shuffled, key=vietnamese_sort_key) == words


def test_tones_decide_only_between_the_same_letters() -> None:
    words = ["bà con", "ba mươi", "bá nh", "bà nh"]
    assert sorted(words, key=vietnamese_sort_key) == ["bà con", "ba mươi", "bà nh", "bá nh"]


@given(st.lists(st.text(), max_size=5))
def test_any_texts_can_be_put_in_one_order(texts: list[str]) -> None:
    spelled = [one_spelling(text) for text in texts]
    backwards = spelled[::-1]
    assert sorted(spelled, key=vietnamese_sort_key) == sorted(backwards, key=vietnamese_sort_key)


@given(st.text(), st.text())
def test_only_the_same_words_share_a_place(one: str, other: str) -> None:
    same = vietnamese_sort_key(one) == vietnamese_sort_key(other)
    assert same == (one_spelling(one) == one_spelling(other))


def test_a_number_too_long_for_a_machine_is_still_put_in_order() -> None:
    assert vietnamese_sort_key("9" * 5000) < vietnamese_sort_key("1" + "0" * 5000)
