"""What the measurements share: a controller in its own process, a bare broker, rows, medians."""

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.access.passwords import hash_box_password
from controller.mqtt.embedded import EmbeddedBroker, find_mosquitto
from controller.simulator.pairing import Pairing, pair

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
READY_WITHIN_S = 600.0


@dataclass(frozen=True)
class Side:
    """Something that boxes can report to: its broker, its boxes, its database."""

    name: str
    port: int
    pairings: Sequence[Pairing]
    database: Path
    process: asyncio.subprocess.Process

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send one command to the process and read its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        return await answer_of(self.process)


async def answer_of(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Next JSON line of a process; raises if it ended."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN_S)
    if not line:
        raise RuntimeError(f"process ended with {await process.wait()}")
    read: dict[str, Any] = json.loads(line)
    return read


@contextlib.asynccontextmanager
async def child(*argv: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process of this folder, ended with the block; long lines are allowed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *argv,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def our_controller(folder: Path, boxes: int) -> AsyncIterator[Side]:
    """The true controller with its own mosquitto and so many enrolled boxes, under uvloop."""
    async with child(str(HERE / "_controller.py"), str(folder), str(boxes)) as process:
        told = await answer_of(process)
        pairings = [
            pair(
                Ed25519PrivateKey.from_private_bytes(bytes.fromhex(box["key"])),
                box["password"],
                told["root"],
                box["placement"],
            )
            for box in told["boxes"]
        ]
        yield Side("ours", told["port"], pairings, folder / "loalang.sqlite3", process)


@contextlib.asynccontextmanager
async def bare_broker(folder: Path, pairings: Sequence[Pairing]) -> AsyncIterator[EmbeddedBroker]:
    """The same broker, configured alike, for the same boxes."""
    broker = EmbeddedBroker(folder / "bare-broker")
    await broker.start({p.did: hash_box_password(p.password) for p in pairings})
    try:
        yield broker
    finally:
        await broker.stop()


def workshop() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder beside no other data."""
    return tempfile.TemporaryDirectory(prefix="loalang-bench-")


def lacks_broker() -> str | None:
    """What this machine lacks for a measurement over the broker."""
    return None if find_mosquitto() else "needs mosquitto"


def spread(values: Sequence[float], unit: str) -> str:
    """Median with lowest and highest."""
    middle, low, high = statistics.median(values), min(values), max(values)
    if middle >= 100:
        return f"{middle:,.0f} {unit} ({low:,.0f}…{high:,.0f})"
    return f"{middle:.1f} {unit} ({low:.1f}…{high:.1f})"


def tell(
    what: str,
    ours: str,
    *,
    baseline: str = "",
    ratio: float | None = None,
    aim: str = "",
    met: bool | None = None,
    why: str = "",
) -> None:
    """Print one row of the table; `why` says what bounds it where the aim is missed."""
    verdict = "" if met is None else "yes" if met else f"MISSED: {why}"
    row = {
        "what": what,
        "ours": ours,
        "baseline": baseline,
        "ratio": ratio,
        "aim": aim,
        "met": verdict or (why if met is None else ""),
    }
    print(json.dumps(row, ensure_ascii=False), flush=True)


def note(line: str) -> None:
    """Say how far a measurement has come."""
    print(line, file=sys.stderr, flush=True)
