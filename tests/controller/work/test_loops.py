"""The loops between database and broker: nothing is lost when either side fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from controller.operations.read_reports import SealedReport
from controller.operations.record_playback import Receipt
from controller.storage import outbox, tables, work_items
from controller.storage.bell import BellTower
from controller.storage.instants import to_ms
from controller.work.for_ever import for_ever
from controller.work.ingest import ingest_reports
from controller.work.outbox import send_outbox
from controller.work.workshop import work_through
from edge_agent.contract import envelope
from edge_agent.contract.report import Report
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.controller.office import NOW, Office
from tests.controller.operations.test_record_playback import full_play

DID = "abcdefgh2345"
KEY = Ed25519PrivateKey.generate()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


async def during(loop: Awaitable[None], body: Callable[[], Awaitable[None]]) -> None:
    """Run `body` while `loop` runs, then end the loop."""
    task = asyncio.ensure_future(loop)
    try:
        await body()
    finally:
        task.cancel()
        await asyncio.wait({task})


class Broker:
    """A link that can be down; it keeps what it took."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.broken = False
        self.took: list[str] = []
        self.refused = 0

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool) -> None:
        if self.broken:
            self.refused += 1
            raise OSError
        self.took.append(topic)


def test_what_is_caused_while_the_broker_is_away_is_sent_once_when_it_is_back(
    office: Office,
) -> None:
    async def run() -> None:
        bells, broker = BellTower(), Broker()
        office.database.on_ring = bells.ring
        broker.broken = True

        async def body() -> None:
            broker.connected.set()
            with office.database.write() as session:
                outbox.put(session, "a", b"1", retain=True, now_ms=to_ms(NOW))
            await until(lambda: broker.refused > 0)
            with office.database.write() as session:
                outbox.put(session, "b", b"2", retain=True, now_ms=to_ms(NOW))
            broker.broken = False
            await until(lambda: not waiting())

        def waiting() -> bool:
            with office.database.read() as session:
                return bool(outbox.waiting(session, to_ms(NOW)))

        await during(send_outbox(office.database, broker, bells, lambda: NOW), body)
        assert sorted(broker.took) == ["a", "b"]

    asyncio.run(run())


def test_what_cannot_be_committed_is_not_acknowledged_and_the_next_copy_is(
    office: Office,
) -> None:
    body = encode(Report("s1", tuple(envelope_raw(e) for e in full_play(1, "p1"))))
    sealed = envelope.seal(body, kind=Kind.REPORT, kid=DID, key=KEY)
    report = SealedReport(DID, KEY.public_key(), sealed)
    given: list[Receipt] = []

    async def acknowledge(receipt: Receipt) -> None:
        given.append(receipt)

    def sql(statement: str) -> None:
        with office.database.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    async def run() -> None:
        queue: asyncio.Queue[SealedReport] = asyncio.Queue()

        async def scenario() -> None:
            with capture_logs() as logs:
                queue.put_nowait(report)
                await until(lambda: any(e["event"] == "ingest_failed" for e in logs))
            assert given == []
            sql("drop trigger disk_full")
            queue.put_nowait(report)
            await until(lambda: bool(given))

        sql(
            "create trigger disk_full before insert on playback_event "
            "begin select raise(abort, 'database or disk is full'); end"
        )
        await during(ingest_reports(office.database, queue, acknowledge, lambda: NOW), scenario)

    asyncio.run(run())
    assert given == [Receipt(DID, "s1", 2)]
    with office.database.read() as session:
        assert session.get(tables.AsRun, (DID, "p1")) is not None


def envelope_raw(event: object) -> msgspec.Raw:
    return msgspec.Raw(encode(event))  # type: ignore[arg-type]


def test_a_loop_that_dies_says_so_and_begins_anew() -> None:
    lives: list[int] = []

    async def mortal() -> None:
        lives.append(1)
        raise ValueError("a defect")

    async def run() -> list[str]:
        with capture_logs() as logs:
            await during(for_ever("plan", mortal, pause_s=0), lambda: until(lambda: len(lives) > 2))
        return [e["loop"] for e in logs if e["event"] == "loop_died"]

    assert set(asyncio.run(run())) == {"plan"}


def test_work_that_fails_by_a_defect_is_tried_again_at_once_and_not_after_its_lease(
    office: Office,
) -> None:
    tried: list[int] = []

    def do(work: work_items.Claimed, _now: datetime) -> None:
        tried.append(work.attempts)
        if len(tried) < 5:
            raise RuntimeError("database is locked")
        with office.database.write() as session:
            work_items.finish(session, work.id, to_ms(NOW))

    async def run() -> None:
        now = [NOW]

        def clock() -> datetime:
            now[0] += timedelta(seconds=10)
            return now[0]

        bells = BellTower()
        office.database.on_ring = bells.ring

        async def body() -> None:
            with office.database.write() as session:
                work_items.ask(session, "plan", "fleet", {}, to_ms(NOW))
            await until(lambda: len(tried) == 5)

        loop = work_through(office.database, "plan", do, bells, clock, keep_trying=True)
        with capture_logs():
            await during(loop, body)

    asyncio.run(run())
