"""Days of a village or commune replayed in seconds, with things going wrong by a script."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from controller.errors import ControllerError
from controller.fleet.box_replay import ClockStep, Faults, Heard, Sent, Span, replay_box
from controller.fleet.box_words import OUTCOMES, because
from controller.operations.explain import cues_for, policy_of
from controller.operations.find_village import Village
from controller.operations.imagined_alert import ImaginedAlert, imagined_alert
from controller.operations.plan_calendar import days_from, foresee
from controller.operations.zone_inputs import Foreseen, PlanRules, midnight
from controller.storage import tables
from controller.storage.instants import to_ms, to_utc
from schedules.as_run import Outcome
from schedules.types import time_zone

MOST_CLUSTER_DAYS = 1_000
"""Clusters times days of one replay: 14 s of work; a commune's week has fewer."""

SETTLED = timedelta(hours=48)
"""So long before it begins a day's plan is settled and sent to the boxes."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one instant up to another, both aware."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ControllerError(
                "empty_stretch",
                f"Khoảng {self.since:%H:%M %d/%m/%Y}–{self.until:%H:%M %d/%m/%Y} không có thời "
                "gian nào: lúc kết thúc phải sau lúc bắt đầu.",
                f"There is no time between {self.since:%H:%M %d/%m/%Y} and "
                f"{self.until:%H:%M %d/%m/%Y}: the end must come after the start.",
            )

    @property
    def span(self) -> Span:
        return Span(to_ms(self.since), to_ms(self.until))


@dataclass(frozen=True, slots=True)
class Step:
    """The box's clock is so far ahead (negative: behind) for that stretch, and believes it."""

    stretch: Stretch
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class Script:
    """What goes wrong; `missing` are ids of bulletins whose audio never arrives."""

    outages: tuple[Stretch, ...] = ()
    power_cuts: tuple[Stretch, ...] = ()
    clock_untrusted: tuple[Stretch, ...] = ()
    clock_steps: tuple[Step, ...] = ()
    kill_switch: tuple[Stretch, ...] = ()
    alerts: tuple[ImaginedAlert, ...] = ()
    missing: tuple[str, ...] = ()
    has_rtc: bool = False


@dataclass(frozen=True, slots=True)
class ReplayedPlay:
    """One sound, or one that was not heard: `due` and `at` are local, `vi` and `en` say why."""

    due: datetime
    at: datetime
    title: str
    language: str
    sounded_ms: int
    outcome: Outcome
    reason: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class ReplayedBox:
    """One cluster's days."""

    cluster_id: str
    cluster: str
    plays: tuple[ReplayedPlay, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """All clusters' days; `totals` counts plays by what became of them."""

    since: date
    days: int
    boxes: tuple[ReplayedBox, ...]
    totals: Mapping[str, int]
    reasons: Mapping[str, int]
    """Why plays were not heard in full, by the code of the reason."""


NOTHING_WRONG = Script()


def replay(
    session: Session,
    villages: Sequence[Village],
    since: date,
    days: int,
    rules: PlanRules,
    now: datetime,
    script: Script = NOTHING_WRONG,
) -> Replayed:
    """What each loudspeaker of these villages airs on `days` dates from `since` on.

    Each cluster has a box that never fails but by the script, and decides by the true `decide`.
    Raises `DaysOutOfReach`, ControllerError (replay_too_long).
    """
    wanted = days_from(since, days, rules, now)
    zone_ids = dict.fromkeys(z for village in villages for z in village.zone_ids)
    foreseen = [foresee(session, z, wanted[0], wanted[-1], rules, now) for z in zone_ids]
    clusters = _clusters(session, foreseen, wanted)
    within = midnight(rules, wanted[0]), midnight(rules, wanted[-1] + timedelta(days=1))
    boxes = [_box(cluster, foreseen, wanted, within, script, rules) for cluster in clusters]
    plays = [play for box in boxes for play in box.plays]
    unheard = (play.reason for play in plays if play.outcome is not Outcome.PLAYED)
    return Replayed(
        since,
        days,
        tuple(boxes),
        dict(Counter(play.outcome.value for play in plays)),
        dict(Counter(unheard).most_common()),
    )


def _box(
    cluster: tables.Cluster,
    zones: Sequence[Foreseen],
    days: Sequence[date],
    within: tuple[datetime, datetime],
    script: Script,
    rules: PlanRules,
) -> ReplayedBox:
    around = {day + timedelta(days=n) for day in days for n in (-1, 0, 1)}
    sent = []
    for foreseen in zones:
        for cue in cues_for((foreseen,), cluster.id, around):
            begins = midnight(rules, _local(cue.start, rules).date())
            sent.append(Sent(cue, to_ms(begins - SETTLED)))
    inputs = next(f.loaded.inputs for f in zones if _hears(f, cluster.id, days))
    heard = replay_box(
        sent,
        to_ms(within[0]),
        to_ms(within[1]),
        _faults(script, zones),
        policy_of(inputs.law, inputs.zone.time_zone),
    )
    due = [h for h in heard if within[0] <= to_utc(h.cue.start) < within[1]]
    return ReplayedBox(cluster.id, cluster.name, tuple(_play(h, rules) for h in due))


def _faults(script: Script, zones: Iterable[Foreseen]) -> Faults:
    gone = {
        cue.asset_sha256
        for foreseen in zones
        for cue in foreseen.plan.cues
        if cue.bulletin_id in script.missing
    }
    return Faults(
        network=tuple(s.span for s in script.outages),
        power=tuple(s.span for s in script.power_cuts),
        clock=tuple(s.span for s in script.clock_untrusted),
        steps=tuple(
            ClockStep(s.stretch.span, s.ahead // timedelta(milliseconds=1))
            for s in script.clock_steps
        ),
        kill_switch=tuple(s.span for s in script.kill_switch),
        alerts=tuple(imagined_alert(alert) for alert in script.alerts),
        never_held=frozenset(gone),
        has_rtc=script.has_rtc,
    )


def _clusters(
    session: Session, zones: Iterable[Foreseen], days: Sequence[date]
) -> Sequence[tables.Cluster]:
    ids = {
        cluster_id
        for foreseen in zones
        for day in days
        for cluster_id in foreseen.loaded.inputs.zone.clusters_at(day)
    }
    if len(ids) * len(days) > MOST_CLUSTER_DAYS:
        raise ControllerError(
            "replay_too_long",
            f"{len(ids)} cụm loa trong {len(days)} ngày là quá nhiều cho một lần mô phỏng (nhiều "
            f"nhất {MOST_CLUSTER_DAYS} ngày loa). Hãy chọn ít ngày hơn, hoặc một xã, một làng.",
            f"{len(ids)} clusters for {len(days)} days are too many for one replay (at most "
            f"{MOST_CLUSTER_DAYS} cluster days). Choose fewer days, or one commune or village.",
        )
    c = tables.Cluster
    return session.exec(select(c).where(col(c.id).in_(ids)).order_by(col(c.id))).all()


def _hears(foreseen: Foreseen, cluster_id: str, days: Iterable[date]) -> bool:
    zone = foreseen.loaded.inputs.zone
    return any(cluster_id in zone.clusters_at(day) for day in days)


def _local(at_ms: int, rules: PlanRules) -> datetime:
    return to_utc(at_ms).astimezone(time_zone(rules.time_zone))


def _play(heard: Heard, rules: PlanRules) -> ReplayedPlay:
    vi, en = OUTCOMES[heard.outcome]
    reason = heard.fault or heard.reason
    if heard.outcome is not Outcome.PLAYED or heard.reason in ("fallback", "alert"):
        why = because(reason if heard.outcome is not Outcome.PLAYED else heard.reason)
        vi, en = f"{vi}: {why[0]}", f"{en}: {why[1]}"
    return ReplayedPlay(
        _local(heard.cue.start, rules),
        _local(heard.at_ms, rules),
        heard.cue.title,
        heard.cue.language,
        heard.sounded_ms,
        heard.outcome,
        reason,
        vi,
        en,
    )
