"""Sticks at a box: noticed when plugged in, or named at the desk; one visit at a time."""

import logging
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent.cache import Cache, Wanted
from edge_agent.clock import Reading
from edge_agent.contract import stick as layout
from edge_agent.desk import Call
from edge_agent.download import Fetched, Request
from edge_agent.errand import Send
from edge_agent.errors import StickUseless
from edge_agent.inbox import Accepted, Dropped
from edge_agent.intake import Intake
from edge_agent.log_setup import note
from edge_agent.spool import Spool
from edge_agent.sticks.stick import Stick, root_of
from edge_agent.sticks.visit import Copying, Errand, Visit
from edge_agent.sticks.words import Account, figures, summary
from edge_agent.stock import FETCHES_AT_ONCE, Wants
from edge_agent.supply import Supply
from edge_agent.uplink import Sealed, Uplink

log = logging.getLogger("edge_agent.sticks.stick")

LOOK_EVERY_MS = 3_000
MAX_MOUNTS = 64
Plugged = tuple[Path, int, int]
"""A folder `loalang` with its device and inode: another stick at the same place is another."""


@dataclass(frozen=True, slots=True)
class Box:
    """The side of the box in a visit, made of the parts that the wire uses."""

    intake: Intake
    receive: Callable[[str, bytes], Accepted | Dropped]
    supply: Supply
    cache: Cache
    spool: Spool
    uplink: Uplink
    wants: Callable[[], Wants]
    submit: Callable[[Request], None]
    reserve_bytes: int

    @property
    def spool_id(self) -> str:
        """Which spool the events stand in."""
        return self.spool.id

    @property
    def acknowledged(self) -> int:
        """Number of the last event that the controller has."""
        return self.spool.range.first - 1

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes that may speak to this box."""
        return self.intake.scopes

    def take(self, topic: str, payload: bytes) -> Accepted | Dropped:
        """Obey a message as if it had come by the link. Raises OSError."""
        return self.receive(topic, payload)

    def lacking(self) -> list[Wanted]:
        """What is wanted on disk and not there, most urgent first."""
        return [wanted for wanted, _ in self.supply.inventory(self.wants()).lacking]

    def copy(self, wanted: Wanted, root: Path) -> Copying:
        """Begin to copy a file, unless it comes already or the disk is short."""
        if wanted.sha256 in self.supply.fetching or len(self.supply.fetching) >= FETCHES_AT_ONCE:
            return Copying.LATER
        if self.cache.free_bytes() - wanted.size < self.reserve_bytes:
            return Copying.NO_ROOM
        self.submit(self.supply.carry(wanted, root))
        return Copying.BEGUN

    def sealed(self, after: int) -> Sealed | None:
        """The next events above number `after`, signed."""
        return self.uplink.sealed(after)


class Sticks:
    """Everything happens in the agent's thread; files of sticks are touched by errands."""

    def __init__(self, did: str, box: Box, send: Send, *, watched: str = "") -> None:
        self._did = did
        self._box = box
        self._send = send
        self._watched = Path(watched) if watched else None
        self._visit: Visit | None = None
        self._waiting: deque[Callable[[], None]] = deque()
        self._seen: frozenset[Plugged] = frozenset()
        self._looking = False
        self._looked_at: int | None = None

    def look(self, now: Reading) -> None:
        """Go on with a visit, and see whether another stick was plugged in."""
        if self._visit is not None:
            self._visit.look()
        elif self._waiting:
            self._waiting.popleft()()
        watched, last = self._watched, self._looked_at
        if watched is None or self._looking:
            return
        if last is None or now.mono_ms - last >= LOOK_EVERY_MS:
            self._looking, self._looked_at = True, now.mono_ms
            self._send(lambda: frozenset(plugged(watched)), partial(self._noticed, now.system_ms))

    def fetched(self, fetched: Fetched) -> None:
        """Take the end of a copy."""
        if self._visit is not None:
            self._visit.fetched(fetched)

    def asked(self, call: Call, now: Reading) -> None:
        """Carry out `import` or `export` of the folder that a person names."""
        folder = Path(str(call.body.get("folder", "")))
        if not folder.is_absolute() or "\0" in str(folder):
            raise StickUseless("Hãy cho đường dẫn đầy đủ của thư mục.", "Give the full path.")
        give = call.op == "export"
        errand = Errand(take=not give, give=give, say=call.say)
        root = root_of(folder)

        def end(account: Account) -> None:
            vi, en = summary(account, take=errand.take, give=errand.give)
            if account.useless:
                call.failed(StickUseless(vi, en))
            else:
                call.done({"vi": vi, "en": en, **figures(account)})

        if self._visit is not None:
            call.say("đang bận với một USB khác, hãy đợi", "busy with another stick, please wait")
        self._waiting.append(partial(self._begin, root, errand, now.system_ms, end, make=give))

    def _noticed(self, system_ms: int, found: frozenset[Plugged] | OSError) -> None:
        self._looking = False
        if isinstance(found, OSError):
            note(log, "sticks_unreadable", level=logging.WARNING, error=str(found))
            return
        for root, *_ in sorted(found - self._seen):
            errand = Errand(take=True, give=True)
            self._waiting.append(
                partial(self._begin, root, errand, system_ms, lambda _account: None, make=False)
            )
        for root, *_ in sorted(self._seen - found):
            note(log, "stick_pulled", folder=str(root))
        self._seen = found

    def _begin(
        self,
        root: Path,
        errand: Errand,
        system_ms: int,
        end: Callable[[Account], None],
        *,
        make: bool,
    ) -> None:
        note(log, "stick_begun", folder=str(root), take=errand.take, give=errand.give)

        def ended(account: Account) -> None:
            self._visit = None
            level = logging.WARNING if account.trouble or account.refused else logging.INFO
            told = {name: value for name, value in figures(account).items() if value}
            note(log, "stick_done", level=level, folder=str(root), **told)
            end(account)

        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(system_ms / 1000))
        stick = Stick(root, self._did, make=make)
        self._visit = Visit(stick, self._box, self._send, errand, at, ended)
        self._visit.begin()


def plugged(watched: Path) -> Iterator[Plugged]:
    """Every `*/loalang` and `*/*/loalang` below `watched`; no symbolic link is followed."""
    for mount in _folders(watched):
        for place in (mount, *_folders(mount)):
            root = place / layout.FOLDER
            try:
                found = os.lstat(root)
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode):
                yield root, found.st_dev, found.st_ino


def _folders(parent: Path) -> Iterator[Path]:
    try:
        with os.scandir(parent) as entries:
            found = [entry for entry, _ in zip(entries, range(MAX_MOUNTS), strict=False)]
            yield from sorted(
                Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)
            )
    except OSError:
        return
