"""Nobody makes the controller hold more of a request than it will read."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from controller.api.guard import MAX_BODY_BYTES, Guard
from controller.app import create_app
from controller.operations.services import Services
from controller.server import listen, serving

PIECE = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@contextlib.asynccontextmanager
async def dialled(
    app: FastAPI,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A raw connection to a real server of the application on loopback."""
    sock: socket.socket = listen("127.0.0.1", 0)
    async with serving(app, sock):
        reader, writer = await asyncio.open_connection(*sock.getsockname()[:2])
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def said_to(app: FastAPI, head: bytes, pieces: Iterator[bytes]) -> tuple[bytes, int]:
    """What the server answers while the body is still coming, and how much of it was sent."""

    async def talk() -> tuple[bytes, int]:
        async with dialled(app) as (reader, writer), asyncio.timeout(10):
            answer = asyncio.create_task(reader.read(4096))
            writer.write(head)
            sent = 0
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    sent += len(piece)
                    if answer.done():
                        break
            return await answer, sent

    return asyncio.run(talk())


def test_a_length_does_not_hide_a_body_without_end(services: Services) -> None:
    head = (
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    answer, sent = said_to(create_app(services, "test"), head, iter([PIECE] * 400))

    assert answer.startswith((b"HTTP/1.1 411", b"HTTP/1.1 400"))
    assert sent < 2 * MAX_BODY_BYTES


def test_what_comes_is_counted_whatever_the_headers_said() -> None:
    came = 0

    async def reader(scope: Scope, receive: object, send: object) -> None:
        nonlocal came
        while (message := await receive())["more_body"]:  # type: ignore[operator]
            came += len(message["body"])

    async def endless() -> Message:
        return {"type": "http.request", "body": b"x" * 0x10000, "more_body": came < 2**26}

    async def nobody(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "headers": [(b"content-length", b"5")]}
    with contextlib.suppress(Exception):
        asyncio.run(Guard(reader)(scope, endless, nobody))  # type: ignore[arg-type]

    assert came <= MAX_BODY_BYTES


def test_a_refusal_of_length_is_said_in_two_languages_and_hangs_up(stranger: TestClient) -> None:
    long = stranger.post("/api/v1/sessions", content=b"x" * (MAX_BODY_BYTES + 1))
    endless = stranger.post("/api/v1/sessions", content=iter([b"x"]))

    for answer, status in ((long, 413), (endless, 411)):
        assert answer.status_code == status
        assert set(json.loads(answer.content)) == {"code", "vi", "en"}
        assert answer.headers["connection"] == "close"
        assert answer.headers["x-content-type-options"] == "nosniff"
