"""Thousands of simulated boxes in one event loop: connect, listen, speak, come back."""

import asyncio
import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from controller.simulator.box import Box, Wish
from controller.simulator.connection import (
    KEEPALIVE_S,
    Connection,
    Lost,
    Refused,
    Unreachable,
    open_connection,
)
from controller.simulator.counts import Counts
from controller.simulator.faults import NO_LINE, Fault, FaultKind
from controller.simulator.fetching import Fetcher, Unfetched, in_background
from controller.simulator.packets import Message, Will
from controller.simulator.pairing import Pairing
from controller.simulator.shelf import BYTES_PER_S
from controller.simulator.uplink import NEVER, Outgoing

CONNECTING_AT_ONCE = 50
AT_ONCE = 50
"""Boxes that are looked at in one go."""

TICK_S = 0.05

# The back-off of true agents: full jitter below a bound that doubles.
MIN_BACKOFF_S, MAX_BACKOFF_S = 1.0, 300.0
FIRST_BACKOFF_S = {Refused: 30.0, Unreachable: 2.0, Lost: 2.0}
STABLE_AFTER_S = 30.0
"""A connection that lived shorter than this counts as one more failure."""

WRONG_PASSWORD = "not the password of this box"

Arrived = Callable[[str, Message], None]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the boxes connect."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Style:
    """How true a fleet is: `rate` of its modelled lines in bytes a second, None for real GETs of
    audio; with `fetch_all` each box fetches each of its pages itself.
    """

    rate: int | None = BYTES_PER_S
    fetch_all: bool = False


MODELLED = Style()


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
        style: Style = MODELLED,
    ) -> None:
        self.counts = Counts()
        self.obeying = asyncio.Event()
        """While it is cleared, boxes hear and obey later."""
        self.obeying.set()
        self.fetcher = Fetcher(fetch_all=style.fetch_all)
        self._clock_ms = clock_ms
        self._broker = broker
        self._heard: asyncio.Queue[_Heard] = asyncio.Queue()
        self._gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self._members = [
            _Member(
                number,
                pairing,
                Box(pairing, self.counts, boot=boot, started_ms=clock_ms(), rate=style.rate),
                self._heard,
                arrived,
            )
            for number, pairing in enumerate(pairings)
        ]
        # When each box is to be looked at; the box's own `planned_ms` says which
        # entry counts.
        self._due: list[tuple[int, int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._fetches: set[asyncio.Task[None]] = set()

    @property
    def boxes(self) -> list[Box]:
        """All boxes, in the order of their pairings."""
        return [member.box for member in self._members]

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

    def has_line(self, number: int) -> bool:
        """Whether the box of this number is connected."""
        return self._members[number].connection is not None

    async def start(self) -> None:
        """Bring every box on line once; raises `Lost` if one is refused."""
        self._tasks = [
            asyncio.create_task(self._obey_what_is_heard()),
            asyncio.create_task(self._tick()),
        ]
        await asyncio.gather(*(self._connect(number) for number in range(len(self._members))))
        self._tasks += [
            asyncio.create_task(self._stay(number)) for number in range(len(self._members))
        ]

    async def stop(self) -> None:
        """Say goodbye for every box and leave."""
        tasks = [*self._tasks, *self._fetches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for member in self._members:
            if member.connection is not None:
                member.say([member.box.farewell()])
                member.connection.say_goodbye()

    def begin(self, fault: Fault) -> None:
        """Do it to its boxes."""
        for number in fault.boxes:
            member = self._members[number]
            self.counts.faults[fault.kind] += 1
            if fault.kind in NO_LINE:
                if fault.kind is FaultKind.REFUSE_BROKER:
                    member.refused += 1
                else:
                    member.cut += 1
                    member.may_connect.clear()
                if member.connection is not None:
                    member.connection.vanish()
                    member.connection = None
                    member.box.lost(self._clock_ms())
            self._spoken(number, member.box.begin(fault, self._clock_ms()))

    def end(self, fault: Fault) -> None:
        """It is over for its boxes."""
        for number in fault.boxes:
            member = self._members[number]
            self._spoken(number, member.box.end(fault, self._clock_ms()))
            if fault.kind is FaultKind.REFUSE_BROKER:
                member.refused -= 1
            elif fault.kind in NO_LINE:
                member.cut -= 1
                if not member.cut:
                    member.may_connect.set()

    async def _connect(self, number: int) -> None:
        member = self._members[number]
        async with self._gate:
            will = member.box.will
            password = WRONG_PASSWORD if member.refused else member.pairing.password
            connection = await open_connection(
                self._broker.host,
                self._broker.port,
                member.pairing.did,
                password,
                member.hear,
                will=Will(will.topic, will.payload),
                keepalive_s=member.box.keepalive_s or KEEPALIVE_S,
            )
            await connection.subscribe(member.box.subscriptions())
        if not member.may_connect.is_set() or member.refused:
            connection.vanish()
            raise Lost("a fault came between")
        member.connection = connection
        self._spoken(number, member.box.connected(self._clock_ms()))

    async def _stay(self, number: int) -> None:
        """Come back after every loss."""
        member = self._members[number]
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            if member.connection is not None:
                await member.connection.lost
                if member.connection is not None:
                    member.connection = None
                    member.box.lost(self._clock_ms())
            lived_s = asyncio.get_running_loop().time() - began
            failures = 0 if lived_s >= STABLE_AFTER_S else failures
            failures = await self._come_back(number, failures)
            self.counts.reconnections += 1

    async def _come_back(self, number: int, failures: int) -> int:
        """Try until a connection stands; gives the failures in a row so far."""
        member = self._members[number]
        why: type[Lost] = Lost
        while True:
            await asyncio.sleep(backoff_s(why, failures))
            await member.may_connect.wait()
            failures += 1
            try:
                await self._connect(number)
            except Lost as e:
                why = type(e)
            else:
                return failures

    async def _obey_what_is_heard(self) -> None:
        while True:
            member, message = await self._heard.get()
            await self.obeying.wait()
            said = member.box.receive(message.topic, message.payload, self._clock_ms())
            self._spoken(member.number, said)
            # Sockets are read before the next message is verified.
            await asyncio.sleep(0)

    async def _tick(self) -> None:
        done = 0
        while True:
            now_ms = self._clock_ms()
            while self._due and self._due[0][0] <= now_ms:
                due_ms, number = heapq.heappop(self._due)
                member = self._members[number]
                if member.planned_ms != due_ms:
                    continue
                member.planned_ms = NEVER
                late = member.box.due_ms > now_ms
                self._spoken(number, () if late else member.box.tick(now_ms))
                done += 1
                if done % AT_ONCE == 0:
                    # A whole province is due at one second: others are heard meanwhile.
                    await asyncio.sleep(0)
            await asyncio.sleep(TICK_S)

    def _spoken(self, number: int, messages: Sequence[Outgoing]) -> None:
        """Hand on what a box said and wishes, and note when it is to be looked at again."""
        member = self._members[number]
        member.say(messages)
        for wish in member.box.wishes():
            in_background(self._fetches, self._fetch(number, wish))
        if member.box.due_ms < member.planned_ms:
            member.planned_ms = member.box.due_ms
            heapq.heappush(self._due, (member.planned_ms, number))

    async def _fetch(self, number: int, wish: Wish) -> None:
        box = self._members[number].box
        try:
            page = await self.fetcher.fetch(wish)
        except Unfetched:
            self.counts.fetches_failed += 1
            self._spoken(number, box.missed(wish, self._clock_ms()))
            return
        if wish.audio is None:
            self.counts.pages_fetched += 1
        else:
            self.counts.audio_fetched += 1
        self._spoken(number, box.fetched(wish, page, self._clock_ms()))


def backoff_s(why: type[Lost], in_a_row: int) -> float:
    """Draw the wait before the next try."""
    bound = min(MAX_BACKOFF_S, FIRST_BACKOFF_S[why] * 2 ** min(in_a_row, 16))
    return random.uniform(MIN_BACKOFF_S, max(MIN_BACKOFF_S, bound))


class _Member:
    """One box and its line."""

    def __init__(
        self,
        number: int,
        pairing: Pairing,
        box: Box,
        heard: "asyncio.Queue[_Heard]",
        arrived: Arrived | None,
    ) -> None:
        self.number = number
        self.pairing = pairing
        self.box = box
        self.connection: Connection | None = None
        self.planned_ms = NEVER
        self.refused = self.cut = 0
        """How many faults refuse its password, and cut its line."""
        self.may_connect = asyncio.Event()
        self.may_connect.set()
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
