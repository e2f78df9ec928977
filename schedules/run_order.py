"""A template filled for one session after the other: what airs there, and what finds no place.

Ưu tiên bulletins come first, right after the opening carts: the commune's own where the template
takes them, those from above in the next session whatever its template, once.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from schedules.airtime import AirtimeLaw, Limit, open_until
from schedules.exact_fit import Firmness, NoRoom, Share, Wish, fit
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.recurrence import Occurrence
from schedules.rundown import LeftOut, Material, MaterialKind, Rundown
from schedules.selection import Memory, by_urgency, in_order, objection
from schedules.shelf import Notice, Shelf
from schedules.stock import LEAST_MUSIC_MS, Spoken, Stock, length_of, music_for
from schedules.template import Item, PlayByRule, PlayCart, PlayChosen, PlayFiller, PlayRelay
from schedules.types import BulletinId, CartId, DurationMs, time_zone, wall_clock
from schedules.zone import Zone

_A_DAY = timedelta(days=1)
_TAKE_FROM_ABOVE = frozenset({Rank.PRIORITY, Rank.RELAY, Rank.PROGRAMME})


class Filled(NamedTuple):
    """One session; `asked` are ưu tiên bulletins whose order no person decided, as they stand."""

    rundown: Rundown
    asked: tuple[BulletinId, ...] = ()


class _Piece(NamedTuple):
    """What airs together or not at all: a bulletin in its languages, a cart, a relay, music."""

    title: str
    sounds: tuple[Material, ...]
    """Of music: those to choose from."""
    wish: Wish
    notice: Notice | None = None
    lacks: Spoken | None = None
    opens: bool = False

    @property
    def is_music(self) -> bool:
        return self.sounds[0].kind is MaterialKind.FILLER

    @property
    def is_cart(self) -> bool:
        return self.wish.firmness is Firmness.FIXED

    def cut_to(self, ms: int) -> tuple[Material, ...]:
        """Its materials when it is given so much time."""
        match self.sounds[0].kind:
            case MaterialKind.FILLER:
                return music_for(self.sounds, ms)
            case MaterialKind.RELAY:
                return tuple(replace(each, play_ms=DurationMs(ms)) for each in self.sounds)
            case _:
                return self.sounds


class _Session:
    """One occurrence while its template is filled."""

    def __init__(
        self, programme: Programme, occurrence: Occurrence, only: Collection[BulletinId] | None
    ) -> None:
        self.programme = programme
        self.occurrence = occurrence
        self.start = occurrence.start_utc
        self.only = only
        self.shares: list[Share] = []
        self.silent: list[Spoken] = []
        self.left_out: list[LeftOut] = []

    def go_without(self, name: str, code: str, vi: str, en: str) -> None:
        """Note a cart, a collection or a relay that nobody can hear."""
        self.left_out.append(LeftOut(self.occurrence, name, None, code, vi, en))


class RunOrder:
    """Fills the templates of one zone, session by session in order of start.

    `orders` are decisions of persons about ưu tiên bulletins; `memory` is what was heard before.
    """

    def __init__(
        self,
        zone: Zone,
        shelf: Shelf,
        law: AirtimeLaw,
        places: frozenset[str],
        orders: Sequence[tuple[BulletinId, ...]],
        memory: Memory,
    ) -> None:
        self._zone_id = zone.id
        self._tz = time_zone(zone.time_zone)
        self._stock = Stock(zone, shelf)
        self._notices = shelf.notices
        from_above = (each for each in shelf.notices if each.is_from_above)
        self._from_above, _ = by_urgency(from_above, orders)
        self._law = law
        self._places = places
        self._orders = orders
        self._memory = memory

    def fill(
        self,
        programme: Programme,
        occurrence: Occurrence,
        only: Collection[BulletinId] | None = None,
    ) -> Filled:
        """The next session; of one that has begun, rules take `only` what it aired."""
        session = _Session(programme, occurrence, only)
        pieces = list(self._pieces(session))
        lawful_ms = None
        if any(piece.wish.gives_way > 0 for piece in pieces):
            lawful_ms = self._lawful_ms(session)
        wishes = [piece.wish for piece in pieces]
        given = fit(wishes, session.shares, occurrence.duration_ms, lawful_ms)
        placed = list(zip(pieces, given, strict=True))
        airing = [(piece, got) for piece, got in placed if not isinstance(got, NoRoom)]
        if _only_dressing(programme, airing):
            _nothing_to_say(session)
            airing = []
        ordered, asked = self._urgent_first(programme, airing)
        spoken = [*session.silent, *(p.lacks for p, _ in ordered if p.lacks is not None)]
        rundown = Rundown(
            programme,
            occurrence,
            self._zone_id,
            tuple(sound for piece, got in ordered for sound in piece.cut_to(got)),
            tuple(dict.fromkeys(lack for each in spoken for lack in each.missing)),
            tuple(dict.fromkeys(lack for each in spoken for lack in each.expired)),
            (*session.left_out, *_left_out(session, placed)),
            self._stock.one_of(programme.fallback, session.start),
        )
        return Filled(rundown, asked)

    def remember(self, rundown: Rundown, unheard: Collection[BulletinId] = ()) -> None:
        """The session was heard, but for `unheard`; these and what it left out wait."""
        occurrence = rundown.occurrence
        for bulletin_id in dict.fromkeys(item.bulletin_id for item in rundown.items):
            notice = self._stock.notice(bulletin_id) if bulletin_id is not None else None
            if notice is None or notice.approved_at > occurrence.start_utc:
                continue
            if notice.bulletin_id in unheard:
                self._memory.wait(notice.bulletin_id)
            else:
                self._memory.hear(notice.bulletin_id, occurrence.local_date)
        for each in rundown.left_out:
            if each.bulletin_id is not None:
                self._memory.wait(each.bulletin_id)

    def _pieces(self, session: _Session) -> Iterator[_Piece]:
        """All that could air, in order; a bulletin may be wanted more than once."""
        items = session.programme.template.items
        opening = next((n for n, i in enumerate(items) if not isinstance(i, PlayCart)), len(items))
        for item in items[:opening]:
            yield from self._pieces_of(item, session, opens=True)
        for notice in self._due_from_above(session):
            yield from self._bulletin(session, notice.bulletin_id)
        for item in items[opening:]:
            yield from self._pieces_of(item, session)

    def _pieces_of(self, item: Item, session: _Session, *, opens: bool = False) -> Iterator[_Piece]:
        match item:
            case PlayCart():
                yield from self._cart(session, item, opens)
            case PlayChosen():
                for bulletin_id in dict.fromkeys(item.bulletin_ids):
                    yield from self._bulletin(session, bulletin_id, item.gives_way)
            case PlayByRule():
                yield from self._by_rule(session, item)
            case PlayRelay():
                yield from self._relay(session, item)
            case PlayFiller():
                yield from self._music(session, item)

    def _cart(self, session: _Session, item: PlayCart, opens: bool) -> Iterator[_Piece]:
        sounds = self._stock.cart(item.cart, session.start)
        if not sounds:
            _no_sound(session, item.cart)
            return
        length = length_of(sounds)
        wish = Wish(length, length, item.gives_way, Firmness.FIXED)
        yield _Piece(sounds[0].title, sounds, wish, opens=opens)

    def _bulletin(
        self,
        session: _Session,
        bulletin_id: BulletinId,
        gives_way: int = 0,
        share: int | None = None,
    ) -> Iterator[_Piece]:
        """A bulletin; an ưu tiên one gives way to no other, whichever item takes it."""
        notice = self._stock.notice(bulletin_id)
        spoken = self._stock.spoken(bulletin_id, session.start)
        if notice is None or not spoken.items:
            session.silent.append(spoken)
            return
        length = spoken.duration_ms
        firmness = Firmness.URGENT if notice.priority else Firmness.WHOLE
        gives_way = 0 if notice.priority else gives_way
        wish = Wish(length, length, gives_way, firmness, bulletin_id, share)
        yield _Piece(notice.title, spoken.items, wish, notice, spoken)

    def _by_rule(self, session: _Session, item: PlayByRule) -> Iterator[_Piece]:
        share = len(session.shares)
        session.shares.append(Share(item.max_items, item.max_ms))
        chosen = session.programme.template.chosen
        found = [
            notice
            for notice in self._notices
            if notice.bulletin_id not in chosen and self._takes(session, item, notice)
        ]
        for notice in in_order(item, found, self._memory):
            yield from self._bulletin(session, notice.bulletin_id, item.gives_way, share)

    def _takes(self, session: _Session, item: PlayByRule, notice: Notice) -> bool:
        if session.only is not None:
            return notice.bulletin_id in session.only
        day = session.occurrence.local_date
        return objection(item, notice, session.start, day, self._memory) is None

    def _relay(self, session: _Session, item: PlayRelay) -> Iterator[_Piece]:
        sound = self._stock.relay(item, session.start)
        if sound is None or sound.least_ms is None:
            _no_relay(session, item)
            return
        wish = Wish(sound.least_ms, sound.air_ms, item.gives_way, Firmness.ELASTIC)
        yield _Piece(sound.title, (sound,), wish)

    def _music(self, session: _Session, item: PlayFiller) -> Iterator[_Piece]:
        day = session.occurrence.local_date
        pieces = self._stock.music(item.collection, session.start, day)
        if not pieces:
            _no_sound(session, item.collection)
            return
        if item.max_ms is None and session.occurrence.duration_ms is None:
            return
        wish = Wish(LEAST_MUSIC_MS, item.max_ms, item.gives_way, Firmness.ELASTIC)
        yield _Piece(pieces[0].title, pieces, wish)

    def _due_from_above(self, session: _Session) -> Iterable[Notice]:
        """Ưu tiên bulletins of those above that nobody here has heard yet."""
        if session.programme.rank not in _TAKE_FROM_ABOVE:
            return ()
        due = (n for n in self._from_above if n.approved_at <= session.start < n.valid_until)
        if session.only is not None:
            return [notice for notice in due if notice.bulletin_id in session.only]
        return [notice for notice in due if not self._memory.airings(notice.bulletin_id)]

    def _lawful_ms(self, session: _Session) -> int | None:
        """How long the law lets a session be that starts then; None: without end.

        Also None where it may not start at all: then the law refuses item by item, and says why.
        """
        if session.programme.is_excused:
            return None
        wall = wall_clock(session.start, self._tz)
        most = _A_DAY
        if session.occurrence.duration_ms is not None:
            most = timedelta(milliseconds=session.occurrence.duration_ms)
        open_for = open_until(self._law, wall, wall + most, self._places) - wall
        if not open_for:
            return None
        bounds = [] if open_for == most else [open_for // timedelta(milliseconds=1)]
        longest = self._law.longest_session(wall.date())
        if longest is not None and self._law.refuses(Limit.LENGTH):
            bounds.append(longest)
        return min(bounds, default=None)

    def _urgent_first(
        self, programme: Programme, airing: Sequence[tuple[_Piece, int]]
    ) -> tuple[list[tuple[_Piece, int]], tuple[BulletinId, ...]]:
        """The pieces with ưu tiên ones after the opening carts, and those to be asked about."""
        notices = [p.notice for p, _ in airing if p.notice is not None and p.notice.priority]
        if not notices:
            return list(airing), ()
        by_hand = [i.bulletin_ids for i in programme.template.items if isinstance(i, PlayChosen)]
        urgent, decided = by_urgency(notices, (*by_hand, *self._orders))
        place = {notice.bulletin_id: place for place, notice in enumerate(urgent)}

        def turn(entry: tuple[_Piece, int]) -> tuple[int, int]:
            piece = entry[0]
            if piece.opens:
                return 0, 0
            if piece.notice is not None and piece.notice.priority:
                return 1, place[piece.notice.bulletin_id]
            return 2, 0

        return sorted(airing, key=turn), () if decided else tuple(n.bulletin_id for n in urgent)


def _left_out(
    session: _Session, placed: Sequence[tuple[_Piece, int | NoRoom]]
) -> Iterator[LeftOut]:
    """What got no place: a bulletin once and if it airs nowhere in the session; never music."""
    told = {p.notice.bulletin_id for p, got in placed if p.notice and not isinstance(got, NoRoom)}
    for piece, got in placed:
        bulletin_id = piece.notice.bulletin_id if piece.notice else None
        if not isinstance(got, NoRoom) or bulletin_id in told or piece.is_music:
            continue
        if bulletin_id is not None:
            told.add(bulletin_id)
        yield LeftOut(session.occurrence, piece.title, bulletin_id, got.value, *_why(piece, got))


def _why(piece: _Piece, no_room: NoRoom) -> tuple[str, str]:
    """The sentences that say why a piece got no place."""
    match no_room:
        case NoRoom.ENOUGH_ITEMS:
            vi, en = "buổi phát đã đủ số tin", "the session has enough bulletins"
        case NoRoom.SHARE_FULL:
            vi, en = "phần tin đã đủ thời lượng", "the time for bulletins is used up"
        case _:
            vi, en = "buổi phát không còn đủ chỗ", "the session has no room for it"
    if piece.notice is not None:
        vi, en = f"{vi}; bản tin chờ buổi sau", f"{en}; it waits for the next session"
    minutes = piece.wish.least_ms / 60_000
    return (
        f"«{piece.title}» dài {minutes:.1f} phút, {vi}.",
        f"“{piece.title}” takes {minutes:.1f} minutes and {en}.",
    )


def _only_dressing(programme: Programme, airing: Sequence[tuple[_Piece, int]]) -> bool:
    """Carts around nothing, where the template has more than carts."""
    meant = any(not isinstance(item, PlayCart) for item in programme.template.items)
    return meant and bool(airing) and all(piece.is_cart for piece, _ in airing)


def _nothing_to_say(session: _Session) -> None:
    title = session.programme.title
    session.go_without(
        title,
        "nothing_to_say",
        f"«{title}» buổi này chưa có gì để phát, nên không phát cả chuông và lời chào.",
        f"“{title}” has nothing to air this time, so its chimes and greeting stay silent too.",
    )


def _no_sound(session: _Session, cart: CartId) -> None:
    session.go_without(
        cart,
        "no_sound",
        f"Chưa có âm thanh cho «{cart}», buổi này bỏ qua; hãy thêm âm thanh đó.",
        f"There is no sound for “{cart}”, this session goes without it; add that sound.",
    )


def _no_relay(session: _Session, item: PlayRelay) -> None:
    session.go_without(
        item.relay,
        "no_relay",
        f"Không tiếp sóng «{item.relay}»: chưa có đài đó hoặc chưa có âm thanh thay thế "
        f"«{item.fallback}».",
        f"“{item.relay}” is not relayed: there is no such station or no sound for "
        f"“{item.fallback}” in its place.",
    )
