"""Shapes of readers and recordings."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from audio_library.recording.take import TakeState
from controller.api.shapes import Language, Shape, Short

LongText = Annotated[str, Field(max_length=2_000)]


class ReaderIn(Shape):
    """A person who agrees that their recorded voice airs."""

    name: Short
    """As it is shown beside the recordings; not empty."""
    languages: Annotated[list[Language], Field(min_length=1, max_length=20)]
    """BCP 47 tags of the languages that they read."""
    consent: LongText
    """What they agreed to, in words: aired where, for what, until when; not empty."""
    account: Short | None = None
    """Name under which they sign in, if they do: nobody is the second listener of themselves."""


class ReaderOut(Shape):
    """A reader and the consent that they gave."""

    id: str
    """Names the reader."""
    name: str
    """For people."""
    languages: list[str]
    """BCP 47 tags of the languages that they read."""
    consent: str
    """What they agreed to, in words."""
    consent_by: str
    """Account that took the consent down."""
    consent_at: datetime
    """When it was taken down."""
    account: str | None
    """Name under which they sign in, if they do."""
    withdrawn_by: str | None
    """Account that noted that the consent was withdrawn; null while it stands."""
    withdrawn_at: datetime | None
    """Since when nothing of theirs airs."""
    withdrawn_why: str | None
    """Why, in words."""


class SilencedOut(Shape):
    """A bulletin that loses a reader's voice."""

    bulletin: str
    """Id of the bulletin."""
    title: str
    """Its title."""
    language: str
    """BCP 47 tag of the language that now waits for another recording or another voice."""


class WithdrawalOut(Shape):
    """What a withdrawn consent took off the air."""

    reader: ReaderOut
    """The reader, consent withdrawn."""
    takes: int
    """Released recordings that no longer air."""
    bulletins: list[SilencedOut]
    """Approved, valid bulletins that lose the voice."""
    coming_plays: int
    """Plays that boxes were told of and are told no longer."""
    vi: str
    """What happens now, in Vietnamese."""
    en: str
    """The same in English."""


class MeasuredOut(Shape):
    """What was measured of a recording."""

    kind: str
    """Container and codec as it was brought."""
    sample_rate: int
    """In Hz, as it was brought."""
    channels: int
    """As they were brought; the loudest one is kept."""
    brought_ms: int
    """Length as it was brought."""
    duration_ms: int
    """Length as it is kept, silent ends cut off."""
    lufs: float
    """Loudness in LUFS (ITU-R BS.1770), before mastering."""
    peak_dbfs: float
    """Highest sample."""
    noise_dbfs: float
    """Level between the words."""
    voice_dbfs: float
    """Level of the strong syllables."""
    over_noise_db: float
    """How far the voice is above the noise; less than 15 is refused."""
    clipped: float
    """Share of the speech that is clipped; more than 0.10 is refused."""
    dc_offset: float
    """Mean of the samples, of full scale."""
    longest_gap_ms: int
    """Longest silence within."""
    cut_off: bool
    """The file ends without the mark of its end."""


class NoteOut(Shape):
    """Something odd to listen for."""

    code: str
    """too_short | too_long | long_gap | clipped | noisy | dc_offset | maybe_cut_off"""
    vi: str
    """In words, in Vietnamese."""
    en: str
    """The same in English."""


class ChangeOut(Shape):
    """Words that changed since the recording."""

    before: str
    """As they were recorded; empty: nothing stood there."""
    after: str
    """As they are wanted now; empty: they are gone."""


class RecordingOut(Shape):
    """One recording on its way from the reader to the air."""

    id: str
    """Names the recording."""
    language: str
    """BCP 47 tag."""
    bulletin: str | None
    """Id of the bulletin whose words were read."""
    phrase: str | None
    """Id of the phrase of the bank that was read."""
    words: str
    """What was to be read, word for word."""
    fits: bool
    """These are still the words that are wanted; false: record again."""
    changed: list[ChangeOut]
    """What changed since, when it no longer fits."""
    reader: str
    """Id of the reader."""
    reader_name: str
    """Their name."""
    state: TakeState
    """brought | heard | released | refused"""
    consent: bool
    """The reader's consent stands; without it nothing airs."""
    name: str
    """Name of the file as it was brought, for people."""
    url: str
    """Where the kept sound (FLAC) can be heard by who is signed in."""
    measured: MeasuredOut
    """What was measured."""
    notes: list[NoteOut]
    """What to listen for."""
    brought_by: str
    """Account that brought it."""
    brought_at: datetime
    """When."""
    heard_by: str | None
    """Account of the second listener, or of who vouched."""
    heard_at: datetime | None
    """When."""
    vouched: bool
    """Nobody else heard it: the reader's word stands, as the commune allows."""
    released_by: str | None
    """Account that released it."""
    released_at: datetime | None
    """When."""
    taken_back_why: str | None
    """Why its release was undone."""
    refused_by: str | None
    """Account that refused it."""
    refused_why: str | None
    """Why, for whoever records again."""
    vi: str
    """Its state in words, in Vietnamese."""
    en: str
    """The same in English."""


class Hearing(Shape):
    """What a second listener says, or that the reader's word stands where that is allowed."""

    understands: bool = False
    """“I understand the language, and what I heard is what is written.”"""
    vouch: bool = False
    """Nobody else is there: the reader vouches; refused unless the commune allows it."""
