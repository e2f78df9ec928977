"""Times of day."""

import re

from audio_library.wording import units
from audio_library.wording.numbers import cardinal
from audio_library.wording.rule import Place, Rule, Start, preceded_by

_MINUTES = r"(?:\s?(?:phút|ph|p)(?:(?!\w)|(?=\d{1,2}s(?!\w)))|\s?['’′])?"
_MEASURE = rf",\d|\s?(?:{units.ALONE}{units.PER}*{units.ENDS}|[%°º])"
_TIME = (
    rf"(\d{{1,2}})(?:(?:\s?[hg]\s?(?=\d)|[HG](?=\d\d))(\d{{1,2}})(?!\d|/\d|{_MEASURE}){_MINUTES}"
    rf"|:(\d{{2}})(?!\d|\.\d)|\s?h(?!\w))"
)
_SECONDS = r"(?:\s?(\d{1,2})\s?(?:''|\"|”|″|giây|s)(?!\w)|:(\d{2})(?!\d))?"

_TIME_OF_DAY = re.compile(rf"{_TIME}{_SECONDS}")
_FROM_TO = re.compile(rf"{_TIME}\s*[-–—÷]\s*{_TIME}")
_BEFORE_DATE = re.compile(
    rf"{_TIME}\s?/\s?(?:(?=\d{{1,2}}/\d{{1,2}}(?!\d))|(?P<day>\d{{1,2}})(?![\w/%]|[.,]\d|\s(?:giờ|ngày)))"
)
_HOURS = re.compile(rf"(\d{{1,2}})\s*[-–—÷]\s*{_TIME}")
_SOUTHERN_FROM_TO = re.compile(r"(\d{1,2})\s?g\s*[-–—÷]\s*(\d{1,2})\s?g(?!\w)")
_ON_THE_HOUR = re.compile(r"(\d{1,2})\s?giờ\s?00(?:\s?phút)?(?![\w:]|[.,]\d)")
_AT_HOUR = re.compile(r"(\d{1,2})\s?[gGH](?!\w)")

_NOT_A_TIME = preceded_by("tỷ lệ|tỉ lệ|tỷ số|tỉ số|bản đồ|tỷ lệ bản đồ")
_AT = preceded_by("lúc|vào|hồi|khởi hành|xuất phát|khai mạc|bắt đầu|giờ")
_PART_OF_DAY = preceded_by("sáng|trưa|chiều|tối|đêm|thời gian")
_ABOUT = preceded_by("khoảng|từ|đến|tới|trước|sau|đúng|hơn")
_TIME_GOES_ON = re.compile(
    r"\s*(?:$|[,.;:)(\n–-]|(?:sáng|trưa|chiều|tối|đêm|khuya|ngày|hôm|thứ|đến|tới|cùng|hằng|hàng"
    r"|mỗi|tại|và|các|là|phải|mai|nay|kém)(?!\w))"
)


def _time_of_day(place: Place) -> str | None:
    if place.follows(_NOT_A_TIME):
        return None
    return _said(*place.match.groups())


def _from_to(place: Place) -> str | None:
    groups = place.match.groups()
    first, last = _said(*groups[:3]), _said(*groups[3:])
    return f"{first} đến {last}" if first and last else None


def _hours(place: Place) -> str | None:
    first, last = int(place[1]), _said(*place.match.groups()[1:])
    return f"{cardinal(first)} đến {last}" if last and first <= 24 else None


def _at_hour(place: Place) -> str | None:
    """The `7g` of the south, where it cannot be grams, and the `7H` of a heading."""
    about = place.follows(_ABOUT) and place.precedes(_TIME_GOES_ON)
    return _said(place[1]) if about or place.follows(_AT) else None


def _southern_from_to(place: Place) -> str | None:
    """`từ 8g-10g ngày 5/9`."""
    about = place.follows(_ABOUT) and place.precedes(_TIME_GOES_ON)
    first, last = _said(place[1]), _said(place[2])
    if not (first and last and (about or place.follows(_AT) or place.follows(_PART_OF_DAY))):
        return None
    return f"{first} đến {last}"


def _on_the_hour(place: Place) -> str | None:
    """`17 giờ 00 phút`: nobody says the noughts."""
    return _said(place[1])


def _before_date(place: Place) -> str | None:
    """`7h/22/10`, `19h/27`."""
    said = _said(*place.match.groups()[:3])
    if place["day"]:
        known = said and int(place[1]) < 24 and 1 <= int(place["day"]) <= 31
        return f"{said} ngày {_day(int(place['day']))}" if known else None
    return f"{said} " if said else None


def _day(day: int) -> str:
    return f"mùng {cardinal(day)}" if day <= 10 else cardinal(day)


def _said(
    hour: str,
    minute: str | None = None,
    minute_after_colon: str | None = None,
    second: str | None = None,
    second_after_colon: str | None = None,
) -> str | None:
    minutes = int(minute or minute_after_colon or 0)
    seconds = second or second_after_colon
    if int(hour) > 24 or minutes > 59 or int(seconds or 0) > 59:
        return None
    words = f"{cardinal(int(hour))} giờ"
    if minutes or seconds:
        words += f" {cardinal(minutes)} phút"
    return f"{words} {cardinal(int(seconds))} giây" if seconds else words


RULES = (
    Rule(Start.DIGIT, _ON_THE_HOUR, _on_the_hour, then="g"),
    Rule(Start.DIGIT, _BEFORE_DATE, _before_date, then="hgHG:"),
    Rule(Start.DIGIT, _FROM_TO, _from_to, then="hgHG:"),
    Rule(Start.DIGIT, _SOUTHERN_FROM_TO, _southern_from_to, then="g"),
    Rule(Start.DIGIT, _HOURS, _hours, then="-–—÷"),
    Rule(Start.DIGIT, _TIME_OF_DAY, _time_of_day, then="hgHG:"),
    Rule(Start.DIGIT, _AT_HOUR, _at_hour, then="gGH"),
)
