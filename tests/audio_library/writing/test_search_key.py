import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.writing.search_key import matches, search_key

LETTERS = (
    "aáàảãạăắằẳẵặâấầẩẫậbcdđeéèẻẽẹêếềểễệiíìỉĩịoóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵƀčĕĭŏŭñ' -,.5"
)


@pytest.mark.parametrize(
    "same",
    [
        ("Đăk Hà", "Đắk Hà", "dak ha", "DAK HA", "Ðăk  Hà"),
        ("hoà", "hòa", "Hoa"),
        ("Sơn Thuỷ", "Sơn Thủy"),
        ("Ia H'Drai", "ia h’drai", "Ia Hʼdrai", "IA H‘DRAI"),
        ("ô\u0306", "o\u0306\u0302", "o"),
        ("Ƀă", "ba"),
        ("čơđai", "cơdai"),
    ],
)
def test_one_thing_typed_in_many_ways_has_one_key(same: tuple[str, ...]) -> None:
    assert len({search_key(text) for text in same}) == 1


@given(st.text(alphabet=LETTERS))
def test_the_key_does_not_depend_on_case_nor_on_normal_form(text: str) -> None:
    key = search_key(text)
    assert search_key(key) == key
    assert search_key(text.upper()) == key
    for form in ("NFC", "NFD"):
        assert search_key(unicodedata.normalize(form, text)) == key


@given(st.sampled_from(["oa", "oe", "uy"]), st.sampled_from("\u0300\u0309\u0303\u0301\u0323"))
def test_the_key_does_not_depend_on_where_the_tone_stands(vowels: str, tone: str) -> None:
    first, second = vowels
    assert search_key(f"h{first}{tone}{second}") == search_key(f"h{vowels}{tone}")


@pytest.mark.parametrize(
    "query",
    ["", "tiem chung", "TIÊM", "đăk hà", "dak ha tiem", "15/8", "hdrai", "h'drai", "viec nhe"],
)
def test_what_was_meant_is_found(query: str) -> None:
    assert matches(query, "Tiêm chủng ngày 15/8 tại Đắk Hà, Ia H’Drai; 'việc nhẹ, lương cao'")


@pytest.mark.parametrize("query", ["iêm", "tiem chung lao", "ha_", "h'ha", "%"])
def test_what_was_not_meant_is_not_found(query: str) -> None:
    found = matches(query, "Tiêm chủng ngày 15/8 tại Đắk Hòa")
    assert found == (query == "%"), "signs alone ask for nothing"
