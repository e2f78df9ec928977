"""At local midnight what has had its time is deleted; zones plan their new last day by night."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.operations.asked_work import ask_for_lost_nights
from controller.operations.publish_plans import forget_old_pages
from controller.operations.purge import ask_for_purge
from controller.storage.database import Database

LONGEST_NAP_S = 60.0


async def at_each_midnight(
    database: Database, time_zone: str, clock: Callable[[], datetime]
) -> None:
    """Wake at least once a minute, so that a stepped clock is noticed."""
    zone = ZoneInfo(time_zone)
    planned_for = clock().astimezone(zone).date()
    while True:
        now = clock().astimezone(zone)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), zone)
        await asyncio.sleep(min(LONGEST_NAP_S, max(0.1, (midnight - now).total_seconds())))
        today = clock().astimezone(zone).date()
        if today != planned_for:
            await asyncio.to_thread(_roll_on, database, clock())
            planned_for = today


def _roll_on(database: Database, now: datetime) -> None:
    with database.write() as session:
        forget_old_pages(session, now)
        ask_for_lost_nights(session, now)
        ask_for_purge(session, now)
