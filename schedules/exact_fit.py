"""What of a session airs and for how long, so that it ends on time and cuts nobody's sentence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from schedules.rundown import GAP_MS
from schedules.types import BulletinId, DurationMs


class Firmness(StrEnum):
    """Of wishes that give way alike, carts are placed first and what can be cut last."""

    FIXED = "1"
    WHOLE = "2"
    ELASTIC = "3"


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


@dataclass(frozen=True, slots=True)
class Wish:
    """A piece that wants from `least_ms` to `most_ms` of a session (None: all that is left).

    The greatest `gives_way` gives way first; at 0 and below nothing gives way to the law, which
    refuses in its own words. `share` is the place of its share in the list of shares.
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
    """
    given: list[int | NoRoom] = [NoRoom.SESSION_FULL] * len(wishes)
    taken_ms = 0
    items: Counter[int] = Counter()
    taken_of: Counter[int] = Counter()
    airing: set[BulletinId] = set()
    for index in sorted(range(len(wishes)), key=lambda index: _turn(wishes[index], index)):
        wish = wishes[index]
        if wish.bulletin_id is not None and wish.bulletin_id in airing:
            given[index] = NoRoom.TWICE
            continue
        if wish.share is not None:
            share, in_share = shares[wish.share], wish.least_ms + taken_of[wish.share]
            if share.max_items is not None and items[wish.share] >= share.max_items:
                given[index] = NoRoom.ENOUGH_ITEMS
                continue
            if share.max_ms is not None and in_share > share.max_ms:
                given[index] = NoRoom.SHARE_FULL
                continue
        bounds = (room_ms, lawful_ms if wish.gives_way > 0 else None)
        left = [bound - taken_ms for bound in bounds if bound is not None]
        if wish.most_ms is not None:
            left.append(wish.most_ms)
        if not left or min(left) < wish.least_ms:
            continue
        got = given[index] = min(left)
        taken_ms += got + GAP_MS
        if wish.bulletin_id is not None:
            airing.add(wish.bulletin_id)
        if wish.share is not None:
            items[wish.share] += 1
            taken_of[wish.share] += got + GAP_MS
    return given


def _turn(wish: Wish, index: int) -> tuple[int, Firmness, int]:
    return wish.gives_way, wish.firmness, index
