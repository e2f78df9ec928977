"""The file that `loalang backup` writes: a plain tar whose last words say what must stand in it.

`head.json` first, the members, `manifest.json` (name, bytes and SHA-256 of each), and last a seal
of head and manifest by a key from the passphrase: who finds the file can neither read its private
keys nor change an account in it unseen.
"""

import hashlib
import hmac
import io
import json
import os
import re
import tarfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, cast

from audio_library.no_room import is_no_room
from controller.errors import BackupRefused

FORMAT = 1
HEAD, MANIFEST, SEAL = "head.json", "manifest.json", "seal"
SCRYPT_N = 2**17
"""128 MB and some 0.4 s a try: what a stolen backup costs who guesses at its passphrase."""
LARGEST_NOTE_BYTES = 64 * 2**20
MOST_MEMBERS = 500_000
_CHUNK = 2**20
_NAME = re.compile(r"(?!.*(^|/)\.)[A-Za-z0-9][\w@+=.-]{0,200}(/[\w@+=.-]{1,200}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says of itself."""

    made_at: str
    version: str
    revision: str
    """Newest migration of its database."""
    database: str
    """`sqlite` or `postgresql`."""
    audio: str
    """`file:` when the audio is inside, else the address of the store that holds it."""
    settings: dict[str, str]
    salt: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that was read to its end."""

    head: Head
    members: tuple[Member, ...]
    damaged: tuple[str, ...]
    """Members whose content is not what the manifest says."""


class BackupWriter:
    """Adds members one after the other; every byte is hashed as it is written."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        # Members are never asked for again: a list of them all would grow without bound.
        self._tar = tarfile.open(fileobj=file, mode="w:")  # noqa: SIM115 (closed by `finish`)
        self._head = _note(vars_of(head))
        self._members: list[Member] = []
        self._put(HEAD, io.BytesIO(self._head), len(self._head))

    def add(self, name: str, source: BinaryIO, size: int) -> None:
        """Copy exactly `size` bytes; OSError when the source has fewer or the disk no room."""
        if not is_member_name(name):
            raise ValueError(f"{name!r} is no name of a member")
        self._members.append(Member(name, size, self._put(name, source, size)))

    def finish(self, passphrase: str) -> None:
        """Write what must stand in the file, and seal it."""
        manifest = _note([[m.name, m.bytes, m.sha256] for m in self._members])
        self._put(MANIFEST, io.BytesIO(manifest), len(manifest))
        salt = bytes.fromhex(json.loads(self._head)["salt"])
        seal = _seal(passphrase, salt, self._head, manifest).encode()
        self._put(SEAL, io.BytesIO(seal), len(seal))
        self._tar.close()

    def _put(self, name: str, source: BinaryIO, size: int) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        hashing = _Hashing(source)
        self._tar.addfile(info, hashing)
        self._tar.members.clear()  # type: ignore[attr-defined]  # typeshed leaves it out
        return hashing.digest.hexdigest()


@contextmanager
def writing(path: Path, head: Head) -> Iterator[BackupWriter]:
    """Write aside, private, and put in place at the end of the block; until then an older one is.

    Raises `BackupRefused` when the disk is full.
    """
    aside = path.with_name(f".{path.name}.part")
    aside.unlink(missing_ok=True)
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            yield BackupWriter(file, head)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _sync(path.parent)
    except OSError as e:
        if is_no_room(e):
            raise disk_full(path) from e
        raise
    finally:
        aside.unlink(missing_ok=True)


def members_of(path: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Each member in the order of the file: name, bytes, content to be read before the next one.

    Raises `BackupRefused` for a file that is cut short or no backup.
    """
    seen: set[str] = set()
    try:
        with tarfile.open(path, mode="r:") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # typeshed leaves it out
                content = tar.extractfile(info) if info.isreg() else None
                if content is None or not is_member_name(info.name) or info.name in seen:
                    raise _no_backup(path)
                seen.add(info.name)
                if len(seen) > MOST_MEMBERS:
                    raise _no_backup(path)
                yield info.name, info.size, cast(BinaryIO, _Member(content, path))
    except (tarfile.TarError, EOFError, UnicodeError) as e:
        raise _cut(path) if seen else _no_backup(path) from e


def check(path: Path, passphrase: str | None = None) -> Checked:
    """Read it to its end and compare every hash; with a passphrase also the seal.

    Raises `BackupRefused`: cut short, no backup, a newer form, another passphrase, changed.
    """
    head_note = manifest_note = seal = b""
    found: dict[str, tuple[int, str]] = {}
    for name, size, content in members_of(path):
        match name:
            case "head.json":
                head_note = _read_note(path, content, size)
            case "manifest.json":
                manifest_note = _read_note(path, content, size)
            case "seal":
                seal = _read_note(path, content, size)
            case _:
                found[name] = (size, _hash(content, size, path))
    if not head_note:
        raise _no_backup(path)
    head = _head(path, head_note)
    if not manifest_note or not seal:
        raise _cut(path)
    if passphrase is not None:
        expected = _seal(passphrase, bytes.fromhex(head.salt), head_note, manifest_note)
        if not hmac.compare_digest(expected.encode(), seal):
            raise BackupRefused(
                "passphrase_wrong",
                "Mật khẩu không mở được bản sao lưu này, hoặc tệp đã bị người khác sửa. "
                "Chưa có gì bị thay đổi.",
                "The passphrase does not open this backup, or somebody has changed the file. "
                "Nothing was changed.",
            )
    members = _manifest(path, manifest_note)
    if set(found) - {m.name for m in members}:
        raise _no_backup(path)
    damaged = tuple(m.name for m in members if found.get(m.name) != (m.bytes, m.sha256))
    return Checked(head, members, damaged)


def is_member_name(name: str) -> bool:
    """Whether a backup may hold a file of this name."""
    return _NAME.fullmatch(name) is not None


def disk_full(path: Path) -> BackupRefused:
    """What is said when a backup does not fit."""
    return BackupRefused(
        "disk_full",
        f"Đĩa của {path.parent} đã đầy: bản sao lưu chưa được ghi. Bản cũ (nếu có) còn nguyên. "
        "Hãy chọn đĩa khác hay dọn bớt rồi làm lại.",
        f"The disk of {path.parent} is full: the backup was not written. The older one, if any, "
        "is as it was. Choose another disk or make room, then try again.",
    )


def vars_of(head: Head) -> dict[str, object]:
    """The head as it is written."""
    return {name: getattr(head, name) for name in Head.__dataclass_fields__}


@dataclass(slots=True)
class _Member:
    """Content of a member; a file that ends before it is said to be cut short."""

    source: IO[bytes]
    path: Path

    def read(self, size: int = -1) -> bytes:
        try:
            return self.source.read(size)
        except tarfile.ReadError as e:
            raise _cut(self.path) from e


@dataclass(slots=True)
class _Hashing:
    """Reads on, and knows what was read."""

    source: BinaryIO
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        chunk = self.source.read(size)
        self.digest.update(chunk)
        return chunk


def _hash(content: BinaryIO, size: int, path: Path) -> str:
    digest, left = hashlib.sha256(), size
    while left:
        chunk = content.read(min(_CHUNK, left))
        if not chunk:
            raise _cut(path)
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()


def _note(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _read_note(path: Path, content: BinaryIO, size: int) -> bytes:
    if size > LARGEST_NOTE_BYTES:
        raise _no_backup(path)
    note = content.read(size)
    if len(note) != size:
        raise _cut(path)
    return note


def _head(path: Path, note: bytes) -> Head:
    try:
        said = json.loads(note)
        form = int(said["format"])
        if form <= FORMAT:
            settings = {str(k): str(v) for k, v in said.pop("settings").items()}
            texts = ("made_at", "version", "revision", "database", "audio", "salt")
            bytes.fromhex(said["salt"])
            return Head(**{k: str(said[k]) for k in texts}, settings=settings, format=form)
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise _no_backup(path) from e
    raise BackupRefused(
        "backup_newer",
        f"Bản sao lưu {path} do một bản Loa Làng mới hơn làm ra. Hãy cài bản mới rồi làm lại.",
        f"A newer Loa Làng made the backup {path}. Install the newer version, then try again.",
    )


def _manifest(path: Path, note: bytes) -> tuple[Member, ...]:
    try:
        return tuple(Member(str(n), int(b), str(h)) for n, b, h in json.loads(note))
    except (ValueError, TypeError) as e:
        raise _no_backup(path) from e


def _seal(passphrase: str, salt: bytes, head: bytes, manifest: bytes) -> str:
    key = hashlib.scrypt(
        unicodedata.normalize("NFC", passphrase).encode(),
        salt=salt,
        n=SCRYPT_N,
        r=8,
        p=1,
        maxmem=2**28,
        dklen=32,
    )
    said = hashlib.sha256(head).digest() + hashlib.sha256(manifest).digest()
    return hmac.new(key, said, "sha256").hexdigest()


def _cut(path: Path) -> BackupRefused:
    return BackupRefused(
        "backup_cut",
        f"Tệp {path} bị cụt: bản sao lưu chưa ghi hay chưa chép xong. Chưa có gì bị thay đổi. "
        "Hãy chép lại tệp, hoặc dùng một bản khác.",
        f"The file {path} is cut short: it was never written or copied to its end. Nothing was "
        "changed. Copy it again, or take another backup.",
    )


def _no_backup(path: Path) -> BackupRefused:
    return BackupRefused(
        "no_backup",
        f"Tệp {path} không phải bản sao lưu của Loa Làng. Chưa có gì bị thay đổi.",
        f"The file {path} is no backup of Loa Làng. Nothing was changed.",
    )


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
