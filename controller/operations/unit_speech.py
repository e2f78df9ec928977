"""How a unit is spoken to: its lexicon and dialect, and those of the units above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from audio_library.wording.dialect import Dialect
from audio_library.wording.lexicon import Entry, Lexicon
from audio_library.wording.spoken_form import SpokenForm, spoken_form, wording_version
from controller.errors import NotFound
from controller.storage import events, lexicons, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import SpeechCustom


class LexiconKind(StrEnum):
    """A reading changes the spoken form; a respelling is for a voice's ear only."""

    READING = "reading"
    RESPELLING = "respelling"


@dataclass(frozen=True, slots=True)
class UnitSpeech:
    """What holds for one unit, nearer units before farther ones."""

    lexicon: Lexicon
    respellings: Lexicon
    dialect: Dialect
    reader_vouches: bool

    @property
    def wording(self) -> str:
        """The wording version that an approval pins."""
        return wording_version(self.lexicon, self.dialect)

    def read(self, text: str, language: str) -> SpokenForm:
        """The spoken form of a text for this unit."""
        return spoken_form(text, language, lexicon=self.lexicon, dialect=self.dialect)

    def respelled(self, spoken: Mapping[str, str]) -> Mapping[str, str]:
        """Of the respellings those that a Vietnamese spoken form needs, by the word as written."""
        words = spoken.get("vi", "")
        return {words[start:end]: said for start, end, said in self.respellings.found_in(words)}


def unit_speech(session: Session, unit_id: str | None) -> UnitSpeech:
    """What holds for a unit; None: for the topmost units only."""
    units = lexicons.units_above(session, unit_id)
    customs = lexicons.customs(session, units)
    return UnitSpeech(
        _lexicon(session, units, LexiconKind.READING),
        _lexicon(session, units, LexiconKind.RESPELLING),
        next((Dialect(c.dialect) for c in customs if c.dialect is not None), Dialect.NORTH),
        next((c.reader_vouches for c in customs if c.reader_vouches is not None), False),
    )


def own_speech(session: Session, unit_id: str) -> SpeechCustom | None:
    """What the unit itself chose, by whom and when; None: nothing."""
    return session.get(SpeechCustom, unit_id)


def set_unit_speech(
    database: Database,
    unit_id: str,
    by: str,
    now: datetime,
    *,
    dialect: Dialect | None,
    reader_vouches: bool | None,
) -> None:
    """Keep a unit's own way; None: as the unit above has it. Nothing approved is changed."""
    with database.write() as session:
        if session.get(tables.Unit, unit_id) is None:
            raise NotFound("đơn vị", "unit", unit_id)
        session.merge(
            SpeechCustom(
                unit_id=unit_id,
                dialect=dialect.value if dialect else None,
                reader_vouches=reader_vouches,
                set_by=by,
                set_ms=to_ms(now),
            )
        )
        told: dict[str, object] = {
            "unit": unit_id,
            "dialect": dialect.value if dialect else None,
            "reader_vouches": reader_vouches,
            "by": by,
        }
        events.tell(session, "speech", told, to_ms(now))


def _lexicon(session: Session, units: tuple[str, ...], kind: LexiconKind) -> Lexicon:
    rows = lexicons.standing(session, units, kind.value)
    return Lexicon(tuple(Entry(row.written, row.spoken) for row in rows))
