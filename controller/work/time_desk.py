"""Boxes ask for the time: the newest question of each is answered, beside everything else."""

import asyncio
from collections.abc import Awaitable, Callable

AT_ONCE = 100

Answer = Callable[[str, str], Awaitable[None]]
"""Told a box and its nonce; looks at the clock itself, as late as it can."""


class TimeDesk:
    """Takes a question at once: a province that comes back asks 27,000 times in a minute.

    A question that its box has asked anew meanwhile is not answered any more.
    """

    def __init__(self) -> None:
        self._questions: dict[str, str] = {}
        self._some = asyncio.Event()

    def ask(self, device_id: str, nonce: str) -> None:
        """A box wants the time."""
        self._questions.pop(device_id, None)
        self._questions[device_id] = nonce
        self._some.set()

    async def answer(self, answer: Answer) -> None:
        """Answer for ever, the longest waiting first."""
        while True:
            await self._some.wait()
            boxes = [box for box, _ in zip(self._questions, range(AT_ONCE), strict=False)]
            asked = [(box, self._questions.pop(box)) for box in boxes]
            if not self._questions:
                self._some.clear()
            await asyncio.gather(*(answer(box, nonce) for box, nonce in asked))
