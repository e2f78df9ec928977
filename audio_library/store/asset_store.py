"""Where audio files are kept, by content: the name of a file is its SHA-256."""

from pathlib import Path
from typing import BinaryIO, Protocol


class AssetStore(Protocol):
    """Every `sha256` must be 64 lower-case hex digits, else NotAnAssetName."""

    def put(self, path: Path, *, sha256: str | None = None) -> str:
        """Store a copy and return its SHA-256; storing it twice is storing it once.

        Raises AssetDamaged if the content is not `sha256`, StoreFull; then nothing is stored.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The content, to be closed by the caller; raises AssetMissing."""
        ...

    def exists(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None:
        """Deleting what is not there is no error."""
        ...

    def used_bytes(self) -> int: ...

    def free_bytes(self) -> int | None:
        """Room for more, None if nobody can tell."""
        ...
