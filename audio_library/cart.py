"""Carts: the clips that a station uses again and again. The project makes its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from audio_library.errors import NoWordsForCart
from audio_library.phrases.place_name import within_a_sentence
from audio_library.script import check_text
from audio_library.wording.dialect import Dialect
from audio_library.wording.lexicon import NO_LEXICON, Lexicon
from audio_library.wording.spoken_form import spoken_form

WORDLESS = "zxx"
"""ISO 639-2 for what holds no words."""


class Figure(StrEnum):
    """Clips of tones alone."""

    IDENT = "ident"
    NORMAL = "chime_normal"
    PRIORITY = "chime_priority"
    OPENING = "chime_opening"
    CLOSING = "chime_closing"

    @property
    def title_vi(self) -> str:
        return {
            "ident": "Nhạc hiệu",
            "chime_normal": "Chuông thông báo thường",
            "chime_priority": "Chuông thông báo ưu tiên",
            "chime_opening": "Chuông mở đầu",
            "chime_closing": "Chuông kết thúc",
        }[self.value]


class Spoken(StrEnum):
    """Clips of words: those of a commune, in a language."""

    GREETING = "greeting"
    CLOSING = "closing"

    @property
    def title_vi(self) -> str:
        return {"greeting": "Lời chào", "closing": "Lời kết thúc"}[self.value]


_WORDS: Mapping[tuple[str, Spoken], str] = MappingProxyType(
    {
        ("vi", Spoken.GREETING): (
            "Đây là đài truyền thanh {commune}. Xin kính chào bà con. "
            "Mời bà con lắng nghe chương trình truyền thanh hôm nay."
        ),
        ("vi", Spoken.CLOSING): (
            "Chương trình truyền thanh của {commune} đến đây là hết. "
            "Cảm ơn bà con đã lắng nghe. Xin chào và hẹn gặp lại."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class CartWords:
    """What a spoken cart says, as it is spoken."""

    kind: Spoken
    language: str
    spoken: str


def cart_words(
    kind: Spoken,
    language: str,
    commune: str,
    own: str | None = None,
    *,
    lexicon: Lexicon = NO_LEXICON,
    dialect: Dialect = Dialect.NORTH,
) -> CartWords:
    """The words of a cart; `own` is a text of the commune with `{commune}` in it.

    Raises NoWordsForCart: only Vietnamese has words that nobody wrote.
    """
    text = own or _WORDS.get((language, kind))
    if text is None:
        raise NoWordsForCart(kind.title_vi, kind.value, language)
    written = text.replace("{commune}", within_a_sentence(commune))
    form = spoken_form(check_text(written), language, lexicon=lexicon, dialect=dialect)
    return CartWords(kind, language, form.text)
