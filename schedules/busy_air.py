"""Where there is air for an item: around stronger sessions, with a gap on both sides."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import timedelta

from schedules.rundown import GAP_MS, Material
from schedules.types import DurationMs, UtcInstant, elapsed_ms, later

LATE_START_MS = DurationMs(10 * 60_000)
"""How much later than planned an item may still start."""


class BusyAir:
    """Air that is taken by stronger items: disjoint spans."""

    def __init__(self, spans: Iterable[tuple[UtcInstant, UtcInstant]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._ends = [end for _, end in ordered]

    def fit(self, due: UtcInstant, duration_ms: DurationMs) -> UtcInstant:
        """The first start from `due` on with a gap on both sides; unchecked once it is too late."""
        if not self._starts:
            return due
        start = due
        needed = timedelta(milliseconds=duration_ms + GAP_MS)
        index = bisect_right(self._ends, later(due, -GAP_MS))
        while index < len(self._starts) and self._starts[index] < start + needed:
            start = later(self._ends[index], GAP_MS)
            if elapsed_ms(due, start) > LATE_START_MS:
                break
            index += 1
        return start

    def free_until(self, start: UtcInstant) -> UtcInstant | None:
        """Where what starts at `start` must end at the latest; None if nothing follows."""
        index = bisect_left(self._starts, start)
        return later(self._starts[index], -GAP_MS) if index < len(self._starts) else None


def place(
    item: Material, due: UtcInstant, music_until: UtcInstant | None, busy: BusyAir
) -> tuple[UtcInstant, DurationMs]:
    """When and how long an item airs: what can be cut ends where stronger or later items begin."""
    if item.least_ms is None:
        return busy.fit(due, item.air_ms), item.air_ms
    start = busy.fit(due, item.least_ms)
    ends = (busy.free_until(start), music_until)
    room = [elapsed_ms(start, end) for end in ends if end is not None]
    return start, DurationMs(max(min([item.air_ms, *room]), min(item.air_ms, item.least_ms)))
