"""Something small that is looked at once a minute."""

import asyncio
from collections.abc import Callable
from datetime import datetime

EVERY_S = 60.0


async def each_minute(
    do: Callable[[datetime], object],
    clock: Callable[[], datetime],
    every_s: float = EVERY_S,
) -> None:
    """Do it for ever, in a thread, beginning now."""
    while True:
        await asyncio.to_thread(do, clock())
        await asyncio.sleep(every_s)
