"""The desk: who may ask, what is answered, and that nobody can hold the agent up at it."""

import json
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from edge_agent import desk as desk_module
from edge_agent.desk import SOCKET, Call, Desk, Done, Said, ask
from edge_agent.errors import AgentError, NotRunning, ToldByAgent


class Clerk:
    """Answers every call in a thread of its own, as the agent does in its loop."""

    def __init__(self, answer: Callable[[Call], None]) -> None:
        self._answer = answer
        self.calls: SimpleQueue[Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while (call := self.calls.get()) is not None:
            self._answer(call)

    def close(self) -> None:
        self.calls.put(None)
        self._thread.join()


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Callable[[Callable[[Call], None]], Path]]:
    """A desk at which a clerk answers, in a folder whose path is longer than an address holds."""
    state_dir = tmp_path / ("n" * 120)
    state_dir.mkdir()
    opened: list[tuple[Desk, Clerk]] = []

    def open_with(answer: Callable[[Call], None]) -> Path:
        clerk = Clerk(answer)
        desk = Desk(state_dir, clerk.calls.put)
        desk.start()
        opened.append((desk, clerk))
        return state_dir

    yield open_with
    for desk, clerk in opened:
        desk.close()
        clerk.close()


def test_progress_comes_before_the_result(open_desk: Callable[..., Path]) -> None:
    def count(call: Call) -> None:
        call.say("một", "one")
        call.say("hai", "two")
        call.done({"op": call.op, "to": call.body["to"]})

    state_dir = open_desk(count)
    assert list(ask(state_dir, "count", {"to": 2})) == [
        Said("một", "one"),
        Said("hai", "two"),
        Done({"op": "count", "to": 2}),
    ]
    assert stat.S_IMODE((state_dir / SOCKET).stat().st_mode) == 0o600


def test_what_the_agent_says_against_it_is_raised_with_its_code(
    open_desk: Callable[..., Path],
) -> None:
    state_dir = open_desk(lambda call: call.failed(NotRunning("không được", "not so")))
    with pytest.raises(ToldByAgent, match="không được / not so") as told:
        list(ask(state_dir, "anything"))
    assert told.value.code == "not_running"


def test_nobody_at_the_desk_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="không chạy"):
        list(ask(tmp_path, "status"))
    (tmp_path / SOCKET).write_bytes(b"left by a power cut")
    with pytest.raises(NotRunning):
        list(ask(tmp_path, "status"))


def test_a_socket_left_by_a_power_cut_is_replaced(tmp_path: Path) -> None:
    with desk_module._address(tmp_path) as address, socket.socket(socket.AF_UNIX) as left:
        left.bind(address)
    desk = Desk(tmp_path, lambda call: call.done({}))
    desk.start()
    assert list(ask(tmp_path, "status")) == [Done({})]
    desk.close()


def _raw(state_dir: Path, line: bytes) -> list[dict[str, object]]:
    """Say `line` at the desk as it is; gives what came back until it hung up."""
    with desk_module._address(state_dir) as address, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(address)
        caller.settimeout(10)
        caller.sendall(line)
        return [json.loads(answer) for answer in caller.makefile("rb")]


@pytest.mark.parametrize("line", [b"\n", b"[1]\n", b"{\n", b"[" * 50_000 + b"\n", b"\xff\xfe\n"])
def test_what_cannot_be_read_is_refused_and_the_next_is_served(
    open_desk: Callable[..., Path], line: bytes
) -> None:
    state_dir = open_desk(lambda call: call.done({}))
    (answer,) = _raw(state_dir, line)
    assert answer["error"]["code"] == "desk_refused"  # type: ignore[index]
    assert list(ask(state_dir, "status")) == [Done({})]


def test_a_line_without_end_is_hung_up_on(open_desk: Callable[..., Path]) -> None:
    state_dir = open_desk(lambda call: call.done({}))
    (answer,) = _raw(state_dir, b"x" * (desk_module.MAX_ASKED_BYTES + 1))
    assert answer["error"]["code"] == "desk_refused"  # type: ignore[index]


def test_who_does_not_read_holds_nobody_up(open_desk: Callable[..., Path]) -> None:
    ended = threading.Event()

    def talk(call: Call) -> None:
        for _ in range(10_000):
            call.say("x" * 500, "y" * 500)
        call.done({})
        ended.set()

    state_dir = open_desk(talk)
    with desk_module._address(state_dir) as address, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(address)
        caller.sendall(b'{"op": "talk"}\n')
        assert ended.wait(10)


def test_only_so_many_calls_are_open_at_once(open_desk: Callable[..., Path]) -> None:
    held: list[Call] = []
    state_dir = open_desk(held.append)
    with desk_module._address(state_dir) as address:
        callers = [socket.socket(socket.AF_UNIX) for _ in range(desk_module.OPEN_AT_ONCE)]
        for caller in callers:
            caller.connect(address)
            caller.sendall(b'{"op": "wait"}\n')
    with pytest.raises(ToldByAgent) as told:
        list(ask(state_dir, "status"))
    assert told.value.code == "desk_refused"
    for caller in callers:
        caller.close()


def test_a_stopping_agent_ends_every_open_call(tmp_path: Path) -> None:
    calls: SimpleQueue[Call] = SimpleQueue()
    desk = Desk(tmp_path, calls.put)
    desk.start()
    ends: list[AgentError] = []

    def wait() -> None:
        try:
            list(ask(tmp_path, "wait"))
        except AgentError as e:
            ends.append(e)

    waiting = threading.Thread(target=wait)
    waiting.start()
    late = calls.get(timeout=10)
    desk.close()
    waiting.join(10)
    assert [e.code for e in ends] == ["not_running"]
    late.done({})
    assert not (tmp_path / SOCKET).exists()


def test_a_folder_that_takes_no_socket_leaves_the_box_at_work(tmp_path: Path) -> None:
    (tmp_path / SOCKET).mkdir()
    desk = Desk(tmp_path, lambda call: call.done({}))
    desk.start()
    desk.close()
