"""A server on a bare socket: each connection is answered by a function, as rudely as it likes."""

import contextlib
import socket
import threading
from collections.abc import Callable

Answer = Callable[[socket.socket, str], None]
"""Gets the connection and the request's head; the connection is closed when it returns."""


class RawServer:
    """Answers connections on loopback one after another; `asked` are the heads of all requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
                    head += more
                if head:
                    self.asked.append(head.decode())
                    self.answer(connection, head.decode())

    def close(self) -> None:
        """Let go of the port; a connection that is being answered ends with its client."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


def begin_of(head: str) -> int:
    """Where the asked range begins; 0 without one."""
    for line in head.splitlines():
        if line.lower().startswith("range: bytes="):
            return int(line.partition("=")[2].rstrip("-"))
    return 0


def plain(status: str, *headers: str) -> bytes:
    """The head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def whole(data: bytes) -> bytes:
    """A complete and honest answer."""
    return plain("200 OK", f"Content-Length: {len(data)}") + data


def part(data: bytes, begin: int) -> bytes:
    """A complete and honest answer to a range."""
    span = f"Content-Range: bytes {begin}-{len(data) - 1}/{len(data)}"
    rest = data[begin:]
    return plain("206 Partial Content", span, f"Content-Length: {len(rest)}") + rest
