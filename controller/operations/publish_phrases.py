"""The index of the phrase bank, and its pages: how boxes find every phrase by hash."""

import gzip
import hashlib
from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from audio_library.languages import LANGUAGES
from audio_library.phrases.bank import Bank
from controller.operations.asked_work import ask_for_plan
from controller.operations.phrase_bank import load_bank, phrase_places
from controller.storage import tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import PhrasePage
from controller.storage.serials import next_serial
from edge_agent.contract import phrase_index as wire
from edge_agent.contract.desired import PhraseRef
from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import encode

SERIAL = "phrases"


def publish_phrases(database: Database, day: date, now: datetime) -> wire.PhraseIndex:
    """Lay what every language can say into pages; a changed page gets the next serial.

    Zones that speak such a language are planned anew, so that their boxes are told.
    """
    with database.read() as session:
        named = phrase_places(session, day)
        pages = {language: _packed(load_bank(session, language, named)) for language in LANGUAGES}
        stale = {
            language: page
            for language, page in pages.items()
            if _standing(session, language) != _sha256(page)
        }
        if not stale:
            return phrase_index(session, now)
    with database.write() as session:
        serial = next_serial(session, SERIAL, to_ms(now))
        for language, page in stale.items():
            sha256 = _sha256(page)
            if sha256 is not None and session.get(tables.Page, sha256) is None:
                session.add(tables.Page(sha256=sha256, body=page, created_ms=to_ms(now)))
            session.merge(PhrasePage(language=language, page_sha256=sha256, serial=serial))
        session.flush()
        ask_for_plan(session, now, _zones_that_speak(session, stale))
        return phrase_index(session, now)


def phrase_refs(session: Session) -> dict[str, PhraseRef]:
    """The published page of each language that can say something."""
    query = sa.select(
        col(PhrasePage.language), col(tables.Page.sha256), sa.func.length(tables.Page.body)
    ).join(tables.Page, col(tables.Page.sha256) == col(PhrasePage.page_sha256))
    rows = session.execute(query)
    return {language: PhraseRef(language, sha256, size) for language, sha256, size in rows}


def phrase_index(session: Session, now: datetime) -> wire.PhraseIndex:
    """The index as it was published last; of an empty bank its serial is the present instant."""
    rows = session.exec(select(PhrasePage)).all()
    return wire.PhraseIndex(
        max((row.serial for row in rows), default=to_ms(now)),
        {row.language: wire.to_digest(row.page_sha256) for row in rows if row.page_sha256},
    )


def bank_assets(session: Session, day: date) -> frozenset[str]:
    """Every sound of the bank: never deleted, for nobody knows when it is needed."""
    named = phrase_places(session, day)
    return frozenset(
        sound.asset_sha256
        for language in LANGUAGES
        for sound in load_bank(session, language, named).sounds.values()
    )


def _zones_that_speak(session: Session, languages: Collection[str]) -> list[str]:
    rows = session.exec(select(tables.Zone)).all()
    return [zone.id for zone in rows if not set(languages).isdisjoint(zone.languages)]


def _sha256(page: bytes) -> str | None:
    return hashlib.sha256(page).hexdigest() if page else None


def _standing(session: Session, language: str) -> str | None:
    row = session.get(PhrasePage, language)
    return row.page_sha256 if row else None


def _packed(bank: Bank) -> bytes:
    """The page of one language; empty where it can say nothing."""
    if not bank.sounds:
        return b""
    phrases = {
        phrase: Asset(sound.asset_sha256, sound.bytes, sound.duration_ms)
        for phrase, sound in sorted(bank.sounds.items())
    }
    return gzip.compress(encode(wire.PhrasePage(bank.language, phrases)), mtime=0)
