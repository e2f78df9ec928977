"""Do work items: renditions one after the other, plans whenever asked for."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from controller.storage import bell, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms

log = structlog.get_logger()

LOOK_AGAIN_S = 2.0

Do = Callable[[work_items.Claimed, datetime], None]


async def work_through(
    database: Database,
    kind: str,
    do: Do,
    bells: bell.BellTower,
    clock: Callable[[], datetime],
    *,
    keep_trying: bool = False,
) -> None:
    """Claim and do items of one kind for ever; each in a thread, one at a time.

    What fails by a defect is tried again a few times, or until it works with `keep_trying`.
    """

    def claim() -> work_items.Claimed | None:
        with database.write() as session:
            return work_items.claim(session, kind, to_ms(clock()))

    def give_up(claimed: work_items.Claimed, why: str) -> None:
        with database.write() as session:
            work_items.fail(
                session,
                claimed.id,
                _defect(why),
                to_ms(clock()),
                final=False,
                keep_trying=keep_trying,
            )

    with bells.listening(bell.WORK) as listener:
        while True:
            claimed = await asyncio.to_thread(claim)
            if claimed is None:
                await listener.wait(LOOK_AGAIN_S)
                continue
            log.info("work_started", kind=kind, key=claimed.key, attempt=claimed.attempts)
            try:
                await asyncio.to_thread(do, claimed, clock())
            except Exception as e:
                # Whatever it was, it must not hold its item until the lease ends.
                log.exception("work_failed", kind=kind, key=claimed.key)
                await asyncio.to_thread(give_up, claimed, f"{type(e).__name__}: {e}"[:300])


def _defect(why: str) -> tuple[str, str, str]:
    return ("defect", f"Việc dừng vì lỗi của máy: {why}", f"Stopped by a defect: {why}")
