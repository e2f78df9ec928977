"""A player that is any program spoken to in JSON lines on its standard input and output."""

import logging
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from edge_agent.contract.types import DurationMs
from edge_agent.errors import PlayerUnusable
from edge_agent.log_setup import note
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.players.child import bound

log = logging.getLogger("edge_agent.player")

CLOSE_WITHIN_S = 2.0
_MAX_LINE = 64 * 1024


class _Event(msgspec.Struct, frozen=True):
    """Any line that a player writes."""

    event: str
    id: str
    duration_ms: DurationMs = 0
    at_unix: float = 0.0
    ms: DurationMs = 0
    played_ms: DurationMs = 0
    reason: str = ""
    error: str | None = None


@dataclass(slots=True)
class _Running:
    """A started program and what it holds: play → position in ms."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    plays: dict[str, int] = field(default_factory=dict)


class CommandPlayer:
    """Speaks to the program `argv`, starting it when there is something to load."""

    can_seek = False
    can_mix = False

    def __init__(self, argv: tuple[str, ...], emit: Callable[[PlayerEvent], None]) -> None:
        self._argv = argv
        self._emit = emit
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._deaths = 0

    @property
    def restarts(self) -> int:
        """How often the program died or had to be killed."""
        return self._deaths

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        """Open `path`; this protocol knows neither a position nor a silence before it."""
        self._ensure_running().plays[play] = 0
        self._say({"op": "load", "id": play, "path": str(path), "gain_db": gain_db})

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        """Open the stream at `url`."""
        self._ensure_running().plays[play] = 0
        self._say({"op": "tune", "id": play, "url": url, "gain_db": gain_db})

    def play_at(self, play: str, at_unix: float) -> None:
        """Let it sound at `at_unix`."""
        self._say({"op": "play", "id": play, "at_unix": at_unix})

    def stop(self, play: str) -> None:
        """End it now."""
        self._say({"op": "stop", "id": play})

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        """Change how loud it is; this protocol knows no time for that, so at once."""
        self._say({"op": "gain", "id": play, "gain_db": gain_db})

    def abandon(self, play: str) -> None:
        """Kill the program."""
        with self._lock:
            running, self._running = self._running, None
            if running is not None:
                self._deaths += 1
                running.plays.clear()
                running.process.kill()

    def close(self) -> None:
        """Ask the program to quit; kill it if it does not."""
        with self._lock:
            running, self._running = self._running, None
        if running is None:
            return
        try:
            running.stdin.write(b'{"op":"quit"}\n')
            running.stdin.close()
        except OSError:
            running.process.kill()
        try:
            running.process.wait(CLOSE_WITHIN_S)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()

    def _ensure_running(self) -> _Running:
        with self._lock:
            if self._running is not None and self._running.process.poll() is None:
                return self._running
            try:
                process = subprocess.Popen(
                    bound(self._argv),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,
                    bufsize=0,
                )
            except OSError as e:
                raise PlayerUnusable(
                    f"Không chạy được trình phát {self._argv[0]}: {e.strerror}.",
                    f"Cannot start the player {self._argv[0]}: {e.strerror}.",
                ) from e
            assert process.stdin is not None
            assert process.stdout is not None
            running = self._running = _Running(process, process.stdin, process.stdout)
        note(log, "player_started", pid=process.pid)
        threading.Thread(target=self._listen, args=(running,), name="player", daemon=True).start()
        return running

    def _say(self, command: dict[str, object]) -> None:
        with self._lock:
            if self._running is None:
                return
            try:
                self._running.stdin.write(msgspec.json.encode(command) + b"\n")
            except OSError as e:
                note(log, "player_deaf", level=logging.WARNING, error=str(e))

    def _listen(self, running: _Running) -> None:
        _read_lines(running.stdout, lambda line: self._hear(running, line))
        running.stdout.close()
        code = running.process.wait()
        with self._lock:
            if self._running is running:
                self._running = None
                self._deaths += 1
            running.stdin.close()
            lost = dict(running.plays)
            running.plays.clear()
        note(log, "player_ended", level=logging.ERROR if lost else logging.INFO, code=code)
        for play, ms in lost.items():
            self._emit(Ended(play, ms, "error", f"player ended with code {code}"))

    def _hear(self, running: _Running, line: bytes) -> None:
        try:
            said = msgspec.json.decode(line, type=_Event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            note(log, "player_unreadable", level=logging.WARNING, line=repr(line[:100]))
            return
        event = _translate(said)
        if event is None:
            return
        with self._lock:
            if said.id not in running.plays:
                return
            if isinstance(event, Position):
                running.plays[said.id] = event.ms
            elif isinstance(event, Ended):
                del running.plays[said.id]
        self._emit(event)


def _translate(said: _Event) -> PlayerEvent | None:
    match said.event:
        case "ready":
            return Ready(said.id, said.duration_ms)
        case "started":
            return Started(said.id, said.at_unix)
        case "position":
            return Position(said.id, said.ms)
        case "ended":
            return Ended(said.id, said.played_ms, said.reason, said.error or "")
        case "error":
            return Ended(said.id, 0, "error", said.error or "")
        case _:
            return None


def _read_lines(stream: IO[bytes], hear: Callable[[bytes], None]) -> None:
    """Hand over each line until the stream ends; what is longer than any event is dropped."""
    pending = b""
    while block := stream.read(_MAX_LINE):
        *lines, pending = (pending + block).split(b"\n")
        for line in lines:
            hear(line)
        if len(pending) > _MAX_LINE:
            pending = b""
