"""The packets against paho's own reading and writing, and against bytes that no broker sends."""

import io

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.simulator import packets
from controller.simulator.packets import (
    Connected,
    Malformed,
    Message,
    Packet,
    Pong,
    Reader,
    Subscribed,
    Taken,
    Will,
)

CONNECTED = b"\x20\x02\x00\x05"
SUBSCRIBED = b"\x90\x04\x00\x07\x01\x80"
PONG = b"\xd0\x00"


def read(data: bytes) -> list[Packet]:
    return list(Reader().feed(data))


def test_answers_of_a_broker_are_read() -> None:
    assert read(CONNECTED + SUBSCRIBED + packets.puback(9) + PONG) == [
        Connected(5),
        Subscribed(7, b"\x01\x80"),
        Taken(9),
        Pong(),
    ]


@given(
    topic=st.text(min_size=1, max_size=40),
    payload=st.binary(max_size=400),
    number=st.integers(0, 0xFFFF),
    retain=st.booleans(),
    cuts=st.lists(st.integers(1, 60), max_size=10),
)
def test_a_message_comes_through_however_the_bytes_are_cut(
    topic: str, payload: bytes, number: int, retain: bool, cuts: list[int]
) -> None:
    """Law: what publish writes, the reader gives, in any pieces."""
    stream = io.BytesIO(packets.publish(topic, payload, number=number, retain=retain) + PONG)
    reader, found = Reader(), []
    for size in [*cuts, -1]:
        found += reader.feed(stream.read(size))

    assert found == [Message(topic, payload, 1 if number else 0, retain, number), Pong()]


@given(data=st.binary(max_size=300), cut=st.integers(0, 300))
def test_any_bytes_are_packets_or_refused_and_never_anything_else(data: bytes, cut: int) -> None:
    reader = Reader()
    try:
        for piece in (data[:cut], data[cut:]):
            list(reader.feed(piece))
    except Malformed:
        pass


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\xff\xff\xff\x7f",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\x02\x00\x05",
        b"\x34\x07\x00\x01a\x00\x01hi",
        b"\x30\x03\x00\x01\xff",
        b"\x40\x01\x00",
        b"\x10\x00",
        b"\xd0\x01\x00",
    ],
    ids=[
        "huge",
        "endless length",
        "short topic",
        "QoS 2",
        "not UTF-8",
        "no number",
        "kind",
        "pong",
    ],
)
def test_bytes_that_no_broker_sends_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


def test_too_large_a_message_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="over"):
        packets.publish("t", b"x" * packets.MAX_PACKET_BYTES)


def test_a_connect_is_what_paho_would_send() -> None:
    sent = bytearray()

    class Wire:
        def send(self, data: bytes) -> int:
            sent.extend(data)
            return len(data)

        def fileno(self) -> int:
            return -1

        def close(self) -> None:
            pass

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="abcdefghjkmn")
    client.username_pw_set("abcdefghjkmn", "hush")
    client.will_set("gone", b"yes", qos=1, retain=True)
    client._sock = Wire()  # type: ignore[assignment]
    client._send_connect(60)
    client.loop_write()

    assert bytes(sent) == packets.connect(
        "abcdefghjkmn", "hush", keepalive_s=60, will=Will("gone", b"yes")
    )
