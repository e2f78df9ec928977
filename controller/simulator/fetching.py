"""Files by hash over HTTP/1.1: a box's wishes, answered from the sources that it was told."""

import asyncio
import hashlib
import ssl
from collections.abc import Coroutine
from urllib.parse import urlsplit

from controller.simulator.box import Wish
from controller.simulator.plan import unpack_page
from edge_agent.contract.manifest import DayPage
from edge_agent.contract.types import Unreadable

AT_ONCE = 64
WITHIN_S = 30.0
MAX_HEAD_BYTES = 16_384


class Unfetched(OSError):
    """No source gave the file."""


class Fetcher:
    """Fetches for a whole fleet; a page is read once, however many boxes hold it.

    Unless `fetch_all`, a file that is on its way or was fetched for one box is not asked for again.
    """

    def __init__(self, *, fetch_all: bool = False) -> None:
        self._fetch_all = fetch_all
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._pages: dict[str, DayPage] = {}
        self._known: set[str] = set()
        self._coming: dict[str, asyncio.Task[bytes]] = {}
        self.received_bytes = 0

    async def fetch(self, wish: Wish) -> DayPage | None:
        """Bring the file of `wish`: a page as it reads, None for audio. Raises `Unfetched`."""
        if self._fetch_all or not self._knows(wish):
            content = await self._content(wish)
            if wish.audio is not None:
                self._known.add(wish.sha256)
            elif wish.sha256 not in self._pages:
                try:
                    self._pages[wish.sha256] = unpack_page(content)
                except Unreadable as e:
                    raise Unfetched(str(e)) from e
        return None if wish.audio is not None else self._pages[wish.sha256]

    def _knows(self, wish: Wish) -> bool:
        return wish.sha256 in (self._known if wish.audio is not None else self._pages)

    async def _content(self, wish: Wish) -> bytes:
        if self._fetch_all:
            return await self._from_any(wish)
        coming = self._coming.get(wish.sha256)
        if coming is None:
            coming = asyncio.create_task(self._from_any(wish))
            self._coming[wish.sha256] = coming
            coming.add_done_callback(lambda _: self._coming.pop(wish.sha256, None))
        return await asyncio.shield(coming)

    async def _from_any(self, wish: Wish) -> bytes:
        path = f"audio/{wish.sha256}.opus" if wish.audio else f"pages/{wish.sha256}.json.gz"
        why = "no source is known"
        for source in wish.sources:
            try:
                async with self._gate, asyncio.timeout(WITHIN_S):
                    content = await _get(f"{source.rstrip('/')}/{path}", wish.bytes)
            except (OSError, ValueError, EOFError, asyncio.LimitOverrunError) as e:
                why = f"{source}: {str(e) or type(e).__name__}"
                continue
            self.received_bytes += len(content)
            if hashlib.sha256(content).hexdigest() == wish.sha256:
                return content
            why = f"{source}: other bytes than were named"
        raise Unfetched(why)


def in_background(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
    """Do `work`; it is held in `tasks` until it is done."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _get(url: str, size: int) -> bytes:
    """A file of exactly `size` bytes; raises OSError, ValueError or EOFError."""
    at = urlsplit(url)
    secure = ssl.create_default_context() if at.scheme == "https" else None
    port = at.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(
        at.hostname or "", port, ssl=secure, limit=MAX_HEAD_BYTES
    )
    try:
        ask = f"GET {at.path} HTTP/1.1\r\nhost: {at.netloc}\r\nconnection: close\r\n\r\n"
        writer.write(ask.encode("ascii"))
        head = await reader.readuntil(b"\r\n\r\n")
        status = head.split(b"\r\n", 1)[0].split()
        if len(status) < 2 or status[1] != b"200":
            raise ValueError(f"answered {b' '.join(status[1:3]).decode('latin-1')}")
        return await reader.readexactly(size)
    finally:
        writer.close()
