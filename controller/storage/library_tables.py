"""Tables of the audio library: lexicons, voices, recordings, phrases, keeping and purging.

Instants are whole milliseconds since 1970 UTC (`…_ms`).
"""

from sqlalchemy import JSON, BigInteger, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _big(*, nullable: bool = False, index: bool = False) -> "Column[int]":
    return Column(BigInteger, nullable=nullable, index=index)


class LexiconEntry(SQLModel, table=True):
    """How a commune reads a written word; removed entries stay, so that one can ask who and when.

    `kind` is `reading` (changes the spoken form) or `respelling` (for an engine's ear only).
    """

    __tablename__ = "lexicon_entry"
    id: int | None = Field(default=None, primary_key=True)
    unit_id: str = Field(foreign_key="unit.id", index=True)
    kind: str
    written: str
    spoken: str
    added_by: str
    added_ms: int = Field(sa_column=_big())
    removed_by: str | None = None
    removed_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class SpeechCustom(SQLModel, table=True):
    """How a unit wants to be spoken to; holds for all below it that have none."""

    __tablename__ = "speech_custom"
    unit_id: str = Field(primary_key=True, foreign_key="unit.id")
    dialect: str | None = None
    reader_vouches: bool | None = None
    """A tiny office: the reader's own word stands for the second listener's."""
    set_by: str
    set_ms: int = Field(sa_column=_big())


class BulletinWords(SQLModel, table=True):
    """The words of a bulletin, folded for looking up; can be made anew from title and scripts."""

    __tablename__ = "bulletin_words"
    bulletin_id: str = Field(primary_key=True, foreign_key="bulletin.id")
    folded: str = Field(sa_column=Column(Text, nullable=False))


class VoicePreference(SQLModel, table=True):
    """Voices of one language, the dearest first."""

    __tablename__ = "voice_preference"
    language: str = Field(primary_key=True)
    voices: list[str] = Field(sa_column=Column(JSON, nullable=False))
    set_by: str
    set_ms: int = Field(sa_column=_big())


class ListeningAnswer(SQLModel, table=True):
    """What one listener wrote down of one sentence of the listening sheet."""

    __tablename__ = "listening_answer"
    voice: str = Field(primary_key=True)
    listener: str = Field(primary_key=True)
    sentence: int = Field(primary_key=True)
    heard: str
    native: bool
    at_ms: int = Field(sa_column=_big())


class Reader(SQLModel, table=True):
    """A person whose recorded voice may air, and the consent that they gave."""

    id: str = Field(primary_key=True)
    name: str
    languages: list[str] = Field(sa_column=Column(JSON, nullable=False))
    consent: str
    """What was agreed to, in words."""
    consent_by: str
    consent_ms: int = Field(sa_column=_big())
    account: str | None = None
    """Name under which the reader signs in, if they do."""
    withdrawn_by: str | None = None
    withdrawn_why: str | None = None
    withdrawn_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class Take(SQLModel, table=True):
    """One recording of one text, on its way from the reader to the air."""

    id: str = Field(primary_key=True)
    language: str
    spoken_sha256: str = Field(index=True)
    words: str = Field(sa_column=Column(Text, nullable=False))
    bulletin_id: str | None = Field(default=None, index=True)
    phrase: str | None = None
    reader_id: str = Field(foreign_key="reader.id", index=True)
    state: str = Field(index=True)
    original_name: str
    sound_sha256: str
    """The trimmed recording in the store of recordings."""
    duration_ms: int
    measured: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    brought_by: str
    brought_ms: int = Field(sa_column=_big())
    heard_by: str | None = None
    heard_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    released_by: str | None = None
    released_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    vouched: bool = False
    taken_back_by: str | None = None
    taken_back_why: str | None = None
    taken_back_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    refused_by: str | None = None
    refused_why: str | None = None
    refused_ms: int | None = Field(default=None, sa_column=_big(nullable=True))


class Phrase(SQLModel, table=True):
    """One phrase of the bank in one language, as it is to be spoken."""

    language: str = Field(primary_key=True)
    phrase: str = Field(primary_key=True)
    words: str = Field(sa_column=Column(Text, nullable=False))
    set_by: str
    set_ms: int = Field(sa_column=_big())


class PhraseOrder(SQLModel, table=True):
    """In what order a language says a sentence, as somebody who speaks it has confirmed."""

    __tablename__ = "phrase_order"
    language: str = Field(primary_key=True)
    sentence: str = Field(primary_key=True)
    parts: str = Field(sa_column=Column(Text, nullable=False))
    set_by: str
    set_ms: int = Field(sa_column=_big())


class PhrasePage(SQLModel, table=True):
    """The page on which boxes find what a language can say; None once it says nothing more."""

    __tablename__ = "phrase_page"
    language: str = Field(primary_key=True)
    page_sha256: str | None = None
    serial: int = Field(sa_column=_big())
    """Of the index in which the page came to stand."""


class KeepingRule(SQLModel, table=True):
    """How many days a kind of thing is kept; None: never deleted by itself."""

    __tablename__ = "keeping_rule"
    kind: str = Field(primary_key=True)
    days: int | None = None
    set_by: str
    set_ms: int = Field(sa_column=_big())


class Purge(SQLModel, table=True):
    """One thing that was deleted, by which rule; never deleted itself."""

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    bytes: int = Field(sa_column=_big())
    why: str
    by: str
    at_ms: int = Field(sa_column=_big(index=True))

    __table_args__ = (UniqueConstraint("kind", "subject", "at_ms"),)
