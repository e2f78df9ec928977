"""Do work items: renditions one after the other, plans whenever asked for."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from controller.storage import bell, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms

log = structlog.get_logger()

LOOK_AGAIN_S = 2.0

Do = Callable[[work_items.Claimed, datetime], None]


async def work_through(
    database: Database, kind: str, do: Do, bells: bell.BellTower, clock: Callable[[], datetime]
) -> None:
    """Claim and do items of one kind for ever; each in a thread, one at a time."""

    def claim() -> work_items.Claimed | None:
        with database.write() as session:
            return work_items.claim(session, kind, to_ms(clock()))

    with bells.listening(bell.WORK) as listener:
        while True:
            try:
                claimed = await asyncio.to_thread(claim)
                if claimed is None:
                    await listener.wait(LOOK_AGAIN_S)
                    continue
                log.info("work_started", kind=kind, key=claimed.key, attempt=claimed.attempts)
                await asyncio.to_thread(do, claimed, clock())
            except SQLAlchemyError as e:
                # The lease brings the item back.
                log.error("work_failed", kind=kind, why=str(e)[:300])
                await listener.wait(LOOK_AGAIN_S)
