"""Short forms: by the lexicon and what stands around them, else spelled letter by letter."""

import re
from dataclasses import dataclass
from functools import cache

from audio_library.wording.letters import has_vowel, pronounceable, spelled
from audio_library.wording.numbers import cardinal, digit_by_digit
from audio_library.wording.rule import Place, Rule, Said, Start
from audio_library.wording.tables import rows

_UPPER = "A-ZĐ"
_CAPITAL = "[A-ZĐĂÂÊÔƠƯÁÀẢÃẠẮẰẲẴẶẤẦẨẪẬÉÈẺẼẸẾỀỂỄỆÍÌỈĨỊÓÒỎÕỌỐỒỔỖỘỚỜỞỠỢÚÙỦŨỤỨỪỬỮỰÝỲỶỸỴ]"
_SMALL = r"[^\W\d_A-Z]"
"""In the lexicon's contexts `\\p` and `\\l` stand for a capital and a small letter."""
_CODE = re.compile(r"[A-Za-zĐđ]{1,6}(?:[-.]?\d{1,9}[A-Za-zĐđ]{0,6}){1,5}(?!\w)")
_PIECE = re.compile(r"(?P<letters>[^\W\d]+)|(?P<digits>\d+)|(?P<point>\.)")
_IN_BRACKETS = re.compile(r"[ \t]*\(([^\s()]{2,12})\)")
_CAPITALS = re.compile(rf"[{_UPPER}]{{2,}}(?![\w])")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A reading, and what must stand before (ending) and after (beginning) for it to hold."""

    spoken: str
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None

    def holds(self, place: Place) -> bool:
        return (self.before is None or place.follows(self.before)) and (
            self.after is None or place.precedes(self.after)
        )


@cache
def _entries() -> dict[str, tuple[_Entry, ...]]:
    listed: dict[str, tuple[_Entry, ...]] = {}
    for written, spoken, before, after in rows("acronyms.tsv", 4):
        entry = _Entry(
            spoken,
            re.compile(rf"(?<!\w)(?:{before})[\s.:,-]*$") if before else None,
            re.compile(after.replace(r"\p", _CAPITAL).replace(r"\l", _SMALL)) if after else None,
        )
        listed[written] = (*listed.get(written, ()), entry)
    return listed


def _listed_pattern() -> re.Pattern[str]:
    longest_first = sorted(_entries(), key=len, reverse=True)
    whole = "|".join(_key_pattern(key) for key in longest_first if not key.endswith("."))
    dotted = "|".join(re.escape(key) for key in longest_first if key.endswith("."))
    return re.compile(rf"{dotted}|(?:{whole})(?![\w&])")


def _key_pattern(key: str) -> str:
    """`KT-XH` is also written `KT - XH`."""
    return re.escape(key).replace(r"\-", r" ?[-–] ?")


def _listed(place: Place) -> str | None:
    if pronounceable(place[0]) and _in_capitals(place):
        return None
    key = re.sub(r" ?[-–] ?", "-", place[0])
    return next((e.spoken for e in _entries()[key] if e.holds(place)), None)


def _introduced(place: Place) -> str | None:
    """`dân tộc thiểu số (DTTS)`: the bracket would say the same words again."""
    in_full = [entry.spoken.lower() for entry in _entries().get(place[1], ())]
    return "" if any(place.before.endswith(words) for words in in_full) else None


def _in_capitals(place: Place) -> bool:
    """A heading, where `AI` is the word "who" and no short form."""
    text, start, end = place.match.string, place.match.start(), place.match.end()
    line = text[text.rfind("\n", 0, start) + 1 : start] + text[end:].partition("\n")[0]
    return line.isupper()


def _code(place: Place) -> str | None:
    """Letters and digits in one: `H5N1`, `QL14`, `F0`, `PM2.5`."""
    if place[0] in _entries():
        return None
    if not any(
        piece["letters"] and _is_code(piece["letters"]) for piece in _PIECE.finditer(place[0])
    ):
        return None
    first = _PIECE.match(place[0])
    assert first is not None
    words = [_code_letters(first["letters"])]
    words += map(_code_piece, _PIECE.finditer(place[0], first.end()))
    return " ".join(words)


def _code_piece(piece: re.Match[str]) -> str:
    if piece["digits"]:
        return _code_digits(piece["digits"])
    return "phẩy" if piece["point"] else spelled(piece["letters"])


def _is_code(letters: str) -> bool:
    return letters in _entries() or letters[0].isupper() or not has_vowel(letters)


def _code_letters(letters: str) -> str:
    if letters in _entries():
        return _entries()[letters][-1].spoken
    if len(letters) > 2 and pronounceable(letters):
        return letters
    return spelled(letters)


def _code_digits(digits: str) -> str:
    if len(digits) <= 2 and not digits.startswith("0"):
        return cardinal(int(digits))
    return digit_by_digit(digits)


def _capitals(place: Place) -> Said | None:
    """A short form that nobody listed; words of a heading in capitals are left alone."""
    word = place[0]
    if pronounceable(word):
        return None
    return Said(
        spelled(word),
        (
            "Chữ viết tắt lạ, được đánh vần từng chữ. Hãy viết đủ chữ nếu bà con không quen.",
            "Unknown short form, spelled letter by letter. Write it out if people do not know it.",
        ),
    )


WORDS = frozenset(_entries())
"""Short forms as written."""

RULES = (
    Rule(Start.OTHER, _IN_BRACKETS, _introduced),
    Rule(Start.LETTER, _listed_pattern(), _listed),
    Rule(Start.LETTER, _CODE, _code),
    Rule(Start.LETTER, _CAPITALS, _capitals),
)
