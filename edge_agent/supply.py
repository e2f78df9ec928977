"""What the plan needs on disk: read, listed, fetched, checked, thrown away."""

import hashlib
import logging
import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.clock import Reading
from edge_agent.contract.alert import Clip
from edge_agent.contract.desired import ClipsRef, Desired, PhraseRef
from edge_agent.contract.manifest import Asset, PageRef
from edge_agent.contract.state import Waits
from edge_agent.data_meter import DataMeter, is_cheap
from edge_agent.download import Fetched, Outcome, Request
from edge_agent.held import Held
from edge_agent.log_setup import note
from edge_agent.phrases import Clips, Phrases, read_clips, read_phrases
from edge_agent.plan import Plan, read_plan
from edge_agent.reconcile import Verify
from edge_agent.stock import (
    PINNED_MS,
    Fetch,
    Forget,
    Stock,
    Wait,
    Wants,
    missing,
    spread_ms,
)

log = logging.getLogger("edge_agent.supply")

REREAD_MS = 3_600_000
"""The plan is read again from its pages after this time, to bring near what has come near."""

MAX_RETRY_S = 300.0
STATE_BYTES = 1_000_000
"""Room that the state needs, whatever reserve is asked for."""


def make_room(cache: Cache, held: Held, now_ms: int) -> None:
    """Before the start on a full disk: delete what neither the held plan nor an alert needs.

    Unfinished downloads go first. Of audio nothing goes unless the whole plan can be read.
    """
    if cache.free_bytes() >= STATE_BYTES:
        return
    note(log, "disk_full", level=logging.ERROR, free=cache.free_bytes())
    cache.forget_parts()
    if held.desired is None or cache.free_bytes() >= STATE_BYTES:
        return
    pages = cache.shelves[Shelf.PAGES]
    plan = read_plan(held.desired.manifest, cache.page, now_ms)
    phrases = read_phrases(held.desired.phrases, cache.page)
    clips = read_clips(held.desired.clips, cache.page)
    named: tuple[PageRef | PhraseRef | ClipsRef, ...]
    named = (*held.desired.manifest.pages, *_kept_pages(held.desired))
    spoiled = plan.spoiled or phrases.spoiled or clips.spoiled
    if spoiled or any(page.sha256 not in pages for page in named):
        return
    alerts = (alert for alerts in held.alerts.values() for alert in alerts.alerts)
    needed = {a.sha256 for alert in alerts for said in alert.spoken for a in said.assets}
    needed |= {asset.sha256 for asset, _ in plan.needed}
    needed |= {asset.sha256 for asset in (*phrases.audio, *clips.audio)}
    if held.desired.fallback is not None:
        needed.add(held.desired.fallback.sha256)
    for sha256 in [sha256 for sha256 in cache.shelves[Shelf.AUDIO] if sha256 not in needed]:
        cache.forget(Shelf.AUDIO, sha256)
        note(log, "forgotten", sha256=sha256, shelf=Shelf.AUDIO, reason="disk_full")


@dataclass(frozen=True, slots=True)
class Inventory:
    """What lacks and when it is needed, most urgent first; bytes wanted, and lacking of them.

    `digest` names the set of held audio that is wanted: SHA-256 of its sorted hashes.
    """

    wants: Wants
    changes: int
    lacking: tuple[tuple[Wanted, int], ...]
    wanted_bytes: int
    lacking_bytes: int
    digest: str


class Supply:
    """Keeps the cache in step with the accepted plan; deletes nothing of its own accord."""

    def __init__(self, cache: Cache, meter: DataMeter, *, did: str, max_spread_s: int) -> None:
        self._cache = cache
        self._meter = meter
        self._did = did
        self._max_spread_ms = max_spread_s * 1000
        self._read_for_ms: int | None = None
        self._failures: dict[str, int] = {}
        self._absent: set[str] = set()
        self._begins: dict[str, int] = {}
        self._phrases = Phrases()
        self._clips = Clips()
        self._needs: dict[Asset, int] = {}
        self._wants = Wants()
        self._wanted_for: object = None
        self._inventory: Inventory | None = None
        self.plan = Plan()
        self.fetching: dict[str, Wanted] = {}
        self.not_before: dict[str, int] = {}
        self.verified: set[str] = set()
        self.waiting: dict[Waits, Wait] = {}

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Hazard clips of the zone, in its order of languages."""
        return self._clips.clips

    def changed(self) -> None:
        """Another desired state holds: read anew and try at once what failed before."""
        self._read_for_ms = None
        self.reconnected()

    def reconnected(self) -> None:
        """There is a network again: try at once what failed before."""
        self._failures.clear()
        self._absent.clear()
        self.not_before.clear()

    def read(self, desired: Desired | None, now: Reading) -> None:
        """Read the plan from the held pages if something changed, or the clock by an hour."""
        if desired is None:
            return
        read_for = self._read_for_ms
        if read_for is not None and abs(now.utc_ms - read_for) < REREAD_MS:
            return
        named = {page.sha256 for page in desired.manifest.pages}
        named |= {page.sha256 for page in _kept_pages(desired)}
        older = partial(self._cache.other_pages, named)
        self.plan = read_plan(desired.manifest, self._cache.page, now.utc_ms, older)
        self._phrases = read_phrases(desired.phrases, self._cache.page)
        self._clips = read_clips(desired.clips, self._cache.page)
        self._read_for_ms = now.utc_ms
        kept = (*self._phrases.audio, *self._clips.audio)
        self._needs = _needs(self.plan, kept, desired.fallback, now.utc_ms)
        self._wanted_for = None
        for sha256 in (*self.plan.spoiled, *self._phrases.spoiled, *self._clips.spoiled):
            rotten = not self._cache.is_sound(Shelf.PAGES, sha256)
            note(log, "page_unreadable", level=logging.ERROR, sha256=sha256, rotten=rotten)

    def wants(
        self,
        desired: Desired | None,
        *,
        urgent: Iterable[Asset],
        pinned: frozenset[str],
        heartbeat_ms: int,
    ) -> Wants:
        """List what has to be on disk: the plan's, what is kept, and `urgent` audio at once."""
        urgent, held = frozenset(urgent), self._cache.shelves[Shelf.PAGES]
        pages: tuple[PageRef | PhraseRef | ClipsRef, ...] = ()
        if desired is not None:
            pages = (*desired.manifest.pages, *_kept_pages(desired))
        read = self._read_for_ms is not None
        spoiled = self.plan.spoiled or self._phrases.spoiled or self._clips.spoiled
        complete = read and not spoiled and all(page.sha256 in held for page in pages)
        wanted_for = (desired, urgent, pinned, heartbeat_ms, complete)
        if self._wanted_for == wanted_for:
            return self._wants
        needs = (self._needs if desired else {}) | dict.fromkeys(urgent, 0)
        kept = {asset.sha256 for asset in (*self._phrases.audio, *self._clips.audio)}
        if desired and desired.fallback:
            kept.add(desired.fallback.sha256)
        self._wanted_for = wanted_for
        self._wants = Wants(
            pages=desired.manifest.pages if desired else (),
            kept_pages=_kept_pages(desired) if desired else (),
            audio=tuple(needs.items()),
            withdrawn=frozenset(desired.withdrawn if desired else ()),
            pinned=pinned | kept,
            urgent=frozenset(asset.sha256 for asset in urgent),
            complete=complete,
            heartbeat_ms=heartbeat_ms,
        )
        return self._wants

    def inventory(self, wants: Wants) -> Inventory:
        """Hold what is wanted against what is held."""
        found, cache = self._inventory, self._cache
        if found is not None and found.wants is wants and found.changes == cache.changes:
            return found
        audio = cache.shelves[Shelf.AUDIO]
        lacking = tuple(missing(wants, cache.shelves[Shelf.PAGES], audio))
        sizes = [page.bytes for page in wants.every_page]
        sizes += [a.bytes for a, _ in wants.audio if a.sha256 not in wants.withdrawn]
        held = sorted(asset.sha256 for asset, _ in wants.audio if asset.sha256 in audio)
        self._inventory = Inventory(
            wants,
            cache.changes,
            lacking,
            sum(sizes),
            sum(wanted.size for wanted, _ in lacking),
            hashlib.sha256("\n".join(held).encode()).hexdigest(),
        )
        return self._inventory

    def held_bytes(self, wants: Wants) -> int:
        """Bytes of what is wanted that are on disk, with what is there of unfinished downloads."""
        inventory, parts = self.inventory(wants), self._cache.parts()
        begun = sum(parts.get(wanted.sha256, 0) for wanted, _ in inventory.lacking) if parts else 0
        return inventory.wanted_bytes - inventory.lacking_bytes + begun

    def stock(
        self,
        wants: Wants,
        desired: Desired | None,
        now: Reading,
        reserve_bytes: int,
        *,
        near: Collection[str] = (),
        asked: Mapping[str, int] | None = None,
    ) -> Stock:
        """Look at what is there and what stands in the way of what lacks."""
        budget = desired.data if desired else None
        self._spread(self.inventory(wants), desired.serial if desired else 0, now)
        return Stock(
            pages=dict(self._cache.shelves[Shelf.PAGES]),
            audio=dict(self._cache.shelves[Shelf.AUDIO]),
            free_bytes=self._cache.free_bytes(),
            reserve_bytes=reserve_bytes,
            fetching=self.fetching,
            parts=self._cache.parts(),
            not_before=self.not_before,
            absent=self._absent,
            begins=self._begins,
            near=near,
            asked=asked,
            data_left=self._meter.left(budget),
            is_cheap=is_cheap(budget, now.utc_ms),
            clock_trusted=now.trusted,
        )

    def _spread(self, inventory: Inventory, serial: int, now: Reading) -> None:
        """Draw, for what lacks since now, when its download may begin."""
        for wanted, at_ms in inventory.lacking:
            if wanted.sha256 not in self._begins:
                wait_ms = spread_ms(self._did, serial, at_ms - now.utc_ms)
                begin_ms = now.mono_ms + min(wait_ms, self._max_spread_ms)
                self._begins[wanted.sha256] = begin_ms

    def wait(self, waits: Iterable[Wait]) -> None:
        """Remember what waits and why, and say so when that changes."""
        waiting = {wait.reason: wait for wait in waits}
        if waiting.keys() != self.waiting.keys():
            said = {str(wait.reason): wait.files for wait in waiting.values()}
            note(log, "fetches_wait", **said)
        if Waits.DISK_FULL in waiting.keys() - self.waiting.keys():
            refused = waiting[Waits.DISK_FULL].files
            free = self._cache.free_bytes()
            note(log, "disk_full", level=logging.ERROR, free=free, refused=refused)
        self.waiting = waiting

    def fetch(
        self, action: Fetch, desired: Desired | None, near: tuple[str, ...] = ()
    ) -> Request | None:
        """Give the request that carries out `action`; None if no source is known."""
        sources = desired.sources if desired and action.far else ()
        if not sources and not near:
            return None
        return self._begin(action.wanted, action.reason, sources, near)

    def carry(self, wanted: Wanted, root: Path) -> Request:
        """Give the request that copies a file from a stick, whose folder is `root`."""
        return self._begin(wanted, "on a stick", (), (root.as_uri(),))

    def _begin(
        self, wanted: Wanted, reason: str, sources: tuple[str, ...], near: tuple[str, ...]
    ) -> Request:
        self.fetching[wanted.sha256] = wanted
        self._cache.begin(wanted)
        path, part = self._cache.path(wanted.shelf, wanted.sha256), self._cache.part(wanted)
        note(log, "fetch_begun", sha256=wanted.sha256, shelf=wanted.shelf, reason=reason)
        return Request(wanted, path, part, sources, near)

    def fetched(self, fetched: Fetched, now: Reading) -> None:
        """Take the end of a fetch."""
        wanted = fetched.wanted
        self.fetching.pop(wanted.sha256, None)
        self._meter.count(fetched.cost_bytes)
        if fetched.outcome is Outcome.HELD:
            self._cache.admit(wanted)
            self.verified.add(wanted.sha256)
            self._failures.pop(wanted.sha256, None)
            self._begins.pop(wanted.sha256, None)
            self._absent.discard(wanted.sha256)
            note(log, "fetched", sha256=wanted.sha256, shelf=wanted.shelf, bytes=wanted.size)
            if wanted.shelf is Shelf.PAGES:
                self._read_for_ms = None
            return
        if fetched.failed and all(source.startswith("file:") for source, _ in fetched.failed):
            # A bad stick says nothing about the network.
            return
        if fetched.outcome in (Outcome.ABSENT, Outcome.MISMATCH):
            self._absent.add(wanted.sha256)
        # What came of it shows that the way is open.
        failures = 1 if fetched.received else self._failures.get(wanted.sha256, 0) + 1
        self._failures[wanted.sha256] = failures
        wait_s = random.uniform(0.5, min(MAX_RETRY_S, 2.0 ** min(failures, 10)))
        self.not_before[wanted.sha256] = now.mono_ms + round(wait_s * 1000)
        note(
            log,
            "fetch_failed",
            level=logging.WARNING,
            sha256=wanted.sha256,
            outcome=fetched.outcome,
            detail=fetched.detail,
            again_in_s=round(wait_s, 1),
        )

    def forget(self, action: Forget) -> None:
        """Delete a file."""
        self._cache.forget(action.shelf, action.sha256)
        self.verified.discard(action.sha256)
        note(log, "forgotten", sha256=action.sha256, shelf=action.shelf, reason=action.reason)

    def verify(self, action: Verify) -> None:
        """Check a file once more; a rotten one is deleted, and so fetched again."""
        if self._cache.is_sound(Shelf.AUDIO, action.sha256):
            self.verified.add(action.sha256)
        else:
            note(log, "audio_rotten", level=logging.ERROR, sha256=action.sha256)


def _kept_pages(desired: Desired) -> tuple[PhraseRef | ClipsRef, ...]:
    """Pages of what is kept whole for emergencies."""
    return desired.phrases if desired.clips is None else (*desired.phrases, desired.clips)


def _needs(
    plan: Plan, kept: tuple[Asset, ...], known_sound: Asset | None, now_ms: int
) -> dict[Asset, int]:
    """When each sound is needed next. What is kept for whenever comes after what is near."""
    needs = dict(plan.needed)
    for asset in kept:
        needs[asset] = min(now_ms + PINNED_MS, needs.get(asset, now_ms + PINNED_MS))
    if known_sound is not None:
        needs[known_sound] = now_ms
    return needs
