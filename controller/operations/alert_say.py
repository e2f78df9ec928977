"""A sentence of phrases in the words of the wire."""

from collections.abc import Iterable, Sequence

from audio_library.phrases.compose import Break, Said
from edge_agent.contract.alert import Spoken

_MARKS = {Break.WORD: "", Break.LIST: " ,", Break.CLAUSE: " |"}


def to_say(said: Sequence[Said]) -> str:
    """Phrases and pauses as boxes are told them; no pause after the last one."""
    *first, last = said
    return " ".join((*(f"{each.phrase}{_MARKS[each.then]}" for each in first), last.phrase))


def to_spoken(says: Iterable[tuple[str, str]]) -> tuple[Spoken, ...]:
    """Language and sentence of each for the wire; one that says what the first says is short."""
    (language, first), *others = says
    return (
        Spoken(language, say=first),
        *(Spoken(tag, say="" if say == first else say) for tag, say in others),
    )
