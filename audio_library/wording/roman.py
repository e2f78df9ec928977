"""Roman numerals, only after the words that they number: A and Y are names of people."""

import re

from audio_library.wording.numbers import cardinal, ordinal
from audio_library.wording.rule import Place, Rule, Said, Start, preceded_by

_NUMERAL = re.compile(
    r"([IVX]{1,7})(?:\s*[-–÷]\s*([IVX]{1,7}))?(?P<sub>(?:\.\d{1,2}){1,3})?(?!\w|['’ʼ])"
)
_SURELY = re.compile(r"II|III|IV|VI{1,3}|IX|X[IV]{1,4}|XIX|XXI{1,3}")
"""Numerals that are neither a letter nor a name."""
_TAKEN_FOR_NUMERAL = (
    "Đọc là số La Mã. Nếu là chữ viết tắt, hãy viết đủ chữ.",
    "Read as a Roman numeral. If it is a short form, write it out.",
)
_ALERT = re.compile(r"BĐ(I{1,3})(?:\s?[-–÷]\s?(?:BĐ)?(I{1,3}))?(?!\w)")
_NUMBER_FOLLOWS = re.compile(r" +\d")
_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")

_NUMBERED = (
    "cấp|cấp độ|bđ|khoá|khóa|quý|thế kỷ|lần thứ|đại hội|chương|phần|báo động|vùng|khu vực|mục|loại"
    "|hạng|nhóm|bậc|đợt|học kỳ|phụ lục|quân khu|giai đoạn|mức|kv|bảng|tập|vòng"
    "|kỳ|tuyến|giải|dự án|tiểu dự án|hợp phần|tiêu chí|tiết|tiểu mục|mẫu"
)
_AFTER_NUMBERED = re.compile(
    rf"(?<!\w)(?:{_NUMBERED})(?:\s+số)?\s+(?:[ivx]+(?:\s*[,/–-]\s*|\s+(?:và|đến|hoặc|hay|sang|lên|xuống)\s+))*$"
)
_AFTER_ORDINAL = preceded_by("thứ")
_LINE_STARTS = re.compile(r"(?:^|\n)\s*$")
_HEADING_GOES_ON = re.compile(r"[.)/]\s+\S")


def _numeral(place: Place) -> Said | str | None:
    numbered = place.follows(_AFTER_NUMBERED)
    heads_a_line = place.follows(_LINE_STARTS) and place.precedes(_HEADING_GOES_ON)
    known = numbered or heads_a_line or place.follows(_AFTER_ORDINAL)
    values = [_value(part) for part in (place[1], place[2]) if part]
    if 0 in values or not (known or _surely(place)):
        return None
    in_words = ordinal if place.follows(_AFTER_ORDINAL) else cardinal
    spoken = " đến ".join(map(in_words, values))
    if place.precedes(_NUMBER_FOLLOWS) and not place["sub"]:
        spoken += ","
    spoken += "".join(f" chấm {cardinal(int(part))}" for part in place["sub"].split(".")[1:])
    return spoken if known else Said(spoken, _TAKEN_FOR_NUMERAL)


def _surely(place: Place) -> bool:
    return bool(_SURELY.fullmatch(place[1])) and not place[2]


def _alert(place: Place) -> str:
    """`BĐIII`: how high the water stands."""
    levels = [cardinal(_value(part)) for part in place.match.groups() if part]
    pause = "," if place.precedes(_NUMBER_FOLLOWS) else ""
    return f"báo động {' đến báo động '.join(levels)}{pause}"


def _value(numeral: str) -> int:
    """1 to 39; 0 for letters that are no number."""
    tens = len(numeral) - len(numeral.lstrip("X"))
    ones = numeral[tens:]
    return tens * 10 + _ONES.index(ones) if tens <= 3 and ones in _ONES else 0


RULES = (
    Rule(Start.LETTER, _ALERT, _alert, "B"),
    Rule(Start.LETTER, _NUMERAL, _numeral, "IVX"),
)
