"""Shapes of boxes in the JSON API: their health, what is set for them, orders, diagnoses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from controller.api.airtime_shapes import WallTime
from controller.api.shapes import Id, Instant, Shape
from controller.fleet.box_policy import BoxPolicy, DataPlan, Hours, Maintenance
from controller.fleet.box_words import waits
from controller.fleet.status import Status
from controller.operations.diagnose import Found, Ordered
from controller.operations.set_box_policy import HeldPolicy
from controller.operations.show_boxes import ShownBox
from controller.storage.instants import to_utc

Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class BoxOut(Shape):
    """One box as it is now; null where it has not said."""

    device: str
    """Id of the box."""
    cluster: str
    """Id of the loudspeakers where it stands."""
    name: str
    """Name of those loudspeakers."""
    village: str
    """Name of the village."""
    commune: str
    """Name of the commune."""
    status: Status
    """As of clusters; `bao_tri`: under maintenance."""
    seen_at: AwareDatetime | None
    """When it last spoke."""
    alarms: list[str]
    """Kinds of the alarms that stand about it."""
    maintenance_until: AwareDatetime | None
    """It is silent by order until then."""
    agent: str
    """Version of its program; empty before it spoke."""
    rules: int
    """Number of the rules by which it decides; 0 before it spoke."""
    boots: int
    """How often it was started."""
    uptime_s: int | None
    """Since its machine was switched on."""
    clock_source: str
    """What its clock was set by."""
    clock_error_ms: int | None
    """How wrong its clock may be."""
    plan_until: AwareDatetime | None
    """End of the plan on its disk."""
    lacking: int | None
    """Audio files that it has still to fetch."""
    waits_vi: str
    """Why it does not fetch them now, in Vietnamese; empty: it does."""
    waits_en: str
    """Why it does not fetch them now, in English."""
    silenced: str
    """What keeps it silent: a switch, an order; empty: nothing."""
    temperature_c: float | None
    """Of its processor."""
    under_voltage: bool | None
    """Its supply is too weak."""
    disk_free_bytes: int | None
    """Room on its disk."""
    disk_total_bytes: int | None
    """Size of its disk."""
    disk_errors: int | None
    """Errors that its disk has counted."""
    card_worn_percent: int | None
    """How much of the card's life is used."""
    signal_dbm: int | None
    """Strength of its radio signal."""
    data_used_bytes: int | None
    """Fetched in this month of its budget."""
    data_limit_bytes: int | None
    """What its budget allows in a month."""
    player_restarts: int
    """How often its player died since its program began."""
    spooled: int
    """Playback reports that have not arrived here."""
    losses: list[str]
    """What it found damaged on its disk since its program began."""

    @staticmethod
    def of(shown: ShownBox) -> "BoxOut":
        """Make it of the operation's value."""
        where, said = shown.cluster, shown.reported
        told = shown.told
        clock, (waits_vi, waits_en) = told.clock, waits(told.waits)
        return BoxOut(
            device=shown.device_id,
            cluster=where.cluster_id,
            name=where.cluster,
            village=where.village,
            commune=where.commune,
            status=where.status,
            seen_at=to_utc(said.seen_ms) if said.seen_ms else None,
            alarms=list(shown.alarms),
            maintenance_until=shown.maintenance.until if shown.maintenance else None,
            agent=said.agent,
            rules=said.rules,
            boots=said.boot,
            uptime_s=told.uptime_s,
            clock_source=clock.source.value if clock else said.clock_source,
            clock_error_ms=told.clock_error_ms,
            plan_until=to_utc(told.plan_until) if told.plan_until else None,
            lacking=said.lacking,
            waits_vi=waits_vi,
            waits_en=waits_en,
            silenced=told.silenced,
            temperature_c=told.temperature_c,
            under_voltage=told.under_voltage,
            disk_free_bytes=told.disk_free_bytes,
            disk_total_bytes=told.disk_total_bytes,
            disk_errors=told.disk_errors,
            card_worn_percent=told.card_worn_percent,
            signal_dbm=told.signal_dbm,
            data_used_bytes=told.data_used_bytes,
            data_limit_bytes=told.data_limit_bytes,
            player_restarts=told.player_restarts,
            spooled=told.spooled,
            losses=list(said.losses),
        )


class HoursBody(Shape):
    """Hours of the day where the box stands; over midnight if `until` is not after `since`."""

    since: WallTime
    """`22:00`."""
    until: WallTime
    """`05:00`."""


class DataBody(Shape):
    """What the SIM of a box may fetch in a month."""

    monthly_mb: Annotated[int, Field(ge=1, le=1_000_000)]
    """In millions of bytes."""
    resets_on: Annotated[int, Field(ge=1, le=28)] = 1
    """The day of the month on which it counts anew."""
    off_peak: Annotated[list[HoursBody], Field(default_factory=list, max_length=4)]
    """Hours in which data costs little: what is not needed soon waits for them."""


class MaintenanceIn(Shape):
    """Somebody works at the horn: the box is silent, also for emergencies."""

    until: Instant
    """It ends by itself then, also without a network; within 31 days."""
    why: Why
    """What is done."""


class MaintenanceOut(Shape):
    """Maintenance as it is kept."""

    until: AwareDatetime
    """When it ends by itself."""
    why: str
    """What is done."""
    by: str
    """Who ordered it."""


class PolicyIn(Shape):
    """What to change for a box; whatever is left out stays as it is."""

    data: DataBody | None = None
    """Its data budget; null: it costs nothing."""
    delay_ms: Annotated[int, Field(ge=-2_000, le=2_000)] = 0
    """Each sound begins so much later, so that horns in earshot of each other agree."""
    maintenance: MaintenanceIn | None = None
    """Silence while somebody works at the horn; null: it is over."""
    clock_within_s: Annotated[int, Field(ge=1, le=3_600)] = 120
    """A clock that may be wrong by more is not trusted."""
    fallback: Id = ""
    """Id of the cart that sounds where nothing of an item is held; empty: silence."""

    def change(self, by: str) -> Callable[[BoxPolicy], BoxPolicy]:
        """How it changes what is set."""
        given: dict[str, Any] = {
            name: value
            for name, value in {
                "data": self.data and _data_plan(self.data),
                "delay_ms": self.delay_ms,
                "maintenance": self.maintenance
                and Maintenance(self.maintenance.until, self.maintenance.why, by),
                "clock_within_s": self.clock_within_s,
                "fallback": self.fallback,
            }.items()
            if name in self.model_fields_set
        }
        return lambda old: replace(old, **given)


class PolicyOut(Shape):
    """What is set for a box."""

    data: DataBody | None
    """Its data budget; null: it costs nothing."""
    delay_ms: int
    """Each sound begins so much later."""
    maintenance: MaintenanceOut | None
    """The last maintenance; it may be over."""
    clock_within_s: int
    """A clock that may be wrong by more is not trusted."""
    fallback: str
    """Id of the cart that sounds where nothing of an item is held; empty: silence."""
    heartbeat_s: int
    """How often the box speaks of itself: seldom with a data budget."""
    set_by: str
    """Who changed it last; empty: nobody ever did."""
    set_at: AwareDatetime | None
    """When that was."""

    @staticmethod
    def of(held: HeldPolicy) -> "PolicyOut":
        """Make it of the operation's value."""
        policy = held.policy
        plan, work = policy.data, policy.maintenance
        return PolicyOut(
            data=DataBody(
                monthly_mb=plan.monthly_mb,
                resets_on=plan.resets_on,
                off_peak=[
                    HoursBody(since=f"{h.since:%H:%M}", until=f"{h.until:%H:%M}")
                    for h in plan.off_peak
                ],
            )
            if plan
            else None,
            delay_ms=policy.delay_ms,
            maintenance=MaintenanceOut(until=work.until, why=work.why, by=work.by)
            if work
            else None,
            clock_within_s=policy.clock_within_s,
            fallback=policy.fallback,
            heartbeat_s=policy.report.heartbeat_s,
            set_by=held.set_by,
            set_at=held.set_at,
        )


class ToneIn(Shape):
    """A test tone, once nothing else sounds; refused in quiet hours."""

    seconds: Annotated[int, Field(ge=1, le=30)] = 5
    """How long."""
    gain_db: Annotated[float, Field(ge=-60, le=0)] = -20.0
    """How loud; 0 is as loud as the box can."""


class DiagnoseIn(Shape):
    """What the box should look at."""

    lines: Annotated[int, Field(ge=0, le=400)] = 200
    """The last lines of its log that come with it."""


class StepOut(Shape):
    """One step of an order that the box reported."""

    status: str
    """`received`, `accepted`, `refused`, `superseded`, `started`, `done`, `failed`."""
    at: AwareDatetime
    """By the clock of the box."""
    reason: str
    """Why, in the box's codes; empty where there is nothing to say."""


class BoxOrderOut(Shape):
    """An order to one box, and what became of it."""

    command: str
    """Id of the order."""
    kind: str
    """`test_tone`, `stop`, `reboot`, `diagnose`."""
    by: str
    """Who gave it."""
    issued_at: AwareDatetime
    """When."""
    expires_at: AwareDatetime
    """A box that hears of it later does not obey."""
    steps: list[StepOut]
    """What the box reported of it so far; none: it has not answered."""

    @staticmethod
    def of(ordered: Ordered) -> "BoxOrderOut":
        """Make it of the operation's value."""
        command = ordered.command
        return BoxOrderOut(
            command=command.id,
            kind=command.kind,
            by=command.ordered_by,
            issued_at=to_utc(command.issued_ms),
            expires_at=to_utc(command.expires_ms),
            steps=[
                StepOut(status=s.status, at=to_utc(s.at_ms), reason=s.reason) for s in ordered.steps
            ],
        )


class CheckOut(Shape):
    """One part that the box looked at."""

    name: str
    """Stable name of the part."""
    state: Literal["good", "bad", "unknown"]
    """What became of it."""
    vi: str
    """What was found."""
    en: str
    """The same in English."""


class DiagnosisOut(Shape):
    """What a box found when it looked at itself."""

    command: str
    """Id of the order that asked for it."""
    received_at: AwareDatetime
    """When it arrived here."""
    at: AwareDatetime
    """When the box looked, by its own clock."""
    checks: list[CheckOut]
    """Every part."""
    lines: list[str]
    """The last lines of its log."""

    @staticmethod
    def of(found: Found) -> "DiagnosisOut":
        """Make it of the operation's value."""
        said = found.diagnosis
        return DiagnosisOut(
            command=said.command,
            received_at=to_utc(found.received_ms),
            at=to_utc(said.at),
            checks=[
                CheckOut(name=c.name, state=c.state.value, vi=c.vi, en=c.en) for c in said.checks
            ],
            lines=list(said.lines),
        )


def _data_plan(body: DataBody) -> DataPlan:
    hours = tuple(
        Hours(time.fromisoformat(h.since), time.fromisoformat(h.until)) for h in body.off_peak
    )
    return DataPlan(body.monthly_mb, body.resets_on, hours)
