"""A way over TCP on loopback that can be cut, parted, stalled in mid-message, or made narrow."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
CHUNK_BYTES = 4_096
LOOKS_EVERY_S = 0.01


class Proxy:
    """Carries connections to `to_port` of this machine, and harms them as it is told.

    `up` is the way to the server, `down` the one back. `reached` is set when it has stalled.
    """

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._is_cut = self._is_parted = self._stalled = False
        self._left: dict[str, int] = {}
        self._bytes_per_s: int | None = None
        self.reached = threading.Event()
        self.accepted = 0
        self.port = 0
        listening = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._stand(listening),))
        self._thread.start()
        listening.wait()

    def cut(self) -> None:
        """Break every connection, and each new one at once, until `mend`."""
        self._run(self._cut())

    def part(self) -> None:
        """Cut off whoever called; the servers do not hear of it until `cut` or `close`."""
        self._run(self._part())

    def stall_after(self, count: int, way: str = "up") -> None:
        """Carry so many bytes more, be it half a message, and then nothing until `mend`."""
        self.reached.clear()
        self._left = {way: count}

    def narrow(self, bytes_per_s: int | None) -> None:
        """Carry no more than this each way of each connection; None: as much as there is."""
        self._bytes_per_s = bytes_per_s

    def mend(self) -> None:
        """Carry everything again."""
        self._left, self._stalled = {}, False
        self._is_cut = self._is_parted = False

    def close(self) -> None:
        """Break everything and let go of the port."""
        self.mend()
        self.cut()
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _stand(self, listening: threading.Event) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        listening.set()
        await self._ending.wait()
        server.close()
        while self._pairs:
            await asyncio.sleep(LOOKS_EVERY_S)

    async def _cut(self) -> None:
        self._is_cut, self._is_parted = True, False
        for caller, server in self._pairs:
            caller.transport.abort()
            server.transport.abort()

    async def _part(self) -> None:
        self._is_cut = self._is_parted = True
        for caller, _ in self._pairs:
            caller.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._is_cut:
            caller.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            caller.transport.abort()
            return
        pair = (caller, server)
        self._pairs.add(pair)
        await asyncio.gather(
            self._carry(reader, server, "up"), self._carry(answers, caller, "down")
        )
        self._pairs.discard(pair)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if not writer.is_closing():
                    await self._pass(data, writer, way)
        if not self._is_parted:
            writer.close()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter, way: str) -> None:
        left = self._left.get(way)
        if left is not None:
            now, data = data[:left], data[left:]
            self._left[way] = left - len(now)
            writer.write(now)
            await writer.drain()
            if data:
                self._stalled = True
                self.reached.set()
        while self._stalled:
            await asyncio.sleep(LOOKS_EVERY_S)
        writer.write(data)
        await writer.drain()
        if self._bytes_per_s is not None:
            await asyncio.sleep(len(data) / self._bytes_per_s)
