"""Dashes between blanks: a pause, a range, or nothing at all, but never a sound."""

import re

from audio_library.wording.rule import Place, Rule, Start

_BETWEEN = re.compile(r"[ \t]{1,20}(?P<dash>[-–—−]{1,3})(?:[ \t]{1,20}|(?=\n|$))")
_FIRST = re.compile(r"[-–—−]{1,3}[ \t]{1,20}")
_JOINING = re.compile(r"[-–](?=[A-ZĐ])")
_SHORT_FORM_ENDS = re.compile(r"(?:[A-ZĐ]{2}|\d)$")
_STARTS = re.compile(r"(?:^|\n|[:;,.!?(|])[ \t]*$")
_ENDS = re.compile(r"\s*$|[ \t]*\n")

_PEOPLE = re.compile(r"(?<!\w)(?:giẻ|gié|bru)$")
_PEOPLE_GOES_ON = re.compile(r"(?:Triêng|Vân Kiều)(?!\w)")
_NUMBER_ENDS = re.compile(r"\d$")
_NUMBER = re.compile(r"\d")
_SINCE = re.compile(r"(?<!\w)từ\s(?:(?!đến|tới)[^.,;:()\n]){1,40}$")
_UNTIL = re.compile(
    r"(?:(?:sáng|trưa|chiều|tối|đêm|ngày|hết|mùng|cuối|đầu)\s|\d{1,2}/\d|\d{1,2}\s?(?:h|giờ)|[Kk]m\s?\d)"
)
_BELOW_NUMBER = re.compile(r"(?:dưới|trên|hơn)\s\d")
_COUNTED_BEFORE = re.compile(r"\d\s+([^\W\d_]+)$")
_COUNTED_AFTER = re.compile(r"\d[\d.,]*\s+([^\W\d_]+)")
_WEEKDAY_ENDS = re.compile(r"(?<!\w)(?:thứ\s(?:[2-7]|hai|ba|tư|năm|sáu|bảy))$")
_WEEKDAY = re.compile(r"(?:thứ\s(?:[2-7]|hai|ba|tư|năm|sáu|bảy)|chủ nhật|CN)(?!\w)", re.IGNORECASE)
_MONTH_ENDS = re.compile(r"\d{1,2}\stháng\s(?:giêng|chạp|\d{1,2})$")
_DAY_OF_MONTH = re.compile(r"\d{1,2}\stháng\s(?:giêng|chạp|\d)", re.IGNORECASE)
_TIME_ENDS = re.compile(r"(?:\d\s?h(?:\d\d)?|giờ|phút|[\dh]/\d{1,4})$")
_TIME = re.compile(r"\d{1,2}\s?(?:h|giờ)(?![^\W\d_])")
_NUMBERED_BEFORE = re.compile(r"(?<!\w)(thôn|tổ|khu|lớp|điều|khoản|chương)\s(\d{1,3})$")
_NUMBERED_AFTER = re.compile(r"([^\W\d_]+)\s(\d{1,3})(?![\w.,/]|\s?:?\s?\d{1,2}\s?[-–:]\s?\d)")
"""Not the second of two teams: `thôn 1 - thôn 5: 3-1`."""
_SMALL_AFTER = re.compile(r"[^\W\d_]")
_LAST_WORD = re.compile(r"[^\W\d_]+$")


def _between(place: Place) -> str:
    if place.follows(_STARTS) or place.precedes(_ENDS):
        return " "
    if place.follows(_PEOPLE) and place.precedes(_PEOPLE_GOES_ON):
        return "-"
    before, after = _COUNTED_BEFORE.search(place.before), _COUNTED_AFTER.match(place.after)
    if before and after and before[1] == after[1].lower():
        return " đến "
    if _from_to(place):
        return " đến "
    if _NUMBER_ENDS.search(place.before) and place.precedes(_BELOW_NUMBER):
        return " đến "
    if place["dash"] == "−" and _NUMBER_ENDS.search(place.before) and place.precedes(_NUMBER):
        return " trừ "
    return " " if place["dash"] == "-" and _one_term(place) else ", "


def _from_to(place: Place) -> bool:
    """`thứ Hai - thứ Sáu`, `22 tháng Chạp - 06 tháng Giêng`, `thôn 1 - thôn 4`.

    Also `7h ngày 27/10 - 19h ngày 28/10`."""
    weekdays = _WEEKDAY_ENDS.search(place.before) and _WEEKDAY.match(place.after)
    months = _MONTH_ENDS.search(place.before) and _DAY_OF_MONTH.match(place.after)
    before, after = _NUMBERED_BEFORE.search(place.before), _NUMBERED_AFTER.match(place.after)
    numbered = before and after and before[1] == after[1].lower() and int(before[2]) < int(after[2])
    if place.follows(_SINCE) and place.precedes(_UNTIL):
        return True
    times = _TIME_ENDS.search(place.before) and _TIME.match(place.after)
    return bool(weekdays or months or numbered or times)


def _one_term(place: Place) -> bool:
    """`kinh tế - xã hội`, also in a heading: small letters on both sides, or capitals all along."""
    text, start = place.match.string, place.match.start()
    word = _LAST_WORD.search(text, max(0, start - 20), start)
    if word is None or _SMALL_AFTER.match(place.after) is None:
        return False
    return (word[0].islower() and place.after[0].islower()) or place.in_capitals


def _first(place: Place) -> str | None:
    """What marks an item of a list."""
    return "" if place.follows(_STARTS) else None


def _joining(place: Place) -> str | None:
    """Between two short forms: `HĐND-UBND`, `471-E45`."""
    text, start = place.match.string, place.match.start()
    return ", " if _SHORT_FORM_ENDS.search(text, max(0, start - 2), start) else None


RULES = (
    Rule(Start.OTHER, _BETWEEN, _between, " \t"),
    Rule(Start.OTHER, _FIRST, _first, "-–—−"),
    Rule(Start.OTHER, _JOINING, _joining, "-–"),
)
