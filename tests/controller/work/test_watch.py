"""What is watched is looked at now, again after a while, and sooner when a bell is rung."""

import asyncio
from datetime import datetime

from controller.storage import bell
from controller.storage.bell import BellTower
from controller.work.watch import watch
from tests.controller.office import NOW
from tests.controller.work.test_loops import during, until


def test_it_looks_again_by_itself() -> None:
    seen: list[datetime] = []
    loop = watch(seen.append, BellTower(), bell.TROUBLE, lambda: NOW, every_s=0.002, rests_s=0.001)

    async def three_times() -> None:
        await until(lambda: len(seen) >= 3)

    asyncio.run(during(loop, three_times))


def test_a_bell_brings_the_next_look_forward() -> None:
    seen: list[datetime] = []
    bells = BellTower()
    loop = watch(seen.append, bells, bell.TROUBLE, lambda: NOW, every_s=3600.0, rests_s=0.001)

    async def rung() -> None:
        await until(lambda: len(seen) == 1)
        bells.ring(frozenset({bell.TROUBLE}))
        await until(lambda: len(seen) == 2)
        bells.ring(frozenset({bell.WORK}))
        await asyncio.sleep(0)
        assert len(seen) == 2

    asyncio.run(during(loop, rung))
