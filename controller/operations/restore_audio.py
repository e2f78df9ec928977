"""Audio whose file is gone from the store is made again, while boxes play on what they hold."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from audio_library.bulletin import State
from audio_library.rendition import spoken_sha256
from audio_library.store.asset_store import Shelf
from controller.operations.asked_work import ask_anew_for_rendition
from controller.operations.make_cart import restore_carts
from controller.operations.phrase_audio import PHRASE
from controller.storage import bulletins, tables, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms

log = structlog.get_logger()


def restore_audio(database: Database, shelf: Shelf, now: datetime) -> int:
    """Ask for what approved, valid bulletins, phrases and carts lack on disk; gives how many.

    Their rows stay until then, and so do plans: a box that holds the file needs nobody's copy.
    Raises the errors of a store.
    """
    held = {file.sha256 for file in shelf.held()}
    with database.write() as session:
        lost = {
            (r.language, r.spoken_sha256)
            for r in session.exec(select(tables.Rendition))
            if r.asset_sha256 not in held
        }
        asked = restore_carts(session, held, now)
        if not lost:
            return asked
        wanted = [*_pinned(session, now)]
        for language, words in wanted:
            if (language, spoken_sha256(language, words)) in lost:
                ask_anew_for_rendition(session, language, words, now)
                asked += 1
        for language, digest in lost:
            item = work_items.find(session, PHRASE, f"{language}:{digest}")
            if item is not None:
                work_items.ask(session, PHRASE, item.key, dict(item.body), to_ms(now))
                asked += 1
    log.warning("audio_lost", lost=len(lost), made_again=asked)
    return asked


def _pinned(session: Session, now: datetime) -> Iterator[tuple[str, str]]:
    """Language and words of every approved bulletin that is still valid."""
    ids = session.exec(
        select(tables.Bulletin.id).where(
            col(tables.Bulletin.state) == State.APPROVED.value,
            col(tables.Bulletin.valid_until_ms) > to_ms(now),
        )
    ).all()
    for bulletin in bulletins.load_many(session, ids):
        yield from ((pin.language, pin.spoken) for pin in bulletin.pins)
