"""Two voices of players that have one each: the second lives only while somebody speaks over."""

import threading
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import PlayerUnusable
from edge_agent.player import Ended, Player, PlayerEvent


class Voices:
    """A player that can mix: each play has a process of its own, the first of which stays."""

    can_mix = True

    def __init__(
        self,
        make: Callable[[Callable[[PlayerEvent], None]], Player],
        emit: Callable[[PlayerEvent], None],
    ) -> None:
        self._make = make
        self._emit = emit
        self._lock = threading.Lock()
        self._first = make(self._heard)
        self._second: Player | None = None
        self._second_died = 0
        self._held: dict[str, Player] = {}
        self._released: set[str] = set()

    @property
    def can_seek(self) -> bool:
        """Whether it can begin in the middle."""
        return self._first.can_seek

    @property
    def restarts(self) -> int:
        """How often a process died or had to be killed."""
        with self._lock:
            now = self._second.restarts if self._second is not None else 0
            return self._first.restarts + self._second_died + now

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        """Open `path` by the voice that is free."""

        def open_(voice: Player) -> None:
            voice.load(play, path, gain_db=gain_db, from_ms=from_ms, preroll_ms=preroll_ms)

        self._begin(play, open_)

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        """Open the stream at `url` by the voice that is free."""
        self._begin(play, lambda v: v.tune(play, url, gain_db=gain_db))

    def play_at(self, play: str, at_unix: float) -> None:
        """Let it sound at this instant."""
        voice = self._voice_of(play)
        if voice is not None:
            with self._lock:
                self._released.add(play)
            voice.play_at(play, at_unix)

    def stop(self, play: str) -> None:
        """End it now; a voice that has not sounded is free at once."""
        voice = self._voice_of(play)
        if voice is not None:
            with self._lock:
                if play not in self._released:
                    self._held.pop(play, None)
            voice.stop(play)

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        """Change how loud it is."""
        voice = self._voice_of(play)
        if voice is not None:
            voice.set_gain(play, gain_db, over_ms=over_ms)

    def abandon(self, play: str) -> None:
        """Kill the process that holds it; the other sounds on."""
        voice = self._voice_of(play)
        if voice is None:
            return
        voice.abandon(play)
        self._over(play)

    def close(self) -> None:
        """End both."""
        with self._lock:
            second, self._second = self._second, None
            self._held.clear()
        self._first.close()
        if second is not None:
            second.close()

    def _voice_of(self, play: str) -> Player | None:
        with self._lock:
            return self._held.get(play)

    def _begin(self, play: str, open_: Callable[[Player], None]) -> None:
        """Let a voice that holds nothing open something, the second if it must be."""
        with self._lock:
            voice = self._first
            if any(held is voice for held in self._held.values()):
                if self._second is None:
                    self._second = self._make(self._heard)
                voice = self._second
            self._held[play] = voice
        try:
            open_(voice)
        except PlayerUnusable:
            self._over(play)
            raise

    def _heard(self, event: PlayerEvent) -> None:
        """Hand on an event, from a thread of one of the voices."""
        self._emit(event)
        if isinstance(event, Ended):
            self._over(event.play)

    def _over(self, play: str) -> None:
        """Forget a play, and end the second voice when it has nothing more to say."""
        with self._lock:
            self._held.pop(play, None)
            self._released.discard(play)
            second = self._second
            if second is None or any(held is second for held in self._held.values()):
                return
            self._second = None
            self._second_died += second.restarts
        second.close()
