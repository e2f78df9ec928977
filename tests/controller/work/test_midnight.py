import asyncio
from datetime import UTC, datetime, timedelta

from controller.operations.purge import PURGE
from controller.storage import work_items
from controller.work.midnight import at_each_midnight
from tests.controller.office import Office

ALMOST = datetime(2026, 8, 10, 16, 59, 59, 950_000, tzinfo=UTC)
"""Fifty milliseconds before midnight in Viet Nam."""


def test_at_midnight_old_things_are_cleared(office: Office) -> None:
    looked = 0

    def clock() -> datetime:
        nonlocal looked
        looked += 1
        return ALMOST + timedelta(seconds=1 if looked > 2 else 0)

    def asked() -> bool:
        with office.database.read() as session:
            return work_items.find(session, PURGE, "all") is not None

    async def run() -> None:
        task = asyncio.ensure_future(at_each_midnight(office.database, "Asia/Ho_Chi_Minh", clock))
        async with asyncio.timeout(10):
            while not await asyncio.to_thread(asked):
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})

    assert not asked()
    asyncio.run(run())
