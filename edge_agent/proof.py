"""Proof of readiness: what plays soon, hashed on the disk before it is needed, and told."""

import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.cache import digest
from edge_agent.clock import Reading
from edge_agent.contract.manifest import Cue
from edge_agent.plan import named

PROVE_BEFORE_MS = 3_600_000
"""A cue is proved this long before its start, less a part of `SPREAD_MS` that each box keeps to."""

SPREAD_MS = 300_000
AHEAD_MS = 4_500_000
"""A proof covers what starts within this time."""

NOT_WITHIN_MS = 60_000
FETCH_MS = 15_000
"""What is lacking is given this long to arrive before it is told."""

MAX_HASHES = 1_500
"""As many as one message may name of either kind."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """The files that were read for a proof: those of `asked` that have their hash."""

    asked: tuple[str, ...]
    sound: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof as it stands: the cues and hashes that it spoke of, and until which start."""

    cues: frozenset[str]
    until_ms: int
    held: frozenset[str]
    lacking: frozenset[str]


def spread_ms(did: str) -> int:
    """How much later than others this box proves: the same for ever, so that not all do at once."""
    return zlib.crc32(did.encode()) % SPREAD_MS


def covered(cues: Iterable[Cue], now_ms: int) -> tuple[Cue, ...]:
    """The cues that a proof at `now_ms` speaks of."""
    return tuple(cue for cue in cues if now_ms <= cue.start < now_ms + AHEAD_MS)


def hashes(cues: Iterable[Cue]) -> tuple[str, ...]:
    """All audio that may sound in `cues`, in order of need, each once."""
    named_once = dict.fromkeys(asset.sha256 for cue in cues for asset in named(cue))
    return tuple(named_once)[:MAX_HASHES]


def is_due(
    cues: Iterable[Cue], on_disk: Iterable[str], said: Proved | None, now_ms: int, later_ms: int
) -> bool:
    """Whether a cue of the coming hour was not spoken of, or has gained or lost its audio."""
    here = frozenset(on_disk)
    for cue in covered(cues, now_ms):
        if cue.start - PROVE_BEFORE_MS + later_ms > now_ms:
            break
        if said is None or cue.id not in said.cues:
            return True
        mine = {asset.sha256 for asset in named(cue)}
        if mine & said.lacking & here or mine & said.held - here:
            return True
    return False


class Prover:
    """Decides when to prove; `read` hashes files in the background and gives `Hashed` back."""

    def __init__(self, did: str, read: Callable[[tuple[str, ...]], None]) -> None:
        self._later_ms = spread_ms(did)
        self._read = read
        self._reading: tuple[Cue, ...] | None = None
        self._until_ms = 0
        self._not_before_mono_ms: int | None = None
        self._lacking_since_mono_ms: int | None = None
        self._said: Proved | None = None

    def reconnected(self) -> None:
        """What was said on an older connection may not have arrived."""
        self._said = None

    def look(self, cues: tuple[Cue, ...], on_disk: Iterable[str], now: Reading) -> None:
        """Begin a proof if it is time: trusted time, at most one a minute."""
        early = self._not_before_mono_ms is not None and now.mono_ms < self._not_before_mono_ms
        if self._reading is not None or early or not now.trusted:
            return
        here = frozenset(on_disk)
        if not is_due(cues, here, self._said, now.utc_ms, self._later_ms):
            self._lacking_since_mono_ms = None
            return
        about = covered(cues, now.utc_ms)
        if not here.issuperset(hashes(about)):
            since = self._lacking_since_mono_ms = self._lacking_since_mono_ms or now.mono_ms
            if now.mono_ms - since < FETCH_MS:
                return
        self._lacking_since_mono_ms = None
        self._reading, self._until_ms = about, now.utc_ms + AHEAD_MS
        self._not_before_mono_ms = now.mono_ms + NOT_WITHIN_MS
        self._read(hashes(about))

    def hashed(self, files: Hashed) -> Proved | None:
        """Take what was read; gives what is proved now, None if nobody asked."""
        about, self._reading = self._reading, None
        if about is None:
            return None
        spoken_of = frozenset(
            cue.id for cue in about if all(a.sha256 in files.asked for a in named(cue))
        )
        return Proved(spoken_of, self._until_ms, files.sound, frozenset(files.asked) - files.sound)

    def told(self, proved: Proved) -> None:
        """The proof has been sent."""
        self._said = proved


class Reader:
    """Hashes files in a thread that ends with the answer, so that no sound waits for the disk."""

    def __init__(self, path: Callable[[str], Path], done: Callable[[Hashed], None]) -> None:
        self._path = path
        self._done = done

    def __call__(self, asked: tuple[str, ...]) -> None:
        """Read in the background; `done` is called from there, once."""
        threading.Thread(target=self._run, args=(asked,), name="proof", daemon=True).start()

    def _run(self, asked: tuple[str, ...]) -> None:
        self._done(Hashed(asked, frozenset(h for h in asked if self._is_sound(h))))

    def _is_sound(self, sha256: str) -> bool:
        try:
            return digest(self._path(sha256)) == sha256
        except OSError:
            return False
