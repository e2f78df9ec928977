"""Serve HTTP in a loop of our own: we decide when to stop, and in which order."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from fastapi import FastAPI

from controller.errors import PortInUse
from controller.settings import Settings
from controller.tls_doors import TlsDoors

STOP_WITHIN_S = 5


class Server(uvicorn.Server):
    """uvicorn without its signal handling, which would end us before our own clean-up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the HTTP port (0: any free one); raises `PortInUse`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as e:
        sock.close()
        raise PortInUse(host, port) from e
    return sock


@contextlib.asynccontextmanager
async def serving(
    app: FastAPI, sock: socket.socket, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Answer HTTP, or HTTPS as `tls` says, on `sock` until the block ends."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        server_header=False,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve([sock]), name="http")
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def serving_tls(
    people: FastAPI, boxes: FastAPI, settings: Settings, doors: TlsDoors
) -> AsyncIterator[None]:
    """Answer people and boxes by HTTPS, each at their own port, until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        for app, port, context in (
            (people, settings.https_port, doors.people),
            (boxes, settings.box_port, doors.boxes),
        ):
            sock = listen(settings.tls_host, port)
            stack.callback(sock.close)
            await stack.enter_async_context(serving(app, sock, context))
        yield


def stop_on_signals(at_once: Callable[[], None] = lambda: None) -> asyncio.Event:
    """An event set by the first Ctrl-C or SIGTERM; the second does `at_once` and ends."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            at_once()
            # Children die with us: they asked the kernel for it.
            os._exit(130)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
