"""Telephone, account and identity numbers, said digit by digit."""

import re

from audio_library.wording import units
from audio_library.wording.letters import spelled
from audio_library.wording.numbers import digit_by_digit
from audio_library.wording.rule import Place, Rule, Start, followed_by, preceded_by

_SUBSCRIBER = re.compile(r"0(?:[ .\-\u00a0]?\d){8,10}(?!\d)(?![.,]\d)")
_BRACKETED_DIGIT = re.compile(r"0\d{2,3} ?\(\d\)(?:[ .\-]?\d){6,7}(?!\d)")
_AREA_IN_BRACKETS = re.compile(r"[ \t]{0,20}\((?:0\d{2,4}|\+?84)\)(?:[ .\-]?\d){6,10}(?!\d)")
_ABROAD = re.compile(r"\+\d{1,3}(?:[ .\-\u00a0]?\d){8,10}(?!\d)")
_PARTLY_HIDDEN = re.compile(r"\+?(?:84|0\d)(?=[\d .]{0,16}[xX*])(?:[ .\-]?[\dxX*]){4,11}(?![\w*])")
_ABROAD_BARE = re.compile(r"84(?:[ .]\d{2,4}){3,4}(?![\d.])")
_PLATE = re.compile(r"(\d{2})-?([A-ZĐ]{1,2})(\d?)[- ]?(\d{3}\.?\d{1,2})(?!\d)")
_SERVICE = re.compile(r"1[89]00(?:[ .\-]?\d){4,6}(?!\d)")
_SHORT = re.compile(r"\d{3,4}(?![\w%°]|[.,/:\-]\d)")
_SHORTS = re.compile(r"\d{3}(?:\s?[/-]\s?\d{3}){1,5}(?![\w%°]|[.,/:\-]\d)")
_GROUPED = re.compile(r"\d{2,13}(?:[ .\-]\d{2,6}){1,6}(?![\w%°]|[.,/:\-]\d)")
_LONG = re.compile(r"\d{6,}(?![\w%°]|[.,/:\-]\d)")

_CALL = re.compile(
    r"(?<!\w)(?:gọi|điện thoại|đường dây nóng|tổng đài|zalo|viber|di động|máy bàn|hotline|số máy"
    r"|qua số|tới số|theo số|liên hệ|sđt|đt|alo|báo ngay|máy lẻ|cứu hỏa|cứu hoả|cấp cứu|cứu nạn"
    r"|báo số|báo về số)"
    r"(?:[\s:,;/.()–-]|số|điện|ngay|cho|đến|tới|theo|qua|đường dây nóng|cảnh sát|công an|cứu hỏa"
    r"|cứu hoả|cấp cứu|cứu nạn|khẩn cấp|hoặc|và|hay|bàn|cố định|di động|\d++)*+$"
)
_HELPLINE = re.compile(r"11[1-5]")
_LINE_NAMED = re.compile(r"(?<!\w)(?:tổng đài|đường dây nóng|đường dây|hotline)[^.;\n\d]{0,80}$")
_COUNTED = followed_by(
    "hộ|người|xã|thôn|làng|ha|nhà|em|cháu|học sinh|trường hợp|đồng|nghìn|triệu|tỷ|con|cây|km|m|kg"
    "|tấn|lần|giờ|phút|giây|ngày|tháng|năm|mm|cm|lít"
)
_MEASURED = re.compile(rf"\s?{units.ANY}{units.ENDS}")
_CODE_NUMBER = preceded_by(
    "tài khoản|stk|mst|mã|mã số|mã số thuế|căn cước|cccd|cmnd|định danh|hộ chiếu|thẻ|biển số|số thẻ"
    "|thẻ số|tài khoản số|căn cước số|bảo hiểm số|số máy|máy|số hiệu|sm|sk|số khung|sbd|số báo danh"
)
_SERIES = re.compile(r"(?<!\w)(?:số|sổ|thẻ)(?:\s?:)?\s[a-zđ]{1,2}\s$")


def _spelled(place: Place) -> str:
    return f"{_blank(place)}{digit_by_digit(place[0])}"


def _abroad(place: Place) -> str:
    return f"cộng {digit_by_digit(place[0])}"


def _partly_hidden(place: Place) -> str:
    """`+84 28 3xxx`: a warning shows how such numbers begin."""
    words = [
        digit_by_digit(sign) if sign.isdigit() else "ích"
        for sign in re.findall(r"[\dxX*]", place[0])
    ]
    return " ".join([*(["cộng"] if place[0][0] == "+" else []), *words])


def _plate(place: Place) -> str:
    series = f"{spelled(place[2])} {digit_by_digit(place[3])},".replace(" ,", ",")
    return f"{digit_by_digit(place[1])} {series} {digit_by_digit(place[4])}"


def _hotline(place: Place) -> str | None:
    counted = place.precedes(_COUNTED) or place.precedes(_MEASURED)
    helpline = bool(_HELPLINE.fullmatch(place[0])) and place.follows(_LINE_NAMED)
    if counted or not (helpline or place.follows(_CALL)):
        return None
    return digit_by_digit(place[0])


def _hotlines(place: Place) -> str | None:
    """`gọi 113/114/115`."""
    if not place.follows(_CALL):
        return None
    return ", ".join(map(digit_by_digit, re.split(r"[/-]", place[0])))


def _code_number(place: Place) -> str | None:
    known = place.follows(_CODE_NUMBER) or place.follows(_SERIES)
    return digit_by_digit(place[0]) if known else None


def _blank(place: Place) -> str:
    return " " if place[0][0].isspace() else ""


RULES = (
    Rule(Start.DIGIT, _SUBSCRIBER, _spelled, "0"),
    Rule(Start.DIGIT, _BRACKETED_DIGIT, _spelled, "0"),
    Rule(Start.OTHER, _PARTLY_HIDDEN, _partly_hidden, "+"),
    Rule(Start.DIGIT, _PARTLY_HIDDEN, _partly_hidden, "08"),
    Rule(Start.DIGIT, _ABROAD_BARE, _hotline, "8"),
    Rule(Start.OTHER, _AREA_IN_BRACKETS, _spelled, " \t("),
    Rule(Start.OTHER, _ABROAD, _abroad, "+"),
    Rule(Start.DIGIT, _SERVICE, _spelled, "1"),
    Rule(Start.DIGIT, _PLATE, _plate, then="ABCDEFGHIJKLMNOPQRSTUVWXYZĐ-"),
    Rule(Start.DIGIT, _SHORTS, _hotlines, then="/-"),
    Rule(Start.DIGIT, _SHORT, _hotline),
    Rule(Start.DIGIT, _GROUPED, _code_number, then="0123456789.-"),
    Rule(Start.DIGIT, _LONG, _code_number),
    Rule(Start.DIGIT, _LONG, _hotline),
)
