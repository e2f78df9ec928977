"""Files that survive a power cut: written aside, flushed, renamed; checked when read."""

import errno
import hashlib
import logging
import os
import shutil
from pathlib import Path

from edge_agent.log_setup import note

_DIGEST_CHARS = 64
ASIDE = ".damaged"
"""Added to the name of what is set aside."""


class Damaged(Exception):
    """A checked file whose content is not what was written."""


def why_unwritable(error: OSError) -> str:
    """Name what the disk has against a write: `disk_full` or `state_unwritable`."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return "disk_full" if full else "state_unwritable"


def note_unwritten(log: logging.Logger, path: Path, error: OSError) -> None:
    """Log that `path` does not hold what it should; the agent goes on with what it knows."""
    note(log, why_unwritable(error), level=logging.ERROR, file=str(path), error=str(error))


def write(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, whole or not at all, readable by the owner only."""
    aside = path.with_name(path.name + ".new")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring renames and deletions in `folder` to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_checked(path: Path, data: bytes) -> None:
    """Like `write`, with the digest of `data` in the first line."""
    write(path, hashlib.sha256(data).hexdigest().encode() + b"\n" + data)


def read_checked(path: Path) -> bytes | None:
    """Give what `write_checked` wrote; None if there is no file.

    Raises `Damaged`, and PermissionError for what may still be whole.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except PermissionError:
        raise
    except OSError as e:
        raise Damaged(str(e)) from e
    data = content[_DIGEST_CHARS + 1 :]
    if content[: _DIGEST_CHARS + 1] != hashlib.sha256(data).hexdigest().encode() + b"\n":
        raise Damaged(str(path))
    return data


def set_aside(path: Path) -> Path:
    """Move a damaged file out of the way, keeping the last one for inspection."""
    kept = path.with_name(path.name + ASIDE)
    move(path, kept)
    return kept


def move(path: Path, target: Path) -> None:
    """Put what stands at `path`, if anything, in the place of what stands at `target`."""
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    if path.exists():
        path.replace(target)
    sync_folder(path.parent)
