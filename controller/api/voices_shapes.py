"""Shapes of what the API says of voices, their order and their listeners."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from audio_library.speech.listening import LONGEST_HEARD, Tally
from controller.api.shapes import Id, Language, Shape
from controller.operations.voices import Order, VoiceNow
from controller.storage.instants import to_utc


class TallyOut(Shape):
    """How well listeners understood a voice; only sheets filled in to the end count."""

    voice: str
    """Names the voice."""
    judged: bool
    """At least five native listeners filled in the sheet; until then nothing is known."""
    natives: int
    """Native listeners who filled it in."""
    others: int
    """Other listeners who did; they are not counted in the share."""
    share: float | None
    """Share of the words that native listeners heard right, 0 to 1."""

    @classmethod
    def of(cls, t: Tally) -> "TallyOut":
        """Make it of the domain's value."""
        return cls(
            voice=t.voice, judged=t.judged, natives=t.natives, others=t.others, share=t.share
        )


class VoiceOut(Shape):
    """One voice that can read a language."""

    id: str
    """Names the voice."""
    language: str
    """BCP 47 tag of the only language that it reads; `und` where its file does not say."""
    name_vi: str
    """Its name, in Vietnamese."""
    engine: str
    """The program that speaks."""
    licence: str
    """Licence of that program, or of the voice."""
    online: bool
    """It needs the internet, and sends the text there."""
    unofficial: bool
    """A service that nobody promised: it may stop any day."""
    ready: bool
    """It can be used here and now."""
    vi: str | None
    """What is missing, in Vietnamese."""
    en: str | None
    """The same in English."""
    tally: TallyOut
    """What its listeners understood."""

    @classmethod
    def of(cls, now: VoiceNow) -> "VoiceOut":
        """Make it of the operation's value."""
        v = now.voice
        return cls(
            id=v.id,
            language=v.language,
            name_vi=v.name_vi,
            engine=v.engine,
            licence=v.licence,
            online=v.online,
            unofficial=now.unofficial,
            ready=v.ready,
            vi=v.missing.vi if v.missing else None,
            en=v.missing.en if v.missing else None,
            tally=TallyOut.of(now.tally),
        )


class PreferenceIn(Shape):
    """In which order the voices of a language are tried."""

    language: Language
    """BCP 47 tag."""
    voices: Annotated[list[Id], Field(max_length=50)]
    """Ids of voices of that language, the dearest first; empty: the order of the house."""


class PreferenceOut(Shape):
    """The order in which the voices of one language are tried."""

    language: str
    """BCP 47 tag."""
    chosen: list[str]
    """Ids of voices as a person put them in order; empty: nobody did."""
    tried: list[str]
    """Ids of the voices that are ready, in the order in which they will be tried."""
    set_by: str | None
    """Account that chose."""
    set_at: datetime | None
    """When it was chosen."""

    @classmethod
    def of(cls, order: Order) -> "PreferenceOut":
        """Make it of the operation's value."""
        return cls(
            language=order.language,
            chosen=list(order.chosen),
            tried=list(order.tried),
            set_by=order.set_by,
            set_at=to_utc(order.set_ms) if order.set_ms is not None else None,
        )


class SheetLine(Shape):
    """One sentence of the listening sheet; a listener must not see it before writing."""

    number: int
    """From 1."""
    about: str
    """What it tries, in a word or two."""
    text: str
    """The sentence as it is written."""


class AnswersIn(Shape):
    """What one listener wrote down of the sheet, all of it or a part."""

    voice: Id
    """Id of the voice that was heard."""
    listener: Annotated[str, Field(min_length=1, max_length=120)]
    """Name of the listener; the same name again replaces the answers before."""
    native: bool
    """Vietnamese is the language that they grew up with."""
    heard: Annotated[
        dict[int, Annotated[str, Field(max_length=LONGEST_HEARD)]],
        Field(min_length=1, max_length=50),
    ]
    """By number of the sentence: what was heard, empty where nothing was understood."""
