"""mpv as player: kept idle, a file or stream opened paused and released at its instant.

The connection is an inherited socket pair: when the agent dies, however, mpv ends too; and one
that hangs is killed by the kernel.
"""

import logging
import math
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edge_agent.errors import PlayerUnusable
from edge_agent.log_setup import note
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.players.child import bound

log = logging.getLogger("edge_agent.player")

CLOSE_WITHIN_S = 2.0
_WAYS = "http,https,httpproxy,tcp,tls,crypto"
_PROVED_WAYS = "https,httpproxy,tcp,tls,crypto"
_OPTIONS = (
    "--no-config",
    "--idle=yes",
    "--no-video",
    "--no-terminal",
    "--audio-display=no",
    "--load-scripts=no",
    "--ytdl=no",
    "--keep-open=no",
    "--cache=no",
    "--audio-buffer=0.2",
    "--volume-max=100",
    "--really-quiet",
    "--load-unsafe-playlists=no",
    "--tls-verify=yes",
    "--network-timeout=5",
    "--demuxer-max-bytes=4MiB",
    "--demuxer-max-back-bytes=0",
)
_TIME_POS = 1
_ASK_LOAD = 10
_ASK_DURATION = 11
_POSITION_EVERY_MS = 1_000
# mpv answers within 5 ms (measured, 2 cores): the command leaves this much before the instant.
_RELEASE_EARLY_S = 0.002
# At the end of a file mpv leaves to the output what that still buffers: up to 0.4 s (measured).
_BUFFERED_MS = 600
_FADE_STEP_S = 0.02


class _Message(msgspec.Struct, frozen=True):
    """Any line from mpv: an event, or the reply to a request."""

    event: str = ""
    request_id: int = 0
    error: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    id: int = 0
    playlist_entry_id: int = 0
    reason: str = ""
    file_error: str = ""


class _LoadReply(msgspec.Struct, frozen=True):
    playlist_entry_id: int = 0


@dataclass(slots=True)
class _Loaded:
    """The one file or stream that mpv holds; times in seconds of the monotonic clock.

    A stream may begin at any time of its own, `base_s`.
    """

    play: str
    gain_db: float
    from_ms: int = 0
    preroll_ms: int = 0
    endless: bool = False
    turns: int = 0
    base_s: float = 0.0
    length_ms: int = 0
    entry: int = 0
    ready: bool = False
    released: bool = False
    started_at: float | None = None
    heard_ms: int = 0
    told_ms: int = 0
    gone: threading.Event = field(default_factory=threading.Event)

    def played_ms(self) -> int:
        if self.started_at is None:
            return 0
        if self.endless:
            return self.heard_ms
        return max(0, round((time.monotonic() - self.started_at) * 1000))

    def ended_ms(self, reason: str) -> int:
        """Sound given when it ends: all, unless the time it took says that some was left out."""
        played_ms, whole_ms = self.played_ms(), self.length_ms - self.from_ms
        ended_whole = reason == "eof" and 0 < whole_ms <= played_ms + _BUFFERED_MS
        return whole_ms if ended_whole else played_ms


class MpvPlayer:
    """One mpv process, started by the first load and again after it died."""

    can_seek = True
    can_mix = False

    def __init__(
        self,
        emit: Callable[[PlayerEvent], None],
        *,
        program: tuple[str, ...] = ("mpv",),
        audio_output: str = "",
        audio_device: str = "",
    ) -> None:
        self._argv = (
            *program,
            *_OPTIONS,
            *((f"--ao={audio_output}",) if audio_output else ()),
            *((f"--audio-device={audio_device}",) if audio_device else ()),
        )
        self._emit = emit
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._loaded: _Loaded | None = None
        self._deaths = 0

    @property
    def restarts(self) -> int:
        """How often mpv died or had to be killed."""
        return self._deaths

    @property
    def pid(self) -> int | None:
        """Process id of mpv while it runs."""
        with self._lock:
            return self._process.pid if self._process is not None else None

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        """Open `path` paused, at `from_ms`."""
        base_s = (from_ms + preroll_ms) / 1000
        self._open(_Loaded(play, gain_db, from_ms, preroll_ms, base_s=base_s), str(path))

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        """Open the stream at `url` paused."""
        self._open(_Loaded(play, gain_db, endless=True), url)

    def play_at(self, play: str, at_unix: float) -> None:
        """Release it at `at_unix`; a thread waits for the instant."""
        with self._lock:
            loaded = self._loaded
            if loaded is None or loaded.play != play or loaded.released:
                return
            loaded.released = True
        threading.Thread(
            target=self._release, args=(loaded, at_unix), name="release", daemon=True
        ).start()

    def stop(self, play: str) -> None:
        """End it now."""
        with self._lock:
            if self._loaded is not None and self._loaded.play == play:
                self._loaded.gone.set()
                self._ask("stop")

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        """Change how loud it is; what takes time is done by a thread that ends with it."""
        with self._lock:
            loaded = self._loaded
            if loaded is None or loaded.play != play:
                return
            loaded.turns += 1
            turn = loaded.turns
            if not over_ms:
                self._turn(loaded, gain_db)
                return
        threading.Thread(
            target=self._fade, args=(loaded, turn, gain_db, over_ms), name="fade", daemon=True
        ).start()

    def abandon(self, play: str) -> None:
        """Kill mpv, whatever it does."""
        with self._lock:
            if self._loaded is None or self._loaded.play != play:
                return
            self._loaded.gone.set()
            self._loaded = None
            process, self._process = self._process, None
            self._hang_up()
            if process is not None:
                self._deaths += 1
                process.kill()

    def close(self) -> None:
        """End mpv: closing its line makes it quit."""
        with self._lock:
            process, self._process = self._process, None
            self._hang_up()
        if process is None:
            return
        try:
            process.wait(CLOSE_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _open(self, loaded: _Loaded, source: str) -> None:
        with self._lock:
            self._ensure_running()
            self._loaded = loaded
            start = f"{loaded.from_ms / 1000:.3f}" if loaded.from_ms else "none"
            self._ask("set_property", "pause", True)
            self._ask("set_property", "start", start)
            self._ask("set_property", "cache", "yes" if loaded.endless else "no")
            self._turn(loaded, loaded.gain_db)
            silence = f"lavfi=[adelay={loaded.preroll_ms}:all=1]" if loaded.preroll_ms else ""
            self._ask("set_property", "af", silence)
            ways, limits = _bounds(source)
            self._ask("set_property", "demuxer-lavf-o", ways)
            self._ask("set_property", "stream-lavf-o", ways | limits)
            self._ask("loadfile", source, "replace", request=_ASK_LOAD)

    def _hang_up(self) -> None:
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                note(log, "player_line_gone", level=logging.DEBUG)
            self._line = None

    def _ensure_running(self) -> None:
        if self._process is not None and self._process.poll() is None and self._line is not None:
            return
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(
                (*bound(self._argv), f"--input-ipc-client=fd://{theirs.fileno()}"),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as e:
            ours.close()
            raise PlayerUnusable(
                f"Không chạy được mpv ({self._argv[0]}): {e.strerror}. Hãy cài gói mpv.",
                f"Cannot start mpv ({self._argv[0]}): {e.strerror}. Install the package mpv.",
            ) from e
        finally:
            theirs.close()
        self._process, self._line = process, ours
        note(log, "player_started", pid=process.pid)
        self._ask("observe_property", _TIME_POS, "time-pos")
        threading.Thread(
            target=self._listen, args=(process, ours), name="player", daemon=True
        ).start()

    def _ask(self, *command: object, request: int = 0) -> None:
        if self._line is None:
            return
        line = msgspec.json.encode({"command": command, "request_id": request}) + b"\n"
        try:
            self._line.sendall(line)
        except OSError as e:
            note(log, "player_deaf", level=logging.WARNING, error=str(e))

    def _release(self, loaded: _Loaded, at_unix: float) -> None:
        # From here on by the monotonic clock: a step of the other one would hold the sound back.
        early_s = _RELEASE_EARLY_S + loaded.preroll_ms / 1000
        instant = time.monotonic() + at_unix - early_s - time.time()
        while (left := instant - time.monotonic()) > 0:
            if loaded.gone.wait(left):
                return
        with self._lock:
            if self._loaded is loaded and not loaded.gone.is_set():
                self._ask("set_property", "pause", False)

    def _turn(self, loaded: _Loaded, gain_db: float) -> None:
        loaded.gain_db = gain_db
        self._ask("set_property", "volume", _volume(gain_db))

    def _fade(self, loaded: _Loaded, turn: int, to_db: float, over_ms: int) -> None:
        """Go to `to_db` in even steps, unless it is over or turned again."""
        steps = max(1, round(over_ms / 1000 / _FADE_STEP_S))
        begun_s, from_db = time.monotonic(), loaded.gain_db
        for step in range(1, steps + 1):
            if loaded.gone.wait(max(0.0, begun_s + step * _FADE_STEP_S - time.monotonic())):
                return
            with self._lock:
                if self._loaded is not loaded or loaded.turns != turn:
                    return
                self._turn(loaded, from_db + (to_db - from_db) * step / steps)

    def _listen(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        pending = b""
        try:
            while block := line.recv(65_536):
                *lines, pending = (pending + block).split(b"\n")
                for text in lines:
                    self._hear(text)
        except ConnectionError as e:
            note(log, "player_line_broken", level=logging.WARNING, error=str(e))
        line.close()
        code = process.wait()
        with self._lock:
            if self._process is not process:
                return
            self._process = self._line = None
            self._deaths += 1
            loaded, self._loaded = self._loaded, None
        note(log, "player_died", level=logging.ERROR, code=code)
        if loaded is not None:
            loaded.gone.set()
            ms = loaded.played_ms()
            self._emit(Ended(loaded.play, ms, "error", f"mpv ended with code {code}"))

    def _hear(self, text: bytes) -> None:
        try:
            message = msgspec.json.decode(text, type=_Message)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            note(log, "player_unreadable", level=logging.WARNING, line=repr(text[:100]))
            return
        with self._lock:
            loaded = self._loaded
            event = None if loaded is None else self._understand(message, loaded)
            if isinstance(event, Ended):
                self._loaded = None
        if event is not None:
            self._emit(event)

    def _understand(self, message: _Message, loaded: _Loaded) -> PlayerEvent | None:
        match message.event:
            case "" if message.request_id == _ASK_LOAD:
                return self._understand_load(message, loaded)
            case "" if message.request_id == _ASK_DURATION and not loaded.ready:
                loaded.ready = True
                if loaded.endless:
                    return Ready(loaded.play, 0)
                loaded.length_ms = round((_number(message.data) or 0.0) * 1000)
                return Ready(loaded.play, loaded.length_ms)
            case "playback-restart" if loaded.entry and not loaded.ready:
                self._ask("get_property", "duration", request=_ASK_DURATION)
            case "property-change" if message.id == _TIME_POS and not loaded.released:
                if loaded.endless:
                    loaded.base_s = _number(message.data) or 0.0
            case "property-change" if message.id == _TIME_POS:
                return self._understand_position(_number(message.data), loaded)
            case "end-file" if message.playlist_entry_id == loaded.entry:
                loaded.gone.set()
                reasons = {"eof": "eof", "stop": "stopped"}
                reason = reasons.get(message.reason, "error")
                error = "" if reason != "error" else message.file_error or message.reason
                return Ended(loaded.play, loaded.ended_ms(reason), reason, error)
        return None

    @staticmethod
    def _understand_load(message: _Message, loaded: _Loaded) -> PlayerEvent | None:
        if message.error != "success":
            return Ended(loaded.play, 0, "error", message.error)
        loaded.entry = msgspec.json.decode(message.data, type=_LoadReply).playlist_entry_id
        return None

    @staticmethod
    def _understand_position(seconds: float | None, loaded: _Loaded) -> PlayerEvent | None:
        sounded_s = (seconds or 0.0) - loaded.base_s
        if seconds is None or sounded_s <= 0:
            return None
        if loaded.started_at is None:
            loaded.started_at = time.monotonic() - sounded_s
            return Started(loaded.play, time.time() - sounded_s)
        ms = loaded.heard_ms = math.floor(sounded_s * 1000)
        if ms - loaded.told_ms < _POSITION_EVERY_MS:
            return None
        loaded.told_ms = ms
        return Position(loaded.play, ms)


def _bounds(source: str) -> tuple[dict[str, str], dict[str, str]]:
    """FFmpeg's options: which ways may lead on from a source, and how far it may send one on.

    From a host that proved its name none leads to one that does not. Not every FFmpeg asks where
    a redirection leads, so such a host may send nobody on.
    """
    if source.lower().startswith("https:"):
        return {"protocol_whitelist": _PROVED_WAYS}, {"max_redirects": "0"}
    return {"protocol_whitelist": _WAYS}, {}


def _volume(gain_db: float) -> float:
    """mpv's volume is cubic: 100 is 0 dB, and a third of the exponent is lost to that."""
    return round(100 * 10 ** (gain_db / 60), 3)


def _number(raw: msgspec.Raw) -> float | None:
    return msgspec.json.decode(raw, type=float | None)
