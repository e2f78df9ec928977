"""MQTT 3.1.1 packets (OASIS, 2014) as far as a box needs them: to bytes, and from bounded bytes.

Knows no socket. QoS 2 and everything of version 5 are left out: the wire uses neither.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_agent.contract.types import MAX_PAYLOAD_BYTES

MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 1024
"""A larger packet ends the connection."""

PING = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"

_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _PINGRESP = 2, 3, 4, 9, 13


class Malformed(Exception):
    """Bytes that are no packet a broker may send to a box."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for a box that is gone: QoS 1, retained."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """Answer to a connect: 0 = accepted, 4 and 5 = wrong user or password."""

    code: int


@dataclass(frozen=True, slots=True)
class Message:
    """A publish; `number` is 0 with QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """The broker has the publish of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Answer to a subscribe; 128 = refused."""

    number: int
    codes: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer to a ping."""


Packet = Connected | Message | Taken | Subscribed | Pong


def connect(user: str, password: str, *, keepalive_s: int, will: Will | None = None) -> bytes:
    """Ask for a clean session under `user`, which is the client id as well."""
    flags = 0b1100_0010 | (0b0010_1100 if will else 0)
    body = _text("MQTT") + bytes((4, flags)) + struct.pack(">H", keepalive_s) + _text(user)
    if will:
        body += _text(will.topic) + _counted(will.payload)
    return _packet(0x10, body + _text(user) + _text(password))


def subscribe(number: int, filters: Sequence[str]) -> bytes:
    """Ask for all messages under `filters` with QoS 1."""
    asked = b"".join(_text(one) + b"\x01" for one in filters)
    return _packet(0x82, struct.pack(">H", number) + asked)


def publish(topic: str, payload: bytes, *, number: int = 0, retain: bool = False) -> bytes:
    """Say something: with QoS 1 if it has a number, else with QoS 0."""
    first = 0x30 | (0b0010 if number else 0) | (0b0001 if retain else 0)
    head = _text(topic) + (struct.pack(">H", number) if number else b"")
    return _packet(first, head + payload)


def puback(number: int) -> bytes:
    """Tell the broker that its publish of this number is here."""
    return struct.pack(">BBH", 0x40, 2, number)


class Reader:
    """Cuts a stream of bytes into packets; holds at most one unfinished packet."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take bytes, give the packets that are whole now. Raises `Malformed`."""
        held = self._held
        held += data
        at = 0
        while (bounds := _body_of(held, at)) is not None:
            start, end = bounds
            yield _read(held[at], bytes(held[start:end]))
            at = end
        del held[:at]


def _body_of(held: bytearray, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None while it is not all there."""
    length = shift = 0
    for place in range(at + 1, min(at + 5, len(held))):
        byte = held[place]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if length > MAX_PACKET_BYTES:
                raise Malformed(f"packet of {length} bytes")
            end = place + 1 + length
            return (place + 1, end) if end <= len(held) else None
    if shift == 28:
        raise Malformed("length of more than four bytes")
    return None


def _read(first: int, body: bytes) -> Packet:
    kind = first >> 4
    if kind == _PUBLISH:
        return _read_publish(first & 0x0F, body)
    try:
        if kind == _PUBACK:
            return Taken(*struct.unpack(">H", body))
        if kind == _CONNACK:
            return Connected(struct.unpack(">BB", body)[1])
        if kind == _SUBACK:
            return Subscribed(struct.unpack_from(">H", body)[0], body[2:])
    except struct.error as e:
        raise Malformed(f"packet of kind {kind}: {e}") from e
    if kind == _PINGRESP and not body:
        return Pong()
    raise Malformed(f"packet of kind {kind}")


def _read_publish(flags: int, body: bytes) -> Message:
    qos = (flags >> 1) & 0b11
    try:
        (length,) = struct.unpack_from(">H", body)
        at = 2 + length
        number = 0
        if qos == 1:
            (number,) = struct.unpack_from(">H", body, at)
            at += 2
        elif qos > 1:
            raise Malformed(f"publish with QoS {qos}")
        if at > len(body):
            raise Malformed("topic longer than its packet")
        return Message(body[2 : 2 + length].decode(), body[at:], qos, bool(flags & 1), number)
    except (struct.error, UnicodeDecodeError) as e:
        raise Malformed(f"publish: {e}") from e


def _packet(first: int, body: bytes) -> bytes:
    left = len(body)
    if left > MAX_PACKET_BYTES:
        raise ValueError(f"packet of {left} bytes is over {MAX_PACKET_BYTES}")
    head = bytearray((first,))
    while True:
        left, low = left >> 7, left & 0x7F
        head.append(low | (0x80 if left else 0))
        if not left:
            return bytes(head) + body


def _text(text: str) -> bytes:
    return _counted(text.encode())


def _counted(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data
