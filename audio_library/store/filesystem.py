"""Sound files in a folder, `ab/abcdef….opus`, private to the user that runs the controller."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from audio_library.asset import is_sha256, refuse_unless_sha256
from audio_library.errors import AssetDamaged, AssetMissing, StoreFull
from audio_library.no_room import is_no_room
from audio_library.store.asset_store import Held

_CHUNK_BYTES = 2**20
_PART = ".put-"


@dataclass(frozen=True, slots=True)
class FilesystemStore:
    """`suffix` ends every name; `max_bytes` bounds all that is held, None leaves it to the disk."""

    folder: Path
    suffix: str = ".opus"
    max_bytes: int | None = None

    def put(self, path: Path, *, sha256: str | None = None) -> str:
        if sha256 is not None:
            refuse_unless_sha256(sha256)
        size = path.stat().st_size
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return self._put(path, size, sha256)
        except OSError as error:
            if is_no_room(error):
                raise StoreFull(size, self.free_bytes()) from error
            raise

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise AssetMissing(sha256) from None

    def exists(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def delete(self, sha256: str) -> None:
        path = self.path(sha256)
        path.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()

    def used_bytes(self) -> int:
        return sum(held.bytes for held in self.held())

    def held(self) -> Iterator[Held]:
        for file in self.folder.glob(f"??/*{self.suffix}"):
            name = file.name.removesuffix(self.suffix)
            # Another thread may delete it meanwhile.
            with suppress(FileNotFoundError):
                state = file.stat()
                if is_sha256(name):
                    yield Held(name, state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))

    def free_bytes(self) -> int | None:
        disk = shutil.disk_usage(self.folder).free
        return disk if self.max_bytes is None else min(disk, self._left(self.max_bytes))

    def forget_unfinished(self, before: datetime) -> None:
        for part in self.folder.glob(f"{_PART}*"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < before.timestamp():
                    part.unlink()

    def path(self, sha256: str) -> Path:
        """Where the file is or would be; raises NotAnAssetName."""
        refuse_unless_sha256(sha256)
        return self.folder / sha256[:2] / f"{sha256}{self.suffix}"

    def _put(self, path: Path, size: int, expected: str | None) -> str:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=_PART)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as copy:
                found = _copy(path, copy)
            if expected is not None and found != expected:
                raise AssetDamaged(expected, found)
            if self.max_bytes is not None and not self.exists(found):
                left = self._left(self.max_bytes)
                if size > left:
                    raise StoreFull(size, left)
            # Also over a file of that name: it may have been damaged on disk since.
            self._place(temporary, self.path(found))
            return found
        finally:
            temporary.unlink(missing_ok=True)

    def _place(self, temporary: Path, final: Path) -> None:
        final.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.replace(final)
        _sync(final.parent)
        _sync(self.folder)

    def _left(self, max_bytes: int) -> int:
        return max(0, max_bytes - self.used_bytes())


def _copy(path: Path, to: BinaryIO) -> str:
    """Copied and hashed in one reading, so that what is stored is what was hashed."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
            to.write(chunk)
    to.flush()
    os.fsync(to.fileno())
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
