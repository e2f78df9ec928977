"""An alert: from the order until every simulated box has it, beside a bare broker.

As in `play_now`, both sides count until the last box has the bytes off its socket, and to ours the
time of one verification is added: the simulated boxes share one processor here, true boxes do not.
Only then do they verify, accept and answer, until the office's board knows of every one.
"""

import asyncio
import contextlib
import os
import resource
import statistics
import sys
import time
from functools import partial
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
from edge_agent.contract.topics import parse_group, subscriptions
from edge_agent.contract.trust import Kind

BOXES = tuple(int(n) for n in os.environ.get("BENCH_BOXES", "1000,3000").split(","))
ROUNDS = max(5, int(os.environ.get("BENCH_ROUNDS", "5")))
WITHIN_S = 300.0
QUIET_S = 1.0
AIM = 1.5


class Arrivals:
    """When each box had the newest list of alerts."""

    def __init__(self, boxes: int) -> None:
        self._boxes = boxes
        self.at: dict[str, float] = {}
        self.topic, self.payload = "", b""
        self.all_there = asyncio.Event()

    def hear(self, did: str, message: Message) -> None:
        """Note the first arrival at a box."""
        group = parse_group(message.topic)
        if group is None or group.word != "alert" or did in self.at:
            return
        self.at[did] = time.monotonic()
        self.topic, self.payload = message.topic, message.payload
        if len(self.at) == self._boxes:
            self.all_there.set()

    def begin(self) -> None:
        """Forget the last list."""
        self.at.clear()
        self.all_there.clear()

    async def last(self) -> float:
        """When the last box had it."""
        async with asyncio.timeout(WITHIN_S):
            await self.all_there.wait()
        return max(self.at.values())


class Village:
    """Our side and the bare broker, with as many boxes at each."""

    def __init__(self, side: Side, fleet: Fleet, ours: Arrivals, bare: Arrivals) -> None:
        self._side = side
        self._fleet = fleet
        self._ours = ours
        self._bare = bare
        self.topic, self.payload = "", b""
        """Of the newest alert."""

    async def alerted(self) -> tuple[float, float, float]:
        """Seconds from an order: to the last arrival, to the last answer, to the whole board."""
        fleet, arrivals, boxes = self._fleet, self._ours, len(self._side.pairings)
        arrivals.begin()
        accepted = fleet.counts.heard["alert"] + boxes
        fleet.obeying.clear()
        order = await self._side.ask(do="alert")
        began = order["at"]
        arrived = await arrivals.last() - began
        self.topic, self.payload = arrivals.topic, arrivals.payload
        fleet.obeying.set()
        board = asyncio.create_task(self._side.ask(do="board", alert=order["alert"]))
        async with asyncio.timeout(WITHIN_S):
            while fleet.counts.heard["alert"] < accepted:
                await asyncio.sleep(0.005)
        answered = time.monotonic() - began
        known = (await board)["at"] - began
        arrivals.begin()
        await self._side.ask(do="end", alert=order["alert"])
        await arrivals.last()
        await self._quiet()
        return arrived + self._one_verification(), answered, known

    async def fanned_out(self, sender: Connection) -> float:
        """Seconds from a bare publish of the same bytes to the last arrival."""
        self._bare.begin()
        began = time.monotonic()
        sender.publish(self.topic, self.payload, qos=1, retain=True)
        took = await self._bare.last() - began
        await asyncio.sleep(QUIET_S)
        return took

    async def _quiet(self) -> None:
        """Wait until the words of this alert are out of the way of the next."""
        async with asyncio.timeout(WITHIN_S):
            while self._fleet.playing or self._fleet.unacknowledged:
                await asyncio.sleep(0.05)
        await asyncio.sleep(QUIET_S)

    def _one_verification(self) -> float:
        """Seconds that a box with a processor of its own needs to open the list."""
        public = self._side.pairings[0].key.public_key()
        began = time.perf_counter()
        for _ in range(20):
            # Another key than the one that signed: it costs the same to find that out.
            with contextlib.suppress(Untrusted):
                open_sealed(self.payload, kind=Kind.ALERT, key_for=lambda _: public)
        return (time.perf_counter() - began) / 20


async def run(folder: Path, boxes: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        side = await stack.enter_async_context(our_controller(folder, boxes))
        await side.ask(do="bank")
        broker = await stack.enter_async_context(bare_broker(folder, side.pairings))
        ours, bare = Arrivals(boxes), Arrivals(boxes)
        fleet = Fleet(side.pairings, Broker("127.0.0.1", side.port), _now_ms, arrived=ours.hear)
        await fleet.start()
        stack.push_async_callback(fleet.stop)
        for p in side.pairings:
            line = await open_connection(
                "127.0.0.1",
                broker.port,
                p.did,
                p.password,
                partial(bare.hear, p.did),
            )
            await line.subscribe(subscriptions(p.did, p.placement.units))
        user, password = broker.url.removeprefix("mqtt://").partition("@")[0].split(":")
        sender = await open_connection("127.0.0.1", broker.port, user, password, lambda _: None)
        await _settled(fleet, boxes)
        village = Village(side, fleet, ours, bare)
        arrived, answered, known, theirs = [], [], [], []
        for number in range(ROUNDS + 1):
            # Each by turns, and the order of the two by turns.
            bare_first = await village.fanned_out(sender) if number % 2 else None
            measured = await village.alerted()
            fan_out = bare_first or await village.fanned_out(sender)
            if number == 0:
                continue  # The first of each warms up.
            arrived.append(measured[0] * 1000)
            answered.append(measured[1] * 1000)
            known.append(measured[2] * 1000)
            theirs.append(fan_out * 1000)
            note(
                f"alert, {boxes}, round {number}: ours {arrived[-1]:.0f} ms, bare {theirs[-1]:.0f}"
            )
    ratio = statistics.median(arrived) / statistics.median(theirs)
    tell(
        f"alert of {len(village.payload):,} bytes, order to {boxes:,} boxes",
        spread(arrived, "ms"),
        baseline=spread(theirs, "ms"),
        ratio=ratio,
        aim=f"≤ {AIM}",
        met=ratio <= AIM,
        why="15 ms go by before it is sent; then its audience is counted beside it",
    )
    tell("  until all have verified and accepted it, on this one processor", spread(answered, "ms"))
    tell("  until the board knows of each", spread(known, "ms"))


async def _settled(fleet: Fleet, boxes: int) -> None:
    """Wait until every box holds keys and desired state, and hellos are answered."""
    async with asyncio.timeout(WITHIN_S):
        while fleet.counts.heard["desired"] < boxes or fleet.counts.heard["keys"] < boxes:
            await asyncio.sleep(0.1)
    await asyncio.sleep(5)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    files = 2 * max(BOXES) + 500
    lacking = lacks_broker()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        lacking = f"{files} open files, of which {hard} are allowed"
    if lacking:
        tell("alert, order to many boxes", f"not measured: {lacking}")
        return 0
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    for boxes in BOXES:
        with workshop() as folder:
            uvloop.run(run(Path(folder), boxes))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
