"""One box's connection to the broker, as an asyncio protocol: thousands fit into one loop.

paho cannot do this: its `select` never connects on a socket number above 1023.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from controller.simulator import packets
from controller.simulator.packets import Connected, Malformed, Message, Subscribed, Taken, Will

ANSWER_WITHIN_S = 30.0
KEEPALIVE_S = 60
UNTAKEN_AT_ONCE = 20
"""Publishes on their way to the broker; mosquitto itself takes 20 of a client at once."""

Receive = Callable[[Message], None]


class Lost(OSError):
    """The connection could not be made, or is gone."""


class Unreachable(Lost):
    """Nobody listens there, or nobody answers."""


class Refused(Lost):
    """The broker does not take this user or password."""


class Connection(asyncio.Protocol):
    """Publishes in order, tells `receive` of every message, answers for QoS 1 both ways."""

    def __init__(self, receive: Receive) -> None:
        loop = asyncio.get_running_loop()
        self._receive = receive
        self._reader = packets.Reader()
        self._transport: asyncio.Transport | None = None
        self._answers: dict[int, asyncio.Future[bytes]] = {0: loop.create_future()}
        self._waiting: deque[tuple[str, bytes, bool]] = deque()
        self._untaken: set[int] = set()
        self._number = 0
        self._ping: asyncio.TimerHandle | None = None
        self.lost: asyncio.Future[None] = loop.create_future()
        """Done when the connection is gone."""
        self.taken = 0
        """Publishes with QoS 1 that the broker has."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        """Say something; a QoS 1 publish waits while too many are on their way."""
        if qos == 0:
            self._write(packets.publish(topic, payload, retain=retain))
        else:
            self._waiting.append((topic, payload, retain))
            self._send_waiting()

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Listen to `filters`; raises `Lost` if the broker refuses or does not answer."""
        number = self._next_number()
        self._answers[number] = asyncio.get_running_loop().create_future()
        self._write(packets.subscribe(number, filters))
        if any(code > 2 for code in await self._answer(number)):
            raise Lost("subscription refused")

    def say_goodbye(self) -> None:
        """Leave in order: no will is sent."""
        self._write(packets.DISCONNECT)
        if self._transport is not None:
            self._transport.close()

    def keep_alive(self, keepalive_s: int) -> None:
        """Ping in time for a broker that gives up after one and a half times `keepalive_s`."""
        every_s = keepalive_s * 0.75
        self._ping = asyncio.get_running_loop().call_later(every_s, self._ping_now, every_s)

    def vanish(self) -> None:
        """Drop the line without a word, as in a power cut: the broker sends the will."""
        if self._transport is not None:
            self._transport.abort()

    async def accepted(self) -> None:
        """Wait for the broker's yes; raises `Lost`."""
        code = (await self._answer(0))[0]
        if code:
            raise Refused(f"refused with code {code}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the line; part of the protocol."""
        # uvloop's transports are not of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the broker; part of the protocol."""
        try:
            for packet in self._reader.feed(data):
                self._take(packet)
        except Malformed as e:
            self._fail(e)
            self.vanish()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the loss; part of the protocol."""
        self._fail(exc)
        if self._ping is not None:
            self._ping.cancel()
        if not self.lost.done():
            self.lost.set_result(None)

    def _take(self, packet: packets.Packet) -> None:
        match packet:
            case Message():
                if packet.qos:
                    self._write(packets.puback(packet.number))
                self._receive(packet)
            case Taken(number):
                self._untaken.discard(number)
                self.taken += 1
                self._send_waiting()
            case Subscribed(number, codes):
                self._settle(number, codes)
            case Connected(code):
                self._settle(0, bytes((code,)))

    def _send_waiting(self) -> None:
        while self._waiting and len(self._untaken) < UNTAKEN_AT_ONCE:
            topic, payload, retain = self._waiting.popleft()
            number = self._next_number()
            self._untaken.add(number)
            self._write(packets.publish(topic, payload, number=number, retain=retain))

    async def _answer(self, number: int) -> bytes:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._answers[number]
        except TimeoutError:
            raise Lost(f"no answer within {ANSWER_WITHIN_S:.0f} s") from None
        finally:
            self._answers.pop(number, None)

    def _settle(self, number: int, answer: bytes) -> None:
        asked = self._answers.get(number)
        if asked is not None and not asked.done():
            asked.set_result(answer)

    def _fail(self, why: Exception | None) -> None:
        for asked in self._answers.values():
            if not asked.done():
                asked.set_exception(Lost(str(why or "the broker closed the connection")))
                # Nobody may be waiting any more.
                asked.exception()

    def _next_number(self) -> int:
        while True:
            self._number = self._number % 0xFFFF + 1
            if self._number not in self._untaken:
                return self._number

    def _ping_now(self, every_s: float) -> None:
        self._write(packets.PING)
        self._ping = asyncio.get_running_loop().call_later(every_s, self._ping_now, every_s)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


async def open_connection(
    host: str,
    port: int,
    user: str,
    password: str,
    receive: Receive,
    *,
    will: Will | None = None,
    keepalive_s: int = KEEPALIVE_S,
) -> Connection:
    """Connect and be accepted; raises `Unreachable`, `Refused` or `Lost`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            transport, connection = await loop.create_connection(
                lambda: Connection(receive), host, port
            )
    except TimeoutError:
        raise Unreachable(f"{host}:{port} does not answer") from None
    except OSError as e:
        raise Unreachable(f"{host}:{port}: {e}") from e
    connection.keep_alive(keepalive_s)
    transport.write(packets.connect(user, password, keepalive_s=keepalive_s, will=will))
    try:
        await connection.accepted()
    except Lost:
        transport.abort()
        raise
    return connection
