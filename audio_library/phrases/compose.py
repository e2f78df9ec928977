"""A sentence from phrases: which ones, in what order, and exactly which are missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from audio_library.phrases.bank import Bank
from audio_library.phrases.catalogue import check_phrase_id
from audio_library.phrases.errors import SlotMisfilled, SlotUnfilled, UnknownSentence
from audio_library.phrases.numbers import number_phrases
from audio_library.phrases.pattern import (
    MOMENT,
    SLOTS,
    Fills,
    Group,
    Part,
    Pattern,
    fits,
    pattern,
    sentences,
)

MAX_PHRASES_A_SLOT = 20
LARGEST_NUMBER = 999_999_999
AND = "link.and"


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time of day, and the day where it is not plain."""

    hour: int
    minute: int = 0
    day: int | None = None
    month: int | None = None

    def __post_init__(self) -> None:
        if not (
            0 <= self.hour <= 23
            and 0 <= self.minute <= 59
            and (self.day is None or 1 <= self.day <= 31)
            and (self.month is None or 1 <= self.month <= 12)
            and (self.month is None or self.day is not None)
        ):
            raise SlotMisfilled(MOMENT, f"{self.hour}:{self.minute} {self.day}/{self.month}")


Value = Sequence[str] | int | Moment
"""Phrase ids, a number, or a moment."""


class Lack(StrEnum):
    """Why a phrase cannot be heard."""

    NO_WORDS = "no_words"
    NO_SOUND = "no_sound"


@dataclass(frozen=True, slots=True)
class Missing:
    phrase: str
    lack: Lack


class Break(StrEnum):
    """What follows a phrase: the next word, the next of a list, or a new clause."""

    WORD = "word"
    LIST = "list"
    CLAUSE = "clause"


class Said(NamedTuple):
    """One phrase in its place."""

    phrase: str
    then: Break


@dataclass(frozen=True, slots=True)
class Composition:
    """`text` is the spoken form, None while words are missing; `confirmed`: so is the order."""

    language: str
    said: tuple[Said, ...]
    text: str | None
    missing: tuple[Missing, ...]
    confirmed: bool

    @property
    def phrases(self) -> tuple[str, ...]:
        return tuple(said.phrase for said in self.said)


def compose(sentence: str, values: Mapping[str, Value], bank: Bank) -> Composition:
    """Say `sentence` in the bank's language; nothing is taken from another language.

    Raises UnknownSentence, UnknownPhrase, SlotUnfilled, SlotMisfilled.
    """
    if sentence == MOMENT:
        raise UnknownSentence(sentence, tuple(s for s in sentences() if s != MOMENT))
    order = pattern(sentence, bank.language, bank.orders)
    filled = {slot: said for slot, value in values.items() if (said := _filled(slot, value, bank))}
    said = _in_order(order, filled)
    missing = tuple(_missing(said, bank))
    return Composition(
        bank.language,
        said,
        None if any(m.lack is Lack.NO_WORDS for m in missing) else _text(said, bank),
        missing,
        order.confirmed,
    )


def _filled(slot: str, value: Value, bank: Bank) -> tuple[Said, ...]:
    """The phrases that say a value; raises SlotMisfilled."""
    match SLOTS[slot].fills if slot in SLOTS else None, value:
        case Fills.NUMBER, int(n) if 0 <= n <= LARGEST_NUMBER:
            return _words(number_phrases(n, bank.language))
        case Fills.MOMENT, Moment() as moment:
            return _moment(moment, bank)
        case Fills.PHRASES, [*phrases] if len(phrases) <= MAX_PHRASES_A_SLOT:
            for phrase in phrases:
                if not fits(slot, check_phrase_id(phrase)):
                    raise SlotMisfilled(slot, phrase)
            if slot in _LISTED:
                return _listed(phrases)
            return tuple(Said(phrase, Break.CLAUSE) for phrase in phrases)
        case _:
            raise SlotMisfilled(slot, str(value))


_LISTED = frozenset({"hazards", "places"})
"""One list with an `and`; of instructions and levels each is a clause of its own."""


def _words(phrases: Sequence[str]) -> tuple[Said, ...]:
    return tuple(Said(phrase, Break.WORD) for phrase in phrases)


def _listed(phrases: Sequence[str]) -> tuple[Said, ...]:
    if len(phrases) < 2:
        return _words(phrases)
    *first, before, last = phrases
    return (*(Said(phrase, Break.LIST) for phrase in first), *_words((before, AND, last)))


def _moment(moment: Moment, bank: Bank) -> tuple[Said, ...]:
    named = {
        "hour": f"hour.{moment.hour:02d}",
        "minute": f"minute.{moment.minute:02d}" if moment.minute else None,
        "day": f"day.{moment.day:02d}" if moment.day else None,
        "month": f"month.{moment.month:02d}" if moment.month else None,
    }
    order = pattern(MOMENT, bank.language, bank.orders)
    return _in_order(order, {slot: _words((phrase,)) for slot, phrase in named.items() if phrase})


def _in_order(order: Pattern, filled: Mapping[str, tuple[Said, ...]]) -> tuple[Said, ...]:
    return tuple(said for group in order.groups for said in _group(group, filled))


def _group(group: Group, filled: Mapping[str, tuple[Said, ...]]) -> tuple[Said, ...]:
    slots = [part for part in group.parts if part.slot]
    for part in slots:
        if part.must and part.name not in filled:
            raise SlotUnfilled(part.name)
    if slots and not any(part.name in filled for part in slots):
        return ()
    *said, last = (each for part in group.parts for each in _part(part, filled))
    return (*said, last._replace(then=Break.CLAUSE if group.breath else Break.WORD))


def _part(part: Part, filled: Mapping[str, tuple[Said, ...]]) -> tuple[Said, ...]:
    return filled.get(part.name, ()) if part.slot else _words((part.name,))


def _missing(said: Sequence[Said], bank: Bank) -> Iterator[Missing]:
    for phrase in dict.fromkeys(each.phrase for each in said):
        if phrase not in bank.words:
            yield Missing(phrase, Lack.NO_WORDS)
        elif phrase not in bank.sounds:
            yield Missing(phrase, Lack.NO_SOUND)


_MARKS = {Break.WORD: "", Break.LIST: ",", Break.CLAUSE: "."}


def _text(said: Sequence[Said], bank: Bank) -> str:
    """One sentence a clause, each with a capital; the last one is closed."""
    words: list[str] = []
    opens = True
    for each in said:
        spoken = bank.words[each.phrase].rstrip(" ,.;:!?")
        words.append((f"{spoken[:1].upper()}{spoken[1:]}" if opens else spoken) + _MARKS[each.then])
        opens = each.then is Break.CLAUSE
    return f"{' '.join(words).rstrip(',.')}."
