"""One file with all that an office would miss: database, keys, sounds, voices, box programs."""

import contextlib
import io
import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from audio_library.errors import AssetMissing
from audio_library.store.asset_store import Store
from audio_library.store.filesystem import FilesystemStore
from controller.errors import BackupRefused
from controller.settings import Settings
from controller.storage.backup_file import (
    BackupWriter,
    Head,
    disk_full,
    is_member_name,
    writing,
)

DATABASE, DUMP, KEYS, PORT = "database.sqlite3", "database.pgdump", "keys.sealed", "broker/port"
VOICES, AGENTS = "voices", "agents"
AUDIO_SUFFIX, RECORDING_SUFFIX = ".opus", ".flac"
_PAGES = 1_000

Told = Callable[[int, int], None]
"""Bytes done, bytes in all."""


class SealKeys(Protocol):
    """Every key and certificate authority of a data folder, encrypted by a passphrase."""

    def __call__(self, data_dir: Path, passphrase: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Made:
    """What stands in a new backup."""

    bytes: int
    audio_files: int
    audio_elsewhere: str
    """Address of the store that holds the audio; empty when the audio is inside."""


def make_backup(
    settings: Settings,
    store: Store,
    seal_keys: SealKeys,
    path: Path,
    passphrase: str,
    version: str,
    now: datetime,
    told: Told,
) -> Made:
    """Write `path` while the controller runs or stands still; an older file stays until the end.

    The database is one moment of it. Files are taken after it: what it names is there, and a file
    that is cleared away meanwhile was already given up. Raises `BackupRefused`, OSError.
    """
    keys = seal_keys(settings.data_dir, passphrase)
    recordings = FilesystemStore(settings.data_dir / "recordings", suffix=RECORDING_SUFFIX)
    inside = settings.blob_url.startswith("file:")
    shelves: list[tuple[str, str, Store]] = [("recordings", RECORDING_SUFFIX, recordings)]
    if inside:
        shelves.append(("audio", AUDIO_SUFFIX, store))
    with _database_copy(settings, path) as (kind, revision, copy):
        files = sum(held.bytes for *_, each in shelves for held in each.held())
        progress = _Progress(told, copy.stat().st_size + files)
        head = Head(
            made_at=now.isoformat(timespec="seconds"),
            version=version,
            revision=revision,
            database=kind,
            audio="file:" if inside else _without_query(settings.blob_url),
            settings=settings_note(settings),
            salt=secrets.token_hex(16),
        )
        count = 0
        with writing(path, head) as backup:
            backup.add(KEYS, io.BytesIO(keys), len(keys))
            with contextlib.suppress(FileNotFoundError):
                # Boxes with a password know the embedded broker by the port it once took.
                _add(backup, PORT, settings.data_dir / "broker" / "port", progress)
            _add(backup, DATABASE if kind == "sqlite" else DUMP, copy, progress)
            for folder, suffix, each in shelves:
                for held in each.held():
                    with contextlib.suppress(AssetMissing), each.open(held.sha256) as content:
                        name = f"{folder}/{held.sha256}{suffix}"
                        backup.add(name, progress.through(content), held.bytes)
                        count += folder == "audio"
            plain = {VOICES: settings.voices_folder(), AGENTS: settings.data_dir / AGENTS}
            for folder, place in plain.items():
                for file in sorted(place.glob("*")):
                    if file.is_file() and is_member_name(name := f"{folder}/{file.name}"):
                        _add(backup, name, file, progress)
            backup.finish(passphrase)
    return Made(path.stat().st_size, count, "" if inside else head.audio)


def settings_note(settings: Settings) -> dict[str, str]:
    """What was chosen for this controller, without anybody's password."""
    chosen = settings.model_dump(mode="json", exclude_unset=True, exclude={"data_dir"})
    return {name: _without_password(str(value)) for name, value in sorted(chosen.items())}


class _Progress:
    """Counts what was read on the way into the backup."""

    def __init__(self, told: Told, total: int) -> None:
        self._told, self._total, self._done = told, total, 0

    def through(self, source: BinaryIO) -> BinaryIO:
        """The same content, counted."""
        self._source = source
        return cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        chunk = self._source.read(size)
        self._done += len(chunk)
        self._told(self._done, max(self._total, self._done))
        return chunk


def _add(backup: BackupWriter, name: str, path: Path, progress: _Progress) -> None:
    with path.open("rb") as content:
        backup.add(name, progress.through(content), os.fstat(content.fileno()).st_size)


@contextlib.contextmanager
def _database_copy(settings: Settings, path: Path) -> Iterator[tuple[str, str, Path]]:
    """One moment of the database beside `path`: its kind, its migration and the file."""
    copy = path.with_name(f".{path.name}.database")
    copy.unlink(missing_ok=True)
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        sqlite = settings.sqlite_path()
        if sqlite is None:
            _dump(settings.database_url, copy)
            yield "postgresql", "", copy
        else:
            yield "sqlite", _copy_sqlite(sqlite, copy), copy
    except sqlite3.OperationalError as e:
        if e.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise disk_full(path) from e
    finally:
        copy.unlink(missing_ok=True)


def _copy_sqlite(source: Path, copy: Path) -> str:
    """The newest migration in the copy; raises `BackupRefused` for a damaged database."""
    if not source.exists():
        raise BackupRefused(
            "nothing_to_back_up",
            f"Chưa có cơ sở dữ liệu {source}: không có gì để sao lưu. Hãy xem lại --data-dir.",
            f"There is no database {source}: nothing to back up. Look at --data-dir again.",
        )
    with contextlib.closing(sqlite3.connect(source, isolation_level=None)) as live:
        # Held to the end, it keeps writers from making the copy begin again.
        live.execute("begin")
        live.execute("select count(*) from sqlite_schema").fetchone()
        with contextlib.closing(sqlite3.connect(copy)) as made:
            live.backup(made, pages=_PAGES, sleep=0)
            found = made.execute("pragma quick_check(1)").fetchone()[0]
            if found != "ok":
                raise BackupRefused(
                    "database_damaged",
                    f"Cơ sở dữ liệu {source} bị hỏng ({found}). Chưa ghi bản sao lưu; bản cũ "
                    "còn nguyên. Hãy khôi phục từ bản cũ đó.",
                    f"The database {source} is damaged ({found}). No backup was written, the "
                    "older one is as it was. Restore from that.",
                )
            revision: str = made.execute("select version_num from alembic_version").fetchone()[0]
            return revision


def _dump(url: str, copy: Path) -> None:
    """By pg_dump, the password in its environment; raises `BackupRefused`."""
    at = make_url(url)
    if shutil.which("pg_dump") is None:
        raise BackupRefused(
            "pg_dump_missing",
            "Cơ sở dữ liệu ở máy chủ PostgreSQL, cần lệnh pg_dump (apt-get install "
            "postgresql-client). Chưa ghi gì.",
            "The database is on a PostgreSQL server, which needs pg_dump (apt-get install "
            "postgresql-client). Nothing was written.",
        )
    known = {
        "PGHOST": at.host,
        "PGPORT": at.port,
        "PGUSER": at.username,
        "PGPASSWORD": at.password,
        "PGDATABASE": at.database,
    }
    environment = os.environ | {name: str(value) for name, value in known.items() if value}
    done = subprocess.run(
        ["pg_dump", "--format=custom", "--no-owner", f"--file={copy}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip()[-300:]
        raise BackupRefused(
            "pg_dump_failed",
            f"pg_dump không xong: {why}. Bản sao lưu cũ còn nguyên.",
            f"pg_dump did not finish: {why}. The older backup is as it was.",
        )


def _without_query(address: str) -> str:
    return address.partition("?")[0]


def _without_password(text: str) -> str:
    at = urlsplit(text)
    if "://" not in text or at.password is None:
        return text
    return at._replace(netloc=f"{at.username}:…@{at.netloc.rpartition('@')[2]}").geturl()
