"""Numbers with what they count: ranges, units, money; decimals against thousands."""

import re

from audio_library.wording import units
from audio_library.wording.letters import LETTERS, spelled
from audio_library.wording.numbers import decimal, digit_by_digit, whole
from audio_library.wording.rule import Place, Rule, Said, Start, followed_by, preceded_by

_NUMBER = (
    r"(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)"
    r"|\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?(?!\d)"
    r"|\d{1,3}(?:\u00a0\d{3})+(?!\d)"
    r"|\d+(?:[.,]\d+)?)"
)
_TO = r"\s*[-–—÷~]\s*"
_UNIT = rf"(?:\s?{units.ANY}{units.PER}*{units.ENDS})"

_QUANTITY = re.compile(rf"(?P<first>{_NUMBER})(?P<first_unit>{_UNIT})?(?![\d])")
_RANGE = re.compile(
    rf"(?P<first>{_NUMBER})(?P<first_unit>{_UNIT})?{_TO}(?P<last>{_NUMBER})(?P<last_unit>{_UNIT})?"
    r"(?!\d|[-–]\d|/\d)"
)
_LIST = re.compile(r"\d{1,4}(?:[-–]\d{1,4}){2,}(?![\d/])")
_COMMA_LIST = re.compile(r"\d{1,3}(?:,\d{1,2})+(?![\w%°]|[.,]\d)")
_MINUTES = re.compile(r"(\d{1,3})\s?['’′](?![\w'’])")
_SPACED_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?=\s?(?:đồng|đ|VNĐ|VND|USD|kg|tấn)(?!\w))")
_MIXED_LENGTH = re.compile(r"(\d{1,3})m(\d{2}|[4-9])(?!\w)")
_CLASS = re.compile(r"(\d{1,4})([A-CEFH-KM-UX-Z])(?!\w)")
_PER_COUNT = re.compile(rf"(?P<number>{_NUMBER})\s(?P<per>[{LETTERS}]+{units.PER}+)(?![\w/])")
_ALONE = re.compile(rf"{units.ALONE}{units.PER}*{units.ENDS}")
_MONEY_PER = re.compile(rf"đồng{units.PER}+{units.ENDS}")
_DEGREES = re.compile(r"độ\s?([CF])(?!\w)")
_BELOW_ZERO = re.compile(rf"[-−–](?P<first>{_NUMBER})(?P<first_unit>\s?(?:[°º℃]|độ)[CF]?)")
_MINUS = re.compile(r"[-−](?=\d)")
_DOLLARS = re.compile(rf"\$\s?(?P<first>{_NUMBER})(?!\d)")
_PER_EACH = re.compile(
    rf"\s?/\s?(?:{units.ALONE}|(?:ngày|đêm|tháng|năm|tuần|quý|vụ|giờ|hộ|người|lần|sào|khẩu|con|cây"
    r"|xã|thôn|làng|lượt|suất|em|cháu|bao|cái|chiếc|bộ|buổi|lớp))(?!\w)"
)
_COORDINATE = re.compile(r"(?P<first>\d{1,3}[.,]\d+)\s?°?\s?([NBSEĐ])(?!\w)(?:\s?[-–](?=\s?\d))?")
_COORDINATES = {
    "N": "vĩ Bắc",
    "B": "vĩ Bắc",
    "S": "vĩ Nam",
    "E": "kinh Đông",
    "Đ": "kinh Đông",
}
_TIMES = re.compile(r"\s?[x×*]\s?(?=\d)")

_POINT_IS_DECIMAL = preceded_by(
    "độ lớn|độ lớn khoảng|cường độ|magnitude|m|ml|richter|vĩ độ|kinh độ|tọa độ|toạ độ|vĩ tuyến"
    "|kinh tuyến|phiên bản|ph|pm"
)
_DEGREE_FOLLOWS = followed_by(
    "độ vĩ|độ kinh|vĩ độ|kinh độ|độ richter|richter|độ bắc|độ đông|°|vĩ bắc|kinh đông"
)
_MONEY_FOLLOWS = followed_by("đồng|đ|₫|vnđ|vnd|usd")
_NUMBERED_PLACE = preceded_by(
    "thôn|làng|tổ|khu|lớp|khối|điểm|khóm|ấp|đội|cụm|bản|tiểu khu|khoảnh|thửa|mục|điều|khoản|bài"
)
_SCORE = preceded_by("tỷ số|tỉ số|thắng|thua|hòa|hoà")
_COUNTED_BEFORE = re.compile(r"\d\S*\s+(?:[^\W\d_]+\s+){0,2}[^\W\d_]+$")
_QUOTES = re.compile("['‘’′]")
_GROUPED = re.compile(r"\d{1,3}(?:[.,\u00a0 ]\d{3})+")


def _quantity(place: Place) -> Said | str:
    return _with_doubt(place, _amount(place, "first", "first_unit"), place["first"])


def _range(place: Place) -> Said | str:
    first = _amount(place, "first", "first_unit")
    last = _amount(place, "last", "last_unit")
    if place.follows(_SCORE):
        return f"{first} {last}"
    return _with_doubt(place, f"{first} đến {last}", place["last"])


def _amount(place: Place, number: str, unit: str) -> str:
    value = _value(place, place[number], _money(place[unit]))
    return f"{value} {units.spoken(place[unit])}" if place[unit] else value


def _value(place: Place, number: str, money: bool) -> str:
    """A comma is the decimal sign and a point parts thousands, but for quakes and price lists."""
    if "," not in number and "." not in number and "\u00a0" not in number:
        return whole(number)
    if place.follows(_POINT_IS_DECIMAL) or place.precedes(_DEGREE_FOLLOWS):
        integer, _, fraction = number.replace(",", ".").partition(".")
        return decimal(integer, fraction.replace(".", ""))
    money = money or place.precedes(_MONEY_FOLLOWS)
    if _GROUPED.fullmatch(number) and (number.count(",") != 1 or money):
        return whole(re.sub(r"\D", "", number))
    integer, fraction = _parted(number)
    return decimal(re.sub(r"\D", "", integer), fraction)


def _parted(number: str) -> tuple[str, str]:
    """At the last point or comma, which is the decimal sign."""
    at = max(number.rfind(","), number.rfind("."))
    return number[:at], number[at + 1 :]


def _with_doubt(place: Place, spoken: str, number: str) -> Said | str:
    unclear = re.fullmatch(r"\d{1,3},\d{3}", number) and not (
        place.precedes(_MONEY_FOLLOWS) or _money(place["first_unit"])
    )
    if not unclear or place.follows(_POINT_IS_DECIMAL) or place.precedes(_DEGREE_FOLLOWS):
        return spoken
    return Said(
        spoken,
        (
            "Dấu phẩy được đọc là số lẻ. Nếu là hàng nghìn, hãy viết dấu chấm.",
            "The comma is read as decimal. If it parts thousands, write a point.",
        ),
    )


def _money(unit: str) -> bool:
    return bool(unit) and bool(_MONEY_FOLLOWS.match(unit))


def _per_each(place: Place) -> str | None:
    """The stroke in `500 người/km2`: what was counted stands before it."""
    if not _COUNTED_BEFORE.search(place.before):
        return None
    return f" {units.spoken(place[0]).strip()}"


def _coordinate(place: Place) -> str:
    """`14,9N-108,5E`, with a point or a comma."""
    integer, _, fraction = place["first"].replace(",", ".").partition(".")
    spoken = f"{decimal(integer, fraction)} độ {_COORDINATES[place[2]]}"
    return f"{spoken}, " if place[0][-1] in "-–" else spoken


def _list(place: Place) -> str:
    return ", ".join(map(whole, re.split(r"[-–]", place[0])))


def _comma_list(place: Place) -> str | None:
    """`thôn 1,2,3`: more than one comma, or places that are numbered."""
    if place[0].count(",") < 2 and not place.follows(_NUMBERED_PLACE):
        return None
    return ", ".join(map(whole, place[0].split(",")))


def _minutes(place: Place) -> str | None:
    """`15'`, unless a quotation ends there."""
    if len(_QUOTES.findall(place.before)) % 2:
        return None
    return f"{whole(place[1])} phút"


def _spaced_thousands(place: Place) -> str:
    return whole(place[0].replace(" ", ""))


def _mixed_length(place: Place) -> str:
    return f"{whole(place[1])} mét {whole(place[2])}"


def _class(place: Place) -> str:
    return f"{whole(place[1])} {spelled(place[2])}"


def _per_count(place: Place) -> str:
    value = _value(place, place["number"], _money(place["per"]))
    return f"{value} {units.spoken(place['per'])}"


def _alone(place: Place) -> str:
    return units.spoken(place[0])


def _degrees(place: Place) -> str:
    return f"độ {spelled(place[1])}"


def _below_zero(place: Place) -> str:
    unit = place["first_unit"].strip()
    spoken = unit if unit == "độ" else units.spoken(unit.replace("độ", "°"))
    return f"âm {_value(place, place['first'], money=False)} {spoken}"


def _minus(place: Place) -> str | None:
    """A minus between a blank and a number; at the start of a line it marks an item."""
    at = place.match.start()
    line_starts = not place.before.rpartition("\n")[2].strip()
    return "" if line_starts or not place.match.string[at - 1].isspace() else "âm "


def _dollars(place: Place) -> str:
    return f"{_value(place, place['first'], money=True)} đô la Mỹ"


def _times(place: Place) -> str | None:
    return " nhân " if re.search(r"\d\s?\w{0,2}$", place.before) else None


def _digits(place: Place) -> str:
    return digit_by_digit(place[0])


RULES = (
    Rule(Start.DIGIT, _COORDINATE, _coordinate),
    Rule(Start.DIGIT, _SPACED_THOUSANDS, _spaced_thousands),
    Rule(Start.DIGIT, _LIST, _list),
    Rule(Start.DIGIT, _COMMA_LIST, _comma_list),
    Rule(Start.DIGIT, _RANGE, _range),
    Rule(Start.DIGIT, _MIXED_LENGTH, _mixed_length),
    Rule(Start.DIGIT, _CLASS, _class),
    Rule(Start.DIGIT, _MINUTES, _minutes),
    Rule(Start.DIGIT, _PER_COUNT, _per_count),
    Rule(Start.DIGIT, _QUANTITY, _quantity),
    Rule(Start.DIGIT, re.compile(r"\d+"), _digits),
    Rule(Start.LETTER, _MONEY_PER, _alone),
    Rule(Start.LETTER, _ALONE, _alone),
    Rule(Start.LETTER, _DEGREES, _degrees),
    Rule(Start.OTHER, _BELOW_ZERO, _below_zero),
    Rule(Start.OTHER, _PER_EACH, _per_each),
    Rule(Start.OTHER, _DOLLARS, _dollars),
    Rule(Start.OTHER, _TIMES, _times),
    Rule(Start.LETTER, _TIMES, _times),
    Rule(Start.OTHER, _MINUS, _minus),
)
