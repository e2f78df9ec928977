"""Reports and observations into the database; receipts only after the commit."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.record_playback import Receipt, Received, record_playback
from controller.storage.database import Database
from controller.work.batches import next_batch

log = structlog.get_logger()

COMMITTED = Counter("loalang_playback_events_committed_total", "Playback events committed")

Acknowledge = Callable[[Receipt], Awaitable[None]]


async def ingest_reports(
    database: Database,
    queue: "asyncio.Queue[Received]",
    acknowledge: Acknowledge,
    clock: Callable[[], datetime],
) -> None:
    """Commit batches for ever. What cannot be committed is not acknowledged: boxes resend it."""
    while True:
        batch = await next_batch(queue)
        try:
            receipts = await asyncio.to_thread(record_playback, database, batch, clock())
        except SQLAlchemyError as e:
            log.error("ingest_failed", reports=len(batch), why=str(e)[:300])
            continue
        COMMITTED.inc(sum(len(r.events) for r in batch))
        for receipt in receipts:
            await acknowledge(receipt)


async def ingest_observations(
    database: Database,
    queue: "asyncio.Queue[Observation]",
    clock: Callable[[], datetime],
) -> None:
    """Keep what boxes say of themselves, for ever."""
    while True:
        batch = await next_batch(queue)
        try:
            await asyncio.to_thread(observe_devices, database, batch, clock())
        except SQLAlchemyError as e:
            log.error("observe_failed", observations=len(batch), why=str(e)[:300])
