"""Where sound files are kept, by content: the name of a file is its SHA-256."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


class AssetStore(Protocol):
    """Every `sha256` must be 64 lower-case hex digits, else NotAnAssetName.

    A store elsewhere also raises StoreUnreachable, StoreRefused, BucketMissing, StoreFailed.
    """

    def put(self, path: Path, *, sha256: str | None = None) -> str:
        """Store a copy and return its SHA-256; storing it twice is storing it once.

        Raises AssetDamaged if the content is not `sha256`, StoreFull; then nothing is stored.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The content, seekable, to be closed by the caller; raises AssetMissing."""
        ...

    def exists(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None:
        """Deleting what is not there is no error."""
        ...

    def used_bytes(self) -> int: ...

    def free_bytes(self) -> int | None:
        """Room for more, None if nobody can tell."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """One file of a store; putting it again makes it young."""

    sha256: str
    bytes: int
    stored_at: datetime


class Shelf(Protocol):
    """The side of a store that clearing up needs."""

    def held(self) -> Iterator[Held]:
        """Every file, in no order."""
        ...

    def forget_unfinished(self, before: datetime) -> None:
        """Clear what a power cut left of files that were being stored until then."""
        ...

    def delete(self, sha256: str) -> None:
        """Deleting what is not there is no error."""
        ...


class Store(AssetStore, Shelf, Protocol):
    """A whole store, as the controller owns it."""
