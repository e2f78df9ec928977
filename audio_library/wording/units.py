"""Units of measure and money, alone or over another unit: `m3/giây`, `đồng/kg`."""

import re
from functools import cache

from audio_library.wording.letters import LETTERS, pronounceable
from audio_library.wording.letters import spelled as spelled_out
from audio_library.wording.tables import rows

_ALIKE = (
    frozenset({"giây", "phút", "giờ", "ngày", "tháng", "năm"}),
    frozenset({"nghìn", "triệu", "tỷ", "đồng"}),
)
_MEASURES = ("measure", "letter")
_RATE_DENOMINATORS = frozenset({"s2", "s²", "giây", "giờ", "phút", "h", "s", "ph", "lít"})
_LAND = frozenset({"ha", "m2", "m²", "km2", "km²"})
"""What is spread over land is for `một` héc ta, as what is paid or counted is."""


@cache
def _units() -> dict[str, tuple[str, str]]:
    return {written: (spoken, kind) for written, spoken, kind in rows("units.tsv", 3)}


def _alternatives(units: list[str]) -> str:
    return "|".join(map(_pattern, sorted(units, key=len, reverse=True)))


def _pattern(unit: str) -> str:
    """`đ/c` is a comrade or an address and no price."""
    return r"đ(?!/c(?!\w))" if unit == "đ" else re.escape(unit)


WORDS = frozenset(_units())
"""Units as written."""
ANY = rf"(?:{_alternatives(list(_units()))})"
"""A unit right behind a number."""
ALONE = rf"(?:{_alternatives([u for u, (_, kind) in _units().items() if kind == 'measure'])})"
"""A unit that cannot be taken for a word."""
PER = (
    rf"(?:\s?/\s?(?:{_alternatives([u for u in _units() if u[0].isalpha()])}"
    rf"|(?![A-ZĐ]{{2,}}\s\d)[{LETTERS}]+))"
)
"""What it is counted by: a unit or any word."""
ENDS = r"(?![\w²³])"


def _denominator(written: str) -> tuple[str, str]:
    """Also in the capitals of a heading: `KM/H`."""
    table = _units()
    if written == "ngđ":
        return "ngày đêm", ""
    return table.get(written) or table.get(written.lower()) or (_name(written), "")


@cache
def _short_forms() -> dict[str, str]:
    """Those that mean one thing wherever they stand, such as `HSSV` in `đồng/tháng/HSSV`."""
    return {
        written: spoken
        for written, spoken, before, after in rows("acronyms.tsv", 4)
        if not before and not after
    }


def _name(word: str) -> str:
    """What is no unit is a short form or a word, unless it cannot be said as one."""
    if word in _short_forms():
        return _short_forms()[word]
    return word if pronounceable(word) else spelled_out(word)


def comparable(first: str, last: str) -> bool:
    """Whether amounts in these units can be ends of one range: `500m-1km`, but not `220V-50Hz`."""
    per = "/" in first and "/" in last
    units = [unit if per else unit.partition("/")[0] for unit in (first, last) if unit]
    kinds = [spoken(unit).rpartition(" ")[2] for unit in units]
    return len(set(kinds)) < 2 or any(alike.issuperset(kinds) for alike in _ALIKE)


def spoken(unit: str) -> str:
    """`m3/giây` → mét khối trên giây; money and counted things are `một`: đồng một ki lô gam."""
    first, *denominators = re.split(r"\s?/\s?", unit.strip())
    words, kind = _units().get(first, (first, "word"))
    for denominator in denominators:
        below, below_kind = _denominator(denominator)
        by_measure = below_kind in _MEASURES and denominator.lower() not in _LAND
        rate = by_measure or denominator.lower() in _RATE_DENOMINATORS
        words += f" {'trên' if rate and kind in _MEASURES else 'một'} {below}"
    return words
