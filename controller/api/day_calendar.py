"""The day calendar of a unit: seasons, swap days, holidays."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from controller.api.day_calendar_shapes import (
    EARLIEST,
    LATEST,
    DayCalendarBody,
    DayCalendarOut,
    SwapBody,
)
from controller.doors import Given, Signed
from controller.operations.day_calendar import (
    drop_calendar,
    set_calendar,
    show_calendar,
    swap_day,
    take_back_swap,
)
from controller.operations.find_unit import find_unit
from controller.operations.services import Services
from controller.operations.zone_inputs import today

at = APIRouter(tags=["calendar"])

Year = Annotated[int | None, Query(ge=EARLIEST.year, le=LATEST.year)]


@at.get("/units/{unit_id}/calendar")
def get_calendar(unit_id: str, given: Given, who: Signed, year: Year = None) -> DayCalendarOut:
    """The calendar that holds in a unit, who set it, and the days of a year (left out: this)."""
    with given.database.read() as session:
        found = find_unit(session, unit_id)
        held = show_calendar(session, found, given.rules, given.clock())
    return DayCalendarOut.of(held, year or _this_year(given))


@at.put("/units/{unit_id}/calendar")
def put_calendar(unit_id: str, form: DayCalendarBody, given: Given, who: Signed) -> DayCalendarOut:
    """Set a unit's own calendar; its zones are planned again."""
    calendar, found = form.calendar(), _unit(unit_id, given)
    done = set_calendar(given.database, found, calendar, who.name, given.clock(), given.rules)
    return DayCalendarOut.after(done, _this_year(given))


@at.delete("/units/{unit_id}/calendar")
def delete_calendar(unit_id: str, given: Given, who: Signed) -> DayCalendarOut:
    """Take a unit's own calendar away: that of the unit above holds again."""
    found = _unit(unit_id, given)
    done = drop_calendar(given.database, found, who.name, given.clock(), given.rules)
    return DayCalendarOut.after(done, _this_year(given))


@at.post("/units/{unit_id}/calendar/swaps")
def post_swap(unit_id: str, form: SwapBody, given: Given, who: Signed) -> DayCalendarOut:
    """Make a date a day off or a working day; the unit keeps a calendar of its own from then on."""
    found = _unit(unit_id, given)
    done = swap_day(given.database, found, form.swap(), who.name, given.clock(), given.rules)
    return DayCalendarOut.after(done, form.day.year)


@at.delete("/units/{unit_id}/calendar/swaps/{day}")
def delete_swap(
    unit_id: str, day: Annotated[date, Path()], given: Given, who: Signed
) -> DayCalendarOut:
    """Let a date be again what the nation makes of it."""
    found = _unit(unit_id, given)
    done = take_back_swap(given.database, found, day, who.name, given.clock(), given.rules)
    return DayCalendarOut.after(done, day.year)


def _unit(asked: str, given: Services) -> str:
    with given.database.read() as session:
        return find_unit(session, asked)


def _this_year(given: Services) -> int:
    return today(given.rules, given.clock()).year
