"""Units of measure and money, alone or over another unit: `m3/giây`, `đồng/kg`."""

import re
from functools import cache

from audio_library.wording.letters import LETTERS
from audio_library.wording.tables import rows

_MEASURES = ("measure", "letter")
_RATE_DENOMINATORS = frozenset({"giây", "giờ", "phút", "h", "s", "ph"})


@cache
def _units() -> dict[str, tuple[str, str]]:
    return {written: (spoken, kind) for written, spoken, kind in rows("units.tsv", 3)}


def _alternatives(units: list[str]) -> str:
    return "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))


WORDS = frozenset(_units())
"""Units as written."""
ANY = rf"(?:{_alternatives(list(_units()))})"
"""A unit right behind a number."""
ALONE = rf"(?:{_alternatives([u for u, (_, kind) in _units().items() if kind == 'measure'])})"
"""A unit that cannot be taken for a word."""
PER = rf"(?:\s?/\s?(?:{_alternatives([u for u in _units() if u[0].isalpha()])}|[{LETTERS}]+))"
"""What it is counted by: a unit or any word."""
ENDS = r"(?![\w²³])"


def spoken(unit: str) -> str:
    """`m3/giây` → mét khối trên giây; money and counted things are `một`: đồng một ki lô gam."""
    first, *denominators = re.split(r"\s?/\s?", unit.strip())
    words, kind = _units().get(first, (first, "word"))
    for denominator in denominators:
        below, below_kind = _units().get(denominator, (denominator, ""))
        rate = denominator in _RATE_DENOMINATORS or below_kind in _MEASURES
        words += f" {'trên' if rate and kind in _MEASURES else 'một'} {below}"
    return words
