"""Names of letters, for what is spelled out; and what can be a Vietnamese syllable."""

import re
import unicodedata

LETTERS = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
"""Latin letters, for use in a character class: `\\w` without digits still holds ½ and ²."""

SILENT_MARKS = ".,;:!?'\"…“”‘’«»–—‑ʼ-"
"""Marks that shape the speech or are part of a word; they may stand in what is heard."""

FOREIGN_LETTERS = re.compile("[ƀɃčČĕĔĭĬŏŎŭŬ\u0306]")
"""Letters of the minority languages that Vietnamese lacks."""

_NAMES = {
    "a": "a",
    "b": "bê",
    "c": "xê",
    "d": "dê",
    "đ": "đê",
    "e": "e",
    "f": "ép",
    "g": "giê",
    "h": "hát",
    "i": "i",
    "j": "gi",
    "k": "ca",
    "l": "lờ",
    "m": "mờ",
    "n": "nờ",
    "o": "ô",
    "p": "pê",
    "q": "quy",
    "r": "rờ",
    "s": "ét",
    "t": "tê",
    "u": "u",
    "v": "vê",
    "w": "vê kép",
    "x": "ích",
    "y": "i dài",
    "z": "dét",
}
_VOWELS = frozenset("aeiouy")
_THREE_CONSONANTS = re.compile(r"[bcdđfghjklmnpqrstvwxz]{3}")
_JOINED = re.compile(r"ngh|ng|nh|th|tr|ch|kh|ph|gh|qu|gi")


def spelled(word: str) -> str:
    """Letter by letter: `HIV` → hát i vê."""
    return " ".join(_NAMES.get(letter) or letter for letter in map(_base, word.lower()))


def has_vowel(word: str) -> bool:
    return any(_base(letter) in _VOWELS for letter in word.lower())


def pronounceable(word: str) -> bool:
    """Whether it can be said as a word: it has a vowel and no heap of consonants."""
    plain = "".join(map(_base, word.lower()))
    return has_vowel(plain) and not _THREE_CONSONANTS.search(_JOINED.sub("b", plain))


def _base(letter: str) -> str:
    return letter if letter == "đ" else unicodedata.normalize("NFD", letter)[0]
