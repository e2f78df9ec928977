"""How the regions say what the rules put into words; the rules speak as northern radio does."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from audio_library.wording.tables import rows


class Dialect(StrEnum):
    """Radio of the centre uses the numerals of the north; what it says otherwise is accent."""

    NORTH = "north"
    CENTRAL = "central"
    SOUTH = "south"

    @property
    def said(self) -> Callable[[str], str]:
        """From words of the rules to words of the region; the same words where they agree."""
        return _regional(self)


@cache
def _regional(dialect: Dialect) -> Callable[[str], str]:
    column = list(Dialect).index(dialect)
    words = {row[0]: row[column] for row in rows("dialects.tsv", len(Dialect))}
    if all(northern == regional for northern, regional in words.items()):
        return lambda spoken: spoken
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")
    return lambda spoken: pattern.sub(lambda match: words[match[0]], spoken)
