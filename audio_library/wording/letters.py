"""Names of letters, for what is spelled out; and what can be a Vietnamese syllable."""

import re
import unicodedata

LETTERS = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
"""Latin letters, for use in a character class: `\\w` without digits still holds ½ and ²."""

SILENT_MARKS = ".,;:!?'\"…“”‘’«»–—‑ʼ-"
"""Marks that shape the speech or are part of a word; they may stand in what is heard."""

FOREIGN_LETTERS = re.compile("[ƀɃčČĕĔĭĬŏŎŭŬ\u0306]")
"""Letters of the minority languages that Vietnamese lacks."""

OTHER_SCRIPTS = re.compile(
    "[\u0370-\u1dff\u1f00-\u1fff\u2c00-\ud7ff\uf900-\ufeff\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc\U00010000-\U0001efff\U00020000-\U0003ffff]"
)
"""What is not written in Latin letters, or in wide ones."""

NARROW = str.maketrans(
    {
        chr(wide): chr(wide - 0xFEE0)
        for wide in range(0xFF01, 0xFF5F)
        if chr(wide - 0xFEE0).isalnum()
    }
    | {"／": "/", "％": "%"}
)
"""Wide digits, letters and signs of a foreign keyboard, one for one."""

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
_NO_SYLLABLE = re.compile(
    r"[aeiouy]{1,2}(?:[bdđfgjqsvwxz]|(?!ng|nh|ch)([bcdđfghjklmnpqrstvwxz])(?!\1)[bcdđfghjklmnpqrstvwxz])"
)
"""Short, from a vowel to what ends no syllable."""
_LONG = 6
_SYLLABLES = re.compile(r"[^aeiouy]{0,2}(?:[aeiouy]{1,3}[^aeiouy]{1,3})+[aeiouy]+[^aeiouy]{0,2}")
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


def speakable(capitals: str) -> bool:
    """Whether they can be said as a word: `NATO`, `HIGOS`, but not `OTP` or `UAV`."""
    return pronounceable(capitals) and not _NO_SYLLABLE.fullmatch(capitals.lower())


def perhaps_name(capitals: str) -> bool:
    """A long word of several syllables, if not a Vietnamese one: `FENGSHEN`."""
    plain = "".join(map(_base, capitals.lower()))
    return len(plain) >= _LONG and _SYLLABLES.fullmatch(_JOINED.sub("b", plain)) is not None


def _base(letter: str) -> str:
    return letter if letter == "đ" else unicodedata.normalize("NFD", letter)[0]
