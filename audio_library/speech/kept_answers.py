"""What an online voice once said, kept for ever: no sentence is sent out of the house twice."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """A private folder of sound files, named by the hash of who was asked for what."""

    folder: Path

    def find(self, voice: str, text: str) -> Path | None:
        """The kept answer, or None if that was never asked."""
        path = self._path(voice, text)
        return path if path.is_file() else None

    def keep(self, voice: str, text: str, parts: Iterable[bytes]) -> Path:
        """Write the answer as it comes; it is kept only when it is whole and not empty.

        Raises what `parts` raises, ValueError for an empty answer, or the OSError of a full disk.
        """
        path = self._path(voice, text)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in parts:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                empty = file.tell() == 0
            if empty:
                raise ValueError("empty answer")
            return part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _path(self, voice: str, text: str) -> Path:
        name = hashlib.sha256(f"{voice}\n{text}".encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.mp3"


def copied(kept: Path, to: Path) -> Path:
    """A copy that its reader may delete."""
    return Path(shutil.copyfile(kept, to))
