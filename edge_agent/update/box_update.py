"""The agent's part in an update: it fetches what was ordered and hands it to the system's updater.

The agent may not change its own program, and tells what became of it once the updater has said so.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent import durable
from edge_agent.cache import Shelf, Wanted
from edge_agent.clock import Reading
from edge_agent.contract.commands import AckStatus, Command, Update
from edge_agent.contract.types import encode
from edge_agent.download import Fetched, Outcome, Request
from edge_agent.log_setup import note
from edge_agent.orders import Orders
from edge_agent.update.layout import order_hash, read_record, read_result
from edge_agent.update.order import BUNDLE, ORDER, UpdateOrder
from edge_agent.update.words import read_word
from edge_agent.version import VERSION

log = logging.getLogger("edge_agent.update")

GIVE_UP_FETCHING_MS = 7 * 24 * 3_600_000
GIVE_UP_WAITING_MS = 25 * 3_600_000
"""The updater waits a day for silence."""

LOOK_EVERY_MS = 2_000
MAX_RETRY_S = 900.0
ROOM = 6
"""A bundle is unpacked, and its wheels once more."""


@dataclass(frozen=True, slots=True)
class BundleFile(Wanted):
    """A bundle by its hash; it lies on no shelf of the cache."""

    @property
    def address(self) -> str:
        """Its address below any source."""
        return f"bundles/{self.sha256}"


class _Ordered(msgspec.Struct, frozen=True):
    """An order at work, on the disk until it is known how it ended."""

    command: str
    sealed: str
    update: Update
    since: int
    handed: str = ""
    """Hash of what was given to the updater, "" before."""
    handed_at: int = 0


class BoxUpdate:
    """Works in the agent's thread; `folder` is the agent's own, `records` the updater's."""

    def __init__(
        self,
        *,
        orders: Orders,
        submit: Callable[[Request], None],
        free_bytes: Callable[[], int],
        paired: str,
        folder: Path,
        records: Path,
    ) -> None:
        self._orders = orders
        self._submit = submit
        self._free_bytes = free_bytes
        self._paired = paired
        self._folder = folder
        self._records = records
        self._at_work = read_record(folder / "wanted", _Ordered)
        self._fetching = False
        self._failures = 0
        self._not_before_mono_ms = 0

    def take(self, command: Command, body: Update, sealed: bytes, now: Reading) -> None:
        """Begin what `command` orders; its bytes are `sealed`."""
        if body.version == VERSION:
            self._orders.step(command, AckStatus.DONE, "already", now)
            return
        if self._at_work is not None and self._at_work.handed:
            self._orders.step(command, AckStatus.FAILED, "busy", now)
            return
        if self._free_bytes() < body.bytes * ROOM:
            self._orders.step(command, AckStatus.FAILED, "disk_full", now)
            return
        if self._at_work is not None:
            self._end(AckStatus.FAILED, "superseded", now)
        ordered = _Ordered(command.id, sealed.decode("ascii"), body, now.utc_ms)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._keep(ordered)
        except OSError as e:
            self._orders.step(command, AckStatus.FAILED, durable.why_unwritable(e), now)
            return
        note(log, "update_ordered", version=body.version, command=command.id)
        self._failures, self._not_before_mono_ms = 0, 0
        self._orders.step(command, AckStatus.STARTED, "", now)

    def look(self, sources: tuple[str, ...], now: Reading) -> None:
        """Go on with what is at work."""
        ordered = self._at_work
        if ordered is None or self._fetching or now.mono_ms < self._not_before_mono_ms:
            return
        self._not_before_mono_ms = now.mono_ms + LOOK_EVERY_MS
        if ordered.handed:
            self._await(ordered, now)
        elif now.trusted and now.utc_ms - ordered.since > GIVE_UP_FETCHING_MS:
            self._end(AckStatus.FAILED, "not_fetched", now)
        elif sources:
            path = self._folder / BUNDLE
            wanted = BundleFile(Shelf.AUDIO, ordered.update.sha256, ordered.update.bytes)
            self._fetching = True
            self._submit(Request(wanted, path, path.with_name(BUNDLE + ".part"), sources))

    def ordered(self, fetched: Fetched) -> bool:
        """Whether this is the end of a fetch of a bundle."""
        return isinstance(fetched.wanted, BundleFile)

    def fetched(self, fetched: Fetched, now: Reading) -> None:
        """Take the end of the fetch of a bundle."""
        self._fetching = False
        ordered = self._at_work
        if ordered is None or fetched.wanted.sha256 != ordered.update.sha256:
            return
        if fetched.outcome is Outcome.HELD:
            self._hand_over(ordered, now)
            return
        self._failures = 1 if fetched.received else self._failures + 1
        wait_s = random.uniform(1.0, min(MAX_RETRY_S, 2.0 ** min(self._failures + 1, 10)))
        self._not_before_mono_ms = now.mono_ms + round(wait_s * 1000)
        note(
            log,
            "update_not_fetched",
            level=logging.WARNING,
            outcome=fetched.outcome,
            detail=fetched.detail,
            again_in_s=round(wait_s, 1),
        )

    def _hand_over(self, ordered: _Ordered, now: Reading) -> None:
        keys, moved = (read_word(self._folder, word) for word in ("keys", "placement"))
        order = encode(UpdateOrder(ordered.sealed, keys, moved or self._paired))
        try:
            handed = msgspec.structs.replace(
                ordered, handed=order_hash(order), handed_at=now.utc_ms
            )
            # First what is known of it, for with the order the updater begins.
            self._keep(handed)
            durable.write(self._folder / ORDER, order)
        except OSError as e:
            self._end(AckStatus.FAILED, durable.why_unwritable(e), now)
            return
        note(log, "update_handed_over", version=ordered.update.version)

    def _await(self, ordered: _Ordered, now: Reading) -> None:
        result = read_result(self._records)
        if result is not None and result.order == ordered.handed:
            status = AckStatus.DONE if result.status == "done" else AckStatus.FAILED
            self._end(status, result.reason, now)
        elif now.trusted and now.utc_ms - ordered.handed_at > GIVE_UP_WAITING_MS:
            self._end(AckStatus.FAILED, "updater_silent", now)

    def _end(self, status: AckStatus, reason: str, now: Reading) -> None:
        ordered = self._at_work
        if ordered is None:
            return
        note(log, "update_ended", version=ordered.update.version, status=status, reason=reason)
        self._orders.ended(ordered.command, status, reason[:500], now)
        self._at_work = None
        for name in (ORDER, BUNDLE, BUNDLE + ".part", "wanted"):
            (self._folder / name).unlink(missing_ok=True)

    def _keep(self, ordered: _Ordered) -> None:
        """Raises OSError."""
        durable.write_checked(self._folder / "wanted", encode(ordered))
        self._at_work = ordered
