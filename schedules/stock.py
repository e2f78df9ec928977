"""The shelf as one zone can hear it: its languages chosen, streams and music made ready."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle, islice
from typing import NamedTuple

from schedules.rundown import GAP_MS, Lacking, Material, MaterialKind, Stream
from schedules.shelf import WORDLESS, Notice, Shelf
from schedules.template import PlayRelay
from schedules.types import (
    BulletinId,
    CartId,
    DurationMs,
    LanguageTag,
    UtcInstant,
)
from schedules.zone import Zone

LEAST_MUSIC_MS = DurationMs(5_000)
"""For less than this there is silence instead of music."""

UNKNOWN_LANGUAGE = LanguageTag("und")
"""ISO 639-2 for what nobody knows beforehand: what another station speaks."""

_MOST_PIECES = 500
_FOR_EVER = UtcInstant(datetime.max.replace(tzinfo=UTC))


class Spoken(NamedTuple):
    """A bulletin in the zone's languages, in its order, and those in which it is not heard."""

    items: tuple[Material, ...]
    missing: tuple[Lacking, ...]
    expired: tuple[Lacking, ...]
    duration_ms: int
    """From first sound to last, gaps included."""
    good_until: UtcInstant
    """Till when the same is heard."""


class Stock:
    """What there is to air in one zone."""

    def __init__(self, zone: Zone, shelf: Shelf) -> None:
        self._zone_languages = zone.languages
        self._shelf = shelf
        self._notices = {notice.bulletin_id: notice for notice in shelf.notices}
        self._spoken: dict[BulletinId, Spoken] = {}
        self._carts: dict[CartId, tuple[Material, ...]] = {}

    def notice(self, bulletin_id: BulletinId) -> Notice | None:
        """The approved bulletin of that id, if there is one."""
        return self._notices.get(bulletin_id)

    def spoken(self, bulletin_id: BulletinId, start: UtcInstant) -> Spoken:
        """A bulletin as the zone hears it in a session from `start` on.

        Of several materials in one language the first that outlives the start is taken; a language
        without one is listed and never replaced by another.
        """
        known = self._spoken.get(bulletin_id)
        if known is None or known.good_until <= start:
            known = self._spoken[bulletin_id] = self._choose(bulletin_id, start)
        return known

    def cart(self, cart: CartId, start: UtcInstant) -> tuple[Material, ...]:
        """A cart in those of the zone's languages that it has; wordless once if in none."""
        known = self._carts.get(cart)
        if known is None or any(m.valid_until <= start for m in known):
            known = self._carts[cart] = self._choose_cart(cart, start)
        return known

    def one_of(self, cart: CartId | None, start: UtcInstant) -> Material | None:
        """A cart in the first of the zone's languages that it has."""
        return next(iter(self.cart(cart, start)), None) if cart is not None else None

    def relay(self, item: PlayRelay, start: UtcInstant) -> Material | None:
        """Another station for its whole time; None without its stream or a sound in its place."""
        source = self._shelf.relays.get(item.relay)
        instead = self._instead(item, start)
        if source is None or instead is None:
            return None
        return replace(
            instead,
            kind=MaterialKind.RELAY,
            title=source.name,
            language=UNKNOWN_LANGUAGE,
            play_ms=item.duration_ms,
            least_ms=min(item.min_ms, item.duration_ms),
            stream=Stream(source.url, source.why_unproved),
        )

    def music(self, collection: CartId, start: UtcInstant, day: date) -> tuple[Material, ...]:
        """Pieces of a collection, each day with another one first."""
        heard = {*self._zone_languages, WORDLESS}
        pieces = [
            replace(m, kind=MaterialKind.FILLER, least_ms=LEAST_MUSIC_MS)
            for m in self._shelf.carts.get(collection, ())
            if m.valid_until > start and m.language in heard and m.duration_ms >= LEAST_MUSIC_MS
        ]
        first = day.toordinal() % len(pieces) if pieces else 0
        return (*pieces[first:], *pieces[:first])

    def _choose_cart(self, cart: CartId, start: UtcInstant) -> tuple[Material, ...]:
        valid = [m for m in self._shelf.carts.get(cart, ()) if m.valid_until > start]
        by_language = {m.language: m for m in reversed(valid)}
        spoken = [by_language[each] for each in self._zone_languages if each in by_language]
        return tuple(spoken or (m for m in (by_language.get(WORDLESS),) if m is not None))

    def _choose(self, bulletin_id: BulletinId, start: UtcInstant) -> Spoken:
        notice = self._notices.get(bulletin_id)
        choices = notice.materials if notice else ()
        items: list[Material] = []
        missing: list[Lacking] = []
        expired: list[Lacking] = []
        for language in self._zone_languages:
            spoken = [each for each in choices if each.language == language]
            fresh = next((m for m in spoken if m.valid_until > start), None)
            if fresh is not None:
                items.append(fresh)
            else:
                (expired if spoken else missing).append(Lacking(bulletin_id, language))
        good_until = min((item.valid_until for item in items), default=_FOR_EVER)
        return Spoken(tuple(items), tuple(missing), tuple(expired), length_of(items), good_until)

    def _instead(self, item: PlayRelay, start: UtcInstant) -> Material | None:
        """What sounds while the stream does not: long enough for its time, or else the longest."""
        first = self.one_of(item.fallback, start)
        if first is None:
            return None
        alike = [m for m in self._shelf.carts[item.fallback] if m.language == first.language]
        valid = [m for m in alike if m.valid_until > start]
        enough = (m for m in valid if m.duration_ms >= item.duration_ms)
        return next(enough, None) or max(valid, key=lambda m: m.duration_ms)


def music_for(pieces: Iterable[Material], room_ms: int) -> tuple[Material, ...]:
    """Pieces one after the other for `room_ms`; the last one ends with it."""
    chosen: list[Material] = []
    for piece in islice(cycle(pieces), _MOST_PIECES):
        if room_ms < LEAST_MUSIC_MS:
            break
        if piece.duration_ms > room_ms:
            piece = replace(piece, play_ms=DurationMs(room_ms))
        chosen.append(piece)
        room_ms -= piece.air_ms + GAP_MS
    return tuple(chosen)


def length_of(items: Iterable[Material]) -> int:
    """From first sound to last in ms, gaps included."""
    lengths = [item.air_ms for item in items]
    return sum(lengths) + GAP_MS * max(len(lengths) - 1, 0)
