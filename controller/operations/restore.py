"""A backup put into an empty data folder, checked to its last byte before anything is touched."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from audio_library.store.filesystem import FilesystemStore
from controller.errors import BackupRefused, SettingsWrong
from controller.operations.backup import (
    AUDIO_SUFFIX,
    DATABASE,
    DUMP,
    KEYS,
    PORT,
    RECORDING_SUFFIX,
)
from controller.settings import Settings
from controller.storage.backup_file import Checked, Member, check, members_of
from controller.storage.database import held_alone, migrations_known, open_database

LARGEST_KEYS_BYTES = 16 * 2**20
_CHUNK = 2**20
_IN_FOLDER = "loalang.sqlite3"
_LOCK = f"{_IN_FOLDER}.lock"
_KEYS_FOLDER = "keys"
_BEFORE, _STAGING = "before-restore-", ".restoring-"


class OpenKeys(Protocol):
    """Put sealed keys into an empty data folder; raises a `ControllerError`."""

    def __call__(self, sealed: bytes, data_dir: Path, passphrase: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    backup: Checked
    kept_aside: Path | None
    """Where the folder's former content lies."""
    left_out: Sequence[str]
    """Damaged audio that was not put back."""
    dump: Path | None
    """Of a database on a server: the file to give to pg_restore."""


def restore_backup(
    settings: Settings,
    open_keys: OpenKeys,
    path: Path,
    passphrase: str,
    now: datetime,
    *,
    replace: bool = False,
    without_damaged: bool = False,
) -> Restored:
    """Raises `BackupRefused`, `DatabaseInUse`, `SettingsWrong`; then nothing was changed.

    The folder's lock is held from before the first change until all stands: no controller can
    start on half of it.
    """
    target = settings.data_dir
    if settings.sqlite_path() not in (None, target / _IN_FOLDER):
        raise SettingsWrong(
            "database_elsewhere",
            "LOALANG_DATABASE_URL chỉ một tệp ngoài thư mục dữ liệu. Hãy bỏ biến ấy rồi làm lại. "
            "Chưa có gì bị thay đổi.",
            "LOALANG_DATABASE_URL names a file outside the data folder. Unset it, then try again. "
            "Nothing was changed.",
        )
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_others_folder(target)
    if not replace and _content(target):
        raise BackupRefused(
            "folder_not_empty",
            f"Thư mục {target} đã có dữ liệu. Chưa có gì bị thay đổi. Muốn thay bằng bản sao lưu, "
            "hãy thêm --replace: dữ liệu cũ được cất vào một thư mục bên trong.",
            f"The folder {target} already holds data. Nothing was changed. To put the backup in "
            "its place add --replace: the old data is kept in a folder inside.",
        )
    with held_alone(target / _IN_FOLDER), ExitStack() as stack:
        backup = check(path, passphrase)
        left_out = _refuse_unfit(backup, without_damaged)
        for left in target.glob(f"{_STAGING}*"):
            # Of a restore that a power cut ended: the lock says that none runs now.
            shutil.rmtree(left)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=target))
        stack.callback(shutil.rmtree, staging, ignore_errors=True)
        _unpack(path, backup, staging, frozenset(left_out), settings, open_keys, passphrase)
        if backup.head.database == "sqlite":
            _migrate(staging / _IN_FOLDER)
        if os.geteuid() == 0:
            _hand_over(staging, target)
        kept = _put_in_place(staging, target, now)
    dump = target / DUMP if backup.head.database != "sqlite" else None
    return Restored(backup, kept, left_out, dump)


def _refuse_others_folder(target: Path) -> None:
    """Only root may lay files in another user's folder: it hands them over."""
    owner = target.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise BackupRefused(
            "not_the_owner",
            f"Thư mục {target} thuộc về người dùng khác (uid {owner}). Hãy chạy lệnh này bằng "
            "người dùng ấy hoặc root. Chưa có gì bị thay đổi.",
            f"The folder {target} belongs to another user (uid {owner}). Run this command as that "
            "user or as root. Nothing was changed.",
        )


def _hand_over(staging: Path, target: Path) -> None:
    """What root laid belongs to whom the folder belongs: the service could not read it else."""
    owner = target.stat()
    for path in (staging, target / _LOCK, *staging.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _refuse_unfit(backup: Checked, without_damaged: bool) -> tuple[str, ...]:
    """Members to leave out; raises `BackupRefused` when the rest would be no controller."""
    names = {m.name for m in backup.members}
    vital = [n for n in backup.damaged if n in (KEYS, PORT, DATABASE, DUMP)]
    if vital or KEYS not in names or not names & {DATABASE, DUMP}:
        listed = ", ".join(vital) or f"{KEYS}, {DATABASE}"
        raise BackupRefused(
            "backup_damaged",
            f"Bản sao lưu hỏng ở phần không thể thiếu ({listed}). Chưa có gì bị thay đổi. Hãy "
            "dùng một bản khác.",
            f"The backup is damaged where it cannot be done without ({listed}). Nothing was "
            "changed. Take another backup.",
        )
    if backup.head.revision and backup.head.revision not in migrations_known():
        raise BackupRefused(
            "backup_newer",
            f"Bản sao lưu do Loa Làng {backup.head.version} làm ra, mới hơn bản này. Hãy cài bản "
            "ấy hay mới hơn rồi làm lại. Chưa có gì bị thay đổi.",
            f"Loa Làng {backup.head.version} made the backup, which is newer than this one. "
            "Install that version or a newer one, then try again. Nothing was changed.",
        )
    if backup.damaged and not without_damaged:
        raise BackupRefused(
            "audio_damaged",
            f"{len(backup.damaged)} tệp tiếng trong bản sao lưu bị hỏng, ví dụ "
            f"{backup.damaged[0]}. Chưa có gì bị thay đổi. Hãy dùng bản khác, hoặc thêm "
            "--without-damaged để khôi phục mọi thứ còn lại.",
            f"{len(backup.damaged)} audio files of the backup are damaged, for example "
            f"{backup.damaged[0]}. Nothing was changed. Take another backup, or add "
            "--without-damaged to restore all the rest.",
        )
    return backup.damaged


def _unpack(
    path: Path,
    backup: Checked,
    staging: Path,
    left_out: frozenset[str],
    settings: Settings,
    open_keys: OpenKeys,
    passphrase: str,
) -> None:
    expected = {m.name: m for m in backup.members}
    audio = _audio_folder(settings, staging)
    for name, _size, content in members_of(path):
        member = expected.get(name)
        if member is None or name in left_out:
            continue
        folder, _, file = name.rpartition("/")
        match folder:
            case "audio":
                _shelve(FilesystemStore(audio, AUDIO_SUFFIX), member, content, staging)
            case "recordings":
                shelf = FilesystemStore(staging / "recordings", RECORDING_SUFFIX)
                _shelve(shelf, member, content, staging)
            case "voices" | "agents":
                _write(staging / folder / file, content)
            case _ if name == KEYS:
                open_keys(content.read(LARGEST_KEYS_BYTES), staging, passphrase)
            case _ if name == PORT:
                _write(staging / "broker" / "port", content)
            case _ if name == DATABASE:
                _write(staging / _IN_FOLDER, content)
            case _ if name == DUMP:
                _write(staging / DUMP, content)


def _audio_folder(settings: Settings, staging: Path) -> Path:
    """A folder elsewhere takes the files at once: a name there says what the content is."""
    given = settings.blob_url.removeprefix("file://")
    return Path(given) if given.startswith("/") else staging / "audio"


def _shelve(store: FilesystemStore, member: Member, content: BinaryIO, staging: Path) -> None:
    """By hash, on the way of every other file of the store."""
    passing = staging / "passing"
    _write(passing, content)
    store.put(passing, sha256=Path(member.name).stem)
    passing.unlink()


def _write(path: Path, content: BinaryIO) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
        file.flush()
        os.fsync(file.fileno())


def _migrate(path: Path) -> None:
    """Before it is put in place: a migration that fails leaves the folder as it was."""
    open_database(f"sqlite:///{path}", path).close()
    path.with_name(_LOCK).unlink()


def _put_in_place(staging: Path, target: Path, now: datetime) -> Path | None:
    """Renames alone; the lock stays where it is held.

    The keys go first and come last, and a database stands there all the time: after a power cut in
    between a controller refuses to start for want of keys, and never begins as an empty office.
    """
    former = _content(target)
    aside = target / f"{_BEFORE}{now:%Y%m%dT%H%M%S}" if former else None
    if aside is not None:
        aside.mkdir(mode=0o700)
        owner = target.stat()
        os.chown(aside, owner.st_uid, owner.st_gid)
        for entry in sorted(former, key=lambda entry: entry.name != _KEYS_FOLDER):
            if entry.name == _IN_FOLDER:
                os.link(entry, aside / entry.name)
            else:
                entry.rename(aside / entry.name)
    for name in sorted(
        (entry.name for entry in staging.iterdir()),
        key=lambda name: (name == _KEYS_FOLDER, name != _IN_FOLDER),
    ):
        (staging / name).replace(target / name)
    return aside


def _content(target: Path) -> list[Path]:
    """What is data of an office, and no lock, no former data and nothing half unpacked."""
    ours = (_LOCK, _BEFORE, _STAGING)
    return [entry for entry in target.iterdir() if not entry.name.startswith(ours)]
