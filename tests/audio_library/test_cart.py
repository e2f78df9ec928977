"""What a station says of itself."""

import pytest

from audio_library.cart import Figure, Spoken, cart_words
from audio_library.errors import NoWordsForCart


@pytest.mark.parametrize(
    ("commune", "heard"),
    [
        ("Xã Đăk Hà", "truyền thanh xã Đăk Hà."),
        ("Phường 5", "truyền thanh phường năm."),
        ("Đăk Hà", "truyền thanh Đăk Hà."),
    ],
)
def test_a_greeting_names_the_commune_as_it_is_said(commune: str, heard: str) -> None:
    assert heard in cart_words(Spoken.GREETING, "vi", commune).spoken


def test_no_language_is_translated_by_machine() -> None:
    with pytest.raises(NoWordsForCart):
        cart_words(Spoken.CLOSING, "bdq", "Xã Đăk Hà")
    own = cart_words(Spoken.CLOSING, "bdq", "Đăk Hà", "Lời thử {commune}")
    assert own.spoken == "Lời thử Đăk Hà"


@pytest.mark.parametrize("kind", [*Figure, *Spoken])
def test_every_cart_has_a_name_for_people(kind: Figure | Spoken) -> None:
    assert kind.title_vi
