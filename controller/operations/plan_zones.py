"""The days of one zone as they should be: near ones resolved anew, far ones only relieved."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from controller.errors import NotFound
from controller.fleet.plan import wire_cue
from controller.operations.relieve_days import begun_before, relieved, standing
from controller.operations.zone_inputs import (
    Foreseen,
    Loaded,
    PlanRules,
    midnight,
    plan_of,
    today,
)
from controller.storage import places, zone_days
from controller.storage.instants import to_ms, to_utc
from controller.storage.zone_days import DayCue, DayPlan, Unheard
from schedules.cue_sheet import Cue
from schedules.recurrence import Occurrence
from schedules.rundown import Lacking
from schedules.types import ProgrammeId, UtcInstant
from schedules.zone import Zone
from schedules.zone_plan import Question, ZonePlan

SETTLED_AFTER = timedelta(hours=48)
"""Days that begin later than this are resolved once a night: until then they only lose what must
not air any more."""

Sessions = Mapping[ProgrammeId, list[UtcInstant]]
"""Starts of the occurrences of each programme, in order."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The days of a zone from today on; without a box in it there are none."""

    zone: Zone
    has_box: bool
    days: Mapping[date, DayPlan]
    questions: tuple[Question, ...] = ()


def resolve(
    session: Session, zone_id: str, rules: PlanRules, now: datetime, *, whole: bool
) -> Resolved:
    """Plan the zone from local midnight: the whole horizon, or the days that begin within 48 h.

    A zone that has no later day yet is planned whole. Of later days that stand already, only what
    may no longer air is taken away. Raises `NotFound`, `UnitCycle`, `UnknownUnit`.
    """
    found = places.zone(session, zone_id)
    if found is None:
        raise NotFound("nơi nghe", "zone", zone_id)
    zone, day = found[0], today(rules, now)
    clusters = {m.cluster_id for m in zone.clusters}
    if not places.spots_at(session, clusters, day, to_ms(now)):
        return Resolved(zone, False, {})
    end = day + timedelta(days=rules.horizon_days)
    # Later ones were planned while the clock was wrong.
    kept = [of for _, of in zone_days.heads(session, [zone_id], day) if of <= end]
    near = min(today(rules, now + SETTLED_AFTER), end)
    first_plan = max(kept, default=near) <= near
    last = end if whole or first_plan else near
    foreseen = _plan(session, zone_id, rules, day, last, now)
    turn = foreseen.loaded.changes_on
    if last < end and turn is not None and turn <= end:
        # Far days cannot be judged by the units of today.
        last, foreseen = end, _plan(session, zone_id, rules, day, end, now)
    days = _days(foreseen, rules, day, last)
    stored = zone_days.load(session, zone_id, [of for of in kept if of == day or last < of <= end])
    if stored:
        since = midnight(rules, day - timedelta(days=1))
        until = midnight(rules, end + timedelta(days=1))
        stands = standing(foreseen.loaded, ZoneInfo(rules.time_zone), since, until)
        running = begun_before(stored.pop(day, DayPlan()), midnight(rules, day), stands)
        days[day] = msgspec.structs.replace(days[day], cues=running + days[day].cues)
        days.update({of: relieved(plan, stands) for of, plan in stored.items()})
    return Resolved(zone, True, days, foreseen.plan.questions)


def _plan(
    session: Session, zone_id: str, rules: PlanRules, first: date, last: date, now: datetime
) -> Foreseen:
    within = midnight(rules, first), midnight(rules, last + timedelta(days=1))
    return plan_of(session, zone_id, rules, now, within)


def _days(foreseen: Foreseen, rules: PlanRules, first: date, last: date) -> dict[date, DayPlan]:
    """The plan laid into local days by start; what runs on into the day after the last waits."""
    plan, loaded = foreseen.plan, foreseen.loaded
    starts = _starts(rundown.occurrence for rundown in plan.rundowns)
    cues = sorted(plan.cues, key=lambda cue: (cue.start_utc, cue.id))
    heard = {
        day: tuple(_day_cue(cue, loaded, starts) for cue in some)
        for day, some in groupby(cues, key=lambda cue: today(rules, cue.start_utc))
    }
    unheard: dict[date, list[Unheard]] = {}
    for each in _unheard(plan, loaded):
        unheard.setdefault(today(rules, to_utc(each.session_ms)), []).append(each)
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return {day: DayPlan(heard.get(day, ()), tuple(unheard.get(day, ()))) for day in span}


def _day_cue(cue: Cue, loaded: Loaded, starts: Sessions) -> DayCue:
    bulletin = loaded.bulletins.get(cue.bulletin_id or "")
    of = starts[cue.programme_id]
    return DayCue(
        wire_cue(cue, loaded.assets),
        to_ms(of[bisect_right(of, cue.start_utc) - 1]),
        cue.programme_id,
        cue.approved_by,
        cue.bulletin_id or "",
        cue.spoken_sha256 or "",
        loaded.voices.get(cue.asset_sha256, ""),
        bulletin.author if bulletin else "",
    )


def _unheard(plan: ZonePlan, loaded: Loaded) -> Iterator[Unheard]:
    for refusal in plan.refusals:
        item, of = refusal.item, refusal.occurrence
        yield Unheard(
            "refused",
            refusal.reasons[0].code,
            to_ms(of.start_utc),
            of.programme_id,
            item.title,
            refusal.vi,
            refusal.en,
            item.bulletin_id or "",
            item.language,
        )
    for flag in plan.flags:
        of, breach = flag.occurrence, flag.breach
        start = to_ms(of.start_utc)
        yield Unheard("flagged", breach.code, start, of.programme_id, "", breach.vi, breach.en)
    for rundown in plan.rundowns:
        of = rundown.occurrence
        start = to_ms(of.start_utc)
        for left in rundown.left_out:
            yield Unheard(
                "left_out",
                left.code,
                start,
                of.programme_id,
                left.title,
                left.vi,
                left.en,
                left.bulletin_id or "",
            )
        for lacking in rundown.missing:
            yield _lacking("missing", lacking, of, loaded)
        for lacking in rundown.expired:
            yield _lacking("expired", lacking, of, loaded)


def _lacking(what: str, lacking: Lacking, of: Occurrence, loaded: Loaded) -> Unheard:
    bulletin = loaded.bulletins.get(lacking.bulletin_id)
    title = bulletin.title if bulletin else lacking.bulletin_id
    tag = lacking.language
    vi, en = {
        "missing": (f"Chưa có tiếng “{tag}”.", f"There is no audio in “{tag}” yet."),
        "expired": (f"Bản tiếng “{tag}” đã hết hiệu lực.", f"In “{tag}” it is no longer valid."),
    }[what]
    start = to_ms(of.start_utc)
    return Unheard(what, what, start, of.programme_id, title, vi, en, lacking.bulletin_id, tag)


def _starts(found: Iterator[Occurrence]) -> Sessions:
    starts: dict[ProgrammeId, list[UtcInstant]] = {}
    for occurrence in found:
        starts.setdefault(occurrence.programme_id, []).append(occurrence.start_utc)
    return {programme: sorted(several) for programme, several in starts.items()}
