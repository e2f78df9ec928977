"""Short forms: by the lexicon and what stands around them, else spelled letter by letter."""

import re
from dataclasses import dataclass
from functools import cache

from audio_library.wording import documents
from audio_library.wording.letters import (
    has_vowel,
    perhaps_name,
    pronounceable,
    speakable,
    spelled,
)
from audio_library.wording.numbers import cardinal, digit_by_digit
from audio_library.wording.rule import Ending, Place, Rule, Said, Start, preceded_by
from audio_library.wording.tables import rows

_UPPER = "A-ZĐ"
_CAPITAL = "[A-ZĐĂÂÊÔƠƯÁÀẢÃẠẮẰẲẴẶẤẦẨẪẬÉÈẺẼẸẾỀỂỄỆÍÌỈĨỊÓÒỎÕỌỐỒỔỖỘỚỜỞỠỢÚÙỦŨỤỨỪỬỮỰÝỲỶỸỴ]"
_SMALL = r"[^\W\d_A-Z]"
"""In the lexicon's contexts `\\p` and `\\l` stand for a capital and a small letter."""
_CODE = re.compile(
    r"(?P<letters>[A-Za-zĐđ]{1,6})(?P<rest>(?:[-.]?\d{1,9}[A-Za-zĐđ]{0,6}){1,5})"
    r"(?:\s?[-–]\s?(?P=letters)(?P<last>\d{1,4}))?(?!\w)"
)
_PIECE = re.compile(r"(?P<letters>[^\W\d]+)|(?P<digits>\d+)|(?P<point>\.)")
_IN_BRACKETS = re.compile(r"[ \t]*\(([^\s()]{2,12})\)")
_CAPITALS = re.compile(rf"[{_UPPER}]{{2,}}(?![\w])")

_OF_A_VARIETY = re.compile(r"(?<!\w)giống(?!\w)[^.;\n]{0,80}$")
"""What is named there is a plant: `giống lúa ĐT100`."""
_NEXT_NUMBER = re.compile(r" +\d")

_SEVERAL_MEANINGS = (
    "Chữ viết tắt này có nhiều nghĩa. Hãy xem có đúng không, nếu không thì viết đủ chữ.",
    "This short form has several meanings. See whether it is right, else write it out.",
)
_PUT_TOGETHER = (
    "Chữ viết tắt lạ, được đọc ghép từ hai chữ viết tắt quen. Hãy xem có đúng không.",
    "Unknown short form, put together from two known ones. See whether it is right.",
)
_HEADS = (
    ("PCT", "phó chủ tịch"),
    ("CT", "chủ tịch"),
    ("BCH", "Ban Chấp hành"),
    ("BTV", "Ban Thường vụ"),
    ("BCĐ", "Ban Chỉ đạo"),
    ("BQL", "ban quản lý"),
    ("PBT", "phó bí thư"),
    ("BT", "bí thư"),
    ("PGĐ", "phó giám đốc"),
    ("GĐ", "giám đốc"),
    ("TT", "trung tâm"),
    ("HV", "hội viên"),
    ("CB", "cán bộ"),
    ("CTV", "cộng tác viên"),
    ("UV", "ủy viên"),
    ("QL", "quản lý"),
    ("TV", "thành viên"),
    ("VP", "văn phòng"),
    ("PC", "phòng chống"),
    ("HĐ", "hội đồng"),
    ("XD", "xây dựng"),
    ("SX", "sản xuất"),
    ("DV", "dịch vụ"),
    ("HTX", "hợp tác xã"),
    ("H", "hội"),
)
_OF_UNIONS = ("PCT", "CT", "BCH", "BTV", "PBT", "BT")
"""Who leads a union or a council; `CT` before other things is a programme or a building."""
_FOREIGN_NAME = (
    "Tên nước ngoài: hãy viết cách đọc, hoặc thêm vào từ điển của xã.",
    "A foreign name: write how it is said, or add it to the lexicon of the commune.",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A reading, and what must stand before (ending) and after (beginning) for it to hold."""

    spoken: str
    before: Ending | None
    after: re.Pattern[str] | None

    @property
    def conditional(self) -> bool:
        return self.before is not None or self.after is not None

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
            preceded_by(before, r"[\s.:,-]*") if before else None,
            re.compile(after.replace(r"\p", _CAPITAL).replace(r"\l", _SMALL)) if after else None,
        )
        listed[written] = (*listed.get(written, ()), entry)
    return listed


def _listed_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """With the point that belongs to it, and without: `NHS.` may also end a sentence."""
    longest_first = sorted(_entries(), key=len, reverse=True)
    words = [key for key in longest_first if not key.endswith(".")]
    whole = "|".join(_beginning_with(first, words) for first in sorted({key[0] for key in words}))
    dotted = "|".join(re.escape(key) for key in longest_first if key.endswith("."))
    return re.compile(dotted), re.compile(rf"(?:{whole})(?!\w)")


def _beginning_with(first: str, words: list[str]) -> str:
    """One branch for all that begin alike: a letter is looked up once, not in every short form."""
    begin = re.escape(first)
    rest = "|".join(_key_pattern(key)[len(begin) :] for key in words if key[0] == first)
    return f"{begin}(?:{rest})"


def _key_pattern(key: str) -> str:
    """`KT-XH` is also written `KT - XH`. Two letters may be the half of something like `R&D`."""
    half = "" if len(key) > 2 else "(?!&)"
    return re.escape(key).replace(r"\-", r" ?[-–] ?") + half


def _listed(place: Place) -> Said | str | None:
    if speakable(place[0]) and place.in_capitals:
        return None
    entries = _entries()[re.sub(r" ?[-–] ?", "-", place[0])]
    entry = next((entry for entry in entries if entry.holds(place)), None)
    if entry is None:
        return None
    sure = entry.conditional or len({other.spoken.lower() for other in entries}) == 1
    return entry.spoken if sure else Said(entry.spoken, _SEVERAL_MEANINGS)


def _introduced(place: Place) -> str | None:
    """`dân tộc thiểu số (DTTS)`: the bracket would say the same words again."""
    in_full = [entry.spoken.lower() for entry in _entries().get(place[1], ())]
    return "" if any(place.before.endswith(words) for words in in_full) else None


def _code(place: Place) -> str | None:
    """Letters and digits in one: `H5N1`, `QL14`, `F0`, `PM2.5`."""
    rest = list(_PIECE.finditer(place["rest"]))
    letters = [place["letters"], *(piece["letters"] for piece in rest if piece["letters"])]
    if place[0] in _entries() or not any(map(_is_code, letters)):
        return None
    name = _code_letters(place["letters"], place)
    points = sum(piece["point"] is not None for piece in rest)
    words = [name, *(_code_piece(piece, points) for piece in rest)]
    if rest[0]["point"]:
        del words[1]
    if place["last"]:
        words += ["đến", name, _code_digits(place["last"])]
    pause = "," if place.precedes(_NEXT_NUMBER) else ""
    return f"{' '.join(words)}{pause}"


def _code_piece(piece: re.Match[str], points: int) -> str:
    if piece["digits"]:
        return _code_digits(piece["digits"])
    if piece["point"]:
        return "phẩy" if points == 1 else "chấm"
    return spelled(piece["letters"])


def _is_code(letters: str) -> bool:
    return letters in _entries() or letters[0].isupper() or not has_vowel(letters)


def _code_letters(letters: str, place: Place) -> str:
    text, start = place.match.string, place.match.start()
    alone = re.compile(re.escape(letters)).match(text, start)
    if letters in _entries() and alone is not None and not place.follows(_OF_A_VARIETY):
        beside = Place(alone)
        return next(
            (entry.spoken for entry in _entries()[letters] if entry.holds(beside)), spelled(letters)
        )
    formula = not letters.isupper() and not letters[1:].islower() and len(letters) > 1
    if pronounceable(letters) and not formula and (len(letters) > 2 or not letters.isupper()):
        return letters
    return spelled(letters)


def _code_digits(digits: str) -> str:
    if len(digits) <= 2 and not digits.startswith("0"):
        return cardinal(int(digits))
    return digit_by_digit(digits)


def _composed(word: str) -> str | None:
    """An office before a short form that has one reading: `PCTHPN`, `BCHCCB`, `TTDVNN`."""
    for head, spoken in _HEADS:
        entries = _entries().get(word.removeprefix(head), ()) if word.startswith(head) else ()
        if len(entries) != 1 or entries[0].conditional or len(word) - len(head) < 3:
            continue
        if head not in _OF_UNIONS or entries[0].spoken[0].isupper():
            return f"{spoken} {entries[0].spoken}"
    return None


def _capitals(place: Place) -> Said | None:
    """A short form that nobody listed; words of a heading in capitals are left alone."""
    word = place[0]
    issuer = documents.issuer(word)
    if issuer is not None:
        return Said(issuer)
    if speakable(word):
        return None
    if perhaps_name(word):
        return Said(word, _FOREIGN_NAME)
    composed = _composed(word)
    if composed is not None:
        return Said(composed, _PUT_TOGETHER)
    return Said(
        spelled(word),
        (
            "Chữ viết tắt lạ, được đánh vần từng chữ. Hãy viết đủ chữ nếu bà con không quen.",
            "Unknown short form, spelled letter by letter. Write it out if people do not know it.",
        ),
    )


WORDS = frozenset(_entries())
"""Short forms as written."""

_DOTTED, _WHOLE = _listed_patterns()
_DOTTED_BEGIN = "".join(sorted({key[0] for key in WORDS if key.endswith(".") and key[0].isalpha()}))

RULES = (
    Rule(Start.OTHER, _IN_BRACKETS, _introduced, " \t("),
    Rule(Start.LETTER, _DOTTED, _listed, _DOTTED_BEGIN),
    Rule(Start.LETTER, _WHOLE, _listed),
    Rule(Start.LETTER, _CODE, _code),
    Rule(Start.LETTER, _CAPITALS, _capitals),
)
