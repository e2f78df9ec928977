"""The day calendar by which a programme's days are reckoned for people."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from controller.storage import places
from controller.storage.unit_chain import chain_on
from schedules.day_calendar import DayCalendar
from schedules.recurrence import NO_CALENDAR


def calendar_of(session: Session, zone_ids: Sequence[str], day: date) -> DayCalendar:
    """That of the first zone as its units stand on `day`. Raises `UnitCycle`, `UnknownUnit`.

    Zones of several communes may reckon differently; planning asks each by its own.
    """
    found = places.zone(session, zone_ids[0])
    if found is None:
        return NO_CALENDAR
    return places.calendar_of(session, chain_on(session, found[1], day).ids)
