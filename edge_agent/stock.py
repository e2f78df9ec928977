"""What is to be on disk and what is there: what to fetch, to wait with, to throw away. Pure."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from edge_agent.cache import Shelf, Wanted
from edge_agent.contract.desired import ClipsRef, PhraseRef
from edge_agent.contract.manifest import Asset, PageRef
from edge_agent.contract.state import Waits

FETCHES_AT_ONCE = 2
PRESSING_AT_ONCE = 3
"""One way more for what presses: on a slow line the others may be taken for an hour."""

PINNED_MS = 48 * 3_600_000
"""What is needed within this time is never thrown away."""

SOON_MS = 6 * 3_600_000
"""What is needed within this time does not wait for cheap hours."""

AT_ONCE_MS = 600_000
"""What is needed within this time waits for nothing."""

MAX_SPREAD_MS = 600_000
ASK_NEIGHBOURS_EVERY_MS = 300_000
ANSWERS_WITHIN_MS = 1_000
"""Neighbours are given so long to answer before a far source is asked."""

MAX_ASKED = 20
"""Hashes of one question to the neighbours."""

MAX_EVICTIONS = 8
"""For so many files room is looked for in one round: the most urgent ones."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Bring a file: from wherever it can be had, or, if not `far`, only from near by."""

    wanted: Wanted
    reason: str
    far: bool = True


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete a file, and what is there of it."""

    shelf: Shelf
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """So much lacks and is not fetched now."""

    reason: Waits
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class AskNeighbours:
    """Ask who near by has these."""

    hashes: tuple[str, ...]
    reason: str


StockAction = Fetch | Forget | Wait | AskNeighbours


@dataclass(frozen=True, slots=True)
class Wants:
    """What the accepted state asks for: pages, audio with the instant of need, what is banned.

    `complete` says that every page is held and read, so that what is not named is not needed;
    `pinned` is never thrown away, `urgent` is fetched whatever it costs.
    """

    pages: tuple[PageRef, ...] = ()
    kept_pages: tuple[PhraseRef | ClipsRef, ...] = ()
    audio: tuple[tuple[Asset, int], ...] = ()
    withdrawn: Set[str] = frozenset()
    pinned: Set[str] = frozenset()
    urgent: Set[str] = frozenset()
    complete: bool = False
    heartbeat_ms: int = 30_000

    @property
    def every_page(self) -> tuple[PageRef | PhraseRef | ClipsRef, ...]:
        """Day pages, and those of phrases and clips, which are kept for emergencies."""
        return (*self.pages, *self.kept_pages)


@dataclass(frozen=True, slots=True)
class Stock:
    """What is there; instants are ms of the monotonic clock, sizes bytes by hash.

    `absent` could not be had from any source that answered. `begins` says when each download may
    begin, so that not all boxes begin at once. `near` is known to stand near by; `asked` says when
    neighbours were asked for it, and is None where there is nobody to ask.
    """

    pages: Mapping[str, int]
    audio: Mapping[str, int]
    free_bytes: int
    reserve_bytes: int
    fetching: Mapping[str, Wanted] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    not_before: Mapping[str, int] = field(default_factory=dict)
    absent: Set[str] = frozenset()
    begins: Mapping[str, int] = field(default_factory=dict)
    near: Collection[str] = ()
    asked: Mapping[str, int] | None = None
    data_left: int | None = None
    is_cheap: bool = True
    clock_trusted: bool = True

    @property
    def room_bytes(self) -> int:
        """What may still be begun without touching the reserve."""
        promised = sum(w.size - self.parts.get(w.sha256, 0) for w in self.fetching.values())
        return self.free_bytes - self.reserve_bytes - promised

    @property
    def budget_bytes(self) -> int | None:
        """What may still be spent once all that is on its way is paid for; None without a budget.

        A fetch is paid for at its end.
        """
        if self.data_left is None:
            return None
        return self.data_left - sum(w.size for w in self.fetching.values())


def spread_ms(did: str, serial: int, left_ms: int) -> int:
    """How long a box waits before it begins with what is needed in `left_ms`.

    Another share for each box and each word to it, of a tenth of the time and at most 600 s.
    """
    if left_ms <= AT_ONCE_MS:
        return 0
    drawn = hashlib.sha256(f"{did} {serial}".encode()).digest()
    share = int.from_bytes(drawn[:4]) / 2**32
    return int(share * min(MAX_SPREAD_MS, left_ms / 10))


def missing(
    wants: Wants, pages: Mapping[str, int], audio: Mapping[str, int]
) -> Iterator[tuple[Wanted, int]]:
    """What is not held and the instant of its need (0 = now), most urgent first.

    Pages by date, then those of phrases and clips, then audio by need.
    """
    for page in sorted(wants.pages, key=lambda page: page.date):
        if pages.get(page.sha256) != page.bytes:
            yield Wanted(Shelf.PAGES, page.sha256, page.bytes), 0
    for kept in wants.kept_pages:
        if pages.get(kept.sha256) != kept.bytes:
            yield Wanted(Shelf.PAGES, kept.sha256, kept.bytes), 0
    lacking = [
        (at_ms, asset.sha256, asset.bytes)
        for asset, at_ms in wants.audio
        if audio.get(asset.sha256) != asset.bytes and asset.sha256 not in wants.withdrawn
    ]
    for at_ms, sha256, size in sorted(lacking):
        yield Wanted(Shelf.AUDIO, sha256, size), at_ms


def stock_up(wants: Wants, stock: Stock, now_ms: int, mono_ms: int) -> Iterator[StockAction]:
    """What there is to do at `now_ms` (UTC) so that what is wanted is there in time."""
    for shelf, held in ((Shelf.AUDIO, stock.audio), (Shelf.PAGES, stock.pages)):
        yield from _useless(wants, stock, shelf, held)
    yield from _Round(wants, stock, now_ms, mono_ms).actions()


def _useless(wants: Wants, stock: Stock, shelf: Shelf, held: Mapping[str, int]) -> Iterator[Forget]:
    """What no plan can ever ask for again, whatever room there is."""
    named = {page.sha256 for page in wants.every_page}
    for sha256 in held:
        if shelf is Shelf.AUDIO and sha256 in wants.withdrawn:
            yield Forget(shelf, sha256, "withdrawn")
        elif shelf is Shelf.PAGES and wants.complete and sha256 not in named:
            yield Forget(shelf, sha256, "not in the plan any more")
    if shelf is Shelf.AUDIO and wants.complete and stock.parts:
        named |= {asset.sha256 for asset, _ in wants.audio} - wants.withdrawn
        for sha256 in stock.parts.keys() - named - stock.fetching.keys():
            yield Forget(shelf, sha256, "begun, and not in the plan any more")


class _Round:
    """One look over all that lacks, in order of need.

    Whoever is needed earlier lays claim to room before it comes, even while it waits, so that no
    room is filled with what would have to go again. What no source has claims nothing.
    """

    def __init__(self, wants: Wants, stock: Stock, now_ms: int, mono_ms: int) -> None:
        self._wants, self._stock = wants, stock
        self._now_ms, self._mono_ms = now_ms, mono_ms
        self._room = stock.room_bytes
        self._under_way = len(stock.fetching)
        self._data_left = stock.budget_bytes
        self._waiting: dict[Waits, list[int]] = {}
        self._ask: list[str] = []
        self._evictions = MAX_EVICTIONS

    def actions(self) -> Iterator[StockAction]:
        """Forget, fetch, ask, and say what waits."""
        restored = self._restore_reserve()
        yield from restored
        has_evicted = bool(restored)
        for wanted, at_ms in missing(self._wants, self._stock.pages, self._stock.audio):
            if wanted.sha256 in self._stock.fetching:
                continue
            rest = wanted.size - self._stock.parts.get(wanted.sha256, 0)
            lost = wanted.sha256 in self._stock.absent
            why, far = self._judge(wanted, at_ms, rest)
            room = self._room + (self._stock.reserve_bytes // 2 if self._presses(wanted) else 0)
            if rest > room:
                evicted = () if lost else self._evict(rest - room, at_ms)
                if not evicted:
                    self._wait(Waits.DISK_FULL, rest)
                    continue
                self._room -= rest
                if why is None and not has_evicted:
                    has_evicted = True
                    self._room += sum(self._stock.audio[each.sha256] for each in evicted)
                    yield from evicted
                self._wait(why or Waits.MAKES_ROOM, rest)
                continue
            if not lost:
                self._room -= rest
            if why is not None:
                self._wait(why, rest)
            elif self._under_way < self._most(wanted):
                self._under_way += 1
                if lost:
                    self._room -= rest
                if self._data_left is not None and far:
                    self._data_left -= rest
                yield Fetch(wanted, _reason(wanted), far)
        if self._ask:
            yield AskNeighbours(tuple(self._ask), "before a far source is")
        for reason, (files, size) in self._waiting.items():
            yield Wait(reason, files, size)

    def _presses(self, wanted: Wanted) -> bool:
        """Whether it comes at any cost, and into half of the disk's reserve.

        Without its pages a plan is not known, and nothing may be thrown away.
        """
        return wanted.shelf is Shelf.PAGES or wanted.sha256 in self._wants.urgent

    def _most(self, wanted: Wanted) -> int:
        return PRESSING_AT_ONCE if self._presses(wanted) else FETCHES_AT_ONCE

    def _judge(self, wanted: Wanted, at_ms: int, rest: int) -> tuple[Waits | None, bool]:
        """Why this is not fetched now, and whether a far source may be asked."""
        stock, sha256 = self._stock, wanted.sha256
        if stock.not_before.get(sha256, 0) > self._mono_ms:
            return Waits.RETRY, False
        if self._presses(wanted):
            return None, True
        if sha256 in stock.near:
            return None, self._far_waits(sha256, at_ms, rest) is None
        return self._far_waits(sha256, at_ms, rest), True

    def _far_waits(self, sha256: str, at_ms: int, rest: int) -> Waits | None:
        """Why no far source is asked for this audio now."""
        stock, left_ms = self._stock, at_ms - self._now_ms
        if left_ms > AT_ONCE_MS and stock.begins.get(sha256, 0) > self._mono_ms:
            return Waits.SPREAD
        asked = self._asked(sha256)
        if self._data_left is not None and rest > self._data_left:
            return Waits.DATA_BUDGET
        if not stock.is_cheap and stock.clock_trusted and left_ms > SOON_MS:
            return Waits.OFF_PEAK
        return None if asked or left_ms <= AT_ONCE_MS else Waits.NEIGHBOURS

    def _asked(self, sha256: str) -> bool:
        """Whether the neighbours had time to answer; who was not asked lately is asked again."""
        if self._stock.asked is None:
            return True
        at = self._stock.asked.get(sha256)
        age_ms = None if at is None else self._mono_ms - at
        if age_ms is None or age_ms >= ASK_NEIGHBOURS_EVERY_MS:
            if len(self._ask) < MAX_ASKED and sha256 not in self._stock.near:
                self._ask.append(sha256)
            return age_ms is not None
        return age_ms >= ANSWERS_WITHIN_MS

    def _wait(self, reason: Waits, size: int) -> None:
        sums = self._waiting.setdefault(reason, [0, 0])
        sums[0] += 1
        sums[1] += size

    def _restore_reserve(self) -> tuple[Forget, ...]:
        """What no plan needs goes before the reserve does."""
        lacking = self._stock.reserve_bytes - self._stock.free_bytes
        if lacking <= 0:
            return ()
        reason = "disk is short and the plan does not need it"
        chosen = self._enough(self._unneeded(), lacking, partly=True)
        self._room += sum(self._stock.audio[sha256] for sha256 in chosen)
        return tuple(Forget(Shelf.AUDIO, sha256, reason) for sha256 in chosen)

    def _evict(self, lacking: int, at_ms: int) -> tuple[Forget, ...]:
        """What has to go for something needed at `at_ms`; nothing if that were not enough."""
        if self._evictions <= 0:
            return ()
        self._evictions -= 1
        victims = (*self._unneeded(), *self._later_than(at_ms))
        reason = "disk is short and something is needed sooner"
        chosen = self._enough(victims, lacking, partly=False)
        return tuple(Forget(Shelf.AUDIO, sha256, reason) for sha256 in chosen)

    def _unneeded(self) -> list[str]:
        """Held audio that nothing names, if all that is named is known."""
        wants = self._wants
        if not wants.complete:
            return []
        named = {asset.sha256 for asset, _ in wants.audio} | wants.pinned | wants.urgent
        return sorted(self._stock.audio.keys() - named - wants.withdrawn)

    def _later_than(self, at_ms: int) -> list[str]:
        """Held audio that is needed after this and not within 48 h, latest first."""
        wants = self._wants
        if not wants.complete or not self._stock.clock_trusted:
            return []
        bound_ms = max(at_ms, self._now_ms + PINNED_MS)
        loose = self._stock.audio.keys() - wants.pinned - wants.urgent - wants.withdrawn
        later = [
            (need_ms, asset.sha256)
            for asset, need_ms in wants.audio
            if need_ms > bound_ms and asset.sha256 in loose
        ]
        return [sha256 for _, sha256 in sorted(later, reverse=True)]

    def _enough(self, victims: Iterable[str], lacking: int, *, partly: bool) -> list[str]:
        """Of these in their order so many that `lacking` bytes get free, and not one more."""
        chosen: list[str] = []
        freed = 0
        for sha256 in victims:
            if freed >= lacking:
                break
            chosen.append(sha256)
            freed += self._stock.audio[sha256]
        if freed < lacking and not partly:
            return []
        for sha256 in reversed(chosen):
            if freed - self._stock.audio[sha256] >= lacking:
                chosen.remove(sha256)
                freed -= self._stock.audio[sha256]
        return chosen


def _reason(wanted: Wanted) -> str:
    return "page is missing" if wanted.shelf is Shelf.PAGES else "audio is missing"
