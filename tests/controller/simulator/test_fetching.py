"""Fetching over real sockets: the right bytes or none."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from controller.fleet.plan import day_page
from controller.simulator.box import Wish
from controller.simulator.fetching import Fetcher, Unfetched
from edge_agent.contract.manifest import Asset

PAGE = day_page(date(2026, 9, 21), "Asia/Ho_Chi_Minh", ())
SOUND = b"sound" * 1_000
ASSET = Asset(hashlib.sha256(SOUND).hexdigest(), len(SOUND), 1_000)

Answer = Callable[[str], bytes]


def answered(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def with_office(answer: Answer, work: Callable[[str, Counter[str]], Awaitable[None]]) -> None:
    """Run `work` with the address of a server that answers each path, and counts them."""

    async def run() -> None:
        asked: Counter[str] = Counter()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split()[1].decode()
            asked[path] += 1
            writer.write(answer(path))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await work(f"http://127.0.0.1:{port}", asked)

    asyncio.run(run())


def page_wish(*sources: str) -> Wish:
    return Wish(PAGE.ref.sha256, PAGE.ref.bytes, sources)


@pytest.mark.parametrize(("fetch_all", "times"), [(False, 1), (True, 5)])
def test_a_page_is_fetched_once_for_all_unless_every_box_is_to(fetch_all: bool, times: int) -> None:
    async def work(url: str, asked: Counter[str]) -> None:
        fetcher = Fetcher(fetch_all=fetch_all)
        pages = await asyncio.gather(*(fetcher.fetch(page_wish(url)) for _ in range(5)))
        assert {page.date for page in pages if page} == {"2026-09-21"}
        assert asked == {f"/pages/{PAGE.ref.sha256}.json.gz": times}

    with_office(lambda _: answered("200 OK", PAGE.packed), work)


def test_audio_is_checked_by_its_hash() -> None:
    async def work(url: str, asked: Counter[str]) -> None:
        wish = Wish(ASSET.sha256, ASSET.bytes, (url,), ASSET)
        assert await Fetcher().fetch(wish) is None
        assert asked == {f"/audio/{ASSET.sha256}.opus": 1}

    with_office(lambda _: answered("200 OK", SOUND), work)


def test_the_next_source_is_asked_where_the_first_has_nothing() -> None:
    async def work(url: str, asked: Counter[str]) -> None:
        page = await Fetcher().fetch(page_wish("http://127.0.0.1:1", f"{url}/gone", url))
        assert page is not None
        assert asked.total() == 2

    def answer(path: str) -> bytes:
        return answered("404 Not Found", b"") if "gone" in path else answered("200 OK", PAGE.packed)

    with_office(answer, work)


@pytest.mark.parametrize(
    "body",
    [
        answered("200 OK", PAGE.packed[:-1]),
        answered("200 OK", bytes(len(PAGE.packed))),
        answered("503 Busy", PAGE.packed),
        b"",
        b"HTTP/1.1",
        b"x" * 100_000,
    ],
    ids=["cut", "other bytes", "busy", "silent", "half a line", "endless head"],
)
def test_what_is_not_the_file_is_not_taken(body: bytes) -> None:
    async def work(url: str, _: Counter[str]) -> None:
        with pytest.raises(Unfetched):
            await Fetcher().fetch(page_wish(url))

    with_office(lambda _: body, work)


def test_without_a_source_nothing_is_fetched() -> None:
    with pytest.raises(Unfetched, match="no source"):
        asyncio.run(Fetcher().fetch(page_wish()))
