"""Names of units within a sentence."""

import pytest

from audio_library.phrases.place_name import within_a_sentence


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Xã Đăk Hà", "xã Đăk Hà"),
        ("Thôn  một", "thôn một"),
        ("Đăk Hà", "Đăk Hà"),
        ("Kon Klor", "Kon Klor"),
        ("Xã", "Xã"),
        ("", ""),
    ],
)
def test_the_kind_of_unit_is_a_word_and_its_name_a_name(name: str, said: str) -> None:
    assert within_a_sentence(name) == said
