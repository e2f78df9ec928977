"""Numbers in words, in the register of northern and central radio: nghìn, linh, mốt, lăm, tư."""

DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")

_BILLION = 10**9
LARGEST = 10**18 - 1
"""Above this, numbers are read digit by digit."""


def cardinal(n: int) -> str:
    """The number in words; raises ValueError below 0 and above LARGEST."""
    if not 0 <= n <= LARGEST:
        raise ValueError(n)
    if n >= _BILLION:
        high, low = divmod(n, _BILLION)
        words = f"{cardinal(high)} tỷ"
        return f"{words} {_below_billion(low, leading=False)}" if low else words
    return _below_billion(n, leading=True) if n else DIGITS[0]


def digit_by_digit(digits: str) -> str:
    return " ".join(DIGITS[int(d)] for d in digits if d.isdecimal())


def whole(digits: str) -> str:
    """An unsigned whole number as written: `05` is five, `007` and endless ones are spelled."""
    if len(digits) > len(str(LARGEST)) or (digits.startswith("0") and len(digits) > 2):
        return digit_by_digit(digits)
    return cardinal(int(digits))


def decimal(integer: str, fraction: str) -> str:
    """`54`, `2` → năm mươi tư phẩy hai; a fraction of three digits or with a zero is spelled."""
    spelled = len(fraction) > 2 or fraction.startswith("0")
    after = digit_by_digit(fraction) if spelled else cardinal(int(fraction))
    return f"{whole(integer)} phẩy {after}"


def ordinal(n: int) -> str:
    """After `thứ`: nhất, hai, ba, tư …"""
    return {1: "nhất", 4: "tư"}.get(n) or cardinal(n)


def _below_billion(n: int, *, leading: bool) -> str:
    """`leading`: nothing was said before, so no empty hundreds are named."""
    words: list[str] = []
    for value, name in ((n // 10**6, "triệu"), (n // 1000 % 1000, "nghìn"), (n % 1000, "")):
        if value:
            words.append(_below_thousand(value, leading=leading and not words))
            words.append(name)
    return " ".join(word for word in words if word)


def _below_thousand(n: int, *, leading: bool) -> str:
    hundreds, rest = divmod(n, 100)
    words = [] if leading and not hundreds else [f"{DIGITS[hundreds]} trăm"]
    if rest:
        if words and rest < 10:
            words.append("linh")
        words.append(_below_hundred(rest))
    return " ".join(words)


def _below_hundred(n: int) -> str:
    tens, ones = divmod(n, 10)
    if tens == 0:
        return DIGITS[ones]
    ten = "mười" if tens == 1 else f"{DIGITS[tens]} mươi"
    if ones == 0:
        return ten
    if ones == 5:
        return f"{ten} lăm"
    if tens > 1:
        return f"{ten} {({1: 'mốt', 4: 'tư'}).get(ones) or DIGITS[ones]}"
    return f"{ten} {DIGITS[ones]}"
