"""What is left: brackets become pauses, signs become words, and what cannot be said goes."""

import re
import unicodedata

from audio_library.wording.letters import SILENT_MARKS
from audio_library.wording.numbers import LARGEST, cardinal, whole
from audio_library.wording.rule import Place, Rule, Said, Start

_WORDS = {
    "%": "phần trăm",
    "‰": "phần nghìn",
    "&": "và",
    "=": "bằng",
    "@": "a còng",
    "$": "đô la",
    "€": "ơ rô",
    "£": "bảng",
    "¥": "yên",
    "₫": "đồng",
    "°": "độ",
    "º": "độ",
    "±": "cộng trừ",
    "≤": "nhỏ hơn hoặc bằng",
    "≥": "lớn hơn hoặc bằng",
    "<=": "nhỏ hơn hoặc bằng",
    ">=": "lớn hơn hoặc bằng",
    "≈": "khoảng",
    "§": "mục",
    "№": "số",
}
_BETWEEN_NUMBERS = {
    "^": "mũ",
    "+": "cộng",
    "×": "nhân",
    "÷": "chia",
    "<": "nhỏ hơn",
    ">": "lớn hơn",
}
_BEFORE_NUMBER = {"~": "khoảng", "<": "dưới", ">": "trên", "+": "cộng", "↑": "tăng", "↓": "giảm"}

_GREEK_LETTERS = {
    **dict.fromkeys("αΑ", "an pha"),
    **dict.fromkeys("βΒ", "bê ta"),
    **dict.fromkeys("γΓ", "gam ma"),
    **dict.fromkeys("δΔ", "đen ta"),
    **dict.fromkeys("λΛ", "lam đa"),
    **dict.fromkeys("μµ", "muy"),
    **dict.fromkeys("πΠ", "pi"),
    **dict.fromkeys("σΣ", "xích ma"),
    **dict.fromkeys("φϕΦ", "phi"),
    **dict.fromkeys("ωΩ", "ô mê ga"),
}

_THE_END = re.compile(r"[./]{2,4}(?=\s*$|\s*\n)|\./\.")
_RULE_OFF = re.compile(r"([=*~#+^<>&@|\\/-])\1{2,}")
_VARIATION = re.compile("[\ufe00-\ufe0f\u20e3]+")
_APOSTROPHE = re.compile("[`´′](?=[^\\W\\d_])")
_OPEN = re.compile(r"(?P<blank>[ \t]{0,20})[(\[{]+[ \t]{0,20}")
_OR_SHE = re.compile(r"[ \t]{0,20}\((bà|cô|chị|anh|ông|em)\)(?![.,;:])", re.IGNORECASE)
_HE = re.compile(r"(?<!\w)(?:ông|bà|anh|chị|cô|chú|thầy)$")
_BULLET_BETWEEN = re.compile(r"[ \t]{0,20}[●▪◦■□◆►➢➤‣⁃•]+[ \t]{1,20}(?=\w)")
_LEADS_ON = re.compile(r"(?<!\w)(?:tại|ở|là|gồm|từ|đến|của|cho|khoảng|vào|lúc|với|bằng)\s*$")
_EMPTY = re.compile(r"[ \t]{0,20}[(\[{][^\w\n]{0,20}[)\]}]")
_CLOSE = re.compile(r"[ \t]{0,20}[)\]}]+")
_PLACES = re.compile(
    r"(?<!\w)(?:thôn|làng|tổ|khu|khối|ấp|bản|tổ dân phố|lớp)\s\d+(?:\s?\+\s?\d+)*\s?$"
)
_FIRST_OF_RANGE = re.compile(r"(?:(?<!\w)([^\W\d_]+)\s)?\d+\s*$")
_RAIN_BEFORE = re.compile(r"\d\s?(?:mm|cm|m)$")
_WHILE = re.compile(r"\s?\d{1,2}\s?(?:h|giờ|ngày|phút|tháng)(?!\w)")
_PAID_BEFORE = re.compile(r"\d\s?(?:đ|đồng|k|tr|nghìn|triệu|tỷ)(?:/[^\W\d_]+){0,2}$")
_FOR_SO_LONG = re.compile(
    r"\s?\d{1,3}\s(?:ngày|tháng|năm|giờ|phút|tuần|buổi|lần|người|học sinh)(?!\w)"
)
_CODE_BEFORE = re.compile(r"(?<!\w)\d{1,2}[a-z]$")
_CODE_AFTER = re.compile(r"\s?\d{1,2}[A-Z](?!\w)")
_PAUSE = re.compile(r"[ \t]{0,20}[/|→⇒⟶➔\\]")
_COLUMN = re.compile(r" {0,20}\t[ \t]{0,20}")
_LEADER = re.compile(r" {0,20}(?:\.{4,}|…{2,}|(?:\. ){3,}\.?)(?:[.… ]{0,20}(?=[^\W_(])|[.…]*)")
_BULLET = re.compile(r"(?:[=-]{1,3}>+|>{2,3}|[*+•●▪◦■□◆►➢➤✓✔·‣⁃∙][*+•●▪◦■□◆►➢✓·]*)[ \t]{0,20}")
_SIGN = re.compile(r">=|<=|[^\w\s]")
_RUN = re.compile(rf"(?P<sign>[^\w\s{SILENT_MARKS}])(?P=sign)*")
_UNDERSCORES = re.compile(r"_+")
_RAISED = re.compile("([⁻⁺]?)([⁰¹²³⁴-⁹]{1,18})")
_OTHER_DIGITS = re.compile(r"(?:(?![0-9])\d){1,40}")
_OTHER_NUMBER = re.compile(r"[^\W_]")
_GREEK = re.compile(f"[{''.join(_GREEK_LETTERS)}]")
_DIAMETER = re.compile(r"[Øø](?=\s?\d)")
_CONTROL = re.compile(r"[^\S \t\n\r]|[\x00-\x08\x0e-\x1f]")

_FLU = re.compile(r"[AB]/(?=H\d|[A-Z][a-z])")
_SENTENCE_GOES_ON = re.compile(r"[ \t]*[^\W_]")
_LINE_STARTS = re.compile(r"(?:^|\n)[ \t]*$")
_ENDS_IN_WORD = re.compile(r"[^\W_]['’”\"%°$€₫)\]}]*[ \t]*$")
_LETTER_ENDS = re.compile(r"[^\W\d_]$")
_NUMBER_BEFORE = re.compile(r"\d\s*$")
_NUMBER_ENDS = re.compile(r"\d(?:\s[^\W\d_]+)?$")
_NUMBER_AFTER = re.compile(r"\s*(?:BĐ\s?|cấp\s|mức\s)?(?:\d|(?<=Đ)I|(?<=Đ )I)")
_ORDINARY = "Ký hiệu này không được đọc.", "This symbol is not read."


def _open(place: Place) -> str:
    if place.follows(_LEADS_ON):
        return " "
    return ", " if _ENDS_IN_WORD.search(place.before) else place["blank"]


def _the_end(place: Place) -> str | None:
    """`./.` under an official text."""
    return "." if "/" in place[0] else None


def _or_she(place: Place) -> str | None:
    """`ông (bà) Trưởng thôn`."""
    return f", {place[1]}" if place.follows(_HE) else None


def _bullet_between(place: Place) -> str:
    """Items of a list, one after another on one line."""
    return "; " if _ENDS_IN_WORD.search(place.before) else " "


def _not_said(_place: Place) -> str:
    """A mark such as `(*)`, a line of `====`, how an emoji is to look."""
    return ""


def _apostrophe(place: Place) -> str | None:
    """As typed in names: H`Drai."""
    return "'" if _LETTER_ENDS.search(place.before) else None


def _close(place: Place) -> str:
    return "," if _SENTENCE_GOES_ON.match(place.after) else ""


def _column(place: Place) -> str:
    """The gap between columns of a table."""
    goes_on = _SENTENCE_GOES_ON.match(place.after)
    return ", " if goes_on and _ENDS_IN_WORD.search(place.before) else " "


def _leader(place: Place) -> str:
    """Dots that lead the eye to the next column, or are there to be written upon."""
    goes_on = _SENTENCE_GOES_ON.match(place.after)
    return ", " if goes_on and _ENDS_IN_WORD.search(place.before) else ""


def _bullet(place: Place) -> str | None:
    return "" if _LINE_STARTS.search(place.before) else None


def _sign(place: Place) -> str | None:
    """Signs that are words; which one may depend on the numbers beside it."""
    sign = place[0]
    number_after = _NUMBER_AFTER.match(place.after)
    word = None
    if number_after and _NUMBER_BEFORE.search(place.before):
        evenly = place.before[-1].isspace() == place.after[0].isspace()
        word = _BETWEEN_NUMBERS.get(sign) if evenly or sign not in "<>" else None
        if sign == "+" and place.follows(_PLACES):
            word = "và"
    if number_after and word is None:
        word = _BEFORE_NUMBER.get(sign)
    if sign == "+" and not number_after:
        apart = not place.after[:1].isalpha()
        at_least = apart and _NUMBER_ENDS.search(place.before)
        word = "trở lên" if at_least else _plus(place)
    if sign == "×" and word is None:
        goes_on = _SENTENCE_GOES_ON.match(place.after)
        word = "nhân" if goes_on and _ENDS_IN_WORD.search(place.before) else None
    return word or _WORDS.get(sign)


def _plus(place: Place) -> str | None:
    """`lương + phụ cấp`, `loại A+`."""
    if _LETTER_ENDS.search(place.before) or place.after[:1].isalpha():
        return "cộng"
    goes_on = _SENTENCE_GOES_ON.match(place.after)
    return "cộng" if goes_on and _ENDS_IN_WORD.search(place.before) else None


def _pause(place: Place) -> str:
    if place[0][-1] in "→⇒⟶➔" and _leads_to_like(place):
        return " đến "
    if place.follows(_CODE_BEFORE) and place.precedes(_CODE_AFTER):
        return ", "
    if place[0] == "/" and place.follows(_PAID_BEFORE) and place.precedes(_FOR_SO_LONG):
        return " cho "
    if place[0] == "/" and place.follows(_RAIN_BEFORE) and place.precedes(_WHILE):
        return "trong"
    if place[0].endswith("/") and _NUMBER_AFTER.match(place.after):
        return f"{' ' if place[0][0].isspace() else ''}trên"
    if not _ENDS_IN_WORD.search(place.before):
        return ""
    if _FLU.match(place.match.string, place.match.start() - 1):
        return " "
    return "," if not place.after or place.after[0].isspace() else ", "


def _leads_to_like(place: Place) -> bool:
    """`thôn 1→thôn 4`, `10→15`."""
    first = _FIRST_OF_RANGE.search(place.before)
    if first is None:
        return False
    again = rf"\s*(?:{first[1]}\s)?\d" if first[1] else r"\s*\d"
    return re.match(again, place.after, re.IGNORECASE) is not None


def _left_out(place: Place) -> Said | str | None:
    sign = place["sign"]
    if unicodedata.category(sign)[0] == "M":
        return None
    meaningful = unicodedata.category(sign) in ("So", "Co", "Cn", "Sc", "Sm") and not sign.isascii()
    return Said("", _ORDINARY) if meaningful else ""


def _underscores(_place: Place) -> str:
    return " "


def _raised(place: Place) -> str:
    """`10³`, `10⁻³`."""
    minus = "âm " if place[1] == "⁻" else ""
    return f"mũ {minus}{cardinal(int(unicodedata.normalize('NFKC', place[2])))}"


def _other_digits(place: Place) -> str:
    """Digits of other scripts, and wide ones of a foreign keyboard."""
    return whole("".join(str(unicodedata.digit(digit)) for digit in place[0]))


def _other_number(place: Place) -> Said | str | None:
    """Lowered and ringed digits, fractions in one character."""
    character = place[0]
    if unicodedata.category(character)[0] != "N":
        return None
    above, _, below = unicodedata.normalize("NFKC", character).partition("\u2044")
    if below and above:
        return f"{cardinal(int(above))} phần {cardinal(int(below))}"
    value = unicodedata.numeric(character, -1.0)
    if value.is_integer() and 0 <= value <= LARGEST:
        return cardinal(int(value))
    return Said("", _ORDINARY)


def _greek(place: Place) -> str:
    return _GREEK_LETTERS[place[0]]


def _diameter(_place: Place) -> str:
    return "phi"


def _control(place: Place) -> str:
    return " "


RULES = (
    Rule(Start.OTHER, _THE_END, _the_end, "./"),
    Rule(Start.OTHER, _RULE_OFF, _not_said),
    Rule(Start.LETTER, _VARIATION, _not_said),
    Rule(Start.OTHER, _APOSTROPHE, _apostrophe, "`´′"),
    Rule(Start.OTHER, _COLUMN, _column, " \t"),
    Rule(Start.OTHER, _LEADER, _leader),
    Rule(Start.OTHER, _EMPTY, _not_said, " \t([{"),
    Rule(Start.OTHER, _OR_SHE, _or_she, " \t("),
    Rule(Start.OTHER, _OPEN, _open, " \t([{"),
    Rule(Start.OTHER, _CLOSE, _close, " \t)]}"),
    Rule(Start.OTHER, _BULLET, _bullet),
    Rule(Start.OTHER, _BULLET_BETWEEN, _bullet_between),
    Rule(Start.OTHER, _PAUSE, _pause),
    Rule(Start.OTHER, _RAISED, _raised),
    Rule(Start.OTHER, _SIGN, _sign),
    Rule(Start.OTHER, _RUN, _left_out),
    Rule(Start.OTHER, _UNDERSCORES, _underscores, "_"),
    Rule(Start.OTHER, _OTHER_DIGITS, _other_digits),
    Rule(Start.OTHER, _OTHER_NUMBER, _other_number),
    Rule(Start.OTHER, _CONTROL, _control),
    Rule(Start.LETTER, _GREEK, _greek),
    Rule(Start.LETTER, _DIAMETER, _diameter),
)
