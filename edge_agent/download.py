"""Fetches files by hash over HTTP(S): resumed, bounded, verified, or not at all."""

import contextlib
import errno
import http.client
import io
import logging
import os
import socket
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from edge_agent.cache import Wanted, digest, finish
from edge_agent.log_setup import note
from edge_agent.tls import Tls

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

log = logging.getLogger("edge_agent.download")

AT_ONCE = 3
"""What is asked for at a time is decided elsewhere, see `stock`; this is only the bound."""

MAX_HEAD_BYTES = 32 * 1024
"""Bound of an answer before its body, and of what frames the body."""

_CHUNK = 64 * 1024
_ASKING_BYTES = 300
_HANDSHAKE_BYTES = 6_000
"""What a request and a TLS handshake cost beside the answer."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How slow a source may be: silent for `silence_s`, and in each `window_s` below `floor_bytes`.

    As an answer is bounded in bytes, this bounds its time.
    """

    silence_s: float
    window_s: float
    floor_bytes: int


FAR = Patience(silence_s=20.0, window_s=30.0, floor_bytes=6_000)
"""200 bytes a second: less than the worst link that is one."""

NEAR = Patience(silence_s=3.0, window_s=3.0, floor_bytes=60_000)
"""A neighbour slower than this is no help."""


class Outcome(StrEnum):
    """How a fetch, or the try at one source, ended."""

    HELD = "held"
    UNREACHABLE = "unreachable"
    ABSENT = "absent"
    MISMATCH = "mismatch"
    DISK_FULL = "disk_full"
    UNWRITABLE = "unwritable"
    CANCELLED = "cancelled"


_LAST_WORDS = (Outcome.HELD, Outcome.CANCELLED, Outcome.DISK_FULL, Outcome.UNWRITABLE)
"""After these no other source is asked."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """End of a fetch; `received` counts bytes of the file that came over any network.

    `cost_bytes` is what it took of a data budget; `failed` are the sources that did not give it.
    """

    wanted: Wanted
    outcome: Outcome
    received: int
    detail: str = ""
    cost_bytes: int = 0
    failed: tuple[tuple[str, Outcome], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A file to fetch into `path` by way of `part`, from the first source that gives it.

    `near` are tried first and cost nothing: neighbours by http, and folders by a `file:` address,
    which counts only here, for the box gives it to itself.
    """

    wanted: Wanted
    path: Path
    part: Path
    sources: tuple[str, ...]
    near: tuple[str, ...] = ()
    patience: Patience = FAR


class _Refused(Exception):
    """A source that does not give the file; `outcome` says what that tells."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


class _DiskRefused(Exception):
    """The box's own disk does not take the file."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        self.outcome = Outcome.DISK_FULL if full else Outcome.UNWRITABLE


@dataclass(slots=True)
class _Tally:
    """Bytes of one fetch: of the file, and of the budget."""

    received: int = 0
    cost: int = 0


class Downloader:
    """Runs a few fetches at once, each in a thread that ends with the queue."""

    def __init__(self, done: Callable[[Fetched], None], tls: Tls | None = None) -> None:
        self._done = done
        self._tls = tls or Tls()
        self._lock = threading.Lock()
        self._queue: deque[Request] = deque()
        self._running = 0
        self._closing = threading.Event()

    def submit(self, request: Request) -> None:
        """Fetch in the background; `done` is called from there, once."""
        with self._lock:
            self._queue.append(request)
            if self._running >= AT_ONCE:
                return
            self._running += 1
        threading.Thread(target=self._work, name="download", daemon=True).start()

    def close(self) -> None:
        """Let running fetches stop at their next block; what came stays in its `.part`."""
        self._closing.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue or self._closing.is_set():
                    self._running -= 1
                    return
                request = self._queue.popleft()
            self._done(fetch(request, self._closing, self._tls))


def fetch(request: Request, closing: threading.Event, tls: Tls | None = None) -> Fetched:
    """Fetch one file now, trying each source in order."""
    tls = tls or Tls()
    tally, failed, details = _Tally(), list[tuple[str, Outcome]](), list[str]()
    for source in (*request.near, *request.sources):
        outcome, detail = _try(request, source, closing, tally, tls)
        if outcome in _LAST_WORDS:
            break
        failed.append((source, outcome))
        details.append(f"{source}: {detail}")
        note(log, "fetch_source_failed", level=logging.DEBUG, source=source, detail=detail)
    else:
        far = [outcome for source, outcome in failed if source in request.sources]
        outcome, detail = _of_all(far), "; ".join(details)[:300]
    return Fetched(request.wanted, outcome, tally.received, detail, tally.cost, tuple(failed))


def _try(
    request: Request, source: str, closing: threading.Event, tally: _Tally, tls: Tls
) -> tuple[Outcome, str]:
    """Fetch from one source; gives how that went, and why."""
    spent = _Tally()
    try:
        _fetch_verified(request, source, closing, spent, tls)
    except _DiskRefused as e:
        return e.outcome, str(e)
    except _Refused as e:
        return e.outcome, str(e)
    except (http.client.HTTPException, OSError, ValueError) as e:
        return Outcome.UNREACHABLE, str(e) or type(e).__name__
    finally:
        tally.received += spent.received
        tally.cost += 0 if source in request.near else spent.cost
    return (Outcome.CANCELLED if closing.is_set() else Outcome.HELD), ""


def _of_all(outcomes: Collection[Outcome]) -> Outcome:
    """One word for several sources: a file is not to be had only if each of them says so."""
    if not outcomes or Outcome.UNREACHABLE in outcomes:
        return Outcome.UNREACHABLE
    return Outcome.MISMATCH if Outcome.MISMATCH in outcomes else Outcome.ABSENT


def _fetch_verified(
    request: Request, source: str, closing: threading.Event, tally: _Tally, tls: Tls
) -> None:
    """Fetch from one source; what was begun elsewhere and does not fit is begun anew once."""
    part, wanted = request.part, request.wanted
    while True:
        had = _standing(part, wanted.size)
        if had < wanted.size:
            had = _fetch_bytes(request, source, had, tally, closing, tls)
            if closing.is_set():
                return
        with _disk():
            if digest(part) == wanted.sha256:
                finish(part, request.path)
                return
            part.unlink()
        note(log, "fetch_mismatch", level=logging.WARNING, source=source, resumed_at=had)
        if had == 0:
            raise _Refused(Outcome.MISMATCH, "bytes do not have the hash of the file")


def _standing(part: Path, size: int) -> int:
    """How much of an unfinished download is there; what is too long is thrown away."""
    with _disk():
        try:
            have = part.stat().st_size
        except FileNotFoundError:
            return 0
        if have > size:
            part.unlink()
            return 0
        return have


def _fetch_bytes(
    request: Request,
    source: str,
    have: int,
    tally: _Tally,
    closing: threading.Event,
    tls: Tls,
) -> int:
    """Bring `.part` to its full size; gives how much of it was there before, 0 if begun anew."""
    url = urlsplit(f"{source.rstrip('/')}/{request.wanted.address}")
    # A disk that takes nothing is found out before anything is paid for.
    with _disk(), request.part.open("ab"):
        pass
    if url.scheme == "file" and source in request.near:
        _copy(Path(os.fsdecode(unquote_to_bytes(url.path))), request, tally, closing)
        return 0
    patience = NEAR if source in request.near else request.patience
    if _ask(url, request, have, patience, tally, closing, tls):
        return have
    # It has no part that goes on where ours ends: all of it, then.
    if not _ask(url, request, 0, patience, tally, closing, tls):
        raise _Refused(Outcome.UNREACHABLE, "answers with a part that nobody asked for")
    return 0


def _ask(
    url: SplitResult,
    request: Request,
    have: int,
    patience: Patience,
    tally: _Tally,
    closing: threading.Event,
    tls: Tls,
) -> bool:
    """Ask for what stands behind `have` and write it; False if it cannot be had in part."""
    size = request.wanted.size
    with contextlib.closing(_connect(url, patience, tls)) as connection:
        connection.connect()
        tls.check(connection.sock)
        paced = _Paced(cast(socket.socket, connection.sock), patience)
        answer = http.client.HTTPResponse(cast(socket.socket, paced), method="GET")
        try:
            headers = {"Range": f"bytes={have}-"} if have else {}
            connection.request("GET", url.path, headers=headers)
            answer.begin()
            begin = _begin_of(answer, have, size)
            if begin is None:
                return False
            paced.allow(size - begin + size // 8)
            _write(answer, request, begin, tally, closing)
        finally:
            answer.close()
            paced.end()
            handshake = _HANDSHAKE_BYTES if url.scheme == "https" else 0
            tally.cost += paced.received + _ASKING_BYTES + handshake
    return True


def _begin_of(answer: http.client.HTTPResponse, have: int, size: int) -> int | None:
    """Where the body of an answer begins in the file; None if it has no such part.

    Raises `_Refused` for what is not the file.
    """
    status = answer.status
    if status in (http.client.NOT_FOUND, http.client.GONE):
        raise _Refused(Outcome.ABSENT, f"HTTP {status}")
    if answer.getheader("Content-Encoding", "identity") != "identity":
        raise _Refused(Outcome.UNREACHABLE, "packed in a way that was not asked for")
    if status == http.client.OK:
        if answer.length is not None and answer.length != size:
            raise _Refused(Outcome.MISMATCH, f"{answer.length} bytes and not {size}")
        return 0
    if status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        return None
    if status != http.client.PARTIAL_CONTENT:
        raise _Refused(Outcome.UNREACHABLE, f"HTTP {status}")
    if answer.getheader("Content-Range") != f"bytes {have}-{size - 1}/{size}":
        return None
    return have


def _write(
    answer: http.client.HTTPResponse,
    request: Request,
    begin: int,
    tally: _Tally,
    closing: threading.Event,
) -> None:
    size = request.wanted.size
    with _disk():
        file = cast(BinaryIO, request.part.open("ab" if begin else "wb"))
    came = begin
    with file:
        while not closing.is_set() and (block := answer.read1(_CHUNK)):
            tally.received += len(block)
            came += len(block)
            with _disk():
                if came > size:
                    file.truncate(0)
                    raise _Refused(Outcome.MISMATCH, "more bytes than the plan says")
                file.write(block)
        with _disk():
            file.flush()
    if came < size and not closing.is_set():
        raise _Refused(Outcome.UNREACHABLE, f"cut off after {came} of {size} bytes")


def _copy(source: Path, request: Request, tally: _Tally, closing: threading.Event) -> None:
    """Bring a file of a folder into `.part`; only a plain file of the right size is looked at."""
    size = request.wanted.size
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as e:
        raise _Refused(Outcome.ABSENT, str(e)) from e
    with os.fdopen(handle, "rb") as original:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            raise _Refused(Outcome.MISMATCH, "no plain file of the right size")
        with _disk():
            copy = cast(BinaryIO, request.part.open("wb"))
        with copy:
            # A file that grows while it is read must not fill the disk.
            while not closing.is_set() and (block := original.read(min(_CHUNK, size))):
                tally.received += len(block)
                size -= len(block)
                with _disk():
                    copy.write(block)
            with _disk():
                copy.flush()


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """Tell what the box's own disk has against a file from what a source has."""
    try:
        yield
    except OSError as e:
        raise _DiskRefused(e) from e


def _connect(url: SplitResult, patience: Patience, tls: Tls) -> http.client.HTTPConnection:
    host, wait_s = url.hostname, patience.silence_s
    if url.scheme == "http" and host:
        return http.client.HTTPConnection(host, url.port, timeout=wait_s)
    if url.scheme == "https" and host:
        context = tls.for_source(host)
        return http.client.HTTPSConnection(host, url.port, timeout=wait_s, context=context)
    raise _Refused(Outcome.UNREACHABLE, f"address {url.geturl()[:100]!r} is not http(s)")


class _Paced(io.RawIOBase):
    """What one socket gives: at most what is allowed, and no slower than patience lets it.

    Stands in for the socket where `http.client` asks it for a file to read from.
    """

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._raw = sock.makefile("rb", buffering=0)
        self._patience = patience
        self._allowed = MAX_HEAD_BYTES
        self._window_from = 0
        self._window_ends = time.monotonic() + patience.window_s
        self.received = 0

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The file that an answer is read from."""
        return io.BufferedReader(self)

    def allow(self, more: int) -> None:
        """Let so many bytes more come."""
        self._allowed += more

    def end(self) -> None:
        """Let go of the socket."""
        self._raw.close()

    def readable(self) -> bool:
        """It is for nothing else."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Raises `TimeoutError` when the source is too slow, `_Refused` when it gives too much."""
        now = time.monotonic()
        if now >= self._window_ends:
            if self.received - self._window_from < self._patience.floor_bytes:
                raise TimeoutError(f"too slow: {self.received} bytes so far")
            self._window_from = self.received
            self._window_ends = now + self._patience.window_s
        room = self._allowed - self.received
        if room <= 0:
            raise _Refused(Outcome.UNREACHABLE, "its answer does not end")
        came = self._raw.readinto(memoryview(buffer)[:room]) or 0
        self.received += came
        return came
