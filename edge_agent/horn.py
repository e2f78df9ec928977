"""Whether what was played was heard at the horn: the level of each play against the silence."""

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from edge_agent.contract.report import Heard
from edge_agent.ear import WINDOW_S, Ear, Moment
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.settings import HornSettings

GUARD_S = 0.4
"""How late a moment may be told, by the buffers of a sound card."""

FLOOR_MOMENTS = 3
FLOOR_HOLDS_S = 1_800.0
"""The silence of so long ago still counts where items follow each other without any."""

LOADED_S = 60.0
"""So long the ear waits for a loaded play to begin."""

MOVING_S = 20.0
"""A play of which nothing is said for so long is over; players tell its position each second."""

LINGER_S = 3.5
"""The silence after a play is listened to as well: it is the floor of the next."""

MIN_MOMENTS = 2
MAX_MOMENTS = 3_600
USUAL_DBFS = -15.0
"""How loud a play is at the ear until a first one was heard there."""


class Listening(Protocol):
    """What the horn needs of an ear."""

    def listen(self, for_s: float) -> None:
        """Tell moments for so long from now."""

    def close(self) -> None:
        """End now."""


@dataclass(slots=True)
class _Play:
    """A play on air since `since_s`, over the silence of `floor_db` if that is known."""

    since_s: float
    floor_db: float | None
    seen_s: float
    levels: "deque[float]" = field(default_factory=lambda: deque(maxlen=MAX_MOMENTS))


def judge(
    floor_db: float | None, levels: Sequence[float], *, threshold_db: float, usual_db: float
) -> Heard:
    """Say whether sound of these levels rose over the silence before it, by the seconds' median.

    Where the silence was so loud that a play of `usual_db` would not rise over it, nothing can be
    told; nor of a play that rose, but by less than `threshold_db`.
    """
    if floor_db is None or len(levels) < MIN_MOMENTS:
        return Heard.UNKNOWN
    rise_db = statistics.median(levels) - floor_db
    if rise_db >= threshold_db:
        return Heard.YES
    could_tell = floor_db + threshold_db <= usual_db
    return Heard.NO if could_tell and rise_db < threshold_db / 2 else Heard.UNKNOWN


class Horn:
    """Stands between the player and the agent: adds to the end of a play whether it was heard.

    The ear is open from the moment a play is loaded, some seconds before its instant. `last` is
    what was noticed of the last play.
    """

    def __init__(
        self,
        settings: HornSettings,
        emit: Callable[[PlayerEvent], None],
        *,
        ear: Callable[[Callable[[Moment], None], Callable[[], None]], Listening] | None = None,
        mono_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._emit = emit
        self._mono_s = mono_s
        self._wall_s = wall_s
        self._lock = threading.Lock()
        self._plays: dict[str, _Play] = {}
        self._quiet: deque[Moment] = deque(maxlen=FLOOR_MOMENTS)
        self._quiet_since_s = 0.0
        self._last: Moment | None = None
        self._is_deaf = False
        self.last = Heard.UNKNOWN
        self._usual_db = USUAL_DBFS if settings.unit == "dBFS" else float("inf")
        make = ear or (lambda heard, deaf: Ear(settings, heard, deaf))
        self._ear = make(self._hear, self._deaf)

    @property
    def level_dbfs(self) -> float | None:
        """How loud it is now, None while nothing sounds or where the ear cannot tell."""
        with self._lock:
            fresh = self._last and self._mono_s() - self._last.until_s < 3 * WINDOW_S
            if not fresh or not self._plays or self._settings.unit != "dBFS":
                return None
            return round(self._last.level_db, 1) if self._last else None

    def heard(self, event: PlayerEvent) -> None:
        """Take an event of the player and hand it on; called from the player's thread."""
        match event:
            case Ready():
                self._emit(event)
                with self._lock:
                    self._is_deaf = False
                    self._listen(LOADED_S)
            case Started():
                self._emit(event)
                self._started(event)
            case Position():
                self._emit(event)
                self._moves(event)
            case Ended():
                self._emit(self._ended(event))

    def close(self) -> None:
        """Let go of the ear."""
        self._ear.close()

    def _started(self, event: Started) -> None:
        now_s = self._mono_s()
        since_s = now_s - max(0.0, self._wall_s() - event.at_unix)
        with self._lock:
            for play, known in tuple(self._plays.items()):
                if now_s - known.seen_s > MOVING_S:
                    del self._plays[play]
            silence = [m for m in self._quiet if m.until_s <= since_s]
            fresh = [m.level_db for m in silence if since_s - m.until_s < FLOOR_HOLDS_S]
            self._plays[event.play] = _Play(since_s, max(fresh, default=None), now_s)
            if len(self._plays) == 1:
                self._quiet = deque(silence, FLOOR_MOMENTS)
            self._listen(MOVING_S)

    def _moves(self, event: Position) -> None:
        with self._lock:
            play = self._plays.get(event.play)
            if play is not None:
                play.seen_s = self._mono_s()
                self._listen(MOVING_S)

    def _ended(self, event: Ended) -> Ended:
        now_s = self._mono_s()
        with self._lock:
            play = self._plays.pop(event.play, None)
            if not self._plays:
                self._quiet_since_s = now_s
                self._listen(LINGER_S)
            self.last = Heard.UNKNOWN
            if play is None or not play.levels:
                return event
            level_db = statistics.median(play.levels)
            heard = judge(
                play.floor_db,
                play.levels,
                threshold_db=self._settings.threshold_db,
                usual_db=self._usual_db,
            )
            self.last = heard
            if heard is Heard.YES and self._settings.unit == "dBFS":
                self._usual_db = level_db
        told = round(level_db, 1) if self._settings.unit == "dBFS" else None
        return replace(event, heard=heard, heard_dbfs=told)

    def _hear(self, moment: Moment) -> None:
        whole_since_s = moment.until_s - WINDOW_S - GUARD_S
        with self._lock:
            self._last = moment
            for play in self._plays.values():
                if whole_since_s >= play.since_s:
                    play.levels.append(moment.level_db)
            if not self._plays and whole_since_s >= self._quiet_since_s:
                self._quiet.append(moment)

    def _listen(self, for_s: float) -> None:
        """An ear that failed is left alone until the next play is loaded."""
        if not self._is_deaf:
            self._ear.listen(for_s)

    def _deaf(self) -> None:
        """What an ear that failed has half heard tells nothing."""
        with self._lock:
            self._is_deaf = True
            for play in self._plays.values():
                play.levels.clear()
                play.floor_db = None
