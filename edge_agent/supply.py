"""What the plan needs on disk: read, listed, fetched, checked, thrown away."""

import logging
import random
from collections.abc import Iterable

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.clock import Reading
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import Asset
from edge_agent.download import Fetched, Outcome, Request
from edge_agent.held import Held
from edge_agent.log_setup import note
from edge_agent.plan import Plan, read_plan
from edge_agent.reconcile import Fetch, Forget, Verify, Wants

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
    if plan.spoiled or any(page.sha256 not in pages for page in held.desired.manifest.pages):
        return
    alerts = (alert for alerts in held.alerts.values() for alert in alerts.alerts)
    spoken = {a.sha256 for alert in alerts for said in alert.spoken for a in said.assets}
    needed = spoken | {asset.sha256 for asset, _ in plan.needed}
    for sha256 in [sha256 for sha256 in cache.shelves[Shelf.AUDIO] if sha256 not in needed]:
        cache.forget(Shelf.AUDIO, sha256)
        note(log, "forgotten", sha256=sha256, shelf=Shelf.AUDIO, reason="disk_full")


class Supply:
    """Keeps the cache in step with the accepted plan; deletes nothing of its own accord."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._read_at: int | None = None
        self._failures: dict[str, int] = {}
        self.plan = Plan()
        self.fetching: dict[str, Wanted] = {}
        self.not_before: dict[str, int] = {}
        self.verified: set[str] = set()
        self.received_bytes = 0

    def changed(self) -> None:
        """Another desired state holds: read anew and try at once what failed before."""
        self._read_at = None
        self._failures.clear()
        self.not_before.clear()

    def read(self, desired: Desired | None, now: Reading) -> None:
        """Read the plan from the held pages if something changed or an hour has passed."""
        if desired is None:
            return
        if self._read_at is not None and now.mono_ms - self._read_at < REREAD_MS:
            return
        self.plan = read_plan(desired.manifest, self._cache.page, now.utc_ms)
        self._read_at = now.mono_ms
        for sha256 in self.plan.spoiled:
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
        """List what has to be on disk: the plan's, and `urgent` audio at once."""
        if desired is None:
            audio = tuple((asset, 0) for asset in urgent)
            return Wants(audio=audio, pinned=pinned, heartbeat_ms=heartbeat_ms)
        needs = dict(self.plan.needed) | dict.fromkeys(urgent, 0)
        held = self._cache.shelves[Shelf.PAGES]
        pages = desired.manifest.pages
        read = self._read_at is not None and not self.plan.spoiled
        return Wants(
            pages=pages,
            audio=tuple(needs.items()),
            withdrawn=frozenset(desired.withdrawn),
            pinned=pinned,
            complete=read and all(page.sha256 in held for page in pages),
            heartbeat_ms=heartbeat_ms,
        )

    def fetch(self, action: Fetch, desired: Desired | None) -> Request | None:
        """Give the request that carries out `action`; None if no source is known."""
        if desired is None or not desired.sources:
            return None
        wanted = action.wanted
        self.fetching[wanted.sha256] = wanted
        path = self._cache.path(wanted.shelf, wanted.sha256)
        note(log, "fetch_begun", sha256=wanted.sha256, shelf=wanted.shelf, reason=action.reason)
        return Request(wanted, path, self._cache.part(wanted), desired.sources)

    def fetched(self, fetched: Fetched, now: Reading) -> None:
        """Take the end of a fetch."""
        wanted = fetched.wanted
        self.fetching.pop(wanted.sha256, None)
        self.received_bytes += fetched.received
        if fetched.outcome is Outcome.HELD:
            self._cache.admit(wanted)
            self.verified.add(wanted.sha256)
            self._failures.pop(wanted.sha256, None)
            note(log, "fetched", sha256=wanted.sha256, shelf=wanted.shelf, bytes=wanted.size)
            if wanted.shelf is Shelf.PAGES:
                self._read_at = None
            return
        failures = self._failures[wanted.sha256] = self._failures.get(wanted.sha256, 0) + 1
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
        note(log, "forgotten", sha256=action.sha256, shelf=action.shelf, reason=action.reason)

    def verify(self, action: Verify) -> None:
        """Check a file once more; a rotten one is deleted, and so fetched again."""
        if self._cache.is_sound(Shelf.AUDIO, action.sha256):
            self.verified.add(action.sha256)
        else:
            note(log, "audio_rotten", level=logging.ERROR, sha256=action.sha256)
