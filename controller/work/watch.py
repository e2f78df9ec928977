"""Something that is looked at once a minute, and sooner when a bell is rung."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from controller.storage.bell import BellTower

EVERY_S = 60.0
RESTS_S = 5.0
"""Between two looks, however often the bell is rung: a look at a province takes a second."""


async def watch(
    look: Callable[[datetime], object],
    bells: BellTower,
    bell: str,
    clock: Callable[[], datetime],
    *,
    every_s: float = EVERY_S,
    rests_s: float = RESTS_S,
) -> None:
    """Look for ever, in a thread, beginning now."""
    with bells.listening(bell) as listener:
        while True:
            await asyncio.to_thread(look, clock())
            await asyncio.sleep(rests_s)
            await listener.wait(every_s - rests_s)
