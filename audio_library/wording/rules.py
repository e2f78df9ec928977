"""All rules in the order in which they are tried at a place: the more particular first."""

from collections.abc import Mapping
from types import MappingProxyType

from audio_library.wording import (
    acronyms,
    addresses,
    dates,
    documents,
    phones,
    quantities,
    ratios,
    roman,
    symbols,
    times,
)
from audio_library.wording.rule import Rule, Start

_ALL: tuple[Rule, ...] = (
    *addresses.RULES,
    *documents.RULES,
    *phones.RULES,
    *dates.RULES,
    *times.RULES,
    *ratios.RULES,
    *roman.RULES,
    *quantities.RULES,
    *acronyms.RULES,
    *symbols.RULES,
)

RULES: Mapping[Start, tuple[Rule, ...]] = MappingProxyType(
    {start: tuple(rule for rule in _ALL if rule.start is start) for start in Start}
)
