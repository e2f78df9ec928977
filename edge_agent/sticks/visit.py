"""One visit of a stick: its messages are taken, its files copied, and reports laid on it.

What a visit decides, it decides in the agent's thread; files of the stick are touched in others.
"""

import errno
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

from edge_agent import durable
from edge_agent.cache import Wanted
from edge_agent.contract import stick as layout
from edge_agent.contract.ack import ReportAck
from edge_agent.download import Fetched, Outcome
from edge_agent.errand import Send
from edge_agent.inbox import Accepted, Dropped, Why
from edge_agent.log_setup import note
from edge_agent.sticks.stick import Letter, Stick, file_of
from edge_agent.sticks.words import Account, Passed, Trouble, about, copied, gave
from edge_agent.uplink import Sealed

log = logging.getLogger("edge_agent.sticks.stick")

REPORTS_AT_ONCE = 20
PATIENT_TURNS = 3
"""A full disk gets so many turns of the agent to make room."""


class Copying(StrEnum):
    """What became of the wish to copy a file."""

    BEGUN = "begun"
    LATER = "later"
    NO_ROOM = "no_room"


class Side(Protocol):
    """What a visit needs of the box; called in the agent's thread only."""

    @property
    def spool_id(self) -> str:
        """Which spool the events stand in."""

    @property
    def acknowledged(self) -> int:
        """Number of the last event that the controller has."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes that may speak to this box."""

    def take(self, topic: str, payload: bytes) -> Accepted | Dropped:
        """Obey a message as if it had come by the link. Raises OSError."""

    def lacking(self) -> Sequence[Wanted]:
        """What is wanted on disk and not there, most urgent first."""

    def copy(self, wanted: Wanted, root: Path) -> Copying:
        """Begin to copy a file; the visit hears of its end as `Fetched`."""

    def sealed(self, after: int) -> Sealed | None:
        """The next events above number `after`, signed."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a visit is for, and who wants to hear of it."""

    take: bool
    give: bool
    say: Callable[[str, str], None] = lambda _vi, _en: None


@dataclass(slots=True)
class Visit:
    """`ended` is called once, with what came of it; `at` is the wall clock's time, for people."""

    stick: Stick
    side: Side
    send: Send
    errand: Errand
    at: str
    ended: Callable[[Account], None]
    account: Account = field(default_factory=Account)
    _asked: set[Wanted] = field(default_factory=set)
    _there: set[Wanted] = field(default_factory=set)
    _under_way: set[Wanted] = field(default_factory=set)
    _receipts: dict[str, int] = field(default_factory=dict)
    _given: set[str] = field(default_factory=set)
    _copying: bool = False
    _asking: bool = False
    _no_room_turns: int = 0

    def begin(self) -> None:
        """Take up the errand."""
        if self.errand.take:
            scopes = self.side.scopes
            self.send(partial(self.stick.letters, scopes), partial(self._opened, scopes))
        else:
            self._give(self.side.acknowledged)

    def look(self) -> None:
        """Go on copying: to be called on every turn, once the plan was read."""
        if not self._copying or self._asking:
            return
        lacking = self.side.lacking()
        unknown = [wanted for wanted in lacking if wanted not in self._asked]
        if unknown:
            self._asked.update(unknown)
            self._asking = True
            self.send(partial(self.stick.carries, unknown), self._found)
            return
        waiting = [wanted for wanted in lacking if wanted in self._there]
        # One at a time: a stick that hangs must not take every way to bring a file.
        short = False
        for wanted in waiting:
            if not self._under_way:
                short |= self._copy(wanted) is Copying.NO_ROOM
        short &= not self._under_way
        self._no_room_turns = self._no_room_turns + 1 if short else 0
        if self._no_room_turns > PATIENT_TURNS:
            self.account.trouble = Trouble.DISK_FULL
        elif waiting or self._under_way:
            return
        self._copying = False
        self._give(self.side.acknowledged)

    def fetched(self, fetched: Fetched) -> None:
        """Take the end of a copy."""
        if fetched.wanted not in self._under_way:
            return
        self._under_way.remove(fetched.wanted)
        match fetched.outcome:
            case Outcome.HELD:
                self.account.files += 1
                self.account.bytes += fetched.wanted.size
                self.errand.say(*copied(self.account))
            case Outcome.DISK_FULL:
                self.account.trouble = Trouble.DISK_FULL
            case _:
                self.account.damaged.append(Passed(fetched.wanted.address, fetched.detail))

    def _copy(self, wanted: Wanted) -> Copying:
        became = self.side.copy(wanted, self.stick.root)
        if became is Copying.BEGUN:
            self._there.remove(wanted)
            self._under_way.add(wanted)
        return became

    def _opened(self, scopes: tuple[str, ...], found: tuple[Letter, ...] | OSError) -> None:
        if isinstance(found, OSError):
            self._stop(_trouble(found, Trouble.NO_STICK))
            return
        mine = f"{layout.BOXES}/"
        self.account.for_this_box = any(letter.file.startswith(mine) for letter in found)
        self._read(found)
        # The desired state may have opened a scope whose alerts were not asked for.
        fresh = [scope for scope in self.side.scopes if scope not in scopes]
        self.send(partial(self.stick.alerts, fresh), self._heard)

    def _heard(self, alerts: tuple[Letter, ...] | OSError) -> None:
        if isinstance(alerts, OSError):
            self._stop(_trouble(alerts, Trouble.GONE))
            return
        self._read(alerts)
        self._copying = True

    def _read(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            try:
                message = self.side.take(letter.topic, letter.payload)
            except OSError as e:
                message = Dropped(Why.UNREADABLE, str(e))
                self.account.trouble = Trouble.DISK_FULL
                note(log, durable.why_unwritable(e), level=logging.ERROR, error=str(e))
            match message:
                case Dropped(Why.STALE_SERIAL):
                    self.account.known += 1
                case Dropped(why, detail):
                    self.account.refused.append(Passed(letter.file, why, detail))
                case ReportAck():
                    upto = max(message.upto, self._receipts.get(message.spool, 0))
                    self._receipts[message.spool] = upto
                    self.account.receipts += 1
                case _:
                    self.account.messages += 1

    def _found(self, there: frozenset[Wanted] | OSError) -> None:
        self._asking = False
        if isinstance(there, OSError):
            self._stop(_trouble(there, Trouble.GONE))
        else:
            self._there |= there

    def _give(self, after: int) -> None:
        """Lay the next reports on the stick, or end if there are none."""
        self.account.lacking = tuple(wanted.address for wanted in self.side.lacking())
        if not self.errand.give:
            self._tell()
            return
        reports = tuple(islice(self._sealed(after), REPORTS_AT_ONCE))
        if reports:
            self.send(partial(self.stick.give, reports), partial(self._gave, reports))
        else:
            keep = frozenset(self._given)
            tidy = partial(self.stick.tidy, self.side.spool_id, keep, dict(self._receipts))
            self.send(tidy, self._tidied)

    def _sealed(self, after: int) -> Iterator[Sealed]:
        while report := self.side.sealed(after):
            after = report.last
            yield report

    def _gave(self, reports: tuple[Sealed, ...], done: OSError | None) -> None:
        if isinstance(done, OSError):
            self.account.trouble = _trouble(done, Trouble.GONE)
            self._tell()
            return
        self._given.update(map(file_of, reports))
        self.account.events += sum(report.last - report.first + 1 for report in reports)
        self.errand.say(*gave(self.account))
        self._give(reports[-1].last)

    def _tidied(self, done: OSError | None) -> None:
        if isinstance(done, OSError):
            self.account.trouble = _trouble(done, Trouble.GONE)
        self._tell()

    def _stop(self, trouble: Trouble) -> None:
        self._copying = False
        self.account.trouble = trouble
        self._end()

    def _tell(self) -> None:
        page = about(self.account, self.at, take=self.errand.take, give=self.errand.give)
        self.send(partial(self.stick.tell, page), lambda _told: self._end())

    def _end(self) -> None:
        self.ended(self.account)


def _trouble(error: OSError, missing: Trouble) -> Trouble:
    """What a failure of the stick means; `missing` if its folder is not there."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Trouble.FULL
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Trouble.READ_ONLY
    return missing if error.errno in (errno.ENOENT, errno.ENOTDIR) else Trouble.GONE
