"""What a simulated box believes of the time, by the rules of a true one; pure.

`true_ms` is UTC as the simulation knows it; a box sees only its own clocks.
"""

from collections import deque
from dataclasses import dataclass

from edge_agent.contract.state import Clock, ClockSource

SAMPLES = 3
CONTRADICTED_MS = 300_000
"""A system clock this far from the signed answers is wrong, whoever set it."""

NOISE_MS = 50
ANSWER_WITHIN_MS = 10_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks, in ms: best knowledge of UTC, system clock, monotonic clock."""

    utc_ms: int
    system_ms: int
    mono_ms: int
    offset_ms: int
    source: ClockSource

    @property
    def trusted(self) -> bool:
        """Whether anything may be scheduled by it."""
        return self.source is not ClockSource.UNTRUSTED

    @property
    def clock(self) -> Clock:
        """The wire's word for it."""
        return Clock(self.source, self.offset_ms)


class BoxClock:
    """The clocks of one box; `step_ms` and `vouched` are what the world does to them."""

    def __init__(self, started_ms: int) -> None:
        self._started_ms = started_ms
        self._asked: dict[str, int] = {}
        # Each exchange with the controller: UTC at monotonic zero.
        self._bases: deque[int] = deque(maxlen=SAMPLES)
        self.step_ms = 0
        """How far the system's clock is ahead of the truth."""
        self.vouched = True
        """Somebody trustworthy sets the system's clock."""

    @property
    def measured(self) -> bool:
        """Whether enough signed answers have come since the start."""
        return len(self._bases) == SAMPLES

    def started(self, true_ms: int) -> None:
        """The box was switched on: it knows the time only once somebody tells it."""
        self._started_ms, self.vouched = true_ms, False
        self._asked.clear()
        self._bases.clear()

    def read(self, true_ms: int) -> Reading:
        """Look at the clocks."""
        mono, system = true_ms - self._started_ms, true_ms + self.step_ms
        measured = sorted(self._bases)[SAMPLES // 2] + mono if self.measured else None
        offset = 0 if measured is None else measured - system
        if self.vouched and abs(offset) <= CONTRADICTED_MS:
            shown = offset if abs(offset) > NOISE_MS else 0
            return Reading(system, system, mono, shown, ClockSource.NTP)
        if measured is not None:
            return Reading(measured, system, mono, offset, ClockSource.CONTROLLER)
        return Reading(system, system, mono, 0, ClockSource.UNTRUSTED)

    def ask(self, nonce: str, true_ms: int) -> None:
        """A question with this nonce leaves now."""
        mono = true_ms - self._started_ms
        self._asked = {n: at for n, at in self._asked.items() if mono - at <= ANSWER_WITHIN_MS}
        self._asked[nonce] = mono

    def answer(self, nonce: str, utc_ms: int, true_ms: int) -> bool:
        """Take a signed answer; False if it was not asked for, or comes late."""
        sent, mono = self._asked.pop(nonce, None), true_ms - self._started_ms
        if sent is None or mono - sent > ANSWER_WITHIN_MS:
            return False
        self._bases.append(utc_ms - (sent + mono) // 2)
        return True
