"""The door of the local page: HTTP on the box's own network, bounded in every way.

Few visitors at once, each with a thread of its own that ends with its answer; what they send is
short and comes in time, or it is not read.
"""

import contextlib
import logging
import re
import socket
import threading
import time
from collections.abc import Callable

from edge_agent.local.page import Request, Response
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.local.door")

MAX_VISITORS = 8
MAX_HEAD_BYTES = 8 * 1024
MAX_BODY_BYTES = 1_024
PATIENCE_S = 5.0
_TRY_AGAIN_S = 30.0
_LINE = re.compile(rb"([A-Z]{3,7}) (/[^\s?#]{0,200})(?:\?\S*)? HTTP/1\.[01]")
_HEADER = re.compile(rb"([!-9;-~]+):[ \t]*([\t -~]*?)[ \t]*")
_FORM = "application/x-www-form-urlencoded"


class Malformed(Exception):
    """Not a request that is answered."""


class Door:
    """Listens in its own thread; `answer` is called from the threads of visitors."""

    def __init__(self, interface: str, port: int, answer: Callable[[Request], Response]) -> None:
        self._address = (interface, port)
        self._answer = answer
        self._visitors = threading.BoundedSemaphore(MAX_VISITORS)
        self._closing = threading.Event()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="local page", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens now; 0 while it does not."""
        listener = self._listener
        return listener.getsockname()[1] if listener is not None else 0

    def start(self) -> None:
        """Open it, now or as soon as the network allows."""
        self._thread.start()

    def close(self) -> None:
        """Shut it."""
        self._closing.set()
        listener = self._listener
        if listener is not None:
            # Closing alone would not wake the thread that waits in accept().
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with socket.create_server(self._address, backlog=MAX_VISITORS) as listener:
                    self._listener = listener
                    while not self._closing.is_set():
                        self._let_in(*listener.accept())
            except OSError as e:
                if not self._closing.is_set():
                    note(log, "local_page_closed", level=logging.WARNING, error=str(e))
            finally:
                self._listener = None
            self._closing.wait(_TRY_AGAIN_S)

    def _let_in(self, visitor: socket.socket, address: tuple[str, int]) -> None:
        # Loaded with the first visitor: most boxes have none for months.
        from edge_agent.neighbours import is_near

        if not is_near(address[0]) or not self._visitors.acquire(blocking=False):
            visitor.close()
            return
        receive = threading.Thread(
            target=self._receive, args=(visitor, address[0]), name="visitor", daemon=True
        )
        receive.start()

    def _receive(self, visitor: socket.socket, peer: str) -> None:
        try:
            with visitor, contextlib.suppress(OSError):
                try:
                    response = self._answer(_read(visitor, peer))
                except Malformed:
                    response = Response("400 Bad Request")
                visitor.settimeout(PATIENCE_S)
                visitor.sendall(response.encoded())
                # What was not read would make the kernel cut the answer off.
                visitor.shutdown(socket.SHUT_WR)
                visitor.recv(MAX_HEAD_BYTES)
        finally:
            self._visitors.release()


def _read(visitor: socket.socket, peer: str) -> Request:
    """One whole request. Raises `Malformed`, and OSError when it does not come in time."""
    ends = time.monotonic() + PATIENCE_S
    received = b""
    while b"\r\n\r\n" not in received:
        if len(received) > MAX_HEAD_BYTES:
            raise Malformed("too long a head")
        received += _more(visitor, ends)
    head, _, body = received.partition(b"\r\n\r\n")
    line, *rest = head.split(b"\r\n")
    asked, headers = _LINE.fullmatch(line), _headers(rest)
    if asked is None:
        raise Malformed("no request line")
    size = headers.get("content-length", "0")
    if not re.fullmatch(r"\d{1,5}", size) or int(size) > MAX_BODY_BYTES:
        raise Malformed("too long a body")
    while len(body) < int(size):
        body += _more(visitor, ends)
    here, port = visitor.getsockname()[:2]
    return Request(
        method=asked[1].decode(),
        path=asked[2].decode("latin-1"),
        host=headers.get("host", "").lower(),
        names=_names(here, port),
        peer=peer,
        origin=headers.get("origin", "").lower(),
        form=_form(headers.get("content-type", ""), body[: int(size)]),
    )


def _more(visitor: socket.socket, ends: float) -> bytes:
    visitor.settimeout(max(0.001, ends - time.monotonic()))
    more = visitor.recv(MAX_HEAD_BYTES)
    if not more:
        raise Malformed("hung up")
    return more


def _headers(lines: list[bytes]) -> dict[str, str]:
    """By name in small letters; what is said twice or is folded could be read in two ways."""
    found: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        name = header[1].decode().lower() if header else ""
        if header is None or name in found or name == "transfer-encoding":
            raise Malformed("bad header")
        found[name] = header[2].decode()
    return found


def _names(here: str, port: int) -> frozenset[str]:
    """By which a visitor may call this box: the address it came to, and the machine's name."""
    hosts = {here, f"{socket.gethostname().split('.')[0].lower()}.local"}
    plain = hosts if port == 80 else set()
    return frozenset(plain | {f"{host}:{port}" for host in hosts})


def _form(kind: str, body: bytes) -> dict[str, str]:
    if not body:
        return {}
    if kind.partition(";")[0].strip().lower() != _FORM:
        raise Malformed("not a form")
    from urllib.parse import parse_qsl

    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=4, keep_blank_values=True))
    except ValueError as e:
        raise Malformed("unreadable form") from e
