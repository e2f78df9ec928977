"""Voices that this controller may use, in which order, and whether people understand them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from audio_library.errors import NoVoiceForLanguage, UnknownLanguage, UnknownVoice, VoiceNotReady
from audio_library.languages import language as language_of
from audio_library.speech.engine import Engine, Voice
from audio_library.speech.listening import Tally, unheard
from audio_library.speech.registry import ENGINES, candidates, engine_of, engines, voices
from controller.operations.listening import tallies
from controller.settings import Settings
from controller.storage import library_tables as tables
from controller.storage.database import Database
from controller.storage.instants import to_ms

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class VoiceNow:
    """A voice, ready or not, and how well listeners understood it."""

    voice: Voice
    unofficial: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class Order:
    """Which voices read a language, first to last: `chosen` by a person, `tried` in truth."""

    language: str
    chosen: tuple[str, ...]
    tried: tuple[str, ...]
    set_by: str | None = None
    set_ms: int | None = None


def engines_here(settings: Settings, also: Sequence[Engine] = ()) -> tuple[Engine, ...]:
    """Every engine, `also` first; which of them may speak is the administrator's word."""
    return engines(
        voices_dir=settings.voices_folder(),
        kept_dir=settings.data_dir / "kept-answers",
        online=settings.online_voices,
        mms=settings.mms,
        also=also,
    )


def available_voices(of: Sequence[Engine] = ENGINES) -> tuple[Voice, ...]:
    """Every voice, ready or not."""
    return voices(of)


def voices_now(session: Session, of: Sequence[Engine]) -> tuple[VoiceNow, ...]:
    """Every voice with the verdict of its listeners."""
    return with_tallies(of, {tally.voice: tally for tally in tallies(session)})


def with_tallies(of: Sequence[Engine], heard: Mapping[str, Tally]) -> tuple[VoiceNow, ...]:
    """Every voice with the verdict that is known of it."""
    return tuple(
        VoiceNow(v, engine_of(v, of).unofficial, heard.get(v.id) or unheard(v.id))
        for v in voices(of)
    )


def preferred(session: Session, language: str) -> tuple[str, ...]:
    """Ids of the voices that a person put in order for a language; empty: nobody did."""
    row = session.get(tables.VoicePreference, language)
    return tuple(row.voices) if row is not None else ()


def orders(session: Session, of: Sequence[Engine]) -> tuple[Order, ...]:
    """One for every language that has a voice or an order."""
    query = select(tables.VoicePreference).order_by(col(tables.VoicePreference.language))
    rows = {row.language: row for row in session.exec(query)}
    spoken = {v.language for v in voices(of)}
    return tuple(
        _order(language, rows.get(language), of)
        for language in sorted(spoken | rows.keys())
        if language in rows or _tried(language, (), of)
    )


def prefer(
    database: Database,
    language: str,
    wanted: Sequence[str],
    of: Sequence[Engine],
    by: str,
    now: datetime,
) -> Order:
    """Put the voices of a language in order; an empty list takes the order back.

    Raises `UnknownLanguage`, or `UnknownVoice` for a voice of another language.
    """
    language_of(language)
    known = {v.id for v in voices(of) if v.language == language}
    for voice in wanted:
        if voice not in known:
            raise UnknownVoice(voice, language, tuple(sorted(known)))
    chosen = list(dict.fromkeys(wanted))
    with database.write() as session:
        row = tables.VoicePreference(language=language, voices=chosen, set_by=by, set_ms=to_ms(now))
        if chosen:
            session.merge(row)
        elif (old := session.get(tables.VoicePreference, language)) is not None:
            session.delete(old)
    log.info("voices_ordered", language=language, voices=chosen, by=by)
    return _order(language, row if chosen else None, of)


def _order(language: str, row: tables.VoicePreference | None, of: Sequence[Engine]) -> Order:
    chosen = tuple(row.voices) if row is not None else ()
    return Order(
        language,
        chosen,
        _tried(language, chosen, of),
        row.set_by if row is not None else None,
        row.set_ms if row is not None else None,
    )


def _tried(language: str, chosen: Sequence[str], of: Sequence[Engine]) -> tuple[str, ...]:
    try:
        return tuple(v.id for v in candidates(language, chosen, of))
    except (NoVoiceForLanguage, UnknownLanguage, VoiceNotReady):
        return ()
