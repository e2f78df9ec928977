"""One spelling for letters that look alike, and lengths as people count letters."""

import re
import unicodedata

import regex

_MARKS = re.compile("[\u0300-\u036f]{2,}")
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"
_RANK = {_CIRCUMFLEX: 0, _BREVE: 1}
_LAST = 2
_ETH = str.maketrans({"\u00d0": "\u0110", "\u00f0": "\u0111"})
_GRAPHEME = regex.compile(r"\X")
_LETTER = regex.compile(r"\p{L}")
_TRAILING = " \t\n.,:;-–"


def one_spelling(text: str) -> str:
    """NFC, with circumflex before breve before tone on one base, and Đ where ETH was typed.

    `o` + breve + circumflex and `o` + circumflex + breve look alike and stay different in NFC;
    office files in Bahnar and Sedang hold both. Apostrophes stay as they are. Idempotent.
    """
    parts = unicodedata.normalize("NFD", text.translate(_ETH))
    return unicodedata.normalize("NFC", _MARKS.sub(_shape_first, parts))


def grapheme_length(text: str) -> int:
    """How many characters a person sees: `ô̆` is one, though it is two code points."""
    return len(_GRAPHEME.findall(text))


def shortened(text: str, graphemes: int) -> str:
    """The text, or its beginning cut at a blank and ended with …, `graphemes` (≥ 1) at most."""
    seen = _GRAPHEME.findall(text)
    if len(seen) <= graphemes:
        return text
    head = "".join(seen[: graphemes - 1])
    if not seen[graphemes - 1].isspace():
        at_a_word = head.rsplit(maxsplit=1)
        head = at_a_word[0] if len(at_a_word) == 2 else head
    return head.rstrip(_TRAILING) + "…"


def script_of(letter: str) -> str | None:
    """ISO 15924 code of a letter's script, Zzzz if not met here; None: not a letter."""
    if not _LETTER.match(letter):
        return None
    for code, pattern in _SCRIPTS:
        if pattern.match(letter):
            return code
    return "Zzzz"


_SCRIPTS = tuple(
    (code, regex.compile(rf"\p{{Script={name}}}"))
    for code, name in (
        ("Latn", "Latin"),
        ("Cyrl", "Cyrillic"),
        ("Grek", "Greek"),
        ("Khmr", "Khmer"),
        ("Laoo", "Lao"),
        ("Thai", "Thai"),
        ("Tavt", "Tai_Viet"),
        ("Hani", "Han"),
    )
)


def _shape_first(marks: re.Match[str]) -> str:
    run = marks[0]
    if _CIRCUMFLEX in run or _BREVE in run:
        return "".join(sorted(run, key=lambda mark: _RANK.get(mark, _LAST)))
    return run
