"""Numbers with what they count: ranges, units, money; decimals against thousands."""

import re

from audio_library.wording import units
from audio_library.wording.letters import LETTERS, spelled
from audio_library.wording.numbers import cardinal, decimal, digit_by_digit, whole
from audio_library.wording.rule import Place, Rule, Said, Start, followed_by, preceded_by

_NUMBER = (
    r"(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)"
    r"|\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?(?!\d)"
    r"|\d{1,3},\d{3}\.\d{1,2}(?!\d)"
    r"|\d{1,3}(?:\u00a0\d{3})+(?!\d)"
    r"|\d+(?:[.,]\d+)?)"
)
_TO = r"\s*[-–—÷~]\s*"
_UNIT = rf"(?:\s?{units.ANY}{units.PER}*{units.ENDS})"

_QUANTITY = re.compile(rf"(?P<first>{_NUMBER})(?P<first_unit>{_UNIT})?(?![\d])")
_RANGE = re.compile(
    rf"(?P<first>{_NUMBER})(?P<first_unit>{_UNIT})?{_TO}(?P<last>(?>{_NUMBER}))(?P<last_unit>{_UNIT})?+"
    r"(?!\d|\s?[-–]\s?\d|(?<=\d)/\d)"
)
_LIST = re.compile(r"\d{1,4}(?:[-–]\d{1,4}){2,}(?![\d/])")
_AMOUNTS = re.compile(
    rf"{_NUMBER}(?P<unit>\s?(?:k|tr|đ|triệu|nghìn))(?:\s?[-–]\s?{_NUMBER}(?P=unit)){{2,4}}(?!\w)"
)
_COMMA_LIST = re.compile(r"\d{1,3}(?:,\d{1,2})+(?![\w%°]|[.,]\d)")
_MINUTES = re.compile(r"(\d{1,3})\s?['’′](?![\w'’])")
_SPACED_THOUSANDS = re.compile(
    r"[1-9]\d{0,2}(?: \d{3})+"
    r"(?:(?=\s?(?:đồng|đ|VNĐ|VND|USD|kg|tấn)(?!\w))|(?<= \d{3} \d{3})(?![\d.,]\d))"
)
_MIXED_WEIGHT = re.compile(r"(\d{1,3})kg(\d)(?!\w)")
_MIXED_LENGTH = re.compile(r"(\d{1,3})m(\d{2}|[4-9])(?:\s?[-–]\s?(\d{1,3})m(\d{2}|[4-9]))?(?!\w)")
_CLASS = re.compile(r"(\d{1,4})([A-CEFH-KM-UX-Z])(?!\w)")
_AFTER_CLASS = preceded_by("lớp|phòng|nhà|thôn|tổ")
_PER_COUNT = re.compile(
    rf"(?P<number>{_NUMBER})\s(?P<per>(?!đ/c(?!\w))[{LETTERS}]+{units.PER}+)(?![\w/])"
)
_ALONE = re.compile(rf"{units.ALONE}{units.PER}*{units.ENDS}")
_MONEY_PER = re.compile(rf"đồng{units.PER}+{units.ENDS}")
_DEGREES = re.compile(r"độ\s?([CF])(?!\w)")
_BELOW_ZERO = re.compile(
    rf"[-−–](?P<first>{_NUMBER})(?P<first_unit>\s?(?:[°º]\s?[CF]?|℃|độ(?:\s?[CF](?!\w))?))"
)
_MINUS = re.compile(r"[-−](?=\d)")
_SHARE = re.compile(r"\d+\s?%")
_BARGAIN = re.compile(r"(?<!\w)(?:giảm giá|khuyến mãi|khuyến mại|ưu đãi|sale)(?!\w)[^.\n]{0,80}$")
_CURRENCY = re.compile(
    rf"(?P<sign>[$€£¥]|(?:USD|EUR|VNĐ|VND)(?=\s\d))\s?(?P<first>{_NUMBER})(?!\d)(?P<scale>\s(?:nghìn|ngàn|triệu|tỷ|tỉ)(?!\w))?"
    rf"(?P<per>{units.PER}{{0,2}})(?!\w)"
)
_BROKEN_MONEY = re.compile(
    rf"(\d{{1,4}})\s?(tr|triệu|tỷ|tỉ|k)(\d{{1,3}})(?!\w)(?P<per>{units.PER}{{0,2}})(?!\w)"
)
_DONG = re.compile(rf"đ{units.PER}{{0,2}}(?!\w)")
_AMOUNT_BEFORE = re.compile(r"(?:\d|nghìn|ngàn|triệu|tỷ|tỉ)\s*$")
_AFTER_SCALE = preceded_by("nghìn|ngàn|triệu|tỷ|tỉ|trăm")
_KM_POST = re.compile(
    r"[Kk]m\.?\s?(\d{1,4})(?:\s?\+\s?(\d{1,3}))?"
    r"(?:\s?[-–]\s?[Kk]m\.?\s?(\d{1,4})(?:\s?\+\s?(\d{1,3}))?)?(?![\w,.]\d)"
)
_T = re.compile(rf"(?P<number>{_NUMBER})(?:\s?[Tt]?\s?[-–]\s?(?P<last>{_NUMBER}))?\s?[Tt](?!\w)")
_ARC = re.compile(
    r"(\d{1,3})\s?[°º]\s?(\d{1,2})\s?['’′](?:\s?(\d{1,2}(?:[.,]\d{1,3})?)\s?(?:[\"”″]|''))?"
    r"(?:\s?([NBSEĐ])(?!\w))?"
)
_MAGNITUDE = re.compile(r"M[LW]?(?:\s?=\s?(?=\d[.,]\d)|(?=\s?\d[.,]\d))")
_PER_EACH = re.compile(
    rf"\s?/\s?(?:{units.ALONE}|(?i:ngày|đêm|tháng|năm|tuần|quý|vụ|giờ|hộ|người|lần|sào|khẩu|con|cây"
    r"|lượng|chỉ|đợt|ca|mũi|liều|xã|thôn|làng|tổ|đội|chốt|nhóm|trường|điểm|lượt|suất|em|cháu|bao|cái|chiếc|bộ|buổi|lớp)"
    r"|bình|gốc|thùng|gói|chai|phòng|vé|xe|tấn|tạ|mâm|bàn|gian|sản phẩm|thành viên|hội viên"
    r"|lứa|đàn|ổ|mùa|trang|bản|môn|tín chỉ|kỳ)(?!\w)"
)
_PER_SHORT_FORM = re.compile(r"\s?/\s?(?=(?:HS|GV|CB|CBCC|ĐV|TDP|HTX|NCT|KDC|đ/c)(?!\w))")
_COORDINATES_RANGE = re.compile(
    rf"(?P<first>\d{{1,3}}[.,]\d+){_TO}(?P<last>\d{{1,3}}[.,]\d+)\s?[°º]?\s?(?P<way>[NBSEĐ])(?!\w)"
)
_MINUTES_SECONDS = re.compile(r"(\d{1,3})\s?['’′]\s?(\d{1,2})\s?(?:[\"”″]|'')")
_COORDINATE = re.compile(
    r"(?P<first>\d{1,3}[.,]\d+)\s?(?P<degree>[°º])?\s?(?P<way>[NBSEĐ])(?!\w)(?:\s?[-–]\s?(?=\d))?"
)
_IN_VIETNAM = {"N": (5, 25), "B": (5, 25), "E": (95, 150), "Đ": (95, 150)}
"""What a number with a letter and without a degree sign must lie between to be a coordinate."""
_COORDINATES = {
    "N": "vĩ Bắc",
    "B": "vĩ Bắc",
    "S": "vĩ Nam",
    "E": "kinh Đông",
    "Đ": "kinh Đông",
}
_TIMES = re.compile(r"\s?[x×*]\s?(?=\d)")

_POSITION = re.compile(
    r"(?:tọa độ|toạ độ|vị trí|tâm bão|tâm áp thấp)[^.;\n]{0,40}$|\d[nb]\s?[-–;,]\s?$"
)
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
_SCORE = re.compile(
    r"(?<!\w)(?:tỷ số|tỉ số|trận|hiệp|luân lưu|bán kết|chung kết|bóng đá|bóng chuyền|cầu lông"
    r"|đá cầu|set|kéo co|thắng|thua|hòa|hoà|hạ gục|vượt qua|dẫn)(?!\w)[^.\n]{0,80}$"
)
_SCORE_ENDS = re.compile(
    r"\s*(?:$|[,.;:)(\n]|(?:trước|sau|trong|ở|tại|và|nghiêng|cho|để|hiệp)(?!\w))"
)
_TEAM = re.compile(r"\s[A-ZĐ][^\W\d_]")
_SHARES = preceded_by("tỷ lệ|tỉ lệ|tỷ số|tỉ số")
_POINTS = re.compile(
    r"(?<!\w)(?:điểm|điểm thi|chấm|xếp loại|thang|học bạ|hb|xét tuyển|trúng tuyển"
    r"|tổ hợp)(?!\w)[^.;\n]{0,60}$"
)
_MARK = re.compile(r"\d{1,2}(?:[.,]\d{1,2})?|100")
_PART_OF_MARK = re.compile(r"\d{1,2}[.,]\d{1,2}")
_OF_SUBJECT = followed_by("môn|bài thi|bài kiểm tra")
_SMALL_MONEY = (
    "Đọc là đồng. Nếu là điểm số, hãy viết “điểm”.",
    "Read as đồng. If these are marks, write “điểm”.",
)
_PRICED = re.compile(r"(?<!\w)giá(?!\w)[^.;\n]{0,60}$")
_COUNTED_BEFORE = re.compile(r"\d\S*(?:\s+[^\W\d_]+(?:/[^\W\d_]+){0,2}){0,3}$")
_EQUALS = re.compile(r"\s*=")
_AGED = re.compile(
    r"(?:tuổi|trẻ(?: em)?|bé|cháu)(?:\s\w+){0,2}\s*$|(?<!\w)(?:(?:nam|nữ),?|tròn|thọ)\s*$"
    r"|(?<!\w)(?:ông|bà|cụ|anh|chị|em|cháu|bé|già làng|nạn nhân)\s[^.;:\d]{1,40}[(,–-]\s*$"
)
_OF_PEOPLE = re.compile(
    r"(?<!\w)(?:trẻ|trẻ em|người|công dân|thanh niên|học sinh|cháu|bé|tuổi|nam|nữ|phụ nữ|hội viên"
    r"|nct|hv|hs|cụ|bệnh nhân|bn|thí sinh|lao động)"
    r"(?!\w)(?:(?!xe|tải|gạo|phân|hàng)[^.;\n]){0,60}$"
)
"""Before a small `t`: years of age and no tonnes."""
_LASTING = re.compile(r"(?<!\w)(?:kỳ hạn|thời hạn|bảo hành|trả góp)(?:[^.;:\n]{0,12})$")
_YIELDS = re.compile(r"\s?:?\s?\d[\d.,]*\s?(?:[-–]\s?\d[\d.,]*\s?)?%")
_INTEREST = re.compile(r"(?<!\w)(?:lãi suất|tiết kiệm|tiền gửi|kỳ hạn)(?!\w)[^.\n]{0,120}$")
_LOADED = re.compile(r"(\d)T(\d)(?!\w)")
_LADEN = re.compile(r"(?:xe|tải|trọng|nặng|hàng|chở)(?:\s\w+){0,2}[\s<>≤≥~]*$")
_AMOUNT_ENDS = re.compile(r"\d[\d.,]*\s?(?:%|[^\W\d_]+(?:/[^\W\d_]+){0,3})?(?:\s[^\W\d_]+)?$")
_SCALES = {
    "tr": ("triệu", "nghìn"),
    "triệu": ("triệu", "nghìn"),
    "tỷ": ("tỷ", "triệu"),
    "tỉ": ("tỷ", "triệu"),
    "k": ("nghìn", ""),
}
_NEXT_NUMBER = re.compile(r" +\d")
_AT_LEAST = re.compile(
    rf"(?P<sign>≥|>=|≤|<=)\s?(?P<first>{_NUMBER})(?P<first_unit>{_UNIT})?(?!\d)"
    r"(?P<minutes>\s?['’′](?![\w'’]))?"
    r"(?P<counted>(?:\s(?:nghìn|ngàn|triệu|tỷ|tỉ))?(?:\s(?:đồng|tháng tuổi|tuổi|tháng|năm|ngày|giờ"
    r"|phút|lần|người|hộ|con|cây|điểm|em|cháu|buổi|tiêu chí|lượt|học sinh|cử tri|độ|tấn|tạ|sào))?"
    rf"(?!\w)(?:{units.PER}{{1,2}}(?!\w))?)"
)
_WORD_GOES_ON = re.compile(r"\s[^\W\d_]")
_FROM_BEFORE = preceded_by("từ")
_CHANGE = re.compile(r"[+\-−–](?=\d[\d.,]*\s?(?:%|[^\W\d_]{1,6})?(?:/\w+)?\s?(?:\)|so với|[,;]))")
_PRICE_BEFORE = re.compile(r"\d\s?(?:%|[^\W\d_]{1,6})(?:\s?/\s?\w+)?\s*\($")
_QUOTES = re.compile(r"(?<!\d)['‘’′]")
_TWICE = re.compile(r"[ \t]{0,20}\(([^()\n]{1,160})\)")
_IN_LETTERS = re.compile(r"^(?:viết )?bằng chữ\s?:?\s?|[./ ]+$")
_CARDINAL_ENDS = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d{1,15})(\s[^\W\d_]+)?\s*$")
_GROUPED = re.compile(r"\d{1,3}(?:[.,\u00a0 ]\d{3})+")


def _quantity(place: Place) -> Said | str:
    unit = place["first_unit"].strip()
    if unit == "đ" and _is_mark(place):
        return f"{_value(place, place['first'], money=False)} điểm"
    spoken = _amount(place, "first", "first_unit")
    if unit == "đ" and _is_small(place["first"]) and not place.follows(_PRICED):
        return Said(spoken, _SMALL_MONEY)
    if not unit and place.precedes(_NEXT_NUMBER):
        spoken += ","
    return _with_doubt(place, spoken, place["first"])


def _range(place: Place) -> Said | str:
    money = _money(place["first_unit"]) or _money(place["last_unit"])
    first = _amount(place, "first", "first_unit", money=money)
    last = _amount(place, "last", "last_unit", money=money)
    if place.precedes(_EQUALS):
        return f"{first} trừ {last}"
    if _is_score(place):
        return f"{first} {last}"
    comparable = units.comparable(place["first_unit"], place["last_unit"])
    if not comparable or (money and _descends(place["first"], place["last"])):
        return f"{first}, {last}"
    return _with_doubt(place, f"{first} đến {last}", place["last"])


def _is_score(place: Place) -> bool:
    """`thắng thôn Kon Klor 2-1 (hiệp 1: 1-0)`; also `70-30`, which is no range."""
    small = all(
        number.isdecimal() and len(number) < 3 for number in (place["first"], place["last"])
    )
    bare = not (place["first_unit"] or place["last_unit"])
    if not (small and bare):
        return False
    if int(place["first"]) == int(place["last"]):
        return True
    upside_down = int(place["first"]) > int(place["last"])
    if upside_down and (place.precedes(_TEAM) or place.follows(_SHARES)):
        return True
    return place.follows(_SCORE) and place.precedes(_SCORE_ENDS)


def _is_small(number: str) -> bool:
    return bool(_MARK.fullmatch(number) and number.strip("0.,"))


def _is_mark(place: Place) -> bool:
    """`Điểm chuẩn: 24,5đ`: no price is as small as a mark, or has half a đồng."""
    number = place["first"]
    if not _MARK.fullmatch(number) or place.follows(_PRICED):
        return False
    known = place.follows(_POINTS) or place.precedes(_OF_SUBJECT)
    return known or bool(_PART_OF_MARK.fullmatch(number))


def _descends(first: str, last: str) -> bool:
    """Prizes are listed from the first on; no range begins with its greater end."""
    grouped = _GROUPED.fullmatch(first) and _GROUPED.fullmatch(last)
    return bool(grouped) and int(re.sub(r"\D", "", first)) > int(re.sub(r"\D", "", last))


def _amount(place: Place, number: str, unit: str, *, money: bool = False) -> str:
    value = _value(place, place[number], money or _money(place[unit]))
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
    unclear = re.fullmatch(r"[1-9]\d{0,2},\d{3}", number) and not (
        place.precedes(_MONEY_FOLLOWS)
        or _money(place["first_unit"])
        or (place.has("last_unit") and _money(place["last_unit"]))
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


def _per_short_form(place: Place) -> str | None:
    """The stroke in `15kg gạo/tháng/HS`: the short form is read by its own rule."""
    return " một " if _COUNTED_BEFORE.search(place.before) else None


def _coordinate(place: Place) -> str | None:
    """`14,9N-108,5E`, with a point or a comma."""
    integer, _, fraction = place["first"].replace(",", ".").partition(".")
    lowest, highest = _IN_VIETNAM.get(place["way"], (0, 0))
    foreign = place["way"] in "NE" or place.follows(_POSITION)
    if not (place["degree"] or (foreign and lowest <= int(integer) < highest)):
        return None
    spoken = f"{decimal(integer, fraction)} độ {_COORDINATES[place['way']]}"
    return f"{spoken}, " if place[0].rstrip()[-1] in "-–" else spoken


def _coordinates_range(place: Place) -> str | None:
    """`14,5-18,5N`."""
    ends = [place[end].replace(",", ".").partition(".") for end in ("first", "last")]
    lowest, highest = _IN_VIETNAM.get(place["way"], (0, 0))
    if not all(lowest <= int(integer) < highest for integer, _, _ in ends):
        return None
    spoken = " đến ".join(decimal(integer, fraction) for integer, _, fraction in ends)
    return f"{spoken} độ {_COORDINATES[place['way']]}"


def _minutes_seconds(place: Place) -> str:
    """The run of `2'15"`."""
    return f"{whole(place[1])} phút {whole(place[2])} giây"


def _twice(place: Place) -> str | None:
    """`Hai (02) hộ`, `5.000 đồng (Năm nghìn đồng)`: what stands in the bracket was said."""
    inside = _IN_LETTERS.sub("", place[1].strip().lower()).removesuffix(" chẵn")
    if inside.isdecimal() and inside.isascii():
        return "" if place.before.endswith(whole(inside)) else None
    number = _CARDINAL_ENDS.search(place.before)
    if number is None:
        return None
    said = whole(number[1].replace(".", ""))
    counted = (number[2] or "").strip()
    unit = units.spoken(counted) if counted else ""
    return "" if inside in (said, f"{said} {counted}", f"{said} {unit}") else None


def _list(place: Place) -> str:
    spoken = ", ".join(map(whole, re.split(r"[-–]", place[0])))
    return f"{spoken}," if place.precedes(_NEXT_NUMBER) else spoken


def _amounts(place: Place) -> str:
    """Prices side by side: `vé 50k-100k-200k`."""
    unit = place["unit"].strip()
    numbers = re.findall(_NUMBER, place[0])
    values = (_value(place, number, _money(unit)) for number in numbers)
    return ", ".join(f"{value} {units.spoken(unit)}" for value in values)


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
    """`1m70`, `1m02`, `1m64-1m95`."""
    first, last = _length(place[1], place[2]), _length(place[3], place[4])
    return f"{first} đến {last}" if last else first


def _length(metres: str, beyond: str) -> str:
    if not metres:
        return ""
    return f"{whole(metres)} mét {digit_by_digit(beyond) if beyond[0] == '0' else whole(beyond)}"


def _mixed_weight(place: Place) -> str:
    return f"{decimal(place[1], place[2])} ki lô gam"


def _class(place: Place) -> str:
    if place[2] == "K" and int(place[1]) >= 10 and not place.follows(_AFTER_CLASS):
        return f"{whole(place[1])} nghìn"
    return f"{whole(place[1])} {spelled(place[2])}"


def _per_count(place: Place) -> str:
    value = _value(place, place["number"], _money(place["per"]))
    return f"{value} {units.spoken(place['per'])}"


def _alone(place: Place) -> str:
    return units.spoken(place[0])


def _degrees(place: Place) -> str:
    return f"độ {spelled(place[1])}"


def _below_zero(place: Place) -> str:
    unit = place["first_unit"].replace("độ", "°").replace(" ", "")
    return f"âm {_value(place, place['first'], money=False)} {units.spoken(unit)}"


def _minus(place: Place) -> str | None:
    """A minus between a blank and a number; at the start of a line it marks an item."""
    at = place.match.start()
    if place.precedes(_SHARE) and place.follows(_BARGAIN):
        return "giảm "
    line_starts = not place.before.rpartition("\n")[2].strip()
    return "" if line_starts or not place.match.string[at - 1].isspace() else "âm "


def _currency(place: Place) -> str | None:
    """`$100`, `€2 triệu`, `$5/tháng`, `USD 500`."""
    if place.follows(_AMOUNT_BEFORE):
        return None
    value = _value(place, place["first"], money=True)
    return f"{value}{place['scale']} {units.spoken(place['sign'] + place['per'])}"


def _broken_money(place: Place) -> str:
    """`3tr5` is three million and five hundred thousand."""
    scale, below = _SCALES[place[2]]
    words = (whole(place[1]), scale, cardinal(int(place[3].ljust(3, "0"))), below)
    return " ".join(word for word in (*words, units.spoken(place["per"]).strip()) if word)


def _dong(place: Place) -> str | None:
    """The sign in `5 triệu đ`."""
    return units.spoken(place[0]) if place.follows(_AFTER_SCALE) else None


def _km_post(place: Place) -> str:
    """`Km 12+300`; not the `km` behind a number."""
    posts = (_post(place[1], place[2]), _post(place[3], place[4]))
    return " đến ".join(post for post in posts if post)


def _post(km: str, metres: str) -> str:
    beyond = f" cộng {whole(metres.lstrip('0') or '0')}" if metres else ""
    return f"ki lô mét {whole(km.lstrip('0') or '0')}{beyond}" if km else ""


def _t(place: Place) -> Said | str:
    """Tonnes of a lorry, years of a child, else whoever reads must say."""
    numbers = [place[group] for group in ("number", "last") if place[group]]
    amount = " đến ".join(_value(place, number, money=False) for number in numbers)
    if place.follows(_AGED) or (place[0][-1] == "t" and place.follows(_OF_PEOPLE)):
        return f"{amount} tuổi"
    if place.follows(_LASTING) or (place.precedes(_YIELDS) and place.follows(_INTEREST)):
        return f"{amount} tháng"
    if place.follows(_LADEN):
        return f"{amount} tấn"
    return Said(
        f"{amount} tấn",
        ("Chữ T được đọc là tấn. Nếu không phải, hãy viết đủ chữ.", "T is read as tonnes."),
    )


def _loaded(place: Place) -> str:
    """The lorry of `2T5`."""
    return f"{decimal(place[1], place[2])} tấn"


def _arc(place: Place) -> str:
    """`14°51'N`."""
    words = f"{whole(place[1])} độ {whole(place[2])} phút"
    if place[3]:
        words += f" {_value(place, place[3], money=False)} giây"
    return f"{words} {_COORDINATES[place[4]]}" if place[4] else words


def _at_least(place: Place) -> str:
    """`≥ 18 tuổi`: from eighteen on. Where the counted word is not known: at least."""
    if place["first_unit"].strip() == "đ" and _is_mark(place):
        amount = f"{_value(place, place['first'], money=False)} điểm"
    else:
        amount = _amount(place, "first", "first_unit")
    if place["minutes"]:
        amount += " phút"
    counted, *per = re.split(r"\s?/\s?", place["counted"])
    amount += "".join([counted, *(f" một {units.spoken(each)}" for each in per)])
    if place["sign"] in ("≤", "<="):
        return f"không quá {amount}"
    named = place["first_unit"] or place["minutes"] or place["counted"]
    if place.precedes(_WORD_GOES_ON) and not named:
        return f"ít nhất {amount}"
    return f"{amount} trở lên" if place.follows(_FROM_BEFORE) else f"từ {amount} trở lên"


def _change(place: Place) -> str | None:
    """`115.500 đ/kg (+500đ)`: by how much a price rose or fell."""
    if not place.follows(_PRICE_BEFORE):
        return None
    return "tăng " if place[0] == "+" else "giảm "


def _magnitude(place: Place) -> str:
    return "độ lớn " if place[0].endswith((" ", "=")) else "độ lớn"


def _times(place: Place) -> str | None:
    return " nhân " if _AMOUNT_ENDS.search(place.before) else None


def _digits(place: Place) -> str:
    return digit_by_digit(place[0])


RULES = (
    Rule(Start.DIGIT, _ARC, _arc, then="°º"),
    Rule(Start.DIGIT, _MINUTES_SECONDS, _minutes_seconds, then="'’′"),
    Rule(Start.DIGIT, _COORDINATES_RANGE, _coordinates_range, then=".,"),
    Rule(Start.DIGIT, _COORDINATE, _coordinate, then=".,"),
    Rule(Start.DIGIT, _BROKEN_MONEY, _broken_money, then="tk"),
    Rule(Start.DIGIT, _SPACED_THOUSANDS, _spaced_thousands, then="0123456789"),
    Rule(Start.DIGIT, _LIST, _list, then="-–"),
    Rule(Start.DIGIT, _AMOUNTS, _amounts, then="ktđn.,"),
    Rule(Start.DIGIT, _COMMA_LIST, _comma_list, then=","),
    Rule(Start.DIGIT, _LOADED, _loaded, then="T"),
    Rule(Start.DIGIT, _T, _t),
    Rule(Start.DIGIT, _RANGE, _range),
    Rule(Start.DIGIT, _MIXED_WEIGHT, _mixed_weight, then="k"),
    Rule(Start.DIGIT, _MIXED_LENGTH, _mixed_length, then="m"),
    Rule(Start.DIGIT, _CLASS, _class, then="ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    Rule(Start.DIGIT, _MINUTES, _minutes, then="'’′"),
    Rule(Start.DIGIT, _PER_COUNT, _per_count),
    Rule(Start.DIGIT, _QUANTITY, _quantity),
    Rule(Start.DIGIT, re.compile(r"\d+"), _digits),
    Rule(Start.LETTER, _KM_POST, _km_post, "Kk"),
    Rule(Start.LETTER, _MONEY_PER, _alone, "đ"),
    Rule(Start.LETTER, _ALONE, _alone),
    Rule(Start.LETTER, _DEGREES, _degrees, "đ"),
    Rule(Start.OTHER, _TWICE, _twice, " \t("),
    Rule(Start.OTHER, _AT_LEAST, _at_least, "≥≤<>"),
    Rule(Start.OTHER, _CHANGE, _change, "+-−–"),
    Rule(Start.OTHER, _BELOW_ZERO, _below_zero, "-−–"),
    Rule(Start.OTHER, _PER_EACH, _per_each),
    Rule(Start.OTHER, _PER_SHORT_FORM, _per_short_form),
    Rule(Start.OTHER, _CURRENCY, _currency, "$€£¥"),
    Rule(Start.LETTER, _CURRENCY, _currency, "UEV"),
    Rule(Start.LETTER, _DONG, _dong, "đ"),
    Rule(Start.LETTER, _MAGNITUDE, _magnitude, "M"),
    Rule(Start.OTHER, _TIMES, _times),
    Rule(Start.LETTER, _TIMES, _times, "x"),
    Rule(Start.OTHER, _MINUS, _minus, "-−"),
)
