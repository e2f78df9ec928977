"""A commune's own readings of its names and words, which override every rule."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from audio_library.errors import BadLexiconEntry
from audio_library.wording.letters import SILENT_MARKS
from audio_library.writing.unicode import one_spelling

MAX_CHARACTERS = 200
_ALPHANUMERIC = "LMN"


@dataclass(frozen=True, slots=True)
class Entry:
    """`written` is heard as `spoken` wherever it stands as whole words, in these very capitals.

    Both sides are brought to one spelling; raises BadLexiconEntry if `spoken` itself needs reading.
    """

    written: str
    spoken: str

    def __post_init__(self) -> None:
        for side in ("written", "spoken"):
            object.__setattr__(self, side, one_spelling(getattr(self, side)).strip())
        _check_written(self.written)
        _check_spoken(self.written, self.spoken)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Entries of one or more units; of two for the same words the later one counts."""

    entries: tuple[Entry, ...] = ()

    @property
    def digest(self) -> str:
        """8 hex digits that change with any reading; empty for an empty lexicon."""
        if not self.entries:
            return ""
        lines = sorted(f"{written}\t{spoken}\n" for written, spoken in _table(self)[0].items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:8]

    def found_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and reading of every place, left to right, the longest entry first."""
        if not self.entries:
            return
        readings, pattern = _table(self)
        for match in pattern.finditer(text):
            yield match.start(), match.end(), readings[match[0]]


NO_LEXICON = Lexicon()


@lru_cache(maxsize=16)
def _table(lexicon: Lexicon) -> tuple[dict[str, str], re.Pattern[str]]:
    readings = {entry.written: entry.spoken for entry in lexicon.entries}
    longest_first = sorted(readings, key=len, reverse=True)
    return readings, re.compile("|".join(map(_whole_words, longest_first)))


def _whole_words(written: str) -> str:
    """Neither begun nor ended inside a word or number; `\\w` does not hold combining marks."""
    start = r"(?<![\w\u0300-\u036f])" if _in_word(written[0]) else ""
    end = r"(?![\w\u0300-\u036f])" if _in_word(written[-1]) else ""
    return f"{start}{re.escape(written)}{end}"


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in _ALPHANUMERIC


def _check_written(written: str) -> None:
    if not written:
        raise BadLexiconEntry(written, "chưa có chữ viết", "the written form is missing")
    if len(written) > MAX_CHARACTERS:
        raise BadLexiconEntry(
            written,
            f"chữ viết dài hơn {MAX_CHARACTERS} ký tự",
            f"the written form is longer than {MAX_CHARACTERS} characters",
        )
    for character in written:
        if unicodedata.category(character)[0] == "C":
            raise BadLexiconEntry(
                written,
                "chữ viết có ký tự điều khiển hoặc xuống dòng",
                "the written form has a control character or a line break",
            )


def _check_spoken(written: str, spoken: str) -> None:
    if not any(unicodedata.category(character)[0] == "L" for character in spoken):
        raise BadLexiconEntry(written, "chưa có cách đọc bằng chữ", "it has no reading in words")
    if len(spoken) > MAX_CHARACTERS:
        raise BadLexiconEntry(
            written,
            f"cách đọc dài hơn {MAX_CHARACTERS} ký tự",
            f"the reading is longer than {MAX_CHARACTERS} characters",
        )
    for character in spoken:
        sayable = unicodedata.category(character)[0] in "LM" or character in SILENT_MARKS
        if not sayable and character != " ":
            raise BadLexiconEntry(
                written,
                f"cách đọc còn ký hiệu hoặc chữ số “{character}”, hãy viết bằng chữ",
                f"the reading still holds the symbol or digit “{character}”, write it in words",
            )
