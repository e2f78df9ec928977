"""All rules in the order in which they are tried at a place: the more particular first."""

import re
from collections.abc import Mapping
from functools import lru_cache
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


@lru_cache(maxsize=4096)
def rules_at(kind: Start, character: str, then: str = "") -> tuple[NamedRule, ...]:
    """Those that can hold where such a character begins; `then` stands behind digits."""
    return tuple(
        (name, rule)
        for name, rule in RULES[kind]
        if (not rule.first or character in rule.first)
        and (not rule.then or (then and then in rule.then))
    )


_LABELS = "|".join(addresses.LABELS)
_SHAPE = r"[A-ZĐ]?[a-zà-öø-ÿăđĩũơư\u1ea0-\u1ef9]{2,}"
_READ_WORDS = "|".join(
    re.escape(word)
    for word in ("độ", *sorted(units.WORDS), *sorted(acronyms.WORDS))
    if re.match(_SHAPE, word)
)
"""Those that begin as a plain word does; the others are none to begin with."""
_WORD = rf"(?!(?:{_READ_WORDS}|(?i:{_LABELS}))(?!\w)){_SHAPE}+"
_WORD_ENDS = r"(?=[ \n,;!?)”]|[.:…](?:\s|$)|$)"
_NUMBER = r"\d[\d.,/:%hgkmđ–-]{0,15}+(?![\w.@])"
_NAME = rf"(?!(?i:{_LABELS}))[^\W\d_]{{2,}}+(?=[ ,;\n)])"

PLAIN: Mapping[Start, re.Pattern[str] | None] = MappingProxyType(
    {
        Start.LETTER: re.compile(rf"{_WORD}(?:[,;:]? {_WORD})*{_WORD_ENDS}"),
        Start.OTHER: re.compile(
            rf"[.,;:!?]{{0,3}} (?={_WORD}{_WORD_ENDS}|{_NAME}|{_NUMBER})"
            r"|[.,;:!?]{1,3}(?=\n)|\n{1,3}(?=\w)"
        ),
        Start.DIGIT: None,
    }
)
"""Words, and gaps before words and numbers, in which no rule holds: passed over, for speed."""
