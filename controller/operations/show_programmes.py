"""Programmes that stand, with all of them that will not air and why."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from controller.operations.find_unit import find_unit
from controller.operations.prospect import ZONES_OF_ONE, Prospect, of_plans, some
from controller.operations.save_programme import Saved
from controller.operations.zone_inputs import PlanRules, plan_of
from controller.operations.zones_meant import zones_below
from controller.storage import programmes
from controller.storage.programmes import Planned
from schedules.types import ZoneId

MOST_ZONES = 60
"""So many places are planned for one list; programmes for others are listed without outlook."""


def show_programmes(
    session: Session, rules: PlanRules, now: datetime, *, unit: str | None = None
) -> list[Saved]:
    """Every standing programme, oldest first; with `unit` those heard below it.

    Raises `NotFound`, ControllerError (unclear_unit).
    """
    if unit is None:
        planned = list(programmes.standing(session).values())
        zone_ids = sorted({z for p in planned for z in p.programme.zone_ids})
    else:
        zone_ids = [ZoneId(z) for z in zones_below(session, find_unit(session, unit))]
        planned = programmes.standing_in(session, zone_ids)
    return _with_prospects(session, planned, some(zone_ids, MOST_ZONES), rules, now)


def show_programme(
    session: Session, programme_id: str, rules: PlanRules, now: datetime
) -> Saved:
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
    plans = {z: plan_of(session, z, rules, now).plan for z in zone_ids}
    return [
        Saved(each, of_plans(each.programme, [plans[z] for z in mine]))
        for each in planned
        for mine in [[z for z in each.programme.zone_ids if z in plans]]
    ]
