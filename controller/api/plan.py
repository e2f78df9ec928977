"""What is planned, why, what would happen if, and the day sheet of a village."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.plan_shapes import (
    AlertIn,
    CalendarOut,
    DaySheetOut,
    ExplanationOut,
    ReplayedOut,
    ReplayIn,
)
from controller.api.shapes import Instant
from controller.doors import Given, Signed
from controller.operations.day_sheet import day_sheet
from controller.operations.explain import explain
from controller.operations.find_village import find_village
from controller.operations.plan_calendar import plan_calendar
from controller.operations.replay import replay
from controller.operations.villages_meant import villages_meant

at = APIRouter(prefix="/plan", tags=["plan"])

Asked = Annotated[str, Query(max_length=300)]


@at.get("/calendar")
def get_calendar(
    given: Given,
    who: Signed,
    village: Asked,
    since: date | None = None,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
) -> CalendarOut:
    """What a village hears on some dates, from today on unless `since` says otherwise."""
    with given.database.read() as session:
        found = find_village(session, village)
        shown = plan_calendar(
            session, found, since or given.today(), days, given.rules, given.clock()
        )
    return CalendarOut.of(shown)


@at.get("/explain")
def get_explanation(
    given: Given,
    who: Signed,
    village: Asked,
    instant: Annotated[Instant, Query(alias="at")],
    subject: Asked = "",
    alert_at: Instant | None = None,
    alert_minutes: Annotated[int, Query(ge=1, le=1440)] = 10,
) -> ExplanationOut:
    """Why `subject` (id or title of a programme or bulletin) was, or will be, heard or not.

    Without a subject: whatever is on air then. `alert_at` imagines an alert.
    """
    imagined = (AlertIn(at=alert_at, minutes=alert_minutes).meant(),) if alert_at else ()
    with given.database.read() as session:
        found = find_village(session, village)
        said = explain(session, found, instant, subject, given.rules, given.clock(), imagined)
    return ExplanationOut.of(said)


@at.post("/replay")
def post_replay(form: ReplayIn, given: Given, who: Signed) -> ReplayedOut:
    """Replay some dates on boxes that decide as the true ones do; nothing is kept."""
    script = form.script()
    with given.database.read() as session:
        villages = villages_meant(session, form.village, form.unit)
        replayed = replay(
            session, villages, form.since, form.days, given.rules, given.clock(), script
        )
    return ReplayedOut.of(replayed)


@at.get("/daysheet")
def get_day_sheet(
    given: Given, who: Signed, village: Asked, day: Annotated[date | None, Query()] = None
) -> DaySheetOut:
    """The day sheet of a village, of today unless `day` says otherwise."""
    with given.database.read() as session:
        found = find_village(session, village)
        sheet = day_sheet(session, found, day or given.today(), given.rules, given.clock())
    return DaySheetOut.of(sheet)
