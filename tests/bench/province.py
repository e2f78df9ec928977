"""A province: so many simulated boxes on one controller and one mosquitto.

BENCH_BOXES boxes (9,000 as the issue asks; fewer end sooner), each in a zone of its own. The
controller has a process of its own and the boxes share one. On two cores these and the broker work
against each other, so seconds are an upper bound. Boxes verify, decide, sign and fetch as true ones
do; only their audio comes by a model.
"""

import asyncio
import contextlib
import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from _stage import HERE, child, lacks_broker, note, tell, workshop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller import log_setup
from controller.simulator.fleet import Broker, Fleet
from controller.simulator.pairing import Pairing
from controller.simulator.verdict import judge, read_record
from controller.storage.database import Database
from edge_agent.contract.trust import Placement, public_from_text

BOXES = int(os.environ.get("BENCH_BOXES", "9000"))
SOUND_S = 20
COMMUNE = min(30, BOXES)
"""Zones of a commune."""

WITHIN_S = 1_500.0
IDLE_S = 30.0
AIM_S = 120.0
AHEAD_S = 45 + BOXES // 18
"""From saving a programme to its start: boxes have been told by then."""

FILES = BOXES + 500


@dataclass
class Office:
    """The controller's process, its database, and what it told of itself."""

    process: asyncio.subprocess.Process
    database: Path
    told: dict[str, Any]

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send one command and read its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        return await answer(self.process)

    def count(self, where: str) -> int:
        """Boxes of which the controller knows this."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            query = f"select count(*) from reported_state where {where}"
            return int(db.execute(query).fetchone()[0])

    def pairings(self) -> list[Pairing]:
        """What every box was given."""
        root = public_from_text(self.told["root"])
        return [
            Pairing(
                box["password"],
                Ed25519PrivateKey.from_private_bytes(bytes.fromhex(box["key"])),
                root,
                Placement(box["did"], tuple(box["units"]), box["serial"]),
            )
            for box in self.told["boxes"]
        ]


async def answer(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Next JSON line of a process that may take long."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), WITHIN_S)
    if not line:
        raise RuntimeError(f"process ended with {await process.wait()}")
    read: dict[str, Any] = json.loads(line)
    return read


async def until(done: Callable[[], bool], what: str) -> float:
    """Wait until `done`; gives the seconds."""
    began = time.monotonic()
    async with asyncio.timeout(WITHIN_S):
        while not done():
            await asyncio.sleep(0.1)
    took = time.monotonic() - began
    note(f"province: {what}: {took:.1f} s")
    return took


async def run(folder: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        process = await stack.enter_async_context(
            child(str(HERE / "_province_office.py"), str(folder), str(BOXES))
        )
        office = Office(process, folder / "loalang.sqlite3", await answer(process))
        enrolled, planned = office.told["enrolled"], office.told["planned"]
        note(f"province: {enrolled:.0f} s to enrol, {planned:.0f} s to plan")
        before = resident(os.getpid())
        fleet = Fleet(office.pairings(), Broker("127.0.0.1", office.told["port"]), now_ms)
        stack.push_async_callback(fleet.stop)
        await measure(office, fleet, before)


async def measure(office: Office, fleet: Fleet, before: int) -> None:
    began_ms = now_ms()
    began = time.monotonic()
    await fleet.start()
    connected = time.monotonic() - began
    known = "online = 1 and keys > 0 and desired > 0"
    await until(lambda: office.count(known) == BOXES, "every box connected and known")
    tell(
        f"{BOXES:,} boxes switched on at once: all connected",
        f"{connected:.1f} s",
        why="50 connect at a time",
    )
    tell("  and the controller knows of each what it holds", f"{time.monotonic() - began:.1f} s")

    processes = await office.ask(do="processes")
    used = cpu_s(processes["ours"]), cpu_s(processes["broker"])
    await asyncio.sleep(IDLE_S)
    busy = [
        100 * (cpu_s(processes[p]) - u) / IDLE_S
        for p, u in zip(("ours", "broker"), used, strict=True)
    ]
    tell(
        "  nothing on air, a heartbeat each 30 s: load of one core",
        f"controller {busy[0]:.0f} %, mosquitto {busy[1]:.0f} %",
    )

    began = time.monotonic()
    await office.ask(do="kill_broker")
    await until(
        lambda: fleet.counts.reconnections >= BOXES and fleet.connected == BOXES,
        "every box back after the broker was killed",
    )
    back = time.monotonic() - began
    await until(lambda: office.count(f"{known} and conn >= 2") == BOXES, "and known to be back")
    tell(
        "the broker is killed: all boxes back",
        f"{back:.1f} s",
        why="full jitter over 1 to 2 s, doubled at each failure",
    )
    tell("  and the controller knows that each is", f"{time.monotonic() - began:.1f} s")
    await office.ask(do="planned")

    began, pages = time.monotonic(), fleet.counts.pages_fetched
    tomorrow_s = now_ms() // 1000 + 86_400
    await office.ask(do="schedule", at_s=tomorrow_s, seconds=SOUND_S, zones=COMMUNE)
    await until(lambda: settled(fleet, pages + COMMUNE), "one edit of a commune is on its boxes")
    tell(
        f"one edit in {COMMUNE} zones: page and audio on every box of them",
        f"{time.monotonic() - began:.1f} s",
    )

    began, pages = time.monotonic(), fleet.counts.pages_fetched
    start_s = now_ms() // 1000 + AHEAD_S
    await office.ask(do="schedule", at_s=start_s, seconds=SOUND_S)
    await until(lambda: settled(fleet, pages + BOXES), "one edit of every zone is on every box")
    tell(
        f"one edit that touches all {BOXES:,} zones: page and audio on every box",
        f"{time.monotonic() - began:.1f} s",
        why="zones are planned one after the other",
    )

    ends_ms = (start_s + SOUND_S) * 1000
    await until(lambda: now_ms() >= ends_ms, "the programme is over")
    await until(lambda: not fleet.playing and not fleet.unacknowledged, "every report acknowledged")
    took = (now_ms() - ends_ms) / 1000
    database = Database(f"sqlite:///{office.database}")
    with database.read() as session:
        record = read_record(session, [b.did for b in fleet.boxes], began_ms, ends_ms)
    database.close()
    verdicts = [judge(b.did, b.spool.id, b.spool.deeds, record) for b in fleet.boxes]

    def total(name: str) -> int:
        return sum(getattr(verdict, name) for verdict in verdicts)

    tell(
        "one programme on all boxes: every report committed and acknowledged",
        f"{took:.1f} s after its end",
        aim=f"≤ {AIM_S:.0f} s",
        met=took <= AIM_S,
        why="all boxes report in the same second",
    )
    plays = {name: f"{total(name):,} {name}" for name in ("expected", "made", "recorded")}
    tell(
        f"  plays: {', '.join(plays.values())}",
        f"{total('lost')} lost, {total('doubled')} doubled, {total('untold')} untold",
        aim="0 lost",
        met=not (total("lost") or total("doubled") or total("untold")),
        why="see the log",
    )
    processes = await office.ask(do="processes")
    ours, broker = resident(processes["ours"]), resident(processes["broker"])
    mine = resident(os.getpid())
    tell(
        "  memory",
        f"controller {ours / 1e6:.0f} MB, mosquitto {broker / 1e6:.0f} MB, "
        f"simulator {mine / 1e6:.0f} MB ({(mine - before) / BOXES / 1e3:.0f} kB a box)",
    )
    said = ", ".join(f"{word} {count:,}" for word, count in sorted(fleet.counts.said.items()))
    note(f"province: said {said}; dropped {dict(fleet.counts.dropped)}")


def settled(fleet: Fleet, pages: int) -> bool:
    """So many pages have been fetched in all, and nothing lacks anywhere."""
    return fleet.counts.pages_fetched >= pages and not any(b.lacking for b in fleet.boxes)


def resident(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    lacking = lacks_broker()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        lacking = f"{FILES} open files, of which {hard} are allowed"
    if lacking:
        tell(f"{BOXES:,} boxes on one controller", f"not measured: {lacking}")
        return 0
    if soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    with workshop() as folder:
        uvloop.run(run(Path(folder)))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
