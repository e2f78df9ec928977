"""Audio and day pages on disk, each named by its hash; what is there is whole."""

import hashlib
import logging
import os
import shutil
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge_agent import durable

log = logging.getLogger("edge_agent.cache")
_CHUNK = 256 * 1024
_PART = ".part"


class Shelf(StrEnum):
    """The two kinds of file, and the folder and ending of each."""

    AUDIO = "audio"
    PAGES = "pages"

    @property
    def ending(self) -> str:
        """What stands behind the hash in a file's name."""
        return ".opus" if self is Shelf.AUDIO else ".json.gz"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file by its shelf, hash and size in bytes."""

    shelf: Shelf
    sha256: str
    size: int

    @property
    def address(self) -> str:
        """Its address below any source."""
        return f"{self.shelf}/{self.sha256}{self.shelf.ending}"


class Cache:
    """Files below the state folder; `shelves` lists hash → size of what is whole.

    `changes` counts what was added to them and taken away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shelves: dict[Shelf, dict[str, int]] = {}
        self.changes = 0
        self._begun: dict[str, Path] = {}
        for shelf in Shelf:
            place = folder / shelf
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.shelves[shelf] = {
                file.name.removesuffix(shelf.ending): file.stat().st_size
                for file in place.iterdir()
                if file.name.endswith(shelf.ending)
            }
            for part in place.glob(f"*{shelf.ending}{_PART}"):
                self._begun[part.name.removesuffix(shelf.ending + _PART)] = part

    def path(self, shelf: Shelf, sha256: str) -> Path:
        """Where the file with this hash stands or would stand."""
        return self._folder / shelf / f"{sha256}{shelf.ending}"

    def page(self, sha256: str) -> Path | None:
        """Where the day page with this hash stands; None if it is not held."""
        held = sha256 in self.shelves[Shelf.PAGES]
        return self.path(Shelf.PAGES, sha256) if held else None

    def other_pages(self, named: Container[str]) -> tuple[Path, ...]:
        """Pages that are held and not `named`, the newest first."""
        others = [
            self.path(Shelf.PAGES, sha256)
            for sha256 in self.shelves[Shelf.PAGES]
            if sha256 not in named
        ]
        return newest_first(others)

    def holds(self, wanted: Wanted) -> bool:
        """Whether the file is there in its full size."""
        return self.shelves[wanted.shelf].get(wanted.sha256) == wanted.size

    def part(self, wanted: Wanted) -> Path:
        """Where an unfinished download stands."""
        file = self.path(wanted.shelf, wanted.sha256)
        return file.with_name(file.name + _PART)

    def begin(self, wanted: Wanted) -> None:
        """Remember that a download has begun."""
        self._begun[wanted.sha256] = self.part(wanted)

    def parts(self) -> dict[str, int]:
        """How much there is of each unfinished download."""
        return {sha256: _size(part) for sha256, part in self._begun.items()}

    def admit(self, wanted: Wanted) -> None:
        """Count a file that `finish` has put in place."""
        self.shelves[wanted.shelf][wanted.sha256] = wanted.size
        self._begun.pop(wanted.sha256, None)
        self.changes += 1

    def forget(self, shelf: Shelf, sha256: str) -> None:
        """Delete a file and what was begun of it; what the disk keeps counts as gone."""
        self.shelves[shelf].pop(sha256, None)
        self.changes += 1
        begun = self._begun.pop(sha256, None)
        for path in (self.path(shelf, sha256), *((begun,) if begun else ())):
            try:
                path.unlink(missing_ok=True)
            except OSError as e:
                durable.note_unwritten(log, path, e)

    def forget_parts(self) -> None:
        """Delete unfinished downloads; only while nothing is fetched."""
        for shelf in Shelf:
            for part in (self._folder / shelf).glob(f"*{_PART}"):
                part.unlink(missing_ok=True)
        self._begun.clear()

    def is_sound(self, shelf: Shelf, sha256: str) -> bool:
        """Whether the file's bytes still have its hash; a rotten file is deleted."""
        path = self.path(shelf, sha256)
        try:
            whole = digest(path) == sha256
        except OSError:
            whole = False
        if not whole:
            self.forget(shelf, sha256)
        return whole

    def free_bytes(self) -> int:
        """Room left on the disk."""
        return shutil.disk_usage(self._folder).free

    def total_bytes(self) -> int:
        """Size of the disk."""
        return shutil.disk_usage(self._folder).total


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def finish(part: Path, path: Path) -> None:
    """Give a whole and verified download its name, for good."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    durable.sync_folder(path.parent)


def newest_first(files: Iterable[Path]) -> tuple[Path, ...]:
    """In the order of their writing, the last one first."""
    return tuple(sorted(files, key=_changed_ns, reverse=True))


def _changed_ns(file: Path) -> int:
    """When it was written; 0 for what a dying disk does not show."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
