"""What of a session airs and for how long, so that it ends on time and cuts nobody's sentence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schedules.rundown import GAP_MS
from schedules.types import BulletinId, DurationMs


class Firmness(StrEnum):
    """Of wishes that give way alike: carts, ưu tiên, other bulletins, and then what can be cut."""

    FIXED = "1"
    URGENT = "2"
    WHOLE = "3"
    ELASTIC = "4"


class NoRoom(StrEnum):
    """Why a wish gets no time."""

    SESSION_FULL = "session_full"
    ENOUGH_ITEMS = "enough_items"
    SHARE_FULL = "share_full"
    TWICE = "twice"
    """The same bulletin airs already."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one item of a template may take of a session; None: no limit."""

    max_items: int | None = None
    max_ms: DurationMs | None = None


class Wish(NamedTuple):
    """A piece that wants from `least_ms` to `most_ms` of a session (None: all that is left).

    The greatest `gives_way` gives way first; what has 0 does not give way to the law, which refuses
    in its own words. `share` is the place of its share in the list of shares.
    """

    least_ms: int
    most_ms: int | None
    gives_way: int
    firmness: Firmness
    bulletin_id: BulletinId | None = None
    share: int | None = None


def fit(
    wishes: Sequence[Wish], shares: Sequence[Share], room_ms: int | None, lawful_ms: int | None
) -> list[int | NoRoom]:
    """How many ms each wish gets, or why none; gaps between pieces are counted.

    `room_ms` is the session's length, `lawful_ms` what the law leaves of it; None: without end.
    What can be cut leaves a gap at the session's end, so that the next one begins on time.
    """
    fitting = _Fitting(shares, room_ms, lawful_ms)
    given: list[int | NoRoom] = [NoRoom.SESSION_FULL] * len(wishes)
    for index in sorted(range(len(wishes)), key=lambda index: _turn(wishes[index], index)):
        given[index] = fitting.place(wishes[index])
    return given


class _Fitting:
    """A session while wishes are granted, the firmest first."""

    def __init__(self, shares: Sequence[Share], room_ms: int | None, lawful_ms: int | None) -> None:
        self._shares = shares
        self._room_ms = room_ms
        self._lawful_ms = lawful_ms
        self._taken_ms = 0
        self._airing: set[BulletinId] = set()
        self._items_of: Counter[int] = Counter()
        self._taken_of: Counter[int] = Counter()

    def place(self, wish: Wish) -> int | NoRoom:
        if wish.bulletin_id in self._airing:
            return NoRoom.TWICE
        if wish.share is not None:
            share = self._shares[wish.share]
            if share.max_items is not None and self._items_of[wish.share] >= share.max_items:
                return NoRoom.ENOUGH_ITEMS
            in_share = self._taken_of[wish.share] + wish.least_ms
            if share.max_ms is not None and in_share > share.max_ms:
                return NoRoom.SHARE_FULL
        got = self._room_for(wish)
        if got is None or got < wish.least_ms:
            return NoRoom.SESSION_FULL
        self._taken_ms += got + GAP_MS
        if wish.bulletin_id is not None:
            self._airing.add(wish.bulletin_id)
        if wish.share is not None:
            self._items_of[wish.share] += 1
            self._taken_of[wish.share] += got + GAP_MS
        return got

    def _room_for(self, wish: Wish) -> int | None:
        """How much it could have at most; None if nothing says where that ends."""
        bounds = [] if wish.most_ms is None else [wish.most_ms]
        if self._room_ms is not None:
            silence_ms = GAP_MS if wish.firmness is Firmness.ELASTIC else 0
            bounds.append(self._room_ms - self._taken_ms - silence_ms)
        if self._lawful_ms is not None and wish.gives_way > 0:
            bounds.append(self._lawful_ms - self._taken_ms)
        return min(bounds, default=None)


def _turn(wish: Wish, index: int) -> tuple[int, Firmness, int]:
    return wish.gives_way, wish.firmness, index
