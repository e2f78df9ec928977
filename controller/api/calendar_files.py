"""Programmes as an iCalendar file: taken out, looked at, brought in."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from controller.api.calendar_shapes import ImportOut
from controller.api.shapes import Short
from controller.doors import Given, Signed
from controller.operations.calendar_events import EVERYTHING_APPROVED, Usual
from controller.operations.export_calendar import export_calendar
from controller.operations.import_calendar import Imported, import_calendar
from controller.operations.services import Services
from controller.operations.zones_meant import zones_meant
from controller.storage.programmes import read_template

at = APIRouter(tags=["programmes"])

PATH = "/programmes/calendar"
CALENDAR = "text/calendar"
FILE = {
    "requestBody": {
        "required": True,
        "description": "The iCalendar file itself, 10 MB at most.",
        "content": {CALENDAR: {"schema": {"type": "string", "format": "binary"}}},
    }
}
Places = Annotated[list[Short] | None, Query(max_length=500)]


@at.get(PATH, response_class=Response, responses={200: {"content": {CALENDAR: {}}}})
def get_calendar(given: Given, who: Signed, unit: Short = "") -> Response:
    """Every programme, or those heard below a unit; importing it again changes nothing."""
    with given.database.read() as session:
        text = export_calendar(session, unit or None)
    return Response(text, media_type=CALENDAR)


@at.post(PATH, openapi_extra=FILE)
async def post_calendar(
    request: Request,
    given: Given,
    who: Signed,
    village: Places = None,
    unit: Places = None,
    template: Annotated[str, Query(max_length=8_000)] = "",
    keep: bool = False,
    replace_newer: bool = False,
) -> ImportOut:
    """Say what would become of the events of a file; with `keep`, keep them as programmes.

    `village`, `unit` and `template` (JSON) hold for events that say none themselves; without
    a template everything airs that the commune has approved. With `replace_newer` the file also
    wins over changes that were made here since.
    """
    data = await request.body()
    found = await asyncio.to_thread(
        partial(
            _import,
            given,
            data,
            who.name,
            (village or [], unit or []),
            template,
            check_only=not keep,
            replace_newer=replace_newer,
        )
    )
    return ImportOut.of(found)


def _import(
    given: Services,
    data: bytes,
    by: str,
    places: tuple[list[str], list[str]],
    template: str,
    *,
    check_only: bool,
    replace_newer: bool,
) -> Imported:
    with given.database.read() as session:
        zone_ids = zones_meant(session, *places)
    usual = Usual(zone_ids, read_template(template) if template else EVERYTHING_APPROVED)
    return import_calendar(
        given.database,
        data,
        usual,
        by,
        given.clock(),
        given.rules,
        check_only=check_only,
        replace_newer=replace_newer,
    )
