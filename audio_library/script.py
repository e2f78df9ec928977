"""The approved words of a bulletin in one language, and the door that text comes in by."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from audio_library.errors import (
    ControlCharacters,
    EmptyText,
    NothingToRead,
    NotUtf8,
    TextTooLong,
)
from audio_library.languages import language

MAX_CHARACTERS = 20_000
"""About 20 minutes of speech: longer than any session that a commune airs."""

_MARKS = re.compile("[\u0300-\u036f]{2,}")
_BREVE, _CIRCUMFLEX = "\u0306", "\u0302"
_ETH = str.maketrans({"\u00d0": "\u0110", "\u00f0": "\u0111"})
_LINE_ENDS = re.compile("\r\n|[\u0085\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Script:
    """Words in one language, as `check_text` lets them in."""

    language: str
    text: str

    def __post_init__(self) -> None:
        language(self.language)
        object.__setattr__(self, "text", check_text(self.text))

    @property
    def sha256(self) -> str:
        """Hex digest of language and words: two scripts are the same if and only if this is."""
        return hashlib.sha256(f"{self.language}\n{self.text}".encode()).hexdigest()


def check_text(raw: bytes | str) -> str:
    """The text in one spelling (NFC), without outer blanks; raises an AudioLibraryError if unfit.

    Line ends become newlines and invisible format characters go. Idempotent.
    """
    text = _decode(raw)
    if len(text) > MAX_CHARACTERS:
        raise TextTooLong(len(text), MAX_CHARACTERS)
    text = _LINE_ENDS.sub("\n", text)
    _refuse_control_characters(text)
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    spelled = one_spelling(visible).strip()
    if not spelled:
        raise EmptyText
    if not any(unicodedata.category(c)[0] in "LN" for c in spelled):
        raise NothingToRead
    return spelled


def one_spelling(text: str) -> str:
    """NFC, with circumflex before breve on one base, and D with stroke where ETH was typed.

    `o` + breve + circumflex and `o` + circumflex + breve look alike and stay different in NFC;
    office files in Bahnar and Sedang hold both, and ETH in place of Đ.
    """
    parts = unicodedata.normalize("NFD", text.translate(_ETH))
    return unicodedata.normalize("NFC", _MARKS.sub(_circumflex_first, parts))


def _circumflex_first(marks: re.Match[str]) -> str:
    run = marks[0]
    if _BREVE in run and _CIRCUMFLEX in run:
        return "".join(sorted(run, key=lambda mark: mark != _CIRCUMFLEX))
    return run


def _decode(raw: bytes | str) -> str:
    try:
        if isinstance(raw, bytes):
            return raw.decode("utf-8")
        raw.encode("utf-8")
    except UnicodeError as error:
        position = error.start if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else 0
        raise NotUtf8(position) from None
    return raw


def _refuse_control_characters(text: str) -> None:
    for position, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) == "Cc":
            raise ControlCharacters(character, line=text.count("\n", 0, position) + 1)
