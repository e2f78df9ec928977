"""What is looked at once a minute is looked at at once, and then again and again."""

import asyncio
from datetime import datetime, timedelta

from controller.work.each_minute import each_minute
from tests.controller.office import NOW
from tests.controller.work.test_loops import during, until


def test_it_begins_now_and_goes_on_by_the_clock() -> None:
    seen: list[datetime] = []

    def clock() -> datetime:
        return NOW + len(seen) * timedelta(minutes=1)

    async def three_times() -> None:
        await until(lambda: len(seen) >= 3)

    asyncio.run(during(each_minute(seen.append, clock, every_s=0.001), three_times))

    assert seen[:3] == [NOW + minute * timedelta(minutes=1) for minute in range(3)]
