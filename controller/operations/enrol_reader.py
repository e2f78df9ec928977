"""Readers come with a consent, and may take it back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from audio_library.bulletin import State
from audio_library.recording.errors import RefusalReasonMissing
from audio_library.recording.reader import Reader, withdraw_consent
from audio_library.recording.take import TakeState
from audio_library.rendition import spoken_sha256
from audio_library.script import check_text
from controller.operations.ids import new_id
from controller.operations.release_take import ask_for_audio, drop_audio
from controller.storage import bulletins, events, tables, takes
from controller.storage.database import Database
from controller.storage.instants import to_ms


@dataclass(frozen=True, slots=True)
class Consent:
    """What a reader said, as it was taken down."""

    name: str
    languages: tuple[str, ...]
    words: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Silenced:
    """A bulletin that loses a reader's voice in one language."""

    bulletin_id: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawn consent takes off the air, for the officer to see."""

    reader: Reader
    takes: int
    """Released takes that no longer air."""
    bulletins: tuple[Silenced, ...]
    coming_plays: int
    """Plays that boxes were told of and are told no longer."""


def enrol_reader(database: Database, consent: Consent, by: str, now: datetime) -> Reader:
    """Keep a reader with the consent as it was given.

    Raises BadReader, UnknownLanguage, and what `check_text` says of a name that is none.
    """
    reader = Reader(
        id=new_id(),
        name=_one_line(consent.name),
        languages=tuple(dict.fromkeys(consent.languages)),
        consent=consent.words.strip(),
        consent_by=by,
        consent_at=now,
        account=_one_line(consent.account or "") or None,
    )
    with database.write() as session:
        takes.save_reader(session, reader)
        _tell(session, reader, now)
    return reader


def withdraw_reader(
    database: Database, reader_id: str, by: str, why: str, now: datetime
) -> Withdrawal:
    """From now on nothing new is made of the reader's takes, and what was made airs no more.

    Boxes drop it with their next plan; one that is offline holds the old plan until it is back.
    The takes stay on record, and in the store until they are purged by its rules.
    """
    if not why.strip():
        raise RefusalReasonMissing("withdraw a consent", "rút lại sự đồng ý")
    with database.write() as session:
        reader = withdraw_consent(takes.load_reader(session, reader_id), by, why, now)
        takes.save_reader(session, reader)
        session.flush()
        made = takes.recorded_renditions(session, reader_id)
        lost = Withdrawal(
            reader,
            0,
            _silenced(session, made, now),
            _coming_plays(session, {r.asset_sha256 for r in made}, now),
        )
        released = takes.find_takes(
            session, reader_id=reader_id, state=TakeState.RELEASED, limit=None
        )
        for take in released:
            drop_audio(session, take, now)
            ask_for_audio(session, take, now)
        _tell(session, reader, now)
    return Withdrawal(reader, len(released), lost.bulletins, lost.coming_plays)


def _one_line(name: str) -> str:
    """As the name of an account is kept; empty if it is blank."""
    return " ".join(check_text(name).split()) if name.strip() else ""


def _silenced(
    session: Session, made: Sequence[tables.Rendition], now: datetime
) -> tuple[Silenced, ...]:
    texts = {(r.language, r.spoken_sha256) for r in made}
    query = select(tables.Bulletin.id).where(
        col(tables.Bulletin.state) == State.APPROVED.value,
        col(tables.Bulletin.valid_until_ms) > to_ms(now),
    )
    return tuple(
        Silenced(bulletin.id, bulletin.title, pin.language)
        for bulletin in bulletins.load_many(session, session.exec(query))
        for pin in bulletin.pins
        if (pin.language, spoken_sha256(pin.language, pin.spoken)) in texts
    )


def _coming_plays(session: Session, assets: Iterable[str], now: datetime) -> int:
    taken_back = (
        select(tables.UnplannedPlay.cue_id)
        .where(
            col(tables.UnplannedPlay.device_id) == col(tables.PlannedPlay.device_id),
            col(tables.UnplannedPlay.cue_id) == col(tables.PlannedPlay.cue_id),
        )
        .exists()
    )
    query = (
        select(func.count())
        .select_from(tables.PlannedPlay)
        .where(
            col(tables.PlannedPlay.asset_sha256).in_(list(assets)),
            col(tables.PlannedPlay.start_ms) > to_ms(now),
            ~taken_back,
        )
    )
    return session.exec(query).one()


def _tell(session: Session, reader: Reader, now: datetime) -> None:
    body: dict[str, object] = {"id": reader.id, "withdrawn": reader.withdrawn is not None}
    events.tell(session, "reader", body, to_ms(now))
