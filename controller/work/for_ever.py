"""A loop that must not end: when it dies of a defect, that is said, and it begins anew."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from prometheus_client import Counter

log = structlog.get_logger()

DIED = Counter("loalang_loops_died_total", "Loops that ended by a defect", ["loop"])
PAUSE_S = 1.0

Loop = Callable[[], Coroutine[Any, Any, None]]


async def for_ever(name: str, loop: Loop, *, pause_s: float = PAUSE_S) -> None:
    """Run `loop` until cancelled, again after every end."""
    while True:
        try:
            await loop()
        except Exception:
            # The outermost guard: a silent dead loop would look like a quiet day.
            DIED.labels(name).inc()
            log.exception("loop_died", loop=name)
        await asyncio.sleep(pause_s)
