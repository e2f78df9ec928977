"""By which day calendar a programme's days are reckoned for people, and when it airs next."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from controller.storage import places
from controller.storage.unit_chain import chain_on
from schedules.day_calendar import DayCalendar
from schedules.errors import ScheduleError
from schedules.programme import Programme
from schedules.recurrence import NO_CALENDAR, Airing, next_airing


def calendar_of(session: Session, zone_ids: Sequence[str], day: date) -> DayCalendar:
    """That of the first zone as its units stand on `day`. Raises `UnitCycle`, `UnknownUnit`.

    Zones of several communes may reckon differently; planning asks each by its own.
    """
    found = places.zone(session, zone_ids[0])
    if found is None:
        return NO_CALENDAR
    return places.calendar_of(session, chain_on(session, found[1], day).ids)


def coming_airing(session: Session, programme: Programme, now: datetime) -> Airing | None:
    """Its next airing as its first zone reckons days; None also where that cannot be told.

    It cannot where the units above are broken or lack a season: planning says so of that zone.
    """
    try:
        calendar = calendar_of(session, programme.zone_ids, now.date())
        return next_airing(programme.timing, now, calendar)
    except ScheduleError:
        return None
