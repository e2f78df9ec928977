"""Small SQLite files that survive a power cut; a damaged one is set aside and begun anew."""

import logging
import sqlite3
from pathlib import Path

from edge_agent import durable
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.database")
_CACHE_KB = 256


def open_checked(path: Path, schema: str) -> tuple[sqlite3.Connection, bool]:
    """Open `path`, making what `schema` says; True if a damaged file had to be set aside."""
    try:
        return _open(path, schema), False
    except sqlite3.DatabaseError as e:
        kept = durable.set_aside(path)
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=str(e))
        return _open(path, schema), True


def _open(path: Path, schema: str) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    try:
        path.chmod(0o600)
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        db.execute(f"pragma cache_size = -{_CACHE_KB}")
        found = db.execute("pragma quick_check").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        db.executescript(schema)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
