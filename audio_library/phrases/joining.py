"""How long to wait between phrases that are said one after the other. Knows no decoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from audio_library.phrases.compose import Break, Said

PAUSES_MS: Mapping[Break, int] = MappingProxyType(
    {Break.WORD: 120, Break.LIST: 220, Break.CLAUSE: 350}
)
"""Between the sounds themselves; each brings some silence of its own (about 80 ms)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A mastered file, and the silence after it."""

    path: Path
    pause_ms: int


def pieces(said: Sequence[Said], paths: Mapping[str, Path]) -> tuple[Piece, ...]:
    """The files of the phrases in order; no silence after the last one."""
    *first, last = said
    return (
        *(Piece(paths[each.phrase], PAUSES_MS[each.then]) for each in first),
        Piece(paths[last.phrase], 0),
    )
