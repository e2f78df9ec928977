"""Programmes that stand, with all of them that will not air and why."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from controller.operations.asked_work import is_being_planned
from controller.operations.find_unit import find_unit
from controller.operations.prospect import ZONES_OF_ONE, Prospect, Silent, of_days, of_plans, some
from controller.operations.save_programme import Saved
from controller.operations.zone_inputs import PlanRules, plan_of, today
from controller.operations.zones_meant import zones_below
from controller.storage import programmes, zone_days
from controller.storage.programmes import Planned
from controller.storage.zone_days import DayPlan
from schedules.errors import ScheduleError
from schedules.types import ZoneId
from schedules.zone_plan import ZonePlan

MOST_ZONES = 60
"""So many places are planned for one list; programmes for others are listed without outlook."""


def show_programmes(
    session: Session, rules: PlanRules, now: datetime, *, unit: str | None = None
) -> list[Saved]:
    """Every standing programme, oldest first; with `unit` those heard below it.

    What boxes were told is read where it holds; a place that waits for its plan is planned here.

    Raises `NotFound`, ControllerError (unclear_unit).
    """
    if unit is None:
        planned = list(programmes.standing(session).values())
        zone_ids = sorted({z for p in planned for z in p.programme.zone_ids})
    else:
        zone_ids = [ZoneId(z) for z in zones_below(session, find_unit(session, unit))]
        planned = programmes.standing_in(session, zone_ids)
    return _with_prospects(session, planned, some(zone_ids, MOST_ZONES), rules, now)


def show_programme(session: Session, programme_id: str, rules: PlanRules, now: datetime) -> Saved:
    """One programme, also a cancelled one. Raises `NotFound`."""
    planned = programmes.load(session, programme_id)
    if planned.cancelled_ms is not None:
        return Saved(planned, Prospect())
    looked_at = some(planned.programme.zone_ids, ZONES_OF_ONE)
    return _with_prospects(session, [planned], looked_at, rules, now)[0]


def _with_prospects(
    session: Session,
    planned: Sequence[Planned],
    zone_ids: Sequence[str],
    rules: PlanRules,
    now: datetime,
) -> list[Saved]:
    days = {z: _days(session, z, rules, now) for z in zone_ids}
    fresh: dict[str, ZonePlan] = {}
    broken: dict[str, Silent] = {}
    for zone_id in (z for z, known in days.items() if not known):
        try:
            fresh[zone_id] = plan_of(session, zone_id, rules, now).plan
        except ScheduleError as error:
            broken[zone_id] = Silent(error.code, error.vi, error.en)
    found = []
    for each in planned:
        mine = [z for z in each.programme.zone_ids if z in days]
        told = of_days(each.programme, [day for z in mine for day in days[z]])
        seen = of_plans(each.programme, [fresh[z] for z in mine if z in fresh])
        unplanned = Prospect(tuple(dict.fromkeys(broken[z] for z in mine if z in broken)))
        found.append(Saved(each, seen.with_more(told).with_more(unplanned, len(mine))))
    return found


def _days(session: Session, zone_id: str, rules: PlanRules, now: datetime) -> Sequence[DayPlan]:
    """The zone's days as they were resolved; none if it was not planned since the last change."""
    if is_being_planned(session, [zone_id]):
        return ()
    day = today(rules, now)
    span = [day + timedelta(days=n) for n in range(rules.horizon_days + 1)]
    return tuple(zone_days.load(session, zone_id, span).values())
