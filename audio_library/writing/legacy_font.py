"""Old office files in Jarai, Bahnar and Sedang, typed for a font that drew signs as letters.

A proposal for a person to look at: nothing is ever changed by itself.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

LANGUAGES = ("bdq", "jra", "sed")
"""Whose offices used such fonts."""

_BREVE = "\u0306"
_LETTER = r"[^\W\d_][\u0300-\u036f]*"
_NOT_IN_WORD = r"(?<![\w\u0300-\u036f])"
_CONSONANT = r"[bcdđghjklmnpqrstvwxzñBCDĐGHJKLMNPQRSTVWXZÑ]"
_VOWEL = r"[aăâeêioôơuưyAĂÂEÊIOÔƠUƯYáàảãạéèíìóòúùốếấớứ]"
_SIGNS = r"[\[\]{}^#|~`\\]"

_NOT_PROSE = re.compile(r"[=$_]|&&|\|\||\(\)|->|</|/>|::")
_ADDRESS = re.compile(r"@|://|www\.|:\\|\\\\")
_PAIRED = re.compile(
    rf"\[[^\[\]\n]*\](?!{_LETTER})|\{{[^{{}}\n]*\}}(?!{_LETTER})"
    rf"|{_NOT_IN_WORD}`[^`\n]*`(?!{_LETTER})"
)
"""Brackets and quotes as everybody uses them: opened and closed in one line."""
PLAINLY_OLD = 3
"""A text with so many codes outside of brackets may hold letters where brackets seem to be."""
_NOTHING = re.compile(r"(?!)")
_WORD = re.compile(r"\S+")
_OUTSIDE = '.,;:!?…“”"()«»/–—'
_SPELLED = re.compile(rf"(?:{_LETTER}|{_SIGNS}|['’‘ʼ-])+")


@dataclass(frozen=True, slots=True)
class Change:
    """`old` at [start, end) of the text may be meant as `new`; not `sure`: only probably."""

    start: int
    end: int
    old: str
    new: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign inside a word that no known rule of the old fonts explains: a person must mend it."""

    start: int
    end: int
    written: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`text` is the text with all changes made; what to ask the person is in `vi` and `en`."""

    language: str
    text: str
    changes: tuple[Change, ...]
    unexplained: tuple[Mark, ...]
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class _Code:
    """How one code of the font reads, by language where it differs."""

    pattern: re.Pattern[str]
    new: str
    sure: bool = True
    languages: tuple[str, ...] = LANGUAGES


def _codes() -> Iterator[_Code]:
    """The known codes; not sure is what was seen seldom, or only in small letters."""
    yield _Code(re.compile(rf"\[(?={_LETTER})"), "ƀ")
    yield _Code(re.compile(rf"\{{(?={_LETTER})"), "Ƀ")
    yield _Code(re.compile(rf"\](?={_LETTER})"), "č")
    yield _Code(re.compile(rf"(?<={_VOWEL})\]$"), "č", sure=False)
    yield _Code(re.compile(rf"\}}(?={_LETTER})"), "Č", sure=False)
    yield _Code(re.compile(r"c\\"), "č")
    yield _Code(re.compile(r"C\\"), "Č", sure=False)
    yield _Code(re.compile(r"C\|(?=[^\W\d_])"), "Č")
    yield _Code(re.compile(rf"(?<={_CONSONANT})\^(?!{_VOWEL}|\d)"), "ĭ")
    for plain, breve in ("uŭ", "eĕ"):
        yield from _both_cases(rf"{plain}\\", breve)
    yield from _both_cases(r"o\\", "ŏ", languages=("bdq", "sed"))
    # Jarai offices wrote ŏ with it too: `lo\n` is lŏn today, `ano\` anô̆.
    yield from _both_cases(r"o\\", "ô" + _BREVE, sure=False, languages=("jra",))
    for letter in "ơư":
        yield from _both_cases(rf"{letter}\\", letter + _BREVE)
    for letter in "êô":
        yield from _both_cases(rf"{letter}\|", letter + _BREVE)
    yield from _both_cases(r"o#", "ô" + _BREVE, sure=False)
    yield from _both_cases(r"a#", "â" + _BREVE, sure=False)
    yield from _both_cases(r"e#", "ê" + _BREVE, sure=False)
    yield _Code(re.compile(rf"`(?={_VOWEL})"), "ñ")
    yield _Code(re.compile(rf"(?<={_VOWEL})`$"), "ñ", sure=False)
    yield _Code(re.compile(rf"~(?={_VOWEL})"), "Ñ")


def _both_cases(
    pattern: str, new: str, *, sure: bool = True, languages: tuple[str, ...] = LANGUAGES
) -> Iterator[_Code]:
    yield _Code(re.compile(pattern), new, sure, languages)
    capital = pattern[0].upper() + pattern[1:]
    yield _Code(re.compile(capital), new[0].upper() + new[1:], False, languages)


_CODES = tuple(_codes())
_ANY_SIGN = re.compile(_SIGNS)


def proposal(text: str, language: str) -> Proposal | None:
    """What the text would be in today's letters; None without old codes or in other languages.

    Expects one spelling. `o\\` is ŏ in Bahnar and Sedang and ô̆ in Jarai; addresses, brackets that
    close and lines of code are left alone.
    """
    if language not in LANGUAGES or not _ANY_SIGN.search(text):
        return None
    changes, unexplained = _read(text, language, _PAIRED)
    if not changes:
        return None
    if len(changes) >= PLAINLY_OLD:
        certain = set(changes)
        every, unexplained = _read(text, language, _NOTHING)
        changes = [c if c in certain else replace(c, sure=False) for c in every]
    vi, en = _said(changes, unexplained)
    return Proposal(language, applied(text, changes), tuple(changes), tuple(unexplained), vi, en)


def _said(changes: Collection[Change], unexplained: Collection[Mark]) -> tuple[str, str]:
    unsure = sum(not change.sure for change in changes)
    return (
        f"Văn bản có vẻ gõ bằng phông chữ cũ: đề nghị đổi {len(changes)} chỗ sang chữ Unicode"
        + (f", trong đó {unsure} chỗ chưa chắc" if unsure else "")
        + (f"; {len(unexplained)} ký hiệu chưa biết là chữ gì, để nguyên" if unexplained else "")
        + ". Hãy xem từng chỗ rồi mới nhận; chưa có gì được đổi.",
        f"The text seems typed for an old font. Places that could become Unicode: {len(changes)}"
        + (f", not for certain: {unsure}" if unsure else "")
        + (f", signs left as they are: {len(unexplained)}" if unexplained else "")
        + ". Look at each before taking it; nothing was changed.",
    )


def applied(text: str, changes: Iterable[Change]) -> str:
    """The text with these changes made; changes must be of this text, in order and apart."""
    parts: list[str] = []
    position = 0
    for change in changes:
        parts += (text[position : change.start], change.new)
        position = change.end
    return "".join([*parts, text[position:]])


def _read(text: str, language: str, left_out: re.Pattern[str]) -> tuple[list[Change], list[Mark]]:
    """The changes and the signs without explanation, but for places of the pattern `left_out`."""
    changes: list[Change] = []
    unexplained: list[Mark] = []
    for start, word in _words(text, left_out):
        if not _ANY_SIGN.search(word):
            continue
        found = tuple(_changes(word, start, language))
        explained = {at for change in found for at in range(change.start, change.end)}
        changes += found
        unexplained += (
            Mark(start + sign.start(), start + sign.end(), sign[0])
            for sign in _ANY_SIGN.finditer(word)
            if start + sign.start() not in explained
        )
    return changes, unexplained


def _words(text: str, left_out: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Words of prose that may hold codes: no addresses, no lines of code."""
    start = 0
    for line in text.splitlines(keepends=True):
        prose = _WORD.sub(lambda m: " " * len(m[0]) if _ADDRESS.search(m[0]) else m[0], line)
        if not _NOT_PROSE.search(prose):
            prose = left_out.sub(lambda m: " " * len(m[0]), prose)
            for match in _WORD.finditer(prose):
                word = match[0].strip(_OUTSIDE)
                if word and _SPELLED.fullmatch(word) and any(c.isalpha() for c in word):
                    yield start + match.start() + match[0].index(word), word
        start += len(line)


def _changes(word: str, start: int, language: str) -> Iterator[Change]:
    position = 0
    while position < len(word):
        for code in _CODES:
            match = code.pattern.match(word, position)
            if match is not None and language in code.languages:
                end = match.end()
                new = unicodedata.normalize("NFC", code.new)
                yield Change(start + position, start + end, match[0], new, code.sure)
                position = end
                break
        else:
            position += 1
