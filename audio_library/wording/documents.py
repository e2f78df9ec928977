"""Numbers of official documents: type, number, year and issuer are said, the letter code is not."""

import re
from collections.abc import Iterable
from functools import cache

from audio_library.wording.numbers import cardinal, digit_by_digit
from audio_library.wording.rule import Place, Rule, Said, Start, preceded_by
from audio_library.wording.tables import rows

_CODE = r"[A-ZĐ][A-Za-zĐđƯư0-9]*(?:[-–&.][A-ZĐ][A-Za-zĐđƯư0-9]*)*"
_NUMBERED = re.compile(
    rf"(\d{{1,3}}\.\d{{3}}|\d{{1,5}})(?:\s?/(\d{{4}}))?\s?/\s?({_CODE}(?:/{_CODE})?)(?!\w)"
)
_PARTY = re.compile(rf"(\d{{1,4}})\s?[-–]\s?({_CODE})/({_CODE})(?!\w)")
_STANDARD = re.compile(rf"(QCVN|TCVN)\s*(\d{{1,5}})(?:-\d+)?(?::(\d{{4}}))?(?:/({_CODE}))?(?!\w)")
_WITH_YEAR = re.compile(r"(\d{1,5})/(\d{4})(?![\w/])")

_BOARDS = ("Ban Chỉ đạo", "Ban Chỉ huy")
"""Of whom the code also says at which ministry they sit: `CĐ-BCĐ-BNNMT`."""
_STANDARDS = {"QCVN": "quy chuẩn kỹ thuật quốc gia", "TCVN": "tiêu chuẩn quốc gia"}
_AFTER_NUMBER_SIGN = preceded_by("số")
_AFTER_TYPE = preceded_by(
    "(?:nghị định|quyết định|thông tư|thông tư liên tịch|chỉ thị|kế hoạch|nghị quyết|thông báo"
    "|công văn|báo cáo|tờ trình|hướng dẫn|công điện|quy chế|quy định|luật|pháp lệnh|văn bản"
    "|chương trình|đề án|giấy mời|kết luận|hiến pháp|mẫu|biểu mẫu|qđ|nđ|tt|nq|ct|kh)(?: số)?"
)
_ISSUER_FOLLOWS = re.compile(
    r"(?:,?\s*(?:ký\s+)?(?:ban hành\s+)?ngày\s+[\d/.\- ]*\d(?:\s+tháng\s+\d+(?:\s+năm\s+\d+)?)?)?"
    r",?\s*(?:do|của)\s"
)
_ISSUED_BY = re.compile(r"ban hành|ký|phê duyệt|công bố|có")


def _numbered(place: Place) -> Said | str | None:
    number, year, code = place[1], place[2], place[3]
    types, issuers, known = _meaning(code)
    if not (known or place.follows(_AFTER_TYPE) or place.follows(_AFTER_NUMBER_SIGN)):
        return None
    return _document(place, number, year, types, issuers, known)


def _party(place: Place) -> Said | str | None:
    types, issuers, known = _meaning(f"{place[2]}-{place[3]}")
    return _document(place, place[1], "", types, issuers, known) if known else None


def _document(
    place: Place, number: str, year: str, types: list[str], issuers: list[str], known: bool
) -> Said | str:
    named = place.follows(_AFTER_TYPE) or place.follows(_AFTER_NUMBER_SIGN)
    words = [f"{types[0]} số"] if types and not named else []
    words.append(_number(number))
    if year:
        words.append(f"năm {cardinal(int(year))}")
    if issuers and not _issuer_said(place, issuers):
        words.append(f"của {' và '.join(issuers)}")
    spoken = " ".join(words)
    if known:
        return spoken
    return Said(
        spoken,
        (
            "Không biết mã này của cơ quan nào nên không đọc mã.",
            "It is not known whose code this is, so the code is not read.",
        ),
    )


def _standard(place: Place) -> str:
    words = [_STANDARDS[place[1]], _number(place[2])]
    if place[3]:
        words.append(f"năm {cardinal(int(place[3]))}")
    return " ".join(words)


def _with_year(place: Place) -> str | None:
    if not (place.follows(_AFTER_TYPE) or place.follows(_AFTER_NUMBER_SIGN)):
        return None
    return f"{_number(place[1])} năm {cardinal(int(place[2]))}"


def _number(written: str) -> str:
    if written.startswith("0"):
        return digit_by_digit(written)
    return cardinal(int(written.replace(".", "")))


def _issuer_said(place: Place, issuers: list[str]) -> bool:
    """`… của UBND tỉnh` follows, or the same sentence began with who issued it."""
    if _ISSUER_FOLLOWS.match(place.after):
        return True
    before = re.sub(r"\s*số\s*$", "", place.before).replace("uỷ", "ủy")
    if any(before.endswith(name) for issuer in issuers for name in _names(issuer)):
        return True
    sentence = re.split(r"[.;!?]\s|\n", place.before)[-1]
    return bool(_ISSUED_BY.search(sentence)) and any(
        name in sentence.replace("uỷ", "ủy") for issuer in issuers for name in _names(issuer)
    )


def _meaning(code: str) -> tuple[list[str], list[str], bool]:
    """`TTLT-BNV-BTC`: a joint circular of two; `BCĐPCTT` is some `BCĐ`; else one who issued it.

    Types and issuers that the parts of the code stand for; whether any part was known."""
    types: list[str] = []
    issuers: list[str] = []
    for part in _parts(code):
        kind, spoken = _codes().get(part, ("", ""))
        if kind == "type" and not issuers:
            types.append(spoken)
        elif kind == "issuer" and spoken not in issuers:
            issuers.append(spoken)
    if len(issuers) > 1 and issuers[0] in _BOARDS:
        return types, [f"{issuers[0]}, {issuers[1]}"], True
    jointly = any(kind.endswith(("liên tịch", "phối hợp", "liên bộ")) for kind in types)
    return types, issuers if jointly else issuers[:1], bool(types or issuers)


def _parts(code: str) -> Iterable[str]:
    for part in re.split(r"[-–./]", code):
        board = re.match(r"BCĐ|BCH(?!QS)", part)
        yield board[0] if board else re.sub(r"\d+$", "", part) or part


def issuer(code: str) -> str | None:
    """Whose code it is: `BYT`, Bộ Y tế."""
    kind, spoken = _codes().get(code, ("", ""))
    return spoken if kind == "issuer" else None


@cache
def _codes() -> dict[str, tuple[str, str]]:
    return {code: (kind, spoken) for code, kind, spoken in rows("documents.tsv", 3)}


@cache
def _names(issuer: str) -> tuple[str, ...]:
    """The issuer in full and by its codes, lower case."""
    codes = [code.lower() for code, (_, spoken) in _codes().items() if spoken == issuer]
    return (issuer.lower(), *codes)


RULES = (
    Rule(Start.DIGIT, _PARTY, _party, then="-–"),
    Rule(Start.DIGIT, _NUMBERED, _numbered, then="./"),
    Rule(Start.DIGIT, _WITH_YEAR, _with_year, then="/"),
    Rule(Start.LETTER, _STANDARD, _standard, "QT"),
)
