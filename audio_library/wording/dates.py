"""Dates, months, quarters and years."""

import re
from calendar import monthrange

from audio_library.wording import units
from audio_library.wording.numbers import cardinal, ordinal
from audio_library.wording.rule import Place, Rule, Said, Start, followed_by, preceded_by

_TO = r"\s*[-–—÷]\s*"
_DAY = r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?"
_END = r"(?![\d/]|[.,]\d)"

_DAY_MONTH_YEAR = re.compile(
    r"(\d{1,2})(\s?/\s?|[.\-–])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(?![/.\-–]\w)"
)
_YEAR_MONTH_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DAY_TO_DAY = re.compile(rf"{_DAY}{_TO}{_DAY}{_END}")
_DAYS_OF_MONTH = re.compile(rf"(\d{{1,2}}){_TO}{_DAY}{_END}")
_DAY_MONTH = re.compile(rf"(\d{{1,2}})/(\d{{1,2}}){_END}")
_DAY_DASH_MONTH = re.compile(r"(\d{1,2})[-–.](\d{1,2})(?![\d/]|[.,]\d|\s*tháng|\s*\w?%)")
_DAYS_BEFORE_MONTH = re.compile(
    rf"(\d{{1,2}}){_TO}(\d{{1,2}})(?=\s+tháng\s+(?:\d|[Gg]iêng|[Cc]hạp))"
)
_MONTHS_OF_YEAR = re.compile(rf"(\d{{1,2}}){_TO}(\d{{1,2}})/(\d{{4}}){_END}")
_MONTH_YEAR = re.compile(rf"(\d{{1,2}})/(\d{{4}}){_END}")
_QUARTER = re.compile(rf"(I{{1,3}}|IV|\d{{1,2}})(?:{_TO}(I{{1,3}}|IV|\d))?/(\d{{4}})(?!\d)")
_SHORT_QUARTER = re.compile(
    rf"[Qq]\.?\s?(I{{1,3}}|IV|[1-4])(?:{_TO}(?:[Qq]\.?)?(I{{1,3}}|IV|[1-4]))?/(\d{{4}})(?!\d)"
)
_LAW_OF_YEAR = re.compile(r"(?:19|20)\d\d(?=\s*(?:$|[,.;:()\n]))|(?:19|20)\d\d(?=\s[^\W\d_])")
_MONTHS_SINCE = re.compile(
    r"(\d{1,2})T(?:/(\d{4})(?!\d)|(?=\s+(?:đầu|cuối|qua|tăng|giảm|đạt|ước|năm)(?!\w)))"
)
_SHORT_MONTHS = re.compile(rf"T(\d{{1,2}})(?:{_TO}T?(\d{{1,2}}))?/(\d{{4}})(?!\d)")
_SHORT_MONTH_NAME = re.compile(r"T(1[0-2]|[1-9])(?![\w/])")
_WEEKDAYS = re.compile(rf"T([2-7]){_TO}(?:T([2-7])|(CN))(?!\w)")
_SHORT_WEEKDAYS = re.compile(r"T[2-7](?:\s?[-–]\s?(?:T[2-7]|CN)){2,6}(?!\w)")
_WEEKDAYS_AFTER_T = re.compile(
    r"T([2-7](?:(?:\s?,\s?[2-7]){1,5}|(?:-[2-7]){2,5}))(?![\w/-]|[.,:]\d)"
)
_WEEKDAYS_LIST = re.compile(
    r"[2-7](?:(?:\s?[-–]\s?[2-7]){2,5}|(?:\s?,\s?[2-7]){1,5})(?![\w/-]|[.,:]\d|\s?tháng)"
)
_WEEKDAY = re.compile(r"T([2-7])(?!\w)")
_WEEKDAY_FOLLOWS = re.compile(
    r"\s*(?:đến|tới|và|[-–,])\s*(?:T[2-7]|CN)(?!\w)"
    r"|\s*[,(]\s*(?:ngày\s)?\d{1,2}/\d{1,2}(?!\d)"
)
_AFTER_WEEKDAY = re.compile(
    r"(?<!\w)(?:t[2-7]\s*(?:đến|tới|và|[-–,])|sáng|trưa|chiều|tối|đêm|hằng tuần|hàng tuần"
    r"|\d{1,2}[hg](?:\d\d)?'?|giờ|phút)\s*$"
)
_DEVICE = re.compile(
    r"(?<!\w)(?:tba|trạm|trạm biến áp|máy biến áp|mba|lộ|xuất tuyến|tủ|tổ máy)\s(?:t\d+[\s,và-]*)*$"
)
_DAYS_LIST = re.compile(rf"(\d{{1,2}}(?:\s?,\s?\d{{1,2}}){{1,6}})/(\d{{1,2}})(?:/(\d{{4}}))?{_END}")
_YEARS_OF_SEASON = re.compile(rf"(\d{{4}})/(\d{{4}}){_END}")
_SHORT_DAY = re.compile(r"\d{1,2}(?!\d|[.,:/]\d|\w)")
_SHORT_MONTH = re.compile(rf"(\d{{1,2}})(?:{_TO}(\d{{1,2}}))?(?!\d|[.,:/]\d|\w)")
_ORDINAL = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(thứ )?(\d{1,2}))?(?!\d|[.,:/]\d|\w)")

_PART_OF_DAY = "ngày|hôm|sáng|trưa|chiều|tối|đêm|khuya|rạng sáng|mùng|mồng"
_NAMED_DAY = preceded_by(
    f"{_PART_OF_DAY}|dịp|lễ|tết|quốc khánh|giải phóng|rằm|ngày(?:\\s\\d{{1,2}}(?:/\\d{{1,2}})?,)+"
)
_NAMED_AFTER_DAY = preceded_by("quảng trường|đường|phố|công viên|sư đoàn|nhà máy")
_DAY_EXPECTED = re.compile(
    rf"(?<!\w)(?:{_PART_OF_DAY}|dịp|lễ|tết|rằm|mừng|quốc khánh|thứ \w+|chủ nhật|từ|đến|tới"
    r"|trước|sau|hạn|vào|nay|mai|hết|kể từ)[\s,(:]*$"
    r"|ngày[ \w/,–-]{1,24}[ ,–-]$"
    r"|(?:giờ|phút|\d\s?[hg](?:\d\d)?)[\s,(/]*$"
)
_DATE_GOES_ON = followed_by(
    "âm lịch|dương lịch|hằng năm|hàng năm|năm nay|năm sau|tới|vừa qua|sắp tới|này"
)
_MUNG = preceded_by("mùng|mồng")
_AFTER_DAY = preceded_by(r"ngày|ngày(?:\s\d{1,2}(?:-\d{1,2})?(?:,| và))+")
_AFTER_FIRST_DAY = preceded_by("từ ngày|các ngày|những ngày|mỗi ngày|trong ngày")
_AFTER_DAYS = preceded_by("ngày|các ngày|hai ngày|từ|đêm|sáng")
_NEAR_DAY = re.compile(
    r"(?<!\w)(?:(?:sáng|sáng sớm|rạng sáng|trưa|chiều|tối|đêm|đêm qua|hôm"
    r"|hôm nay|sáng nay|chiều nay|tối nay|ngày mai|sáng mai"
    r"|chiều mai|hôm qua|dịp|chào mừng|kỷ niệm|lễ|tết)\s|(?:mai|nay|kia|chủ nhật|thứ \w+)\s?\()\s*$"
)
_UNTIL = preceded_by("đến|tới|hết|trước|sau|hạn")
_DEADLINE = preceded_by("nay đến|hạn|hạn chót|hạn cuối|hết|từ nay tới")
_AFTER_PART = preceded_by("đầu|giữa|cuối|trong")
_AFTER_BILL = preceded_by(
    "tiền điện|tiền nước|lương|kỳ|hóa đơn|trợ cấp|học phí|sang|vào|từ|hết|kế hoạch|lịch|báo cáo"
)
"""Before T8 to T12, which are no weekdays."""
_OTHER_DAY = re.compile(r"ngày\s[^.;:\n]{1,40}(?:và|đến|hoặc|,)\s*$")
_STREET = re.compile(
    r" (?:đường )?(?:[A-ZĐÂÊÔƠƯÁ][a-zà-öø-ÿăđĩũơưạ-ỹ]+ ){1,3}[A-ZĐÂÊÔƠƯÁ][a-zà-öø-ÿăđĩũơưạ-ỹ]"
)
"""The name of a street follows: `2/4 Trần Hưng Đạo` is a house."""
_DAYS_COUNTED = re.compile(r"ngày\s0,[\d\s,]*$")
"""Days after the first dose, not of a month: `các ngày 0, 3, 7`."""
_MONTH_FOLLOWS = re.compile(r"\s+tháng\s+(?:\d|chạp|giêng)", re.IGNORECASE)
_LUNAR_MONTH = re.compile(r"\s+tháng\s+(?:giêng|chạp)(?!\w)", re.IGNORECASE)
_AFTER_MONTH = preceded_by("tháng|tháng \\w+ đến|tháng \\w+ và")
_AFTER_QUARTER = preceded_by("quý|đợt|kỳ|học kỳ|vụ|lần|tuần")
_AFTER_LAW = re.compile(r"(?<!\w)(?:luật(?! sư)|hiến pháp|pháp lệnh)(?:\s[^\W\d_]+){0,9}\s$")
_OF_YEAR = re.compile(r"(?:năm|số|tháng)\s$")
_AFTER_ORDINAL = preceded_by(r"thứ|thứ [2-7](?:, [2-7])*(?:,| và)")
_AMOUNT_BEFORE = preceded_by(
    "khoảng|gần|hơn|chỉ|có|đạt|được|chiếm|bằng|tỷ lệ|tỉ lệ|số|nhà|hẻm|ngõ|thửa|đã có|trực"
    "|hoạt động|liên tục|phục vụ|trên|quá|ít nhất|tối thiểu|mới|bậc|hạng|mức|sổ|lớp|tổ"
    "|xếp hạng|huyết áp|thị lực|mắt|lực học"
)
_COUNTED = followed_by(
    "xã|huyện|thôn|làng|tổ|phường|tỉnh|hộ|người|bà con|học sinh|trường|lớp|nhà|đại biểu|thành viên"
    "|cụm|đơn vị|tiêu chí|chỉ tiêu|nhiệm vụ|diện tích|số|dân số|tổng|phiếu|con|cây|em|cháu"
    "|cán bộ|đảng viên|hội viên|mẫu|bàn|vụ|trận|công trình|dự án|lượng|sản lượng|quãng|chiều|giá"
    "|thời gian|ngày|tuần|điểm|câu|ý|môn|khẩu|lượt|buổi|mũi|liều|giáo viên|cán bộ|công chức"
    "|ý kiến|đối tượng|nhóm|nội dung|mục tiêu|đoàn|tuyến|cầu|nước|hồ|giếng|máy|xe|gia đình|cử tri"
    "|doanh nghiệp|sản phẩm|nghị quyết|tổ chức|vị trí|điểm trường|phòng|gói|ao|lồng|chuồng|vườn"
    "|mặt|đường|quả|đoạn|sào|mẫu|viên|tạ|tấn|lít|ca|trạm|loa|phụ nữ|trẻ|chi bộ|hợp tác xã|bản"
    "|buôn|giờ|huyện,|khu|đội|chương|cửa|tổ máy|van|nhịp|làn|bể|lô|thửa|hội trường|bị hại|nạn nhân"
)
_MEASURED = re.compile(rf"\s?{units.ALONE}{units.ENDS}")
_DAYS_FOLLOW = re.compile(r"\s+(?:ngày|tuần|điểm)(?!\w)")
_ALWAYS_ON = re.compile(r"24/24(?:\s*(?:giờ|h))?[\s,;và]*$")
_DAY_ENDS = re.compile(
    r"\s*(?:$|[,;.)\n–-]|tháng|và|đến|tới|hằng|hàng|âm|dương|này|tới|sắp|hoặc|tết)"
)

_QUARTERS = {"I": 1, "II": 2, "III": 3, "IV": 4}
_ALWAYS_OPEN = "24/7"
_LONGEST_MONTH = 31
_LEAP_YEAR = 2024
_YEARS = range(1800, 2200)


def _day_month_year(place: Place) -> str | None:
    day, month, year = int(place[1]), int(place[3]), int(place[4])
    if len(place[4]) == 2:
        if place[2].strip() != "/":
            return None
        year += 2000
    return _dated(place, day, month, year)


def _year_month_day(place: Place) -> str | None:
    return _dated(place, int(place[3]), int(place[2]), int(place[1]))


def _day_to_day(place: Place) -> str | None:
    first = _valid(int(place[1]), int(place[2]), place[3])
    last = _valid(int(place[4]), int(place[5]), place[6])
    if not (first and last):
        return None
    return f"{_prefix(place)}{_said(place, *first)} đến {_named(*last)}"


def _days_of_month(place: Place) -> str | None:
    last = _valid(int(place[2]), int(place[3]), place[4])
    first_day = int(place[1])
    if last is None or not 1 <= first_day < last[0] or place.precedes(_COUNTED):
        return None
    return f"{_prefix(place)}{_day(place, first_day)} đến {_said(None, *last)}"


def _days_before_month(place: Place) -> str | None:
    """`ngày 5-6 tháng 9`."""
    first, last = int(place[1]), int(place[2])
    if not 1 <= first < last <= _LONGEST_MONTH or not place.follows(_AFTER_DAYS):
        return None
    return f"{_day(None, first)} đến {_day(None, last)}"


def _day_month(place: Place) -> Said | str | None:
    date = _valid(int(place[1]), int(place[2]), "")
    if date is None:
        return None
    if place[0] == _ALWAYS_OPEN and not place.follows(_NAMED_DAY):
        return None
    if place.follows(_ALWAYS_ON) or place.precedes(_DAYS_FOLLOW):
        return None
    if place.follows(_DAY_EXPECTED) or place.precedes(_DATE_GOES_ON):
        return f"{_prefix(place)}{_said(place, *date)}"
    counted = place.precedes(_COUNTED) or place.precedes(_MEASURED)
    if counted or place.follows(_AMOUNT_BEFORE) or place.precedes(_STREET):
        return None
    return Said(
        f"{_prefix(place)}{_said(place, *date)}",
        (
            "Đọc là ngày tháng. Nếu là phân số, hãy viết “trên” bằng chữ.",
            "Read as a date. If it is a fraction, write “trên” in words.",
        ),
    )


def _day_dash_month(place: Place) -> Said | None:
    """`ngày 2-9`, as newspapers write; `từ ngày 5-7` stays a range."""
    date = _valid(int(place[1]), int(place[2]), "")
    after_day = place.follows(_AFTER_DAY) and not place.follows(_AFTER_FIRST_DAY)
    near_day = place.follows(_NEAR_DAY)
    descends = int(place[1]) > int(place[2]) and place.follows(_UNTIL)
    pointed = after_day or (descends and place.follows(_DEADLINE))
    if "." in place[0] and (not pointed or place.precedes(_MEASURED)):
        return None
    if date is None or not (after_day or near_day or descends):
        return None
    return Said(
        f"{_prefix(place)}{_said(place, *date)}" if descends or near_day else _said(place, *date),
        (
            "Đọc là ngày và tháng. Nếu là từ ngày đến ngày, hãy viết “đến”.",
            "Read as day and month. If it is a range of days, write “đến”.",
        ),
    )


def _months_of_year(place: Place) -> str | None:
    first, last, year = int(place[1]), int(place[2]), int(place[3])
    if not (1 <= first < last <= 12 and year in _YEARS):
        return None
    prefix = "" if place.follows(_AFTER_MONTH) else "tháng "
    return f"{prefix}{_month(first)} đến {_month_of_year(last, year)}"


def _month_year(place: Place) -> str | None:
    month, year = int(place[1]), int(place[2])
    if not (1 <= month <= 12 and year in _YEARS):
        return None
    prefix = "" if place.follows(_AFTER_MONTH) else "tháng "
    return f"{prefix}{_month_of_year(month, year)}"


def _years(place: Place) -> str | None:
    """`niên vụ 2024/2025`."""
    first, last = int(place[1]), int(place[2])
    return f"{cardinal(first)} đến {cardinal(last)}" if last == first + 1 else None


def _quarter(place: Place) -> str | None:
    if not place.follows(_AFTER_QUARTER):
        return None
    numbers = [_QUARTERS.get(number) or int(number) for number in (place[1], place[2]) if number]
    return f"{' đến '.join(map(cardinal, numbers))} năm {cardinal(int(place[3]))}"


def _short_quarter(place: Place) -> str:
    """`Q4/2025`."""
    numbers = [_QUARTERS.get(number) or int(number) for number in (place[1], place[2]) if number]
    return f"quý {' đến '.join(map(cardinal, numbers))} năm {cardinal(int(place[3]))}"


def _law_of_year(place: Place) -> str | None:
    """`Luật Đất đai 2024`."""
    if not place.follows(_AFTER_LAW) or place.follows(_OF_YEAR):
        return None
    return f"năm {cardinal(int(place[0]))}"


def _months_since(place: Place) -> str:
    """`9T/2025`, `6T đầu năm`."""
    of_year = f" năm {cardinal(int(place[2]))}" if place[2] else ""
    return f"{cardinal(int(place[1]))} tháng{of_year}"


def _short_months(place: Place) -> str | None:
    """`T8/2025`."""
    months = [int(month) for month in (place[1], place[2]) if month]
    if not all(1 <= month <= 12 for month in months):
        return None
    of_year = f"năm {cardinal(int(place[3]))}"
    return f"tháng {' đến tháng '.join(map(_month, months))} {of_year}"


def _short_month_name(place: Place) -> str | None:
    """`giữa T10`."""
    month = int(place[1])
    known = place.follows(_AFTER_PART) or (month > 7 and place.follows(_AFTER_BILL))
    return f"tháng {_month(month)}" if known else None


def _weekday(place: Place) -> str | None:
    """`T2, T4 và T6`, `T7, CN`."""
    known = place.precedes(_WEEKDAY_FOLLOWS) or place.follows(_AFTER_WEEKDAY)
    if not known or place.follows(_DEVICE):
        return None
    return f"thứ {ordinal(int(place[1]))}"


def _short_weekdays(place: Place) -> str:
    """`T2-T4-T6`."""
    days = re.findall(r"[2-7]|CN", place[0])
    return ", ".join("chủ nhật" if day == "CN" else f"thứ {ordinal(int(day))}" for day in days)


def _weekdays_after_t(place: Place) -> str:
    """`T3,5,7`, `T2-4-6`."""
    return f"thứ {', '.join(ordinal(int(day)) for day in re.findall(r'[0-9]', place[1]))}"


def _weekdays_list(place: Place) -> str | None:
    """`thứ 3-5-7`."""
    if not place.follows(_AFTER_ORDINAL):
        return None
    return ", ".join(ordinal(int(day)) for day in re.findall(r"\d", place[0]))


def _weekdays(place: Place) -> str:
    """`T2-T6`."""
    last = "chủ nhật" if place[3] else f"thứ {ordinal(int(place[2]))}"
    return f"thứ {ordinal(int(place[1]))} đến {last}"


def _days_list(place: Place) -> str | None:
    """`ngày 7,8/10`."""
    days = [int(day) for day in place[1].split(",")]
    dates = [_valid(day, int(place[2]), place[3]) for day in days]
    if not place.follows(_AFTER_DAY) or dates[-1] is None or None in dates:
        return None
    return ", ".join([*(_day(None, day) for day in days[:-1]), _said(None, *dates[-1])])


def _short_day(place: Place) -> str | None:
    """The number in `ngày 5 tháng 9`; not the one in `ngày 2 lần`."""
    day = int(place[0])
    if not 1 <= day <= 10 or place.follows(_DAYS_COUNTED):
        return None
    known = (
        (place.follows(_AFTER_DAY) and place.precedes(_DAY_ENDS))
        or (place.precedes(_MONTH_FOLLOWS) and place.follows(_OTHER_DAY))
        or place.precedes(_LUNAR_MONTH)
    )
    return _day(place, day) if known else None


def _short_month(place: Place) -> str | None:
    months = [int(month) for month in place.match.groups() if month is not None]
    if not all(1 <= month <= 12 for month in months) or not place.follows(_AFTER_MONTH):
        return None
    return " đến ".join(map(_month, months))


def _ordinal(place: Place) -> str | None:
    if not place.follows(_AFTER_ORDINAL):
        return None
    first = ordinal(int(place[1]))
    return f"{first} đến {place[2]}{ordinal(int(place[3]))}" if place[3] else first


def _dated(place: Place, day: int, month: int, year: int) -> str | None:
    date = _valid(day, month, str(year))
    return f"{_prefix(place)}{_said(place, *date)}" if date else None


def _valid(day: int, month: int, year: str) -> tuple[int, int, int | None] | None:
    """Day, month and year if there is such a day; without a year 29 February is one."""
    known = int(year) if year else None
    if not 1 <= month <= 12 or (known is not None and known not in _YEARS):
        return None
    last = monthrange(known or _LEAP_YEAR, month)[1]
    return (day, month, known) if 1 <= day <= last else None


def _prefix(place: Place) -> str:
    return "" if place.follows(_NAMED_DAY) or place.follows(_NAMED_AFTER_DAY) else "ngày "


def _named(day: int, month: int, year: int | None) -> str:
    return f"ngày {_said(None, day, month, year)}"


def _said(place: Place | None, day: int, month: int, year: int | None) -> str:
    of_year = "" if year is None else f" năm {cardinal(year)}"
    return f"{_day(place, day)} tháng {_month(month)}{of_year}"


def _day(place: Place | None, day: int) -> str:
    already = place is not None and place.follows(_MUNG)
    return f"mùng {cardinal(day)}" if day <= 10 and not already else cardinal(day)


def _month(month: int) -> str:
    return "tư" if month == 4 else cardinal(month)


def _month_of_year(month: int, year: int) -> str:
    return f"{_month(month)} năm {cardinal(year)}"


RULES = (
    Rule(Start.DIGIT, _DAY_TO_DAY, _day_to_day, then="/"),
    Rule(Start.DIGIT, _DAY_MONTH_YEAR, _day_month_year, then="/.-–"),
    Rule(Start.DIGIT, _YEAR_MONTH_DAY, _year_month_day, then="-"),
    Rule(Start.DIGIT, _YEARS_OF_SEASON, _years, then="/"),
    Rule(Start.DIGIT, _QUARTER, _quarter, then="/-–—÷"),
    Rule(Start.LETTER, _QUARTER, _quarter, "I"),
    Rule(Start.LETTER, _SHORT_QUARTER, _short_quarter, "Qq"),
    Rule(Start.DIGIT, _LAW_OF_YEAR, _law_of_year, "12"),
    Rule(Start.DIGIT, _MONTHS_SINCE, _months_since, then="T"),
    Rule(Start.LETTER, _SHORT_MONTHS, _short_months, "T"),
    Rule(Start.LETTER, _SHORT_MONTH_NAME, _short_month_name, "T"),
    Rule(Start.LETTER, _SHORT_WEEKDAYS, _short_weekdays, "T"),
    Rule(Start.LETTER, _WEEKDAYS_AFTER_T, _weekdays_after_t, "T"),
    Rule(Start.LETTER, _WEEKDAYS, _weekdays, "T"),
    Rule(Start.LETTER, _WEEKDAY, _weekday, "T"),
    Rule(Start.DIGIT, _WEEKDAYS_LIST, _weekdays_list, "234567", then="-–,"),
    Rule(Start.DIGIT, _DAYS_LIST, _days_list, then=","),
    Rule(Start.DIGIT, _DAYS_OF_MONTH, _days_of_month, then="-–—÷"),
    Rule(Start.DIGIT, _MONTHS_OF_YEAR, _months_of_year, then="-–—÷"),
    Rule(Start.DIGIT, _MONTH_YEAR, _month_year, then="/"),
    Rule(Start.DIGIT, _DAYS_BEFORE_MONTH, _days_before_month, then="-–—÷"),
    Rule(Start.DIGIT, _DAY_MONTH, _day_month, then="/"),
    Rule(Start.DIGIT, _DAY_DASH_MONTH, _day_dash_month, then="-–."),
    Rule(Start.DIGIT, _SHORT_MONTH, _short_month),
    Rule(Start.DIGIT, _SHORT_DAY, _short_day),
    Rule(Start.DIGIT, _ORDINAL, _ordinal),
)
