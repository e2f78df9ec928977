"""The approved words of a bulletin in one language, and the door that text comes in by."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import regex

from audio_library.errors import (
    ControlCharacters,
    EmptyText,
    HeapOfMarks,
    NothingToRead,
    NotUtf8,
    TextTooLong,
)
from audio_library.languages import language
from audio_library.writing.unicode import grapheme_length, one_spelling

MAX_CHARACTERS = 20_000
"""As people count them, about 20 minutes of speech: longer than any session of a commune."""

LONGEST_TYPED, LONGEST = 6 * MAX_CHARACTERS, 2 * MAX_CHARACTERS
"""Code points before and after letters are put together: a letter of ours has at most two then."""

_HEAP = regex.compile(r"\p{Mn}{9}")
"""A letter of ours carries three at most: `ộ̆`."""
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
    if len(text) > LONGEST_TYPED:
        raise TextTooLong(len(text), MAX_CHARACTERS)
    text = _LINE_ENDS.sub("\n", text)
    _refuse_control_characters(text)
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    _refuse_heaps_of_marks(visible)
    spelled = one_spelling(visible).strip()
    if len(spelled) > MAX_CHARACTERS:
        _refuse_too_long(spelled)
    if not spelled:
        raise EmptyText
    if not any(unicodedata.category(c)[0] in "LN" for c in spelled):
        raise NothingToRead
    return spelled


def _decode(raw: bytes | str) -> str:
    try:
        if isinstance(raw, bytes):
            return raw.decode("utf-8")
        raw.encode("utf-8")
    except UnicodeError as error:
        position = error.start if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else 0
        raise NotUtf8(position) from None
    return raw


def _refuse_heaps_of_marks(text: str) -> None:
    # Putting marks into their order takes the square of their number.
    heap = _HEAP.search(text)
    if heap is not None:
        raise HeapOfMarks(line=text.count("\n", 0, heap.start()) + 1)


def _refuse_too_long(spelled: str) -> None:
    length = grapheme_length(spelled)
    if length > MAX_CHARACTERS or len(spelled) > LONGEST:
        raise TextTooLong(max(length, MAX_CHARACTERS + 1), MAX_CHARACTERS)


def _refuse_control_characters(text: str) -> None:
    for position, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) == "Cc":
            raise ControlCharacters(character, line=text.count("\n", 0, position) + 1)
