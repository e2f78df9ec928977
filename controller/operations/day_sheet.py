"""The day sheet of a village: what its loudspeakers air on one date, who answers for it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session

from controller.operations.find_village import Village
from controller.operations.plan_calendar import Sitting, ZoneCalendar, plan_calendar
from controller.operations.zone_inputs import PlanRules
from controller.storage import programmes
from schedules.lunar import LunarDay, lunar_day
from schedules.types import time_zone


class Answerable(NamedTuple):
    """Who last made or changed a programme of the day."""

    programme: str
    by: str


@dataclass(frozen=True, slots=True)
class DaySheet:
    """One village and date; `made_at` is local, sessions are those of all its zones."""

    village: Village
    day: date
    lunar: LunarDay
    holiday: tuple[str, str] | None
    zones: tuple[ZoneCalendar, ...]
    answerable: tuple[Answerable, ...]
    approvers: tuple[str, ...]
    made_at: datetime

    @property
    def sittings(self) -> tuple[Sitting, ...]:
        """Every session of the day, a zone after the other."""
        return tuple(s for zone in self.zones for day in zone.days for s in day.sittings)


def day_sheet(
    session: Session, village: Village, day: date, rules: PlanRules, now: datetime
) -> DaySheet:
    """The sheet as things stand now. Raises `DaysOutOfReach`, `DateOutOfRange`."""
    calendar = plan_calendar(session, village, day, 1, rules, now)
    days = [each for zone in calendar.zones for each in zone.days]
    sittings = [sitting for each in days for sitting in each.sittings]
    answerable = []
    for programme_id in dict.fromkeys(s.programme_id for s in sittings):
        planned = programmes.load(session, programme_id)
        answerable.append(Answerable(planned.programme.title, planned.changed_by))
    approvers = dict.fromkeys(x.approved_by for s in sittings for x in s.sounds if x.approved_by)
    return DaySheet(
        village,
        day,
        lunar_day(day),
        next((each.holiday for each in days), None),
        calendar.zones,
        tuple(answerable),
        tuple(approvers),
        now.astimezone(time_zone(rules.time_zone)),
    )
