"""What becomes of a take: heard, vouched for, released, taken back, refused."""

from datetime import date, datetime

import structlog
from sqlmodel import Session

from audio_library.recording import take as life
from audio_library.recording.changed_words import in_short
from audio_library.recording.errors import TakeOutdated
from audio_library.recording.take import Take
from audio_library.rendition import phrase_sha256
from audio_library.speech import recorded
from controller.operations.asked_work import ask_anew_for_rendition, ask_for_plan
from controller.operations.bring_recording import tell_take, wanted_words
from controller.operations.phrase_audio import ask_for_words
from controller.operations.touched import zones_of_words
from controller.operations.unit_speech import unit_speech
from controller.storage import tables, takes
from controller.storage.database import Database

log = structlog.get_logger()


def hear_take(
    database: Database, take_id: str, by: str, now: datetime, *, understands: bool
) -> Take:
    """A second person says that they heard it, understand the language, and that it is right."""
    with database.write() as session:
        take = takes.load_take(session, take_id)
        reader = takes.load_reader(session, take.reader_id)
        return _keep(session, life.hear(take, reader, by, now, understands=understands), now)


def vouch_for_take(database: Database, take_id: str, by: str, now: datetime) -> Take:
    """Where the commune allows it, the reader's word stands; the log says so."""
    with database.write() as session:
        take = takes.load_take(session, take_id)
        allowed = unit_speech(session, _unit_of(session, take)).reader_vouches
        vouched = _keep(session, life.vouch(take, by, now, allowed=allowed), now)
    log.info("take_vouched_for", take=take_id, by=by, language=take.language)
    return vouched


def release_take(database: Database, take_id: str, by: str, now: datetime, day: date) -> Take:
    """To the air: the audio of its words is made of it, in the place of what there was.

    Raises WrongTakeTransition, TakeOutdated, ConsentWithdrawn.
    """
    with database.write() as session:
        take = takes.load_take(session, take_id)
        takes.load_reader(session, take.reader_id).refuse_unless_reads(take.language)
        wanted = wanted_words(session, take.language, take.bulletin_id, take.phrase, day)
        if not take.reads(wanted):
            raise TakeOutdated(in_short(take.words, wanted or ""))
        released = _keep(session, life.release(take, by, now), now)
        ask_for_audio(session, released, now)
        return released


def take_back_take(database: Database, take_id: str, by: str, why: str, now: datetime) -> Take:
    """Off the air until it is released again; the next best voice reads meanwhile."""
    with database.write() as session:
        take = takes.load_take(session, take_id)
        return _off_air(session, take, life.take_back(take, by, why, now), now)


def refuse_take(database: Database, take_id: str, by: str, why: str, now: datetime) -> Take:
    """For good, also off the air."""
    with database.write() as session:
        take = takes.load_take(session, take_id)
        return _off_air(session, take, life.refuse(take, by, why, now), now)


def ask_for_audio(session: Session, take: Take, now: datetime) -> None:
    """Want the audio of a take's words made anew, of whatever is released by then."""
    if take.phrase is not None:
        ask_for_words(session, take.language, take.words, now)
    else:
        ask_anew_for_rendition(session, take.language, take.words, now)


def drop_audio(session: Session, take: Take, now: datetime) -> None:
    """Forget the audio that was made of a take, and plan without it at once."""
    digest = take.spoken_sha256
    if take.phrase is not None:
        digest = phrase_sha256(take.language, take.words)
    rendition = session.get(tables.Rendition, (take.language, digest))
    if rendition is not None and rendition.voice == f"{recorded.NAME}:{take.reader_id}":
        session.delete(rendition)
        session.flush()
        zones = zones_of_words(session, take.language, take.words, now)
        ask_for_plan(session, now, zones)


def _off_air(session: Session, before: Take, after: Take, now: datetime) -> Take:
    airing = takes.newest_released(session, before.language, before.spoken_sha256)
    _keep(session, after, now)
    if airing is not None and airing.id == before.id:
        drop_audio(session, before, now)
        ask_for_audio(session, before, now)
    return after


def _keep(session: Session, take: Take, now: datetime) -> Take:
    takes.save_take(session, take)
    session.flush()
    tell_take(session, take, now)
    return take


def _unit_of(session: Session, take: Take) -> str | None:
    if take.bulletin_id is None:
        return None
    return session.get_one(tables.Bulletin, take.bulletin_id).unit_id
