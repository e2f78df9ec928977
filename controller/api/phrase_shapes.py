"""Shapes of the phrase bank in the JSON API."""

from typing import Annotated

from pydantic import Field

from audio_library.phrases.catalogue import Category
from audio_library.phrases.compose import LARGEST_NUMBER, MAX_PHRASES_A_SLOT, Lack, Moment, Value
from audio_library.phrases.pattern import MAX_CHARACTERS
from audio_library.phrases.readiness import BankReadiness, Stage
from controller.api.shapes import Id, Language, Shape, Short

Phrases = Annotated[tuple[Id, ...], Field(max_length=MAX_PHRASES_A_SLOT)]
Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class BankReadinessOut(Shape):
    """How much of what an emergency must be able to say a language can say today."""

    language: str
    """Tag of the language."""
    needed: int
    """Phrases that every emergency needs, with the places of the unit that was asked for."""
    ready: int
    """So many of them have audio."""
    counts: dict[Stage, int]
    """So many of them at each stage."""
    vi: str
    """The same in a Vietnamese sentence."""
    en: str
    """The same in English."""

    @staticmethod
    def of(found: BankReadiness) -> "BankReadinessOut":
        """From the domain."""
        return BankReadinessOut(
            language=found.language,
            needed=found.needed,
            ready=found.counts[Stage.READY],
            counts=dict(found.counts),
            vi=found.vi,
            en=found.en,
        )


class PhraseOut(Shape):
    """One phrase in one language."""

    id: str
    """Stable dotted name of the phrase."""
    category: Category
    """What it is about."""
    needed: bool
    """Whether every emergency needs it."""
    vi: str | None
    """How Vietnamese says it, for whoever writes the words of another language."""
    words: str | None
    """Exactly what is to be said in this language; null: nobody has written it."""
    set_by: str | None
    """Who wrote the words; null: they come with the project."""
    audio: str | None
    """SHA-256 of its audio; null: it cannot be heard yet."""
    duration_ms: int | None
    """Length of the audio."""
    making: str | None
    """State of the work on its audio: waiting, working, failed or stopped."""
    error_vi: str | None
    """Why its audio could not be made, in Vietnamese."""
    error_en: str | None
    """The same in English."""


class OrderOut(Shape):
    """In what order a language says a sentence."""

    sentence: str
    """Name of the sentence."""
    parts: str
    """Phrases, `{slots}` and `{slots!}` that must be filled; `/` ends a group, `|` a clause."""
    confirmed: bool
    """False: it is the Vietnamese order, which nobody who speaks the language has confirmed."""


class BankOut(Shape):
    """The phrase bank of one language."""

    language: str
    """Tag of the language."""
    readiness: BankReadinessOut
    """How much of it can be heard."""
    orders: list[OrderOut]
    """The order of every sentence."""
    phrases: list[PhraseOut]
    """The phrases of the catalogue, the places, and what was set beside them."""


class WordsIn(Shape):
    """How a language says a phrase."""

    words: Annotated[str, Field(max_length=2_000)]
    """Exactly what is to be said: no digits and no symbols."""


class OrderIn(Shape):
    """In what order a language says a sentence."""

    parts: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    """Phrases, `{slots}` and `{slots!}` that must be filled; `/` ends a group, `|` a clause."""


class AskedOut(Shape):
    """What became of the wish for audio."""

    asked: int
    """So many phrases are being made from now on."""
    ready: int
    """So many have audio already."""
    waiting: int
    """So many wait to be made or are being made."""
    failed: int
    """So many could not be made."""
    lacking: int
    """So many can be made by no voice: they must be written or recorded first."""


class MomentIn(Shape):
    """A local time of day, and the day where it is not plain."""

    hour: Annotated[int, Field(ge=0, le=23)]
    """0 to 23."""
    minute: Annotated[int, Field(ge=0, le=59)] = 0
    """0 to 59."""
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    """Day of the month."""
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    """Only with a day."""

    def value(self) -> Moment:
        """For the domain; raises SlotMisfilled."""
        return Moment(self.hour, self.minute, self.day, self.month)


class SentenceIn(Shape):
    """What a sentence is to say; what is left out is not said."""

    language: Language
    """In which language."""
    sentence: Short = "alert"
    """alert, update, all_clear or test."""
    hazards: Phrases = ()
    """Phrases `hazard.…`."""
    places: Phrases = ()
    """Phrases `place.…`."""
    level: Phrases = ()
    """Phrases `level.…`."""
    when: Phrases = ()
    """Phrases `time.…`, as `time.next_hours`."""
    instructions: Phrases = ()
    """Phrases `instruction.…` or `end.…`."""
    source: Phrases = ()
    """Phrases `source.…`."""
    wind: Number | None = None
    """Wind level."""
    rain_mm: Number | None = None
    """Rain in millimetres."""
    since: MomentIn | None = None
    """From when on."""
    until: MomentIn | None = None
    """Until when."""
    issued: MomentIn | None = None
    """When it was issued; an alert always says it."""
    audio: bool = False
    """Whether to join its audio as well, if nothing is missing."""

    def values(self) -> dict[str, Value]:
        """By slot, without what was left out."""
        lists = (
            ("hazards", self.hazards),
            ("places", self.places),
            ("level", self.level),
            ("when", self.when),
            ("instructions", self.instructions),
            ("source", self.source),
        )
        numbers = (("wind", self.wind), ("rain_mm", self.rain_mm))
        moments = (("since", self.since), ("until", self.until), ("issued", self.issued))
        return {
            **{slot: phrases for slot, phrases in lists if phrases},
            **{slot: number for slot, number in numbers if number is not None},
            **{slot: moment.value() for slot, moment in moments if moment is not None},
        }


class MissingOut(Shape):
    """A phrase that cannot be heard."""

    phrase: str
    """Its name."""
    why: Lack
    """Whether it has no words, or no audio of them."""


class SentenceOut(Shape):
    """A sentence as it would be heard."""

    language: str
    """Tag of the language."""
    text: str | None
    """Its words; null while words are missing."""
    phrases: list[str]
    """The phrases in order."""
    missing: list[MissingOut]
    """What must be written or recorded before it can be heard."""
    confirmed: bool
    """False: in the Vietnamese order, which nobody who speaks the language has confirmed."""
    audio: str | None
    """SHA-256 of its audio, if it was asked for."""
    duration_ms: int | None
    """Length of the audio."""


class PhraseIndexOut(Shape):
    """How boxes find every phrase: exactly as it is sent to them, before it is signed."""

    v: int
    """Serial: grows whenever a page changes."""
    b: dict[str, str]
    """By language, the SHA-256 of its page in base64url; it lies at `/pages/<hex>.json.gz`."""
