"""A commune says how its names are read; who said so, and when, is kept also when removed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from sqlmodel import Session

from audio_library.wording.lexicon import Entry
from audio_library.writing.sort_key import vietnamese_sort_key
from controller.errors import ControllerError, NotFound
from controller.operations.unit_speech import LexiconKind
from controller.storage import events, lexicons, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import LexiconEntry

log = structlog.get_logger()

MAX_ENTRIES = 2_000
"""Of one unit and kind; a commune has some dozens of names."""


def add_reading(
    database: Database,
    unit_id: str,
    kind: LexiconKind,
    written: str,
    spoken: str,
    by: str,
    now: datetime,
) -> LexiconEntry:
    """Keep an entry in place of an older one of the same words; changes nothing on air.

    Raises `BadLexiconEntry`, `NotFound`; then nothing is kept.
    """
    entry = Entry(written, spoken)
    with database.write() as session:
        if session.get(tables.Unit, unit_id) is None:
            raise NotFound("đơn vị", "unit", unit_id)
        standing = lexicons.standing(session, (unit_id,), kind.value)
        for older in standing:
            if older.written == entry.written:
                _remove(older, by, now)
        if sum(older.written != entry.written for older in standing) >= MAX_ENTRIES:
            raise _too_many()
        kept = LexiconEntry(
            unit_id=unit_id,
            kind=kind.value,
            written=entry.written,
            spoken=entry.spoken,
            added_by=by,
            added_ms=to_ms(now),
        )
        session.add(kept)
        session.flush()
        _tell(session, kept, "added", now)
    return kept


def remove_reading(database: Database, entry_id: int, by: str, now: datetime) -> None:
    """Read those words by rule again; raises `NotFound` if nobody taught them, or not any more."""
    with database.write() as session:
        entry = session.get(LexiconEntry, entry_id)
        if entry is None or entry.removed_ms is not None:
            raise NotFound("mục từ điển đọc", "lexicon entry", str(entry_id))
        _remove(entry, by, now)
        session.add(entry)
        _tell(session, entry, "removed", now)


def show_readings(
    session: Session, unit_id: str, kind: LexiconKind, *, removed: bool = False
) -> Sequence[LexiconEntry]:
    """A unit's own entries of a kind, as in a word list; on request those removed too."""
    if session.get(tables.Unit, unit_id) is None:
        raise NotFound("đơn vị", "unit", unit_id)
    every = lexicons.ever(session, unit_id)
    return _as_listed(
        e for e in every if e.kind == kind.value and (removed or e.removed_ms is None)
    )


def effective_readings(
    session: Session, unit_id: str | None, kind: LexiconKind
) -> Sequence[LexiconEntry]:
    """What holds for a unit: its own entries and those of the units above, the nearer one wins."""
    units = lexicons.units_above(session, unit_id)
    winning = {e.written: e for e in lexicons.standing(session, units, kind.value)}
    return _as_listed(winning.values())


def _as_listed(entries: Iterable[LexiconEntry]) -> Sequence[LexiconEntry]:
    return sorted(entries, key=lambda entry: vietnamese_sort_key(entry.written))


def _remove(entry: LexiconEntry, by: str, now: datetime) -> None:
    entry.removed_by, entry.removed_ms = by, to_ms(now)


def _tell(session: Session, entry: LexiconEntry, state: str, now: datetime) -> None:
    told: dict[str, object] = {"unit": entry.unit_id, "kind": entry.kind, "state": state}
    events.tell(session, "lexicon", told, to_ms(now))
    log.info("lexicon_changed", **told, written=entry.written, spoken=entry.spoken)


def _too_many() -> ControllerError:
    return ControllerError(
        "lexicon_full",
        f"Từ điển đọc của đơn vị đã có {MAX_ENTRIES} mục. Chưa lưu gì; hãy bỏ bớt mục cũ.",
        f"The unit's lexicon has {MAX_ENTRIES} entries. Nothing was kept; remove old ones first.",
    )
