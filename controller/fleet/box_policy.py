"""What a person sets for one box, and how the box is told of it: pure."""

from dataclasses import dataclass
from datetime import datetime, time

from controller.fleet.plan import to_ms
from edge_agent.contract import desired as wire

MEGABYTE = 1_000_000
AT_LEISURE = wire.ReportPolicy(heartbeat_s=60, keepalive_s=30)
SPARING = wire.ReportPolicy(heartbeat_s=900, keepalive_s=240)
"""An idle month of a metered box stays below 5 MB."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Wall times where the box stands; over midnight if `until` is not after `since`."""

    since: time
    until: time


@dataclass(frozen=True, slots=True)
class DataPlan:
    """What the box's SIM may fetch from day `resets_on` of one month to that of the next."""

    monthly_mb: int
    resets_on: int = 1
    off_peak: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Somebody works at the horn until then: why, and who said so."""

    until: datetime
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class BoxPolicy:
    """All that is set for one box; the defaults hold where nobody set anything.

    `fallback` is the id of the cart that sounds where nothing else is held; "" is silence.
    """

    data: DataPlan | None = None
    delay_ms: int = 0
    maintenance: Maintenance | None = None
    clock_within_s: int = 120
    fallback: str = ""

    @property
    def report(self) -> wire.ReportPolicy:
        """How often it speaks: seldom where each byte costs."""
        return SPARING if self.data else AT_LEISURE

    @property
    def silent_after_ms(self) -> int:
        """So long without a word is three heartbeats missed, and the broker has noticed too."""
        return (3 * self.report.heartbeat_s + self.report.keepalive_s) * 1000

    def maintained_at(self, now: datetime) -> Maintenance | None:
        """The maintenance that goes on at `now`, or None."""
        return self.maintenance if self.maintenance and now < self.maintenance.until else None


def data_budget(policy: BoxPolicy, time_zone: str) -> wire.DataBudget | None:
    """The data plan as the box is told it, its hours in `time_zone`."""
    plan = policy.data
    if plan is None:
        return None
    hours = tuple(wire.OffPeak(f"{h.since:%H:%M}", f"{h.until:%H:%M}") for h in plan.off_peak)
    return wire.DataBudget(plan.monthly_mb * MEGABYTE, time_zone, plan.resets_on, hours)


def maintenance_order(policy: BoxPolicy, now: datetime) -> wire.Maintenance | None:
    """The maintenance as the box is told it; none once it is over."""
    going_on = policy.maintained_at(now)
    return wire.Maintenance(to_ms(going_on.until), going_on.why) if going_on else None
