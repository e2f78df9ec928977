"""Numbers of sections, whose points are said: `1.2.3`, `mục 2.1`, `RON 95-III`."""

import re

from audio_library.wording import units
from audio_library.wording.letters import spelled
from audio_library.wording.numbers import cardinal, decimal, digit_by_digit, whole
from audio_library.wording.rule import Place, Rule, Start, preceded_by

_SECTION = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}(?=[.)]?\s+[^\W\d_]|\.\s*$)(?![.,]\d)")
_DEEP = re.compile(r"\d{1,3}(?:\.\d{1,3}){2,5}(?![\w%°]|[.,]\d)")
_NUMBERED = re.compile(rf"\d{{1,3}}\.\d{{1,2}}(?![\w%°]|[.,/]\d|\s?{units.ALONE}{units.ENDS})")
_PAPER = re.compile(r"0\d(?![\w%°]|[.,:/–-]\w)")

_PETROL = re.compile(r"(?:E\s?(\d{1,2})\s?)?RON\s?(\d{2})(?:\s?[-–]\s?(II|III|IV|V))?(?!\w)")
_SULPHUR = re.compile(r"0,(0\d{1,3})S(?:\s?[-–]\s?(II|III|IV|V))?(?!\w)")
_PRICE_FOLLOWS = re.compile(r" +\d")
_ROAD = re.compile(r"(\d{3})([A-E])?(?![\w%°]|[.,:/]\d)")
_ALLEY = re.compile(r"\d{1,4}(?:/\d{1,4}){2,4}(?![\w/])")
_AFTER_ALLEY = preceded_by("hẻm|ngõ|ngách|kiệt|nhà|số nhà|địa chỉ|ngõ số|hẻm số|nhà số")
_AFTER_ROAD = preceded_by("tl|tl\\.|tỉnh lộ|đt|đt\\.|dt|đường tỉnh|hương lộ|huyện lộ")
_GRADES = {"II": "hai", "III": "ba", "IV": "bốn", "V": "năm"}

_LINE_STARTS = re.compile(r"(?:^|\n)[ \t]*$")
_CAPITAL_FOLLOWS = re.compile(r"[.)]?\s+[^\W\d_a-zà-öø-ÿăđĩũơưạ-ỹ]|\.\s")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_AFTER_NUMBERED = preceded_by(
    "điều|khoản|mục|tiểu mục|tiêu chí|chỉ tiêu|bảng|biểu|hình|phụ lục|phiên bản|nội dung|nhiệm vụ"
    "|mục số|tiêu chí số|tiêu chí thành phần|bài"
)
_AFTER_PAPER = preceded_by(
    "(?:nghị định|quyết định|thông tư|chỉ thị|nghị quyết|công điện|kế hoạch|đề án|kết luận|nđ|nq"
    "|ct)(?: số)?"
)


def _section(place: Place) -> str | None:
    if not (place.follows(_LINE_STARTS) and place.precedes(_CAPITAL_FOLLOWS)):
        return None
    return _with_points(place)


def _deep(place: Place) -> str | None:
    return None if _THOUSANDS.fullmatch(place[0]) else _with_points(place)


def _numbered(place: Place) -> str | None:
    return _with_points(place) if place.follows(_AFTER_NUMBERED) else None


def _paper(place: Place) -> str | None:
    """`Đề án 06` is known as không sáu."""
    return digit_by_digit(place[0]) if place.follows(_AFTER_PAPER) else None


def _with_points(place: Place) -> str:
    return " chấm ".join(map(whole, place[0].split(".")))


def _petrol(place: Place) -> str:
    """`E5RON92-II`."""
    words = ["e", cardinal(int(place[1]))] if place[1] else []
    words += ["RON", cardinal(int(place[2]))]
    spoken = " ".join([*words, _GRADES[place[3]]] if place[3] else words)
    return f"{spoken}," if place.precedes(_PRICE_FOLLOWS) else spoken


def _sulphur(place: Place) -> str:
    """The diesel of `DO 0,05S-II`."""
    spoken = f"{decimal('0', place[1])} ét"
    if place[2]:
        spoken += f", {_GRADES[place[2]]}"
    return f"{spoken}," if place.precedes(_PRICE_FOLLOWS) else spoken


def _road(place: Place) -> str | None:
    """`tỉnh lộ 676` is known by its digits."""
    if not place.follows(_AFTER_ROAD):
        return None
    digits = digit_by_digit(place[1])
    return f"{digits} {spelled(place[2])}" if place[2] else digits


def _alley(place: Place) -> str | None:
    """`hẻm 112/4/7`."""
    parts = place[0].split("/")
    return " trên ".join(map(whole, parts)) if place.follows(_AFTER_ALLEY) else None


RULES = (
    Rule(Start.DIGIT, _SECTION, _section, then="."),
    Rule(Start.DIGIT, _DEEP, _deep, then="."),
    Rule(Start.DIGIT, _NUMBERED, _numbered, then="."),
    Rule(Start.DIGIT, _PAPER, _paper, "0"),
    Rule(Start.DIGIT, _ALLEY, _alley, then="/"),
    Rule(Start.DIGIT, _SULPHUR, _sulphur, "0", then=","),
    Rule(Start.DIGIT, _ROAD, _road),
    Rule(Start.LETTER, _PETROL, _petrol, "ER"),
)
