import asyncio
import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from controller.storage import outbox
from controller.storage.bell import BellTower
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.work.outbox import send_outbox
from tests.controller.office import NOW, Office


class Broker:
    """Takes everything, and says when something came."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.came = asyncio.Event()
        self.topics: list[str] = []

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool) -> None:
        self.topics.append(topic)
        self.came.set()


class LockedOnce(Database):
    """A database that another writer holds for too long, once."""

    def __init__(self, office: Office) -> None:
        super().__init__(str(office.database.engine.url))
        self.refusals = 1

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        if self.refusals:
            self.refusals -= 1
            raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
        with super().write() as session:
            yield session


def test_a_database_that_is_locked_once_does_not_end_the_outbox(office: Office) -> None:
    with office.database.write() as session:
        outbox.put(session, "loa/v1/c/keys", b"x", retain=True, now_ms=to_ms(NOW))
    locked = LockedOnce(office)

    async def run() -> list[str]:
        broker = Broker()
        loop = asyncio.create_task(send_outbox(locked, broker, BellTower(), lambda: NOW))
        async with asyncio.timeout(10):
            await broker.came.wait()
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop
        return broker.topics

    assert asyncio.run(run()) == ["loa/v1/c/keys"]
    locked.close()
