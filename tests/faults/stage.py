"""A village for faults: a real agent, a real broker, and a wall clock that can be moved."""

import gzip
import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.contract import topics
from edge_agent.contract.manifest import Asset, Cue, DayPage, PageRef
from edge_agent.contract.report import EventKind, PlaybackEvent
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.edge_agent.office import DID, FileServer, Office
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for
from tests.faults.proxy import Proxy

# libfaketime 0.9.10 refuses the sleep of Python 3.11 and later, or never ends it: wait otherwise.
SLEEP = """
import threading, time
time.sleep = lambda seconds: None if threading.Event().wait(seconds) else None
"""

ENDS = frozenset(EventKind) - {EventKind.STARTED, EventKind.SKIPPED}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def pause(seconds: float) -> None:
    """Let the box work undisturbed: what is tried here happens in real time."""
    time.sleep(seconds)


class MovableClock:
    """The wall clock of one process, moved while it runs; chrony vouches for it if told to."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "wall_clock"
        self._tracking = folder / "tracking"
        self._bin = folder / "bin"
        self._bin.mkdir()
        self._sleep = folder / "python"
        self._sleep.mkdir()
        (self._sleep / "sitecustomize.py").write_text(SLEEP)
        self.move(0)

    def move(self, seconds: float) -> None:
        """Let the process see a wall clock that is so much ahead of the true one."""
        aside = self._file.with_suffix(".new")
        aside.write_text(f"{seconds:+.3f}")
        aside.replace(self._file)

    def into_1970(self) -> None:
        self.move(60 - time.time())

    def vouch(self) -> None:
        """Let chrony say that it compared this clock just now, and never again."""
        compared = f"{time.time():.9f}"
        self._tracking.write_text(
            f"C0A80101,192.168.1.1,3,{compared},0.00001,0,0,0,0,0,0.02,0.01,64,Normal\n"
        )
        program = self._bin / "chronyc"
        program.write_text(f'#!/bin/sh\ncat "{self._tracking}"\n')
        program.chmod(0o700)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process see this clock; its monotonic clock stays true."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._sleep),
            "PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}",
        }


@dataclass
class Stage:
    """The office's side and the box; `ahead_ms` moves the true time of everything.

    The box reaches the broker by `link`.
    """

    office: Office
    files: FileServer
    broker: Broker
    link: Proxy
    box: Box
    ear: Ear
    ahead_ms: int = 0
    serial: int = 0
    made: list[Asset] = field(default_factory=list)

    def now_ms(self) -> int:
        """True time in this village."""
        return now_ms() + self.ahead_ms

    def sound(self, duration_ms: int) -> Asset:
        """Audio that was never there before."""
        asset = self.office.asset(duration_ms, note=f"{len(self.made)}")
        self.made.append(asset)
        return asset

    def publish(self, *cues: Cue, did: str = DID, **changes: Any) -> None:
        """Publish a plan of one page a local day; `changes` are of the desired state."""
        self.serial += 1
        days: dict[str, list[Cue]] = {}
        for each in cues:
            local = time.gmtime(each.start // 1000 + 7 * 3_600)
            days.setdefault(time.strftime("%Y-%m-%d", local), []).append(each)
        desired = self.office.desired(
            (),
            serial=self.serial,
            now_ms=self.now_ms(),
            sources=(self.files.address,),
            empty_because="" if cues else "nothing to say",
            did=did,
        )
        pages = tuple(self._page(date, tuple(of_day)) for date, of_day in sorted(days.items()))
        manifest = msgspec.structs.replace(desired.manifest, pages=pages)
        desired = msgspec.structs.replace(desired, manifest=manifest, **changes)
        self.ear.retain(topics.down(did, "desired"), self.office.sealed(desired, Kind.DESIRED))

    def _page(self, date: str, cues: tuple[Cue, ...]) -> PageRef:
        packed = gzip.compress(encode(DayPage(date, "Asia/Ho_Chi_Minh", cues)), mtime=0)
        sha256 = hashlib.sha256(packed).hexdigest()
        (self.office.files / "pages" / f"{sha256}.json.gz").write_bytes(packed)
        return PageRef(date, sha256, len(packed))

    def ready(self) -> None:
        """Wait until the box holds everything of the last plan."""
        wait_for(
            lambda: any(h.desired == self.serial and h.cache.lacking == 0 for h in self.ear.hellos),
            f"all of plan {self.serial} to be held",
        )

    def told_all(self) -> bool:
        """Whether the office knows the end of everything that the player was let go with."""
        plays = {order["id"] for order in self.box.player_heard("play")}
        ended = {event.play for event in self.events(*ENDS)}
        return plays <= ended and not self.gaps()

    def gaps(self) -> int:
        """How many numbers are missing in what was told."""
        last: Counter[str] = Counter()
        for spool, seq in self.ear.events:
            last[spool] = max(last[spool], seq)
        return sum(last.values()) - len(self.ear.events)

    def events(self, *kinds: EventKind) -> list[PlaybackEvent]:
        """Events of these kinds, by number."""
        return [event for _, event in sorted(self.ear.events.items()) if event.kind in kinds]

    def tell(self) -> "Told":
        """Compare what the player was told with what the office was told."""
        heard = [order["id"] for order in self.box.player_heard("play")]
        starts = Counter(event.play for event in self.events(EventKind.STARTED))
        ends = Counter(event.play for event in self.events(*ENDS))
        lost = sum(1 for play in heard if not starts[play] or not ends[play]) + self.gaps()
        doubled = sum((starts - Counter(set(starts))).values())
        doubled += sum((ends - Counter(set(ends))).values()) + len(self.ear.contradicted)
        occurrences = Counter(event.cue for event in self.events(EventKind.STARTED))
        again = sum(occurrences.values()) - len(occurrences)
        return Told(len(heard), lost, doubled, again)

    def crashes(self) -> int:
        """How often the agent, or a thread of it, ended by a fault of its own."""
        text = self.box.log_file.read_text()
        return text.count("_run_module_as_main") + text.count("Exception in thread")

    def rotten(self) -> int:
        """Audio on air that was not what its name says."""
        loads = self.box.player_heard("load")
        names = {Path(order["path"]) for order in loads}
        return sum(
            1
            for file in names
            if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() != file.stem
        )


@dataclass(frozen=True)
class Told:
    """Plays, events lost, events told twice, and occurrences that began more than once."""

    plays: int
    lost: int
    doubled: int
    again: int


def started_utc(event: PlaybackEvent) -> int:
    """When a play began, by what the box held for the time."""
    return event.clock.utc_ms(event.wall)


@contextmanager
def stage(
    folder: Path,
    *,
    clock: MovableClock | None = None,
    ahead_ms: int = 0,
    start: bool = True,
    **settings: Any,
) -> Iterator[Stage]:
    """Set up a village below `folder`; with a `clock`, nobody but chrony is believed."""
    office = Office.open(folder / "files")
    files = FileServer(folder / "files")
    broker = Broker(folder)
    link = Proxy(broker.port)
    environment = clock.environment if clock else None
    box = Box(
        office,
        folder,
        link.port,
        environment=environment,
        **({"trust_system_clock": False} if clock else {}) | settings,
    )
    ear = Ear(office, broker.port, box.key)
    ear.ahead_ms = ahead_ms
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    if start:
        box.start()
    try:
        yield Stage(office, files, broker, link, box, ear, ahead_ms)
    finally:
        ear.close()
        box.close()
        link.close()
        broker.close()
        files.close()
