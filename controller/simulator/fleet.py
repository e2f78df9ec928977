"""Thousands of simulated boxes in one event loop: connect, listen, speak, come back."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from controller.simulator.box import Box, Outgoing
from controller.simulator.connection import Connection, Lost, open_connection
from controller.simulator.counts import Counts
from controller.simulator.packets import Message, Will
from controller.simulator.pairing import Pairing

CONNECTING_AT_ONCE = 50
TICK_S = 0.05
BACKOFF_CAP_S = 30.0

Arrived = Callable[[str, Message], None]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the boxes connect."""

    host: str
    port: int


class _Heard(NamedTuple):
    member: "_Member"
    message: Message


class Fleet:
    """Boxes and their connections; `counts` is what they have seen and said.

    `arrived` is told of each message as it comes off the socket, before it is verified: all
    boxes here share one processor, which true boxes do not.
    """

    def __init__(
        self,
        pairings: Sequence[Pairing],
        broker: Broker,
        clock_ms: Callable[[], int],
        *,
        boot: int = 1,
        arrived: Arrived | None = None,
    ) -> None:
        self.counts = Counts()
        self.obeying = asyncio.Event()
        """While it is cleared, boxes hear and obey later."""
        self.obeying.set()
        self._clock_ms = clock_ms
        self._broker = broker
        self._heard: asyncio.Queue[_Heard] = asyncio.Queue()
        self._gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self._members = [
            _Member(pairing, Box(pairing, self.counts, boot=boot), self._heard, arrived)
            for pairing in pairings
        ]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> int:
        """How many boxes have a connection now."""
        return sum(member.connection is not None for member in self._members)

    @property
    def playing(self) -> int:
        """How many boxes are on air now."""
        return sum(member.box.on_air for member in self._members)

    @property
    def unacknowledged(self) -> int:
        """Playback events that the controller has not acknowledged."""
        spools = (member.box.spool for member in self._members)
        return sum(spool.last - spool.acknowledged for spool in spools)

    async def start(self) -> None:
        """Bring every box on line once; raises `Lost` if one is refused."""
        await asyncio.gather(*(self._connect(member) for member in self._members))
        self._tasks = [
            asyncio.create_task(self._obey_what_is_heard()),
            asyncio.create_task(self._tick()),
            *(asyncio.create_task(self._stay(member)) for member in self._members),
        ]

    async def stop(self) -> None:
        """Say goodbye for every box and leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for member in self._members:
            if member.connection is not None:
                member.say([member.box.farewell()])
                member.connection.say_goodbye()

    async def _connect(self, member: "_Member") -> None:
        async with self._gate:
            will = member.box.will
            connection = await open_connection(
                self._broker.host,
                self._broker.port,
                member.pairing.did,
                member.pairing.password,
                member.hear,
                will=Will(will.topic, will.payload),
            )
            await connection.subscribe(member.box.subscriptions())
        member.connection = connection
        member.say(member.box.connected(self._clock_ms()))

    async def _stay(self, member: "_Member") -> None:
        """Come back after every loss."""
        while True:
            if member.connection is not None:
                await member.connection.lost
                member.connection = None
            await self._come_back(member)
            self.counts.reconnections += 1

    async def _come_back(self, member: "_Member") -> None:
        failures = 0
        while True:
            failures += 1
            await asyncio.sleep(random.uniform(0, min(BACKOFF_CAP_S, 0.5 * 2**failures)))
            try:
                return await self._connect(member)
            except Lost:
                continue

    async def _obey_what_is_heard(self) -> None:
        while True:
            member, message = await self._heard.get()
            await self.obeying.wait()
            member.say(member.box.receive(message.topic, message.payload, self._clock_ms()))
            # Sockets are read before the next message is verified.
            await asyncio.sleep(0)

    async def _tick(self) -> None:
        while True:
            now_ms = self._clock_ms()
            for member in self._members:
                if member.connection is not None and member.box.due_ms <= now_ms:
                    member.say(member.box.tick(now_ms))
            await asyncio.sleep(TICK_S)


class _Member:
    """One box and its line."""

    def __init__(
        self,
        pairing: Pairing,
        box: Box,
        heard: "asyncio.Queue[_Heard]",
        arrived: Arrived | None,
    ) -> None:
        self.pairing = pairing
        self.box = box
        self.connection: Connection | None = None
        self._heard = heard
        self._arrived = arrived

    def hear(self, message: Message) -> None:
        """Take a message off the socket."""
        if self._arrived is not None:
            self._arrived(self.pairing.did, message)
        self._heard.put_nowait(_Heard(self, message))

    def say(self, messages: Sequence[Outgoing]) -> None:
        """Hand messages to the line; without one they are lost, and made up for at `connected`."""
        if self.connection is not None:
            for message in messages:
                self.connection.publish(
                    message.topic, message.payload, qos=message.qos, retain=message.retain
                )
