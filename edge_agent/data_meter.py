"""What a box's data costs this month, and when data is cheap. On disk, written seldom."""

import logging
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edge_agent import durable
from edge_agent.clock import Reading
from edge_agent.contract.desired import DataBudget
from edge_agent.contract.types import Unreadable, decode, encode
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.data_meter")

SAVE_EVERY_BYTES = 1_000_000
SAVE_EVERY_MS = 600_000
"""What a power cut takes from the count is bounded by both."""

NO_BUDGET_RESETS_ON = 1


class Month(msgspec.Struct, frozen=True):
    """Bytes used since local day `since`, the `resets_on` of its month."""

    since: str
    resets_on: int
    used: int


class DataMeter:
    """Counts what costs; `used` is of this month of the budget, as far as a trusted clock knows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.losses: tuple[str, ...] = ()
        stored = self._read()
        self._since = stored.since
        self._resets_on = stored.resets_on
        self.used = self._saved = stored.used
        self._saved_at: int | None = None
        self._link_total = 0

    def count(self, cost_bytes: int) -> None:
        """So much was spent."""
        self.used += cost_bytes

    def count_link(self, total_bytes: int) -> None:
        """The link has carried so much in this run, in both directions."""
        self.used += total_bytes - self._link_total
        self._link_total = total_bytes

    def look(self, budget: DataBudget | None, now: Reading) -> None:
        """Begin a new month where one has begun, and bring the count to disk when it is time."""
        if now.trusted:
            self._turn(budget, now.utc_ms)
        if self._saved_at is None:
            self._saved_at = now.mono_ms
        unsaved = abs(self.used - self._saved)
        waited = now.mono_ms - self._saved_at >= SAVE_EVERY_MS
        if unsaved >= SAVE_EVERY_BYTES or (unsaved and waited):
            self._saved_at = now.mono_ms
            self.save()

    def left(self, budget: DataBudget | None) -> int | None:
        """Bytes that may still be spent this month, at least 0; None without a budget."""
        return None if budget is None else max(0, budget.monthly_bytes - self.used)

    def save(self) -> None:
        """Bring the count to disk; if that takes no more, it is tried again later."""
        self._saved = self.used
        month = Month(self._since, self._resets_on, self.used)
        try:
            durable.write_checked(self._file, encode(month))
        except OSError as e:
            durable.note_unwritten(log, self._file, e)

    def _turn(self, budget: DataBudget | None, utc_ms: int) -> None:
        since = month_of(budget, utc_ms).isoformat()
        resets_on = budget.resets_on if budget else NO_BUDGET_RESETS_ON
        if resets_on != self._resets_on or not self._since:
            # The days of another rule cannot be told apart: all that was used counts on.
            self._since, self._resets_on = since, resets_on
        elif since > self._since:
            note(log, "data_month_turned", used=self.used, since=since)
            self._since, self.used = since, 0
            self.save()

    def _read(self) -> Month:
        try:
            stored = durable.read_checked(self._file)
            return Month("", NO_BUDGET_RESETS_ON, 0) if stored is None else decode(stored, Month)
        except (durable.Damaged, Unreadable) as e:
            kept = durable.set_aside(self._file)
            self.losses = (f"{self._file.name} damaged",)
            note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=str(e))
            return Month("", NO_BUDGET_RESETS_ON, 0)


def month_of(budget: DataBudget | None, utc_ms: int) -> date:
    """Local day on which the month of the budget began; without one, the first in UTC."""
    zone = ZoneInfo(budget.time_zone) if budget else UTC
    resets_on = budget.resets_on if budget else NO_BUDGET_RESETS_ON
    today = datetime.fromtimestamp(utc_ms / 1000, zone).date()
    if today.day >= resets_on:
        return today.replace(day=resets_on)
    if today.month > 1:
        return today.replace(month=today.month - 1, day=resets_on)
    return date(today.year - 1, 12, resets_on)


def is_cheap(budget: DataBudget | None, utc_ms: int) -> bool:
    """Whether these are hours in which data costs little; always, where none are named."""
    if budget is None or not budget.off_peak:
        return True
    wall = datetime.fromtimestamp(utc_ms / 1000, ZoneInfo(budget.time_zone)).time()
    for hours in budget.off_peak:
        since, until = time.fromisoformat(hours.since), time.fromisoformat(hours.until)
        inside = since <= wall < until if since < until else wall >= since or wall < until
        if inside:
            return True
    return False
