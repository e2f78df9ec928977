"""Fetches files by hash over HTTP(S): resumed, bounded, verified, or not at all."""

import contextlib
import errno
import http.client
import logging
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from edge_agent.cache import Wanted, digest, finish
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.download")

AT_ONCE = 2
TIMEOUT_S = 20.0
_CHUNK = 64 * 1024


class Outcome(StrEnum):
    """How a fetch ended."""

    HELD = "held"
    UNREACHABLE = "unreachable"
    MISMATCH = "mismatch"
    DISK_FULL = "disk_full"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Fetched:
    """End of a fetch; `received` counts the bytes that came over the network."""

    wanted: Wanted
    outcome: Outcome
    received: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A file to fetch into `path` by way of `part`, from the first source that gives it."""

    wanted: Wanted
    path: Path
    part: Path
    sources: tuple[str, ...]


class _Mismatch(Exception):
    """All bytes came, and they are not the file."""


class _Unusable(Exception):
    """A source that cannot give the file."""


class Downloader:
    """Runs at most two fetches at once, each in a thread that ends with the queue."""

    def __init__(self, done: Callable[[Fetched], None]) -> None:
        self._done = done
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
            self._done(fetch(request, self._closing))


def fetch(request: Request, closing: threading.Event) -> Fetched:
    """Fetch one file now, trying each source in order."""
    wanted, received, details = request.wanted, 0, []
    outcome = Outcome.UNREACHABLE
    for source in request.sources:
        try:
            received += _fetch_verified(request, source, closing)
        except _Mismatch as e:
            outcome = Outcome.MISMATCH
            details.append(f"{source}: {e}")
        except (_Unusable, http.client.HTTPException, ValueError) as e:
            details.append(f"{source}: {str(e) or type(e).__name__}")
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                return Fetched(wanted, Outcome.DISK_FULL, received, str(e))
            details.append(f"{source}: {e}")
        else:
            outcome = Outcome.CANCELLED if closing.is_set() else Outcome.HELD
            return Fetched(wanted, outcome, received)
        note(log, "fetch_source_failed", level=logging.DEBUG, source=source, detail=details[-1])
    return Fetched(wanted, outcome, received, "; ".join(details)[:300])


def _fetch_verified(request: Request, source: str, closing: threading.Event) -> int:
    """Fetch from one source; a mismatch starts over once. Gives the bytes received."""
    received = 0
    for attempt in (1, 2):
        received += _fetch_bytes(request, source, closing)
        if closing.is_set():
            return received
        if (
            request.part.stat().st_size == request.wanted.size
            and digest(request.part) == request.wanted.sha256
        ):
            finish(request.part, request.path)
            return received
        request.part.unlink()
        note(log, "fetch_mismatch", level=logging.WARNING, source=source, attempt=attempt)
    raise _Mismatch("bytes do not have the hash of the file")


def _fetch_bytes(request: Request, source: str, closing: threading.Event) -> int:
    """Bring `.part` to its full size, going on where it ends; gives the bytes received."""
    wanted = request.wanted
    have = request.part.stat().st_size if request.part.exists() else 0
    if have > wanted.size:
        request.part.unlink()
        have = 0
    if have == wanted.size:
        return 0
    url = urlsplit(f"{source.rstrip('/')}/{wanted.address}")
    with contextlib.closing(_connect(url)) as connection:
        headers = {"Range": f"bytes={have}-"} if have else {}
        connection.request("GET", url.path, headers=headers)
        answer = connection.getresponse()
        if answer.status == http.client.OK:
            have = 0
        elif answer.status != http.client.PARTIAL_CONTENT or not _goes_on(answer, have):
            raise _Unusable(f"HTTP {answer.status}")
        received = 0
        with request.part.open("ab" if have else "wb") as file:
            while not closing.is_set() and (block := answer.read(_CHUNK)):
                received += len(block)
                if have + received > wanted.size:
                    file.truncate(0)
                    raise _Mismatch("more bytes than the plan says")
                file.write(block)
        if have + received < wanted.size and not closing.is_set():
            raise _Unusable(f"cut off after {have + received} of {wanted.size} bytes")
        return received


def _goes_on(answer: http.client.HTTPResponse, have: int) -> bool:
    return (answer.getheader("Content-Range") or "").startswith(f"bytes {have}-")


def _connect(url: SplitResult) -> http.client.HTTPConnection:
    if url.scheme == "http" and url.hostname:
        return http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT_S)
    if url.scheme == "https" and url.hostname:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            url.hostname, url.port, timeout=TIMEOUT_S, context=context
        )
    raise _Unusable(f"address {url.geturl()[:100]!r} is not http(s)")
