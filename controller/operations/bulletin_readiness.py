"""Is a bulletin ready in each language: asked of all that is known of its audio."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from audio_library.bulletin import Bulletin
from audio_library.readiness import Readiness, Recordings, Work, readiness
from audio_library.rendition import Rendition, spoken_sha256
from controller.operations.asked_work import RENDER, rendition_key
from controller.storage import tables, takes


def bulletin_readiness(
    session: Session, bulletin: Bulletin, wanted: Iterable[str], now: datetime
) -> tuple[Readiness, ...]:
    """One answer per wanted language, in that order; raises UnknownLanguage."""
    texts = {pin.language: spoken_sha256(pin.language, pin.spoken) for pin in bulletin.pins}
    made = session.exec(
        select(tables.Rendition).where(col(tables.Rendition.spoken_sha256).in_(texts.values()))
    )
    return readiness(
        bulletin,
        [Rendition(r.language, r.spoken_sha256, r.voice, r.engine, r.asset_sha256) for r in made],
        wanted,
        at=now,
        recordings=_recordings(session, bulletin, texts.values()),
    )


def _recordings(session: Session, bulletin: Bulletin, texts: Iterable[str]) -> Recordings:
    standing = [reader for reader in takes.all_readers(session) if reader.withdrawn is None]
    known = {reader.id for reader in standing}
    found = {
        take.id: take
        for take in (
            *takes.find_takes(session, bulletin_ids=[bulletin.id], limit=None),
            *takes.find_takes(session, texts=texts, limit=None),
        )
        if take.reader_id in known
    }
    languages = {tag for reader in standing for tag in reader.languages}
    return Recordings(
        sorted(found.values(), key=lambda take: take.brought.at, reverse=True),
        _work(session, bulletin),
        {tag: [r.name for r in standing if tag in r.languages] for tag in languages},
    )


def _work(session: Session, bulletin: Bulletin) -> dict[str, Work]:
    keys = {rendition_key(pin.language, pin.spoken): pin.language for pin in bulletin.pins}
    items = session.exec(
        select(tables.WorkItem).where(
            col(tables.WorkItem.kind) == RENDER, col(tables.WorkItem.key).in_(keys)
        )
    )
    return {
        keys[item.key]: Work(item.state, item.error_code, item.error_vi, item.error_en)
        for item in items
    }
