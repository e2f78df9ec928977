"""The database: one engine, one lock, short read and write transactions."""

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, create_engine

from controller.errors import DatabaseInUse
from controller.storage import bell

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000


class Database:
    """Give sessions: `read()` sees a snapshot, `write()` commits or leaves nothing."""

    def __init__(self, url: str, *, lock: int | None = None) -> None:
        self.engine: Engine = create_engine(url)
        self.on_ring: Callable[[frozenset[str]], None] = _nobody_listens
        """Told after a commit which bells its transaction rang (see `storage.bell`)."""
        self._lock = lock
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)
        self._writing = self.engine.execution_options(begin="IMMEDIATE")
        # SQLite lets one writer in; those who wait at its door poll, and may starve.
        sqlite = self.engine.dialect.name == "sqlite"
        self._turn = threading.Lock() if sqlite else contextlib.nullcontext()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back on any error."""
        with Session(self._writing, expire_on_commit=False) as session:
            with self._turn, session.begin():
                yield session
            rung = bell.rung(session)
        if rung:
            self.on_ring(rung)

    def close(self) -> None:
        """Give connections and the file lock back."""
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_database(url: str, sqlite_path: Path | None) -> Database:
    """Lock (SQLite), open and migrate; raises `DatabaseInUse`."""
    lock = _lock_beside(sqlite_path) if sqlite_path else None
    if sqlite_path:
        os.close(os.open(sqlite_path, os.O_RDWR | os.O_CREAT, 0o600))
    database = Database(url, lock=lock)
    migrate(database.engine)
    return database


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version, all or nothing."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def held_alone(sqlite_path: Path) -> Iterator[None]:
    """No controller uses this database file meanwhile, nor starts; raises `DatabaseInUse`."""
    lock = _lock_beside(sqlite_path)
    try:
        yield
    finally:
        os.close(lock)


def migrations_known() -> frozenset[str]:
    """Every version of the schema that this program can bring to the newest."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return frozenset(s.revision for s in ScriptDirectory.from_config(config).walk_revisions())


def _nobody_listens(_rung: frozenset[str]) -> None:
    pass


def _lock_beside(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise DatabaseInUse(str(path)) from None
    return lock


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        raw: Any = dbapi
        # The driver's own BEGIN comes too late for IMMEDIATE: it is sent below instead.
        raw.isolation_level = None
        for pragma in (
            "journal_mode=wal",
            "synchronous=full",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=on",
        ):
            raw.execute(f"pragma {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")
