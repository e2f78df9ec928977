"""Shapes of readings, old fonts, languages, lexicons and units."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from audio_library.languages import Language as LanguageEntry
from audio_library.languages import covered_by
from audio_library.wording.dialect import Dialect
from audio_library.writing.legacy_font import Proposal
from controller.api.shapes import DoubtOut, Id, JudgementOut, Language, Shape, Short, SpanOut, Text
from controller.operations.find_unit import UnitLine
from controller.operations.unit_speech import LexiconKind
from controller.storage.instants import to_utc
from controller.storage.library_tables import LexiconEntry


class ReadingIn(Shape):
    """A text whose spoken form is wanted, and whose lexicon and dialect read it."""

    text: Text
    """As it is written: figures, abbreviations, dates."""
    language: Language = "vi"
    """BCP 47 tag; only Vietnamese is put into words."""
    unit: Id | None = None
    """Id of the unit whose lexicon and dialect read it; left out: the topmost unit's."""


class ChangeOut(Shape):
    """One place of a text that may be typed for an old font."""

    start: int
    """Index of its first character in the text, from 0."""
    end: int
    """Index after its last character in the text."""
    old: str
    """As it stands there."""
    new: str
    """The letter that it may mean."""
    sure: bool
    """False: only probably; a person who knows the language must decide."""


class UnexplainedOut(Shape):
    """A sign inside a word that no known rule of the old fonts explains."""

    start: int
    """Index of its first character in the text, from 0."""
    end: int
    """Index after its last character in the text."""
    written: str
    """The sign."""


class ProposalOut(Shape):
    """What a text of an old font would be in today's letters; nothing is changed by itself."""

    written: str
    """The text as it was read: the indexes count in it."""
    text: str
    """The text with all changes made."""
    changes: list[ChangeOut]
    """Every place that would change, in order."""
    unexplained: list[UnexplainedOut]
    """Signs that a person must mend."""
    vi: str
    """What to ask the person, in Vietnamese."""
    en: str
    """The same in English."""

    @classmethod
    def of(cls, written: str, p: Proposal | None) -> "ProposalOut | None":
        """Make it of the domain's value."""
        if p is None:
            return None
        return cls(
            written=written,
            text=p.text,
            changes=[
                ChangeOut(start=c.start, end=c.end, old=c.old, new=c.new, sure=c.sure)
                for c in p.changes
            ],
            unexplained=[
                UnexplainedOut(start=m.start, end=m.end, written=m.written) for m in p.unexplained
            ],
            vi=p.vi,
            en=p.en,
        )


class ReadingOut(Shape):
    """What would be heard of a text, and what a person should look at before approving."""

    written: str
    """The text as it was read: in one spelling, without outer blanks; the indexes count in it."""
    text: str
    """The whole text in words, as it would be read aloud."""
    spans: list[SpanOut]
    """The parts that are read otherwise than written, in order."""
    warnings: list[DoubtOut]
    """Readings to look at."""
    wording_version: str
    """Names rules, lexicon and dialect that made the reading."""
    guard: JudgementOut
    """Whether the text is in the language that it is marked with."""
    proposal: ProposalOut | None
    """The text in today's letters, if it seems typed for an old font."""


class OldFontIn(Shape):
    """A text that may be typed for an old font of its language."""

    text: Text
    """As it was pasted."""
    language: Language
    """BCP 47 tag: `bdq`, `jra` or `sed`; other languages had no such font."""


class OldFontOut(Shape):
    """The proposal, or null when nothing in the text speaks for an old font."""

    proposal: ProposalOut | None
    """What the text would be in today's letters."""


class LanguageOut(Shape):
    """A language, with its names and its branches."""

    tag: str
    """BCP 47 tag."""
    name_vi: str
    """Its name in Vietnamese."""
    name_en: str
    """Its name in English."""
    name_self: str | None
    """Its name in the language itself; null where it is not known."""
    parent: str | None
    """Tag of the language that it is counted as a branch of."""
    branches: list[str]
    """Tags of its own branches."""
    scripts: list[str]
    """ISO 15924 codes of what it is written in."""

    @classmethod
    def of(cls, entry: LanguageEntry) -> "LanguageOut":
        """Make it of the domain's value."""
        return cls(
            tag=entry.tag,
            name_vi=entry.name_vi,
            name_en=entry.name_en,
            name_self=entry.name_self,
            parent=entry.parent,
            branches=list(covered_by(entry.tag)),
            scripts=list(entry.scripts),
        )


class ZoneOut(Shape):
    """A place that hears together, and its languages in the order in which they air."""

    id: str
    """Names the zone."""
    name: str
    """For people."""
    languages: list[str]
    """BCP 47 tags, in the order of airing."""


class LanguageOrder(Shape):
    """The languages of a zone in the order in which they air."""

    languages: Annotated[list[Language], Field(min_length=1, max_length=20)]
    """BCP 47 tags, each once."""


class UnitOut(Shape):
    """A province, commune or village that still stands."""

    id: str
    """Names the unit."""
    name: str
    """As people call it; several may share one."""
    level: str
    """province | commune | village"""
    code: str | None
    """Official code; villages have none."""
    above: str
    """Name of the unit that it belongs to; empty for the topmost."""

    @classmethod
    def of(cls, u: UnitLine) -> "UnitOut":
        """Make it of the operation's value."""
        return cls(id=u.id, name=u.name, level=u.level, code=u.code, above=u.above)


class EntryIn(Shape):
    """How a unit reads a written word."""

    unit: Short
    """Id, official code, or name where no other unit has it."""
    kind: LexiconKind = LexiconKind.READING
    """`reading` changes the spoken form; `respelling` only what a synthetic voice is given."""
    written: Short
    """Whole words, in these very capitals."""
    spoken: Short
    """The words that are heard in their place: letters only, no digits and no signs."""


class EntryOut(Shape):
    """An entry of a lexicon; one that was removed says by whom and when."""

    id: int
    """Names the entry."""
    unit: str
    """Id of the unit that taught it."""
    kind: LexiconKind
    """`reading` or `respelling`."""
    written: str
    """Whole words as they stand in texts."""
    spoken: str
    """The words that are heard in their place."""
    added_by: str
    """Account that taught it."""
    added_at: datetime
    """When it was taught."""
    removed_by: str | None
    """Account that removed or replaced it."""
    removed_at: datetime | None
    """When it was removed or replaced."""

    @classmethod
    def of(cls, e: LexiconEntry) -> "EntryOut":
        """Make it of the stored row."""
        assert e.id is not None
        return cls(
            id=e.id,
            unit=e.unit_id,
            kind=LexiconKind(e.kind),
            written=e.written,
            spoken=e.spoken,
            added_by=e.added_by,
            added_at=to_utc(e.added_ms),
            removed_by=e.removed_by,
            removed_at=to_utc(e.removed_ms) if e.removed_ms is not None else None,
        )


class SpeechIn(Shape):
    """How a unit wants to be spoken to; null: as the unit above it has it."""

    dialect: Dialect | None = None
    """Whose numerals and words are read: `north`, `central` or `south`."""
    reader_vouches: bool | None = None
    """A tiny office: the reader's own word stands for the second listener's."""


class SpeechOut(Shape):
    """How a unit is spoken to, and what of that is its own choice."""

    unit: str
    """Id of the unit."""
    dialect: Dialect
    """What holds for it."""
    reader_vouches: bool
    """What holds for it."""
    own: SpeechIn
    """Its own choice; null where it follows the unit above."""
    set_by: str | None
    """Account that chose; null: nobody did."""
    set_at: datetime | None
    """When it was chosen."""
