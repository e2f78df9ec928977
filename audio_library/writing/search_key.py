"""Finding words however they were typed: no accents, no case, one apostrophe."""

import re
import unicodedata

from audio_library.writing.unicode import one_spelling

GLOTTAL = "\u02bc"
"""The sign inside words such as `H'Drai` and `'nâi`, whichever apostrophe was typed."""

_LETTERS = str.maketrans({"đ": "d", "ƀ": "b"} | dict.fromkeys("'’‘`´ʹʽʾ′＇", GLOTTAL))
_BETWEEN_WORDS = re.compile(rf"[^\w{GLOTTAL}]+")


def search_key(text: str) -> str:
    """The text folded for looking up: `Đăk`, `Đắk` and `Dak` are one, so are `hoà` and `hòa`.

    Lower case, no accents, đ as d and ƀ as b, any apostrophe as U+02BC, single blanks.
    """
    letters = unicodedata.normalize("NFD", one_spelling(text).casefold())
    plain = "".join(c for c in letters if unicodedata.category(c) != "Mn")
    return " ".join(plain.translate(_LETTERS).split())


def words_of(key: str) -> tuple[str, ...]:
    """The words of a search key."""
    words = (word.strip("_") for word in _BETWEEN_WORDS.split(key))
    return tuple(word for word in words if word)


def haystack(text: str) -> str:
    """What `matches` looks into, for keeping: a blank before every word, twice if glottal."""
    key = search_key(text)
    forms = dict.fromkeys([*words_of(key), *words_of(key.replace(GLOTTAL, ""))])
    return "".join(f" {word}" for word in forms)


def needles(query: str) -> tuple[str, ...]:
    """What must stand in a `haystack`, each at the beginning of a word."""
    return tuple(f" {word}" for word in words_of(search_key(query)))


def matches(query: str, text: str) -> bool:
    """Whether every word of the query begins a word of the text; an empty query matches all."""
    hay = haystack(text)
    return all(needle in hay for needle in needles(query))
