"""Reports and observations into the database; receipts only after the commit."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from controller.operations.observations import Observations
from controller.operations.observe_devices import observe_devices
from controller.operations.read_reports import SealedReport, read_reports
from controller.operations.record_playback import Receipt, Received, record_playback
from controller.storage.database import Database
from controller.work.batches import next_batch

log = structlog.get_logger()

COMMITTED = Counter("loalang_playback_events_committed_total", "Playback events committed")

RECEIPTS_EVERY_S = 0.1
"""A box that sends a backlog gets one receipt in this time, not one a report."""

Acknowledge = Callable[[Receipt], Awaitable[None]]


async def ingest_reports(
    database: Database,
    queue: "asyncio.Queue[SealedReport]",
    acknowledge: Acknowledge,
    clock: Callable[[], datetime],
) -> None:
    """Verify, commit and acknowledge for ever, each in a thread or task of its own.

    What cannot be committed is not acknowledged: boxes resend it.
    """
    read: asyncio.Queue[list[Received]] = asyncio.Queue(1)
    due = _Due()
    async with asyncio.TaskGroup() as loops:
        loops.create_task(_read(queue, read))
        loops.create_task(_commit(database, read, due, clock))
        loops.create_task(_acknowledge(due, acknowledge))


class _Due:
    """Receipts to be given: the newest of each spool."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], Receipt] = {}
        self._some = asyncio.Event()

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Owe these; one that is older than a receipt still owed is not needed."""
        for receipt in receipts:
            spool = (receipt.device_id, receipt.spool)
            self._newest[spool] = max(receipt, self._newest.get(spool, receipt))
            self._some.set()

    async def take(self) -> tuple[Receipt, ...]:
        """Wait for some, and owe none."""
        await self._some.wait()
        receipts = tuple(self._newest.values())
        self._newest.clear()
        self._some.clear()
        return receipts


async def _read(
    queue: "asyncio.Queue[SealedReport]", read: "asyncio.Queue[list[Received]]"
) -> None:
    while True:
        batch = await next_batch(queue)
        await read.put(await asyncio.to_thread(read_reports, batch))


async def _commit(
    database: Database,
    read: "asyncio.Queue[list[Received]]",
    due: _Due,
    clock: Callable[[], datetime],
) -> None:
    while True:
        batch = await read.get()
        try:
            due.add(await asyncio.to_thread(record_playback, database, batch, clock()))
        except SQLAlchemyError as e:
            log.error("ingest_failed", reports=len(batch), why=str(e)[:300])
            continue
        COMMITTED.inc(sum(len(r.events) for r in batch))


async def _acknowledge(due: _Due, acknowledge: Acknowledge) -> None:
    while True:
        for receipt in await due.take():
            await acknowledge(receipt)
        await asyncio.sleep(RECEIPTS_EVERY_S)


async def ingest_observations(
    database: Database,
    observations: Observations,
    shut_out: Callable[[], None],
    clock: Callable[[], datetime],
) -> None:
    """Keep what boxes say of themselves, for ever; `shut_out` closes the door to copied ones."""
    while True:
        batch = await observations.take()
        try:
            if await asyncio.to_thread(observe_devices, database, batch, clock()):
                await asyncio.to_thread(shut_out)
        except SQLAlchemyError as e:
            log.error("observe_failed", observations=len(batch), why=str(e)[:300])
