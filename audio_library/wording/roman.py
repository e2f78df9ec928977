"""Roman numerals, only after the words that they number: A and Y are names of people."""

import re

from audio_library.wording.numbers import cardinal, ordinal
from audio_library.wording.rule import Place, Rule, Start, preceded_by

_NUMERAL = re.compile(r"([IVX]{1,7})(?:\s*[-–÷]\s*([IVX]{1,7}))?(?!\w|['’ʼ])")
_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")

_NUMBERED = (
    "cấp|cấp độ|bđ|khoá|khóa|quý|thế kỷ|lần thứ|đại hội|chương|phần|báo động|vùng|khu vực|mục|loại"
    "|hạng|nhóm|bậc|đợt|học kỳ|phụ lục|quân khu|giai đoạn|mức"
)
_AFTER_NUMBERED = re.compile(
    rf"(?<!\w)(?:{_NUMBERED})(?:\s+số)?\s+(?:[ivx]+(?:\s*[,/–-]\s*|\s+(?:và|đến|hoặc|hay|sang|lên|xuống)\s+))*$"
)
_AFTER_ORDINAL = preceded_by("thứ")
_LINE_STARTS = re.compile(r"(?:^|\n)\s*$")
_HEADING_GOES_ON = re.compile(r"[.)/]\s+\S")


def _numeral(place: Place) -> str | None:
    numbered = place.follows(_AFTER_NUMBERED)
    heads_a_line = place.follows(_LINE_STARTS) and place.precedes(_HEADING_GOES_ON)
    if not (numbered or heads_a_line or place.follows(_AFTER_ORDINAL)):
        return None
    values = [_value(part) for part in place.match.groups() if part]
    if 0 in values:
        return None
    in_words = ordinal if place.follows(_AFTER_ORDINAL) else cardinal
    return " đến ".join(map(in_words, values))


def _value(numeral: str) -> int:
    """1 to 39; 0 for letters that are no number."""
    tens = len(numeral) - len(numeral.lstrip("X"))
    ones = numeral[tens:]
    return tens * 10 + _ONES.index(ones) if tens <= 3 and ones in _ONES else 0


RULES = (Rule(Start.LETTER, _NUMERAL, _numeral),)
