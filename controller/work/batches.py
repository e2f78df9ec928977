"""Take what waits in a queue as one batch: the first item, then more until full or late."""

import asyncio
from typing import TypeVar

T = TypeVar("T")

LARGEST = 500
LONGEST_S = 0.020


async def next_batch(
    queue: "asyncio.Queue[T]", *, largest: int = LARGEST, longest_s: float = LONGEST_S
) -> list[T]:
    """Wait for an item, then gather until `largest` or `longest_s` later."""
    batch = [await queue.get()]
    try:
        async with asyncio.timeout(longest_s):
            while len(batch) < largest:
                batch.append(await queue.get())
    except TimeoutError:
        pass
    return batch
