"""The order of a Vietnamese word list: letters first, then tones, then case."""

import re
import unicodedata
from functools import lru_cache

from audio_library.writing.unicode import one_spelling

ALPHABET = "aăâbƀcčdđeêĕfghiĭjklmnñoôơŏpqrstuưŭvwxyz"
"""The 29 Vietnamese letters in order; those of other languages stand after their look-alikes."""
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
"""Ngang, huyền, hỏi, ngã, sắc, nặng."""

_PLACE = {letter: place for place, letter in enumerate(ALPHABET)}
_TONE = {mark: place for place, mark in enumerate(TONES) if mark}
_PART = re.compile(r"([0-9]+)|([^\W\d_][\u0300-\u036f]*)|(\s+|[-–/])|(.)", re.DOTALL)

Element = tuple[int, int, str]
_GAP, _NUMBER, _LETTER, _OTHER = range(4)

SortKey = tuple[tuple[Element, ...], tuple[int, ...], str]
_VOWELS = frozenset("aeiouy")


@lru_cache(maxsize=8_192)
def vietnamese_sort_key(text: str) -> SortKey:
    """A total order: `Thôn 2` before `Thôn 10`, a ă â b, and ba bà bả bã bá bạ.

    Tones decide only between texts of the same letters, capitals and signs only between the same
    tones.
    """
    spelled = one_spelling(text)
    letters: list[Element] = []
    tones: list[int] = []
    for digits, letter, gap, other in _PART.findall(spelled.lower()):
        if digits:
            number = digits.lstrip("0")
            letters.append((_NUMBER, len(number), number))
        elif letter:
            base, tone, breve = _apart(letter)
            letters.append((_LETTER, _PLACE.get(base, len(_PLACE)), base + breve))
            tones.append(tone)
        elif gap:
            letters.append((_GAP, 0, ""))
        elif unicodedata.category(other)[0] not in "PM":
            letters.append((_OTHER, ord(other), ""))
    return tuple(letters), tuple(tones), spelled


def _apart(letter: str) -> tuple[str, int, str]:
    """A letter of the alphabet, the number of its tone, and a breve that no letter holds."""
    parts = unicodedata.normalize("NFD", letter)
    # The tilde of ñ is no tone.
    marks = [m for m in parts[1:] if m in _TONE] if parts[0] in _VOWELS else []
    shape = "".join(m for m in parts if m not in marks)
    toneless = unicodedata.normalize("NFC", shape)
    return toneless[:1], _TONE[marks[0]] if marks else 0, toneless[1:]
