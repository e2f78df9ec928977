"""All rules in the order in which they are tried at a place: the more particular first."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from audio_library.wording import (
    acronyms,
    addresses,
    dashes,
    dates,
    documents,
    numbering,
    phones,
    quantities,
    ratios,
    roman,
    symbols,
    times,
    units,
)
from audio_library.wording.rule import Rule, Start

NamedRule = tuple[str, Rule]

_ALL: tuple[NamedRule, ...] = tuple(
    (name, rule)
    for name, rules in (
        ("addresses", addresses.RULES),
        ("documents", documents.RULES),
        ("numbering", numbering.RULES),
        ("phones", phones.RULES),
        ("dates", dates.RULES),
        ("times", times.RULES),
        ("ratios", ratios.RULES),
        ("roman", roman.RULES),
        ("quantities", quantities.RULES),
        ("acronyms", acronyms.RULES),
        ("dashes", dashes.RULES),
        ("symbols", symbols.RULES),
    )
    for rule in rules
)

RULES: Mapping[Start, tuple[NamedRule, ...]] = MappingProxyType(
    {start: tuple(named for named in _ALL if named[1].start is start) for start in Start}
)

_READ_WORDS = "|".join(
    sorted(map(re.escape, {"độ", *addresses.LABELS, *units.WORDS, *acronyms.WORDS}))
)
_WORD = rf"(?!(?:{_READ_WORDS})(?!\w))[A-ZĐ]?[a-zà-öø-ÿăđĩũơư\u1ea0-\u1ef9]{{2,}}+"
PLAIN_WORDS = re.compile(rf"{_WORD}(?:[,;:]? {_WORD})*(?=[ \n,;!?)”]|[.:…](?:\s|$)|$)")
"""Words one after another at which no rule holds: passed over at once, for speed."""
