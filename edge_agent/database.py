"""Small SQLite files that survive a power cut; a damaged one is set aside and begun anew."""

import contextlib
import errno
import logging
import sqlite3
import struct
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent import durable
from edge_agent.errors import StateUnreadable
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.database")
_CACHE_KB = 256
_LOCKED_S = 1.0
_MAGIC = b"SQLite format 3\0"
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF
_LOG_HEAD = struct.Struct(">II I I 8s 8s")
_FRAME_HEAD = struct.Struct(">I I 8s 8s")
_FRAMES = struct.Struct("=16x I")
"""SQLite's index of its log, beside the file: how many frames of it were sound."""

_LOG_MAGICS = (0x377F0682, 0x377F0683)

Statement = tuple[str, tuple[object, ...]]
"""SQL with its values."""


@contextlib.contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction; what it wrote is on the disk. Raises OSError if that does not take it."""
    try:
        with db:
            yield
    except sqlite3.OperationalError as e:
        full = e.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_FULL
        raise OSError(errno.ENOSPC if full else errno.EIO, str(e)) from e


class Journal:
    """Writes each whole and in order; what the disk does not take waits in memory for room."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self._waiting: deque[tuple[Statement, ...]] = deque()
        self.fault = ""
        """What the disk has against the last write, "" if it took it."""

    @property
    def waiting(self) -> int:
        """How many writes are in memory alone."""
        return len(self._waiting)

    def write(self, *statements: Statement) -> None:
        """Write `statements` together, after everything that waits."""
        self._waiting.append(statements)
        self.flush()

    def settle(self) -> None:
        """Bring everything from SQLite's log into the file itself, if the disk takes it.

        The log keeps its room: on a full disk there is still some for the next events.
        """
        with contextlib.suppress(sqlite3.OperationalError):
            self._db.execute("pragma wal_checkpoint(passive)").fetchone()

    def flush(self) -> None:
        """Try once more to write what waits."""
        try:
            while self._waiting:
                with writing(self._db):
                    for sql, values in self._waiting[0]:
                        self._db.execute(sql, values)
                self._waiting.popleft()
            self.fault = ""
        except OSError as e:
            if not self.fault:
                durable.note_unwritten(log, self._path, e)
            self.fault = durable.why_unwritable(e)


def open_checked(
    path: Path,
    schema: str,
    *,
    expected: bool,
    check: Callable[[sqlite3.Connection], None] = lambda _db: None,
) -> tuple[sqlite3.Connection, str]:
    """Open `path`, making what `schema` says; also gives what was lost, "" if nothing was.

    An `expected` file that is not there is a loss, and so is an empty one.
    What is damaged, or what `check` raises ValueError for, is set aside with its log. Raises
    `StateUnreadable` if a sound file cannot be opened; then nothing was moved.
    """
    try:
        loss = _loss(path, expected)
        if not loss:
            with contextlib.suppress(durable.Damaged):
                return _open(path, schema, check), ""
            loss = "damaged"
        _set_aside(path, loss)
        return _open(path, schema, check), f"{path.name} {loss}"
    except (sqlite3.Error, OSError) as e:
        raise StateUnreadable(
            f"Không mở được {path}: {e}. Mọi dữ liệu vẫn còn nguyên. Hãy đóng chương trình đang "
            "dùng tệp này, kiểm tra quyền và chỗ trống trên đĩa, rồi chạy lại.",
            f"Cannot open {path}: {e}. Everything in it was kept. Close the program that uses "
            "the file, look at its owner and at the room on the disk, and start again.",
        ) from e


def _loss(path: Path, expected: bool) -> str:
    if not path.exists():
        return "missing" if expected else ""
    # Looked at before SQLite does, for it throws away the log beside a file that is none of its.
    return "" if path.is_file() and _begins_as_database(path) else "damaged"


def _begins_as_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _set_aside(path: Path, loss: str) -> None:
    """Move the file and its log together, so that they can still be read together."""
    kept = path.with_name(path.name + durable.ASIDE)
    for end in ("", "-wal", "-shm"):
        durable.move(path.with_name(path.name + end), kept.with_name(kept.name + end))
    note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=f"{path.name} {loss}")


def _open(
    path: Path, schema: str, check: Callable[[sqlite3.Connection], None]
) -> sqlite3.Connection:
    """Open and check. Raises `durable.Damaged`, or `sqlite3.Error` for what is no damage."""
    commits = _commits(path.with_name(path.name + "-wal"))
    db = sqlite3.connect(path, timeout=_LOCKED_S)
    try:
        path.chmod(0o600)
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        db.execute(f"pragma cache_size = -{_CACHE_KB}")
        found = db.execute("pragma quick_check").fetchone()[0]
        if found != "ok":
            raise durable.Damaged(found)
        read = _frames_read(path.with_name(path.name + "-shm"), commits)
        # The last one may have been cut off while it was written: nobody was told of it.
        if sum(frame > read for frame in commits) > 1:
            raise durable.Damaged(f"{path.name}-wal")
        db.executescript(schema)
        check(db)
    except ValueError as e:
        db.close()
        raise durable.Damaged(str(e)) from e
    except sqlite3.DatabaseError as e:
        db.close()
        if e.sqlite_errorcode & _PRIMARY_CODE in _DAMAGE:
            raise durable.Damaged(str(e)) from e
        raise
    except (durable.Damaged, OSError):
        db.close()
        raise
    return db


def _commits(log_file: Path) -> list[int]:
    """Numbers of the frames in SQLite's log that end a transaction, readable or not.

    SQLite takes the log as far as its checksums are right and forgets the rest without a word:
    what was told to the controller would be unknown again. Raises `durable.Damaged` if the log
    has no head at all.
    """
    if not log_file.is_file() or log_file.stat().st_size <= _LOG_HEAD.size:
        return []
    with log_file.open("rb") as file:
        magic, _, page_size, _, salts, _ = _LOG_HEAD.unpack(file.read(_LOG_HEAD.size))
        if magic not in _LOG_MAGICS or not 512 <= page_size <= 65_536:
            raise durable.Damaged(log_file.name)
        ends, frame = [], 0
        while len(head := file.read(_FRAME_HEAD.size)) == _FRAME_HEAD.size:
            frame += 1
            _, pages_after, of_salts, _ = _FRAME_HEAD.unpack(head)
            if of_salts == salts and pages_after:
                ends.append(frame)
            file.seek(page_size, 1)
        return ends


def _frames_read(index: Path, commits: list[int]) -> int:
    """How many frames SQLite took from its log; all of them if there is nothing to tell."""
    if not commits or not index.is_file() or index.stat().st_size < _FRAMES.size:
        return max(commits, default=0)
    with index.open("rb") as file:
        return int(_FRAMES.unpack(file.read(_FRAMES.size))[0])
