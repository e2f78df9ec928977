"""Play now: from the order until 1,000 boxes have it, beside the same bytes through a bare broker.

Both sides count until the last box has the bytes off its socket; only then do ours verify and obey
them, which is waited for, and the time of one verification is added: the simulated boxes share one
processor here, true boxes do not.
"""

import asyncio
import contextlib
import os
import statistics
import sys
import time
from pathlib import Path

import uvloop
from _stage import (
    Side,
    bare_broker,
    lacks_broker,
    note,
    our_controller,
    spread,
    tell,
    workshop,
)

from controller import log_setup
from controller.simulator.connection import Connection, open_connection
from controller.simulator.fleet import Broker, Fleet
from controller.simulator.packets import Message
from edge_agent.contract.envelope import Untrusted, open_sealed
from edge_agent.contract.topics import group_command, parse_group, subscriptions

BOXES = 1_000
ROUNDS = max(5, int(os.environ.get("BENCH_ROUNDS", "5")))
WITHIN_S = 60.0
QUIET_S = 1.0
AIM = 1.3


class Arrivals:
    """When each box had the newest order."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.payload = b""
        self.all_there = asyncio.Event()

    def hear(self, did: str, message: Message) -> None:
        """Note the first arrival at a box."""
        if parse_group(message.topic) is None or did in self.at:
            return
        self.at[did] = time.monotonic()
        self.payload = message.payload
        if len(self.at) == BOXES:
            self.all_there.set()

    def begin(self) -> None:
        """Forget the last order."""
        self.at.clear()
        self.all_there.clear()

    async def last(self) -> float:
        """When the last box had it."""
        async with asyncio.timeout(WITHIN_S):
            await self.all_there.wait()
        return max(self.at.values())


async def ordered(side: Side, arrivals: Arrivals, fleet: Fleet) -> tuple[float, float]:
    """Seconds from an order to the last arrival, and until all have verified and answered."""
    arrivals.begin()
    wanted = fleet.counts.heard["cmd"] + BOXES
    fleet.obeying.clear()
    answer = await side.ask(do="play")
    took = await arrivals.last() - answer["at"]
    fleet.obeying.set()
    async with asyncio.timeout(WITHIN_S):
        while fleet.counts.heard["cmd"] < wanted:
            await asyncio.sleep(0.005)
    obeyed = time.monotonic() - answer["at"]
    # Answers and reports of this order are out of the way before the next.
    async with asyncio.timeout(WITHIN_S):
        while fleet.playing or fleet.unacknowledged:
            await asyncio.sleep(0.05)
    await asyncio.sleep(QUIET_S)
    return took, obeyed


async def fanned_out(sender: Connection, topic: str, payload: bytes, arrivals: Arrivals) -> float:
    """Seconds from a bare publish of the same bytes to the last arrival."""
    arrivals.begin()
    began = time.monotonic()
    sender.publish(topic, payload, qos=1)
    took = await arrivals.last() - began
    await asyncio.sleep(QUIET_S)
    return took


async def run(folder: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        side = await stack.enter_async_context(our_controller(folder, BOXES))
        broker = await stack.enter_async_context(bare_broker(folder, side.pairings))
        arrivals, bare = Arrivals(), Arrivals()
        fleet = Fleet(side.pairings, Broker("127.0.0.1", side.port), _now_ms, arrived=arrivals.hear)
        await fleet.start()
        stack.push_async_callback(fleet.stop)
        for p in side.pairings:
            line = await open_connection(
                "127.0.0.1",
                broker.port,
                p.did,
                p.password,
                lambda message, did=p.did: bare.hear(did, message),
            )
            await line.subscribe(subscriptions(p.did, p.placement.units))
        user, password = broker.url.removeprefix("mqtt://").partition("@")[0].split(":")
        sender = await open_connection("127.0.0.1", broker.port, user, password, lambda _: None)
        await _settled(fleet)
        ours, obeyed, theirs = [], [], []
        topic = group_command(side.pairings[0].placement.units[-1])
        for number in range(ROUNDS + 1):
            took, all_obeyed = await ordered(side, arrivals, fleet)
            fan_out = await fanned_out(sender, topic, arrivals.payload, bare)
            if number == 0:
                continue  # The first of each warms up.
            ours.append((took + _one_verification(side, arrivals.payload)) * 1000)
            obeyed.append(all_obeyed * 1000)
            theirs.append(fan_out * 1000)
            note(f"play now, round {number}: ours {ours[-1]:.0f} ms, bare {theirs[-1]:.0f} ms")
    ratio = statistics.median(ours) / statistics.median(theirs)
    tell(
        f"play now, order to {BOXES:,} boxes",
        spread(ours, "ms"),
        baseline=spread(theirs, "ms"),
        ratio=ratio,
        aim=f"≤ {AIM}",
        met=ratio <= AIM,
        why="30 ms go by before it is sent: places read, a planned play a box, the commit",
    )
    tell("  until all have verified it, on this one processor", spread(obeyed, "ms"))


async def _settled(fleet: Fleet) -> None:
    """Wait until every box holds keys and desired state, and hellos are answered."""
    async with asyncio.timeout(WITHIN_S):
        while fleet.counts.heard["desired"] < BOXES or fleet.counts.heard["keys"] < BOXES:
            await asyncio.sleep(0.1)
    await asyncio.sleep(5)


def _one_verification(side: Side, payload: bytes) -> float:
    """Seconds that a box with a processor of its own needs to open the order."""
    public = side.pairings[0].key.public_key()
    began = time.perf_counter()
    for _ in range(20):
        # Another key than the one that signed: it costs the same to find that out.
        with contextlib.suppress(Untrusted):
            open_sealed(payload, kind="cmd", key_for=lambda _: public)
    return (time.perf_counter() - began) / 20


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    lacking = lacks_broker()
    if lacking:
        tell(f"play now, order to {BOXES:,} boxes", f"not measured: {lacking}")
        return 0
    with workshop() as folder:
        uvloop.run(run(Path(folder)))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
