"""When a simulated box proves what it holds of what plays soon, as a true one does; pure."""

import zlib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from controller.simulator.clock import Reading
from controller.simulator.plan import named
from edge_agent.contract.manifest import Cue

PROVE_BEFORE_MS = 3_600_000
SPREAD_MS = 300_000
AHEAD_MS = 4_500_000
NOT_WITHIN_MS = 60_000
FETCH_MS = 15_000
"""What is lacking is given this long to arrive before it is told."""

MAX_HASHES = 1_500


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof as it stands."""

    cues: frozenset[str]
    until_ms: int
    held: frozenset[str]
    lacking: frozenset[str]


class Prover:
    """Decides when to prove, and what."""

    def __init__(self, did: str) -> None:
        self._before_ms = PROVE_BEFORE_MS - zlib.crc32(did.encode()) % SPREAD_MS
        self._said: Proved | None = None
        self._not_before_mono = 0
        self._lacking_since_mono: int | None = None

    def reconnected(self) -> None:
        """What was said on an older connection may not have arrived."""
        self._said = None

    def started(self) -> None:
        """The box was switched on, and its monotonic clock begins anew."""
        self._said, self._not_before_mono, self._lacking_since_mono = None, 0, None

    def look(self, cues: tuple[Cue, ...], held: Set[str], now: Reading) -> Proved | None:
        """Prove if it is time: trusted time, at most one a minute."""
        if not now.trusted or now.mono_ms < self._not_before_mono:
            return None
        if not self._is_due(cues, held, now.utc_ms):
            self._lacking_since_mono = None
            return None
        about = [cue for cue in cues if now.utc_ms <= cue.start < now.utc_ms + AHEAD_MS]
        hashes = frozenset(tuple(dict.fromkeys(_hashes(about)))[:MAX_HASHES])
        if not held >= hashes:
            if self._lacking_since_mono is None:
                self._lacking_since_mono = now.mono_ms
            if now.mono_ms - self._lacking_since_mono < FETCH_MS:
                return None
        self._lacking_since_mono = None
        self._not_before_mono = now.mono_ms + NOT_WITHIN_MS
        spoken_of = frozenset(
            cue.id for cue in about if all(a.sha256 in hashes for a in named(cue))
        )
        until = now.utc_ms + AHEAD_MS
        self._said = Proved(spoken_of, until, hashes & held, hashes - held)
        return self._said

    def wait_ms(self, cues: tuple[Cue, ...], now: Reading) -> int:
        """After how long to look again, if nothing changes before."""
        since = self._lacking_since_mono
        if not now.trusted:
            return NOT_WITHIN_MS
        if since is not None:
            return max(1, since + FETCH_MS - now.mono_ms)
        said = self._said.cues if self._said else frozenset()
        for cue in cues:
            if cue.start >= now.utc_ms and cue.id not in said:
                early = cue.start - self._before_ms - now.utc_ms
                return max(1, early, self._not_before_mono - now.mono_ms)
        return PROVE_BEFORE_MS

    def _is_due(self, cues: tuple[Cue, ...], held: Set[str], now_ms: int) -> bool:
        """Whether a cue of the coming hour was not spoken of, or has gained or lost its audio."""
        said = self._said
        for cue in cues:
            if cue.start < now_ms:
                continue
            if cue.start - self._before_ms > now_ms:
                return False
            if said is None or cue.id not in said.cues:
                return True
            mine = frozenset(_hashes((cue,)))
            if mine & said.lacking & held or (mine & said.held) - held:
                return True
        return False


def _hashes(cues: Iterable[Cue]) -> Iterator[str]:
    return (asset.sha256 for cue in cues for asset in named(cue))
