"""What boxes say of alerts into the database, and what people must look at in alerts."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from controller.operations.alert_steps import SealedStep, keep_alert_steps
from controller.operations.zone_inputs import PlanRules
from controller.storage.database import Database
from controller.work.batches import next_batch

log = structlog.get_logger()

LOOK_EVERY_S = 10.0
"""As long as a box has time to answer."""
LOOK_REST_S = 2.0
"""Between two looks, however much boxes say."""


async def ingest_alert_steps(
    database: Database,
    rules: PlanRules,
    queue: "asyncio.Queue[SealedStep]",
    clock: Callable[[], datetime],
) -> None:
    """Verify and keep for ever, in a thread; a box says the newest step again when it returns."""
    while True:
        batch = await next_batch(queue)
        try:
            await asyncio.to_thread(keep_alert_steps, database, rules, batch, clock())
        except SQLAlchemyError as e:
            log.error("alert_steps_failed", steps=len(batch), why=str(e)[:300])
