"""Programmes as an iCalendar file that our own import reads back as they were."""

from sqlmodel import Session

from controller.operations.calendar_events import event_of
from controller.operations.find_unit import find_unit
from controller.operations.zones_meant import zones_below
from controller.storage import programmes, tables
from schedules.calendar_file import write_calendar


def export_calendar(session: Session, unit: str | None = None) -> bytes:
    """Every standing programme, or those heard in a unit. Raises `NotFound`, ControllerError."""
    if unit is None:
        planned, name = list(programmes.standing(session).values()), "Loa Làng"
    else:
        unit_id = find_unit(session, unit)
        planned = programmes.standing_in(session, zones_below(session, unit_id))
        name = f"Loa Làng: {session.get_one(tables.Unit, unit_id).name}"
    return write_calendar([event_of(each) for each in planned], name)
