"""The desk: a Unix socket in the state folder at which a person at the box asks the agent.

One JSON line {"op", …} in; any number of {"say": {"vi", "en"}} out, then one {"done": {…}} or
{"error": {"code", "vi", "en"}}. Only the agent's own user and root are served.
"""

import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent.errors import AgentError, DeskRefused, DeskSilent, NotRunning, ToldByAgent
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.desk")

SOCKET = "desk"
MAX_ASKED_BYTES = 64 * 1024
MAX_LINE_BYTES = 1024 * 1024
ASKED_WITHIN_S = 2.0
PATIENCE_S = 30.0
"""A caller gives up when it has heard nothing for so long."""

OPEN_AT_ONCE = 8
_BUFFER_BYTES = 512 * 1024
_CHUNK = 64 * 1024
_CREDENTIALS = struct.Struct("3i")
"""struct ucred of Linux: pid, uid, gid."""


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody asks `op` of the agent; `done` or `failed` ends the call, from any thread.

    None of the three blocks or raises: who does not read its answers is hung up on.
    """

    op: str
    body: dict[str, object]
    say: Callable[[str, str], None]
    done: Callable[[dict[str, object]], None]
    failed: Callable[[AgentError], None]


@dataclass(frozen=True, slots=True)
class Said:
    """Progress of a call, in Vietnamese and English."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a call."""

    body: dict[str, object]


Answer = Said | Done


class _Words(msgspec.Struct, frozen=True):
    vi: str
    en: str
    code: str = ""


class _Line(msgspec.Struct, frozen=True):
    """One line of an answer; exactly one of its fields is there."""

    say: _Words | None = None
    done: dict[str, object] | None = None
    error: _Words | None = None


class Desk:
    """Takes calls and hands them to `emit`, from its own thread."""

    def __init__(self, state_dir: Path, emit: Callable[[Call], None]) -> None:
        self._state_dir = state_dir
        self._emit = emit
        self._lock = threading.Lock()
        self._open: set[_Caller] = set()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="desk", daemon=True)

    def start(self) -> None:
        """Open the desk; where that is not possible the box works on without one."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _address(self._state_dir) as address:
                Path(address).unlink(missing_ok=True)
                listener.bind(address)
                Path(address).chmod(0o600)
            listener.listen(OPEN_AT_ONCE)
        except OSError as e:
            listener.close()
            note(log, "desk_closed", level=logging.ERROR, error=str(e))
            return
        self._listener = listener
        self._thread.start()

    def close(self) -> None:
        """End every open call and close the desk."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # Closing alone would not wake the thread that waits in accept().
        listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        listener.close()
        (self._state_dir / SOCKET).unlink(missing_ok=True)
        for caller in tuple(self._open):
            caller.failed(
                NotRunning(
                    "Thiết bị đang dừng. Những gì đã nhận vẫn được giữ; hãy hỏi lại sau.",
                    "The agent is stopping. What it took is kept; ask again later.",
                )
            )

    def _serve(self) -> None:
        while (listener := self._listener) is not None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._receive(connection)

    def _receive(self, connection: socket.socket) -> None:
        caller = _Caller(connection, self._forget)
        if not _may_ask(connection):
            note(log, "desk_refused", level=logging.WARNING, reason="another user")
            caller.hang_up()
            return
        try:
            asked = msgspec.json.decode(_read_line(connection), type=dict[str, object])
        except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as e:
            caller.failed(DeskRefused(f"Không đọc được câu hỏi: {e}.", f"Unreadable: {e}."))
            return
        with self._lock:
            busy = len(self._open) >= OPEN_AT_ONCE
            if not busy:
                self._open.add(caller)
        if busy:
            caller.failed(
                DeskRefused(
                    "Thiết bị đang bận trả lời nơi khác. Hãy hỏi lại sau.",
                    "The agent is busy with other callers. Ask again later.",
                )
            )
            return
        op = asked.pop("op", "")
        self._emit(Call(str(op)[:40], asked, caller.say, caller.done, caller.failed))

    def _forget(self, caller: "_Caller") -> None:
        with self._lock:
            self._open.discard(caller)


class _Caller:
    """One connection to the desk; never waits for a reader that does not read."""

    def __init__(self, connection: socket.socket, hung_up: "Callable[[_Caller], None]") -> None:
        connection.settimeout(ASKED_WITHIN_S)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._connection = connection
        self._hung_up = hung_up
        self._lock = threading.Lock()
        self._over = False

    def say(self, vi: str, en: str) -> None:
        """Tell of progress."""
        self._write({"say": {"vi": vi, "en": en}})

    def done(self, body: dict[str, object]) -> None:
        """Give the result and end the call."""
        self._write({"done": body})
        self.hang_up()

    def failed(self, error: AgentError) -> None:
        """Say why it could not be done and end the call."""
        self._write({"error": {"code": error.code, "vi": error.vi, "en": error.en}})
        self.hang_up()

    def hang_up(self) -> None:
        """End the call."""
        with self._lock:
            self._over = True
            self._connection.close()
        self._hung_up(self)

    def _write(self, line: dict[str, object]) -> None:
        data = msgspec.json.encode(line) + b"\n"
        with self._lock:
            if self._over:
                return
            try:
                whole = self._connection.send(data, socket.MSG_DONTWAIT) == len(data)
            except OSError:
                whole = False
        if not whole:
            self.hang_up()


def ask(
    state_dir: Path,
    op: str,
    body: dict[str, object] | None = None,
    *,
    patience_s: float = PATIENCE_S,
) -> Iterator[Answer]:
    """Ask the agent that works in `state_dir`: gives `Said` as it comes, and `Done` at last.

    Raises `NotRunning` if none listens, `DeskRefused` if you may not ask, `DeskSilent` if it
    does not answer, and what the agent says against it as `ToldByAgent`.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience_s)
        try:
            with _address(state_dir) as address:
                connection.connect(address)
        except PermissionError as e:
            raise DeskRefused(
                f"Không có quyền hỏi loalang-agent ở {state_dir}. Hãy chạy lại bằng sudo.",
                f"You may not ask the loalang-agent of {state_dir}. Try again with sudo.",
            ) from e
        except OSError as e:
            raise NotRunning(
                f"loalang-agent không chạy trên {state_dir}. Dữ liệu vẫn còn nguyên.",
                f"No loalang-agent is at work in {state_dir}. The state was kept.",
            ) from e
        try:
            connection.sendall(msgspec.json.encode({**(body or {}), "op": op}) + b"\n")
            with connection.makefile("rb") as lines:
                while line := lines.readline(MAX_LINE_BYTES):
                    answer = _read_answer(line)
                    yield answer
                    if isinstance(answer, Done):
                        return
        except (OSError, msgspec.MsgspecError) as e:
            raise _silent(str(e)) from e
    raise _silent("hung up")


def _read_answer(line: bytes) -> Answer:
    read = msgspec.json.decode(line, type=_Line)
    if read.error is not None:
        raise ToldByAgent(read.error.code, read.error.vi, read.error.en)
    if read.say is not None:
        return Said(read.say.vi, read.say.en)
    return Done(read.done or {})


def _silent(why: str) -> DeskSilent:
    return DeskSilent(
        f"loalang-agent không trả lời ({why}). Hãy xem nhật ký, rồi khởi động lại nếu cần.",
        f"loalang-agent does not answer ({why}). Look at its log, and restart it if need be.",
    )


@contextmanager
def _address(state_dir: Path) -> Iterator[str]:
    """Path of the desk through an open folder: a Unix address holds only 107 bytes."""
    folder = os.open(state_dir, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def _may_ask(connection: socket.socket) -> bool:
    """Whether the caller is the agent's own user or root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return uid in (0, os.geteuid())


def _read_line(connection: socket.socket) -> bytes:
    """Read one bounded line in bounded time. Raises OSError."""
    until = time.monotonic() + ASKED_WITHIN_S
    line = b""
    while not line.endswith(b"\n"):
        connection.settimeout(max(0.001, until - time.monotonic()))
        more = connection.recv(_CHUNK)
        line += more
        if not more or len(line) > MAX_ASKED_BYTES:
            raise OSError("no whole line")
    return line
