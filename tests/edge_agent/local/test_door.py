"""The door of the local page: real sockets, rude visitors."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.local import door as door_module
from edge_agent.local.door import MAX_VISITORS, Door
from edge_agent.local.page import Request, Response
from tests.edge_agent.real_parts import wait_for

SEEN: list[Request] = []


def echo(request: Request) -> Response:
    SEEN.append(request)
    return Response("200 OK", "chào")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "PATIENCE_S", 0.3)


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    door = Door("127.0.0.1", 0, echo)
    door.start()
    wait_for(lambda: door.port, "the door")
    yield door
    door.close()


def say(door: Door, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", door.port), 5) as visitor:
        received = b""
        try:
            visitor.sendall(sent)
            visitor.shutdown(socket.SHUT_WR)
            while more := visitor.recv(65_536):
                received += more
        except OSError:
            pass
        return received


def head(door: Door, *more: str, line: str = "GET / HTTP/1.1") -> bytes:
    lines = (line, f"Host: 127.0.0.1:{door.port}", *more, "", "")
    return "\r\n".join(lines).encode()


def test_a_whole_request_is_read(door: Door) -> None:
    SEEN.clear()
    body = b"pin=824613&x=%3Cb%3E"
    sent = head(
        door,
        f"Origin: http://127.0.0.1:{door.port}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        line="POST /raise/flash_flood HTTP/1.1",
    )
    received = say(door, sent + body)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith("chào".encode())
    (request,) = SEEN
    assert (request.method, request.path) == ("POST", "/raise/flash_flood")
    assert request.form == {"pin": "824613", "x": "<b>"}
    assert request.host in request.names
    assert request.origin == f"http://{request.host}"
    assert request.peer == "127.0.0.1"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \xff\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 4\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n\xff\xfe=1",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"a" * 20_000,
    ],
)
def test_what_is_malformed_is_not_answered_with_a_page(door: Door, sent: bytes) -> None:
    SEEN.clear()
    assert b" 200 OK" not in say(door, sent)
    assert SEEN == []


def test_a_visitor_who_says_nothing_is_not_waited_for(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), 5) as visitor:
        visitor.sendall(b"GET / HT")
        assert visitor.recv(100) == b""


def test_too_many_visitors_are_turned_away_and_it_stands_open_again(door: Door) -> None:
    with ExitStack() as visitors:
        for _ in range(2 * MAX_VISITORS):
            visitors.enter_context(socket.create_connection(("127.0.0.1", door.port), 5))
    wait_for(lambda: b"200 OK" in say(door, head(door)), "the door to be free")
    mine = [each for each in threading.enumerate() if each.name == "visitor"]
    assert len(mine) <= MAX_VISITORS


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=300))
def test_no_bytes_open_it(door: Door, sent: bytes) -> None:
    SEEN.clear()
    say(door, sent)
    assert SEEN == []


def test_it_shuts_at_once() -> None:
    door = Door("127.0.0.1", 0, echo)
    door.start()
    wait_for(lambda: door.port, "the door")
    door.close()
    assert door.port == 0
