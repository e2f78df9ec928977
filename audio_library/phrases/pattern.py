"""In what order a language says a sentence, as data: groups of phrases and slots, and breaths."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from audio_library.phrases.catalogue import Category, catalogue, category_of
from audio_library.phrases.errors import BadPattern, UnknownSentence

MAX_CHARACTERS = 1_000

_SLOT = re.compile(r"\{([a-z_]+)(!?)\}")


class Fills(StrEnum):
    """What may stand in a slot."""

    PHRASES = "phrases"
    NUMBER = "number"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class SlotKind:
    fills: Fills
    categories: frozenset[Category] = frozenset()
    """Of the phrases that fit."""


def _phrases(*categories: Category) -> SlotKind:
    return SlotKind(Fills.PHRASES, frozenset(categories))


SLOTS: Mapping[str, SlotKind] = MappingProxyType(
    {
        "hazards": _phrases(Category.HAZARD),
        "places": _phrases(Category.PLACE),
        "level": _phrases(Category.LEVEL),
        "when": _phrases(Category.TIME),
        "instructions": _phrases(Category.INSTRUCTION, Category.END),
        "source": _phrases(Category.SOURCE),
        "wind": SlotKind(Fills.NUMBER),
        "rain_mm": SlotKind(Fills.NUMBER),
        "since": SlotKind(Fills.MOMENT),
        "until": SlotKind(Fills.MOMENT),
        "issued": SlotKind(Fills.MOMENT),
    }
)
"""What a sentence may be given."""

MOMENT = "moment"
MOMENT_SLOTS = ("hour", "minute", "day", "month")
"""The parts of a moment, which the pattern `moment` puts in order."""


@dataclass(frozen=True, slots=True)
class Part:
    """One phrase by its id, or one slot by its name."""

    name: str
    slot: bool = False
    must: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Said whole, or not at all where its slots are empty; after some one takes a breath."""

    parts: tuple[Part, ...]
    breath: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """`confirmed`: by somebody who speaks the language; else it is the Vietnamese order."""

    sentence: str
    written: str
    groups: tuple[Group, ...]
    confirmed: bool

    @property
    def phrases(self) -> tuple[str, ...]:
        """The phrases that stand in it whatever fills its slots."""
        return tuple(p.name for g in self.groups for p in g.parts if not p.slot)


@cache
def written_patterns() -> Mapping[tuple[str, str], str]:
    """The orders that come with the project, as they are written, by language and sentence."""
    text = resources.files(__package__).joinpath("patterns.tsv").read_text("utf-8")
    lines = (line.split("\t") for line in text.splitlines() if line and line[0] != "#")
    return MappingProxyType({(tag, sentence): parts for tag, sentence, parts in lines})


def sentences() -> tuple[str, ...]:
    """What can be said, by name; `moment` is a part of the others."""
    return tuple(sentence for tag, sentence in written_patterns() if tag == "vi")


def pattern(sentence: str, language: str, own: Mapping[str, str] | None = None) -> Pattern:
    """The order of `language`: its own by sentence, else the project's, else the Vietnamese.

    Raises UnknownSentence, BadPattern.
    """
    known = written_patterns()
    if ("vi", sentence) not in known:
        raise UnknownSentence(sentence, sentences())
    written = (own or {}).get(sentence) or known.get((language, sentence))
    if written is None:
        vietnamese = known["vi", sentence]
        return Pattern(sentence, vietnamese, _groups(vietnamese), confirmed=False)
    return Pattern(sentence, written, _groups(written), confirmed=True)


def check_pattern(sentence: str, written: str) -> str:
    """The order in one line, if it holds every slot that must be filled; raises BadPattern."""
    if len(written) > MAX_CHARACTERS:
        raise BadPattern("quá dài", "it is too long")
    wanted = {part.name for part in _slots(pattern(sentence, "vi")) if part.must}
    given = Pattern(sentence, written, _groups(written), confirmed=True)
    slots = [part.name for part in _slots(given)]
    allowed = MOMENT_SLOTS if sentence == MOMENT else tuple(SLOTS)
    for name in slots:
        if name not in allowed:
            raise BadPattern(f"không có phần “{name}”", f"there is no slot “{name}”")
    for phrase in given.phrases:
        if phrase not in catalogue():
            raise BadPattern(f"không có mục “{phrase}”", f"there is no phrase “{phrase}”")
    for name in sorted(wanted - set(slots)):
        raise BadPattern(f"thiếu phần “{name}”", f"the slot “{name}” is missing")
    if len(slots) != len(set(slots)):
        raise BadPattern("có phần được nói hai lần", "a slot stands in it twice")
    return " ".join(written.split())


def fits(slot: str, phrase: str) -> bool:
    """Whether a phrase of this id may stand in the slot; raises UnknownPhrase."""
    return category_of(phrase) in SLOTS[slot].categories


def _slots(of: Pattern) -> list[Part]:
    return [part for group in of.groups for part in group.parts if part.slot]


def _groups(written: str) -> tuple[Group, ...]:
    groups: list[Group] = []
    for clause in written.split("|"):
        pieces = [piece.split() for piece in clause.split("/")]
        groups += (
            Group(tuple(map(_part, piece)), breath=number == len(pieces))
            for number, piece in enumerate(pieces, start=1)
        )
    if not all(group.parts for group in groups):
        raise BadPattern("có vế trống", "a group is empty")
    return tuple(groups)


def _part(written: str) -> Part:
    slot = _SLOT.fullmatch(written)
    return Part(slot[1], slot=True, must=bool(slot[2])) if slot else Part(written)
