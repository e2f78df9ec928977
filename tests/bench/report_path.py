"""Playback reports: boxes → mosquitto → ingest → SQLite commit → acknowledgement, per second.

Boxes are sockets in this process and their reports are sealed before the clock starts: a true box
has a processor of its own. The lean script takes the same bytes, writes the same rows into the
same table and acknowledges after its commit; it keeps no as-run log, signs no receipt and, in the
headline, verifies no signature.
"""

import asyncio
import base64
import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from _stage import (
    HERE,
    Side,
    answer_of,
    bare_broker,
    child,
    lacks_broker,
    note,
    our_controller,
    spread,
    tell,
    workshop,
)

from controller import log_setup
from controller.simulator.connection import Connection, open_connection
from controller.simulator.packets import Message
from controller.simulator.pairing import Pairing
from controller.simulator.spool import Spool
from controller.storage.database import open_database
from edge_agent.contract import topics
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import MAX_EVENTS, EventKind, PlaybackEvent
from edge_agent.contract.state import Clock, ClockSource
from edge_agent.decide import RULES

BOXES = 200
EVENTS = 20_000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
STALLED_S = 60.0
AGAIN = 200
AIM = 0.6
DAY_MS = 86_400_000


@dataclass
class Reporter:
    """One box's line: what it has to say, and how much of it is acknowledged."""

    did: str
    connection: Connection | None = None
    reports: list[bytes] = field(default_factory=list)
    spool: str = ""
    wanted: int = 0
    upto: int = 0
    all_there: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: Message) -> None:
        """Take a receipt; whether it is signed is looked at by `simulate`, not under the clock."""
        receipt = _receipt(message.payload)
        if receipt.get("spool") == self.spool:
            self.upto = max(self.upto, receipt["upto"])
            if self.upto >= self.wanted:
                self.all_there.set()

    def send(self) -> None:
        """Say everything, in order."""
        assert self.connection is not None
        for sealed in self.reports:
            self.connection.publish(topics.up(self.did, "report"), sealed, qos=1)


def _receipt(payload: bytes) -> dict[str, object]:
    if payload[:1] != b"{":
        middle = payload.split(b".")[1]
        payload = base64.urlsafe_b64decode(middle + b"=" * (-len(middle) % 4))
    read: dict[str, object] = json.loads(payload)
    return read


def packed(pairing: Pairing, spool: str, at_most: int, now_ms: int) -> list[bytes]:
    """Sealed reports of plays that were started and ended."""
    kept = Spool(spool)
    for number in range(EVENTS // BOXES):
        play, ended = divmod(number, 2)
        start = now_ms - DAY_MS + play * 60_000
        event = PlaybackEvent(
            seq=1,
            kind=EventKind.ENDED if ended else EventKind.STARTED,
            play=f"{spool}-{play}",
            cue=f"cue-{spool}-{play}",
            asset_sha256="5e" * 32,
            wall=start + 30_000 * ended,
            mono=start + 30_000 * ended,
            boot=1,
            clock=Clock(ClockSource.NTP),
            planned=start,
            duration_ms=30_000,
            played_ms=30_000 * ended,
            rank=Rank.PROGRAMME,
            rules=RULES,
            desired=now_ms,
            gain_db=-3.0,
            title="Thông báo lịch tiêm chủng tháng tám tại trạm y tế xã",
            language="vi",
        )
        kept.add(event)
    reports = []
    while (sealed := kept.pack(pairing.did, pairing.key, at_most=at_most)) is not None:
        reports.append(sealed)
    return reports


@asynccontextmanager
async def reporting(side: Side) -> AsyncIterator[list[Reporter]]:
    """Every box of a side connected and listening for receipts."""
    reporters = [Reporter(p.did) for p in side.pairings]
    for reporter, pairing in zip(reporters, side.pairings, strict=True):
        reporter.connection = await open_connection(
            "127.0.0.1", side.port, pairing.did, pairing.password, reporter.hear
        )
        await reporter.connection.subscribe([topics.down(pairing.did, "ack")])
    try:
        yield reporters
    finally:
        for reporter in reporters:
            assert reporter.connection is not None
            reporter.connection.say_goodbye()


async def measure(side: Side, reporters: Sequence[Reporter], at_most: int, name: str) -> float:
    """Events a second of one round; raises if one is lost or doubled."""
    now_ms = time.time_ns() // 1_000_000
    for reporter, pairing in zip(reporters, side.pairings, strict=True):
        reporter.spool, reporter.wanted, reporter.upto = name, EVENTS // BOXES, 0
        reporter.reports = packed(pairing, name, at_most, now_ms)
        reporter.all_there.clear()
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    await _say_all(reporters)
    took = time.perf_counter() - began
    # Said again, as after a lost receipt: acknowledged again, and no second row.
    for reporter in reporters[: max(1, AGAIN // len(reporters[0].reports))]:
        reporter.upto = 0
        reporter.all_there.clear()
    await _say_all([r for r in reporters if not r.all_there.is_set()])
    found = _count(side.database, name)
    if found != (EVENTS, EVENTS):
        raise RuntimeError(f"{side.name}: {found} events in all and apart, not {EVENTS}")
    return EVENTS / took


async def _say_all(reporters: Sequence[Reporter]) -> None:
    for reporter in reporters:
        reporter.send()
    async with asyncio.timeout(STALLED_S):
        for reporter in reporters:
            await reporter.all_there.wait()


def _count(database: Path, spool: str) -> tuple[int, int]:
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        query = "select count(*), count(distinct device_id || '/' || seq) from playback_event"
        found = db.execute(f"{query} where spool = ?", (spool,)).fetchone()
        return int(found[0]), int(found[1])
    finally:
        db.close()


@asynccontextmanager
async def lean(folder: Path, broker_url: str, side: Side, *, verify: bool) -> AsyncIterator[None]:
    """The lean script, listening."""
    user, _, rest = broker_url.removeprefix("mqtt://").partition(":")
    keys = {p.did: p.key.public_key().public_bytes_raw().hex() for p in side.pairings if verify}
    at = {
        "user": user,
        "password": rest.partition("@")[0],
        "port": side.port,
        "database": str(folder / "lean.sqlite3"),
        "keys": keys,
    }
    async with child(str(HERE / "_lean_ingest.py")) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(at).encode() + b"\n")
        await answer_of(process)
        try:
            yield
        finally:
            process.kill()
            await process.wait()


async def run(folder: Path, rounds: int) -> None:
    path = folder / "lean.sqlite3"
    open_database(f"sqlite:///{path}", None).close()
    async with (
        our_controller(folder / "ours", BOXES) as ours,
        bare_broker(folder, ours.pairings) as broker,
    ):
        bare = Side("lean", broker.port, ours.pairings, path, ours.process)
        for at_most in (1, MAX_EVENTS):
            speeds: dict[str, list[float]] = {"ours": [], "lean": [], "verifying": []}
            async with reporting(ours) as our_boxes, reporting(bare) as bare_boxes:
                for number in range(rounds):
                    name = f"s{at_most}-{number}"
                    speeds["ours"].append(await measure(ours, our_boxes, at_most, name))
                    for kind in ("lean", "verifying"):
                        verify = kind == "verifying"
                        async with lean(folder, broker.url, bare, verify=verify):
                            speed = await measure(bare, bare_boxes, at_most, f"{name}-{kind}")
                            speeds[kind].append(speed)
                    said = ", ".join(f"{kind} {v[-1]:,.0f}/s" for kind, v in speeds.items())
                    note(f"report path, ≤ {at_most} a message, round {number + 1}: {said}")
            _tell(EVENTS / sum(len(r.reports) for r in our_boxes), speeds)


def _tell(per_message: float, speeds: dict[str, list[float]]) -> None:
    label = f"{per_message:.1f} events" if per_message > 1 else "1 event"
    middle = {kind: statistics.median(found) for kind, found in speeds.items()}
    ratio = middle["ours"] / middle["lean"]
    what = f"report path, {label} a message; 0 of {EVENTS:,} lost or doubled"
    tell(
        what,
        spread(speeds["ours"], "events/s"),
        baseline=spread(speeds["lean"], "events/s"),
        ratio=ratio,
        aim=f"≥ {AIM}",
        met=ratio >= AIM,
        why="the lean script checks no signature (0.1 ms each) and keeps no as-run log",
    )
    tell(
        "  the same, where the lean script verifies too",
        "",
        baseline=spread(speeds["verifying"], "events/s"),
        ratio=middle["ours"] / middle["verifying"],
    )


def main() -> int:
    lacking = lacks_broker()
    if lacking:
        tell("report path", f"not measured: {lacking}")
        return 0
    with workshop() as folder:
        uvloop.run(run(Path(folder), ROUNDS))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
