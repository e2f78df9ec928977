"""The files of a stick, read and written as if it were an enemy's: bounded, no link followed."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.cache import Wanted
from edge_agent.contract import stick as layout
from edge_agent.contract import topics
from edge_agent.contract.types import MAX_PAYLOAD_BYTES
from edge_agent.uplink import Sealed

MAX_ISSUERS = 16
"""Of alerts in one scope."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Not blocking: a FIFO would hold its reader for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as the link would have brought it; `file` names it for people."""

    file: str
    topic: str
    payload: bytes


def file_of(report: Sealed) -> str:
    """Its name in the folder of its box."""
    return layout.ReportName(report.spool, report.first, report.last).file


def root_of(folder: Path) -> Path:
    """The folder `loalang` of a stick that is mounted at `folder`, or `folder` itself if it is."""
    return folder if folder.name == layout.FOLDER else folder / layout.FOLDER


class Drawer:
    """A folder held open; nothing outside of it can be reached by a name. All raise OSError."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder that is no symbolic link."""
        return cls(os.open(path, _FOLDER))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        os.close(self._handle)

    def enter(self, name: str, *, make: bool = False) -> "Drawer":
        """Open a folder in it."""
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=self._handle)
        return Drawer(os.open(name, _FOLDER, dir_fd=self._handle))

    def names(self, most: int) -> tuple[str, ...]:
        """At most so many of the names in it, in order."""
        with os.scandir(self._handle) as entries:
            return tuple(sorted(entry.name for entry in islice(entries, most)))

    def size(self, name: str) -> int | None:
        """Size of a plain file; None if there is none."""
        try:
            found = os.stat(name, dir_fd=self._handle, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def read(self, name: str, most: int) -> bytes | None:
        """Content of a plain file of at most so many bytes; None if there is no such file."""
        size = self.size(name)
        if size is None or size > most:
            return None
        with os.fdopen(os.open(name, _READ, dir_fd=self._handle), "rb") as file:
            return file.read(most)

    def write(self, name: str, data: bytes) -> None:
        """Put a whole file there, or nothing."""
        aside = f".{name}.new"
        try:
            handle = os.open(aside, _WRITE, 0o644, dir_fd=self._handle)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            os.replace(aside, name, src_dir_fd=self._handle, dst_dir_fd=self._handle)
        except OSError:
            self.remove(aside)
            raise

    def remove(self, name: str) -> None:
        """Take a file away; what does not go stays."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._handle)

    def sync(self) -> None:
        """Bring what was put there to the stick."""
        os.fsync(self._handle)


class Stick:
    """One stick as the box `did` sees it; `root` is its folder `loalang`. All raise OSError.

    `root` is made only if `make` says so: where a stick was pulled out, its mount point may stay.
    """

    def __init__(self, root: Path, did: str, *, make: bool = False) -> None:
        self.root = root
        self._did = did
        self._make = make

    def letters(self, scopes: Iterable[str]) -> tuple[Letter, ...]:
        """Messages for this box: keys, alerts of these scopes, desired state, receipts."""
        with Drawer.open(self.root) as root:
            return (
                *_letter(root, layout.KEYS, layout.KEYS, topics.CONTROLLER_KEYS),
                *_alerts(root, scopes),
                *self._own(root),
            )

    def alerts(self, scopes: Iterable[str]) -> tuple[Letter, ...]:
        """Alerts of these scopes."""
        with Drawer.open(self.root) as root:
            return tuple(_alerts(root, scopes))

    def carries(self, wanted: Iterable[Wanted]) -> frozenset[Wanted]:
        """Those of these files that are there in their full size."""
        with Drawer.open(self.root) as root:
            return frozenset(w for w in wanted if _size(root, w) == w.size)

    def give(self, reports: Iterable[Sealed]) -> None:
        """Write these reports; what stands there already is not worn out by writing it again."""
        with self._back() as back:
            for report in reports:
                if back.read(file_of(report), MAX_PAYLOAD_BYTES) != report.payload:
                    back.write(file_of(report), report.payload)
            back.sync()

    def tidy(self, spool: str, keep: frozenset[str], receipts: dict[str, int]) -> None:
        """Take away what is not needed there: of this `spool` all but `keep`, and what `receipts`
        (spool → last event) say has arrived.
        """
        with self._back() as back:
            for name in back.names(layout.MAX_REPORTS):
                report = layout.parse_report(name)
                if report is None:
                    continue
                arrived = report.last <= receipts.get(report.spool, 0)
                if arrived or (report.spool == spool and name not in keep):
                    back.remove(name)
            back.sync()

    def tell(self, about: bytes) -> None:
        """Write how the visit went."""
        with self._back() as back:
            back.write(layout.ABOUT, about)
            back.sync()

    @contextlib.contextmanager
    def _back(self) -> Iterator[Drawer]:
        """The folder of this box's reports."""
        with contextlib.ExitStack() as opened:
            if self._make:
                self.root.mkdir(exist_ok=True)
            drawer = opened.enter_context(Drawer.open(self.root))
            if drawer.size(layout.READ_ME) is None:
                drawer.write(layout.READ_ME, layout.READ_ME_TEXT.encode())
            for name in (layout.BACK, self._did):
                drawer = opened.enter_context(drawer.enter(name, make=True))
            yield drawer

    def _own(self, root: Drawer) -> Iterator[Letter]:
        place = f"{layout.BOXES}/{self._did}"
        try:
            with root.enter(layout.BOXES) as boxes, boxes.enter(self._did) as box:
                told = f"{place}/{layout.DESIRED}"
                yield from _letter(box, layout.DESIRED, told, topics.down(self._did, "desired"))
                receipts = box.read(layout.RECEIPTS, MAX_PAYLOAD_BYTES) or b""
        except (FileNotFoundError, NotADirectoryError):
            return
        for line in receipts.split()[: layout.MAX_RECEIPTS]:
            yield Letter(f"{place}/{layout.RECEIPTS}", topics.down(self._did, "ack"), line)


def _alerts(root: Drawer, scopes: Iterable[str]) -> Iterator[Letter]:
    for scope in scopes:
        try:
            with root.enter(layout.ALERTS) as alerts, alerts.enter(scope) as issuers:
                for name in issuers.names(MAX_ISSUERS):
                    topic = topics.group_alert(scope, name.removesuffix(".jws"))
                    if name.endswith(".jws") and topics.parse_group(topic) is not None:
                        file = f"{layout.ALERTS}/{scope}/{name}"
                        yield from _letter(issuers, name, file, topic)
        except (FileNotFoundError, NotADirectoryError):
            continue


def _letter(drawer: Drawer, name: str, file: str, topic: str) -> Iterator[Letter]:
    payload = drawer.read(name, MAX_PAYLOAD_BYTES)
    if payload is not None:
        yield Letter(file, topic, payload.strip())


def _size(root: Drawer, wanted: Wanted) -> int | None:
    try:
        with root.enter(wanted.shelf) as shelf:
            return shelf.size(Path(wanted.address).name)
    except (FileNotFoundError, NotADirectoryError):
        return None
