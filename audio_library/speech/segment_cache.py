"""Finished segments of speech, kept so that an edit makes anew only what it changed.

A private folder that may be deleted at any time. Each file is its digest and its content: one that
was cut or altered on disk is noticed and made anew. Several processes may share the folder. Where
it cannot be read or written, nothing is kept and nobody is stopped; only a full disk is told.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from audio_library.errors import StoreFull
from audio_library.no_room import is_no_room

MAX_BYTES = 500_000_000
"""Forty hours of speech."""
_DIGEST_BYTES = hashlib.sha256().digest_size
_SHARE_BETWEEN_COUNTS = 100
"""The folder is counted again when so small a part of it has been added by this process."""


@dataclass(slots=True)
class SegmentCache:
    """At most `max_bytes`, give or take a hundredth; what was used longest ago goes first."""

    folder: Path
    max_bytes: int = MAX_BYTES
    _added: int = field(default=0, init=False, repr=False)
    _counted: bool = field(default=False, init=False, repr=False)

    def get(self, key: str) -> bytes | None:
        """What was kept under this key; None if nothing was, or if it is damaged."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, kept = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        whole = digest == _digest(key, kept)
        with suppress(OSError):
            if whole:
                os.utime(path)
            else:
                path.unlink(missing_ok=True)
        return kept if whole else None

    def put(self, key: str, content: bytes) -> None:
        """Keep it, whole or not at all; raises StoreFull."""
        path = self._path(key)
        try:
            for folder in (self.folder, path.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(path, _digest(key, content) + content)
        except OSError as error:
            if is_no_room(error):
                raise StoreFull from error
            return
        self._added += len(content)
        if not self._counted or self._added * _SHARE_BETWEEN_COUNTS > self.max_bytes:
            self._make_room()

    def _write(self, path: Path, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            # Gone already if another process found it to be the oldest of a very small cache.
            with suppress(FileNotFoundError):
                part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        self._added, self._counted = 0, True
        kept = sorted(self._kept(), reverse=True)
        room = self.max_bytes
        for _, size, path in kept:
            room -= size
            if room < 0:
                with suppress(OSError):
                    path.unlink()

    def _kept(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self.folder.glob("*/*"):
            with suppress(FileNotFoundError):
                about = path.stat()
                found.append((about.st_mtime_ns, about.st_size, path))
        return found

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / name[:2] / name


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + content).digest()
