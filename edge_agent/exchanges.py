"""Authenticated time: what many signed answers to one's own questions say together."""

import secrets
from dataclasses import dataclass

from edge_agent.contract.state import TimeAnswer
from edge_agent.time_source import drift_ms

ANSWER_WITHIN_MS = 10_000
SAMPLES = 3
"""So many answers outvote one that was held up."""

KEPT = 15
FRESH_MS = 4 * 3_600_000
"""Of older answers is only made use while there are too few newer ones."""

AGREE_MS = 1_000
SLOW_MS = 20
"""A way this much longer than twice the best one says less than others about the time."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange: UTC at monotonic zero, how long it took, and when it was, all in ms."""

    base_ms: int
    way_ms: int
    mono_ms: int


@dataclass(frozen=True, slots=True)
class Measured:
    """UTC by the controller's signed answers, and by how much that may be wrong."""

    utc_ms: int
    error_ms: int


class Exchanges:
    """Questions that are open, and the answers that came in time; `mono_ms` is this boot's."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self._samples: list[Sample] = []

    def ask(self, mono_ms: int) -> str:
        """Begin an exchange; gives the nonce to send."""
        self._asked = {n: at for n, at in self._asked.items() if mono_ms - at <= ANSWER_WITHIN_MS}
        nonce = secrets.token_hex(16)
        self._asked[nonce] = mono_ms
        return nonce

    def expects(self, nonce: str, mono_ms: int) -> int | None:
        """Give once when `nonce` was asked; None if it was not, or too long ago."""
        asked = self._asked.pop(nonce, None)
        return None if asked is None or mono_ms - asked > ANSWER_WITHIN_MS else asked

    def take(self, answer: TimeAnswer, asked_ms: int, mono_ms: int) -> None:
        """Count an answer; when the last ones agree, what they contradict is forgotten."""
        base_ms = answer.utc_ms - (asked_ms + mono_ms) // 2
        self._samples = [*self._samples, Sample(base_ms, mono_ms - asked_ms, mono_ms)][-KEPT:]
        last = self._samples[-SAMPLES:]
        middle = _median([sample.base_ms for sample in last])
        if len(last) == SAMPLES and all(_agrees(s, middle, mono_ms) for s in last):
            self._samples = [s for s in self._samples if _agrees(s, middle, mono_ms)]

    def fresh(self, mono_ms: int) -> int:
        """How many answers are not old."""
        return sum(mono_ms - sample.mono_ms <= FRESH_MS for sample in self._samples)

    def measured(self, mono_ms: int) -> Measured | None:
        """The median of the answers with the shortest ways; None while there are too few."""
        if len(self._samples) < SAMPLES:
            return None
        fresh = [s for s in self._samples if mono_ms - s.mono_ms <= FRESH_MS]
        by_way = sorted(fresh if len(fresh) >= SAMPLES else self._samples, key=lambda s: s.way_ms)
        slowest_ms = max(2 * by_way[0].way_ms + SLOW_MS, by_way[SAMPLES - 1].way_ms)
        used = [s for s in by_way if s.way_ms <= slowest_ms]
        middle = _median([s.base_ms for s in used])
        spread_ms = _median([abs(s.base_ms - middle) for s in used])
        since_ms = mono_ms - max(s.mono_ms for s in used)
        error_ms = -(-by_way[0].way_ms // 2) + spread_ms + drift_ms(since_ms)
        return Measured(middle + mono_ms, error_ms)


def _agrees(sample: Sample, base_ms: int, mono_ms: int) -> bool:
    allowed_ms = AGREE_MS + sample.way_ms // 2 + drift_ms(mono_ms - sample.mono_ms)
    return abs(sample.base_ms - base_ms) <= allowed_ms


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]
