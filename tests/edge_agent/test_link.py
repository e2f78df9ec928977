"""The link: how long it waits, and that no message makes it deaf."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import publish

from edge_agent.contract import topics
from edge_agent.contract.desired import ReportPolicy
from edge_agent.contract.trust import Kind
from edge_agent.link import (
    FIRST_BACKOFF_S,
    MAX_BACKOFF_S,
    MIN_BACKOFF_S,
    Birth,
    Failure,
    Inbound,
    Link,
    LinkChanged,
    LinkState,
    backoff_s,
)
from edge_agent.settings import BrokerAddress
from tests.edge_agent.office import DID, Office
from tests.edge_agent.real_parts import Box, Broker, Ear, free_port, wait_for


@given(st.sampled_from(list(Failure)), st.integers(0, 10_000))
def test_law_the_wait_is_between_one_second_and_five_minutes(
    failure: Failure, in_a_row: int
) -> None:
    wait = backoff_s(failure, in_a_row)
    assert MIN_BACKOFF_S <= wait <= MAX_BACKOFF_S
    assert wait <= FIRST_BACKOFF_S[failure] * 2 ** min(in_a_row, 20)


def test_the_wait_is_drawn_so_that_a_thousand_boxes_do_not_come_at_once() -> None:
    waits = {round(backoff_s(Failure.UNREACHABLE, 6)) for _ in range(200)}
    assert len(waits) > 30


class Line:
    def __init__(self, *ports: int, **broker: Any) -> None:
        self.heard: SimpleQueue[Inbound | LinkChanged] = SimpleQueue()
        self.births = 0
        self.keepalive_s = 30
        self.hold: Callable[[], object] = lambda: None
        brokers = tuple(BrokerAddress(f"mqtt://127.0.0.1:{port}", **broker) for port in ports)
        self.link = Link("box", brokers, birth=self.birth, emit=self.heard.put, backlog=2)

    def birth(self) -> Birth:
        self.births += 1
        self.hold()
        return Birth(self.births, "state", b"alive", b"dead", ("in/#",), self.keepalive_s)

    def until(self, state: LinkState) -> list[LinkState]:
        states: list[LinkState] = []
        while not states or states[-1] is not state:
            event = self.heard.get(timeout=20)
            if isinstance(event, LinkChanged):
                states.append(event.state)
        return states

    def next_message(self) -> Inbound:
        while True:
            event = self.heard.get(timeout=20)
            if isinstance(event, Inbound):
                return event


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.close()


def say(broker: Broker, payload: bytes, topic: str = "in/x") -> None:
    auth: Any = {"username": "office", "password": ""}
    publish.single(topic, payload, qos=1, port=broker.port, hostname="127.0.0.1", auth=auth)


@pytest.mark.needs("mosquitto")
def test_it_goes_through_named_states_and_says_good_bye(broker: Broker) -> None:
    line = Line(broker.port)
    assert line.link.publish("x", b"", qos=0) is False
    line.link.start()
    assert line.until(LinkState.ONLINE) == [LinkState.CONNECTING, LinkState.ONLINE]
    line.link.close()
    assert line.until(LinkState.CLOSED) == [LinkState.CLOSED]
    assert not line.link.broken
    assert line.link.publish("x", b"", qos=0) is False


@pytest.mark.needs("mosquitto")
def test_it_takes_the_next_broker_when_the_first_is_dead(broker: Broker) -> None:
    line = Line(free_port(), broker.port)
    line.link.start()
    assert line.until(LinkState.ONLINE) == [
        LinkState.CONNECTING,
        LinkState.BACKOFF,
        LinkState.CONNECTING,
        LinkState.ONLINE,
    ]
    assert line.births == 2
    line.link.close()


@pytest.mark.needs("mosquitto")
def test_a_slow_reader_holds_the_link_up_and_loses_nothing(broker: Broker) -> None:
    line = Line(broker.port)
    line.link.start()
    line.until(LinkState.ONLINE)
    for n in range(6):
        say(broker, b"%d" % n)
    said = []
    for _ in range(6):
        message = line.next_message()
        said.append(message.payload)
        message.done()
    assert said == [b"0", b"1", b"2", b"3", b"4", b"5"]
    line.link.close()


@pytest.mark.needs("mosquitto")
def test_a_message_over_the_bound_is_dropped_and_the_next_is_heard(broker: Broker) -> None:
    line = Line(broker.port)
    line.link.start()
    line.until(LinkState.ONLINE)
    say(broker, b"x" * 300_000)
    say(broker, b"small")
    assert line.next_message().payload == b"small"
    line.link.close()


def test_a_port_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.link.CONNECT_WITHIN_S", 0.5)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        line = Line(deaf.getsockname()[1])
        line.link.start()
        assert line.until(LinkState.BACKOFF)[-1] is LinkState.BACKOFF
        line.link.close()


def test_connections_that_are_lost_leave_no_open_handles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.link.MIN_BACKOFF_S", 0.01)
    monkeypatch.setitem(FIRST_BACKOFF_S, Failure.LOST, 0.01)
    monkeypatch.setattr("edge_agent.link.MAX_BACKOFF_S", 0.01)
    handles = []
    gc.disable()
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            listener.settimeout(10)
            line = Line(listener.getsockname()[1])
            line.link.start()
            for _ in range(8):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(200)
                    handles.append(len(list(Path("/proc/self/fd").iterdir())))
            line.link.close()
    finally:
        gc.enable()
    assert max(handles[1:]) <= handles[0] + 2


def test_it_asks_for_the_keepalive_that_its_birth_names() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(10)
        line = Line(listener.getsockname()[1])
        line.keepalive_s = 240
        line.link.start()
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            connect = connection.recv(200)
        # MQTT 3.1.1, 3.1.2: after the protocol's name, its level and the flags.
        after = connect.index(b"MQTT") + 6
        assert int.from_bytes(connect[after : after + 2]) == 240
        line.link.close()


def test_a_thread_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.link.STUCK_AFTER_S", 0.5)
    monkeypatch.setattr("edge_agent.link.CONNECT_WITHIN_S", 0.1)
    line = Line(free_port())
    released = threading.Event()
    line.hold = released.wait
    line.link.start()
    wait_for(lambda: line.link.broken, "the link to be found broken", 5)
    released.set()
    line.until(LinkState.BACKOFF)
    assert not line.link.broken
    line.link.close()


@pytest.mark.needs("mosquitto")
def test_it_connects_anew_at_the_same_broker_when_it_is_asked(broker: Broker) -> None:
    line = Line(broker.port, free_port())
    line.link.start()
    line.until(LinkState.ONLINE)
    line.keepalive_s = 240
    line.link.renew()
    assert line.until(LinkState.ONLINE) == [
        LinkState.BACKOFF,
        LinkState.CONNECTING,
        LinkState.ONLINE,
    ]
    assert line.births == 2
    line.link.close()


@pytest.mark.needs("mosquitto")
def test_a_box_that_is_told_to_be_sparing_is_so_at_once(tmp_path: Path) -> None:
    office, broker = Office.open(tmp_path / "files"), Broker(tmp_path)
    box = Box(office, tmp_path, broker.port)
    ear = Ear(office, broker.port, box.key)
    try:
        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
        for serial, policy in enumerate((ReportPolicy(60, 30), ReportPolicy(900, 240)), 1):
            word = office.desired((), serial=serial, now_ms=1_795_386_600_000, empty_because="new")
            sparing = msgspec.structs.replace(word, report=policy)
            ear.retain(topics.down(DID, "desired"), office.sealed(sparing, Kind.DESIRED))
            if serial == 1:
                box.start()
            wait_for(lambda: [h for h in ear.hellos if h.desired], "a hello")
        wait_for(lambda: ear.hellos[-1].conn == 2, "a second connection")
    finally:
        ear.close()
        box.close()
        broker.close()
