"""Spelling for eSpeak NG's ear only: its Vietnamese voice reads what it cannot sound as English.

The approved spoken form keeps `Đăk` and `Pleiku`; just before synthesis they become what the voice
can say. Words in `respelling.tsv` first, then the sound rules of Highland place names.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

VERSION = "1"
"""Goes up with every change of a rule below: sound made with the older one is then made anew."""

_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ‘-][^\W\d_]+)*")
_PREGLOTTAL = re.compile(r"['’ʼ‘]")
_CLUSTER = re.compile(r"([bcdđghkmnpstvx])(?=[lrvxwmnd])", re.IGNORECASE)
_ONSETS = str.maketrans("KkDd", "CcĐđ")
_VIETNAMESE_ONSETS = ("tr", "ng", "nh", "th", "ph", "kh", "ch", "gh", "gi", "qu")
_FOREIGN_SOUNDS = (
    (re.compile(r"^w(?=[aăâeêi])"), "o"),
    (re.compile(r"^W(?=[aăâeêi])"), "O"),
    (re.compile(r"ei$"), "ây"),
    (re.compile(r"(?<=[aăâeêioôơuưáắấéếíóốớúứ])l$"), "n"),
    (re.compile(r"(?<=[aăâeêioôơuưáắấéếíóốớúứ])r$"), ""),
)
"""Vietnamese has no onset w and no final l or r."""
_FINAL_K = re.compile(r"[aeiouy][\u0300-\u036f]*k$", re.IGNORECASE)
_VOWELS = frozenset("aeiouyAEIOUY")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_LETTERS = str.maketrans(
    {"ƀ": "b", "Ƀ": "B", "č": "ch", "Č": "Ch", "ñ": "nh", "Ñ": "Nh"}
    | dict(zip("ĕĭŏŭĔĬŎŬ", "eiouEIOU", strict=True))
    | {"\u0306": ""}
)


def respell(text: str) -> str:
    """The text with the words changed that the voice would otherwise say in English."""
    return _WORD.sub(lambda word: respell_word(word[0]), text)


@cache
def respelling_version() -> str:
    """Of the rules and of the list."""
    return f"respelling {VERSION}.{hashlib.sha256(_listed().encode()).hexdigest()[:8]}"


def respell_word(word: str) -> str:
    listed = _lexicon().get(word.casefold())
    if listed is not None:
        return listed
    if _PREGLOTTAL.search(word) or "-" in word:
        parts = re.split(r"['’ʼ‘-]", word)
        return " ".join(_with_vowel(part) for part in parts)
    plain = word.translate(_LETTERS)
    for sound, spelling in _FOREIGN_SOUNDS:
        plain = sound.sub(spelling, plain)
    return _split_onset(_stop_final(plain))


def _with_vowel(part: str) -> str:
    """A consonant alone, as before the stroke of `H'Drai`, is sounded with ờ."""
    return f"{part}ờ" if len(part) == 1 and part not in _VOWELS else respell_word(part)


def _split_onset(word: str) -> str:
    """`Krông` → `Cờ rông`: a vowel between consonants that Vietnamese does not join."""
    if len(word) < 3 or word[:2].casefold() in _VIETNAMESE_ONSETS:
        return word
    cluster = _CLUSTER.match(word)
    if cluster is None:
        return word
    first = cluster[1].translate(_ONSETS)
    return f"{first}ờ {word[1:]}"


def _stop_final(word: str) -> str:
    """`Đăk` → `Đắc`: final k is written c, and a stopped syllable carries a tone."""
    if not _FINAL_K.search(unicodedata.normalize("NFD", word)):
        return word
    word = word[:-1] + ("C" if word[-1] == "K" else "c")
    if any(mark in _TONES for mark in unicodedata.normalize("NFD", word)):
        return word
    return unicodedata.normalize("NFC", _with_acute(word))


def _with_acute(word: str) -> str:
    vowel = max(i for i, c in enumerate(word) if unicodedata.normalize("NFD", c)[0] in _VOWELS)
    return word[: vowel + 1] + "\u0301" + word[vowel + 1 :]


@cache
def _lexicon() -> Mapping[str, str]:
    rows = (
        line.split("\t") for line in _listed().splitlines() if line and not line.startswith("#")
    )
    return MappingProxyType({written.casefold(): said for written, said in rows})


def _listed() -> str:
    return resources.files(__package__).joinpath("respelling.tsv").read_text("utf-8")
