"""The printed day sheet of a village."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from controller.console.door import SIGN_IN
from controller.console.screen import Screen
from controller.console.static_files import StaticFiles
from controller.console.words import WEEKDAYS
from controller.doors import Given, MaybeSigned
from controller.operations.day_sheet import day_sheet
from controller.operations.find_village import find_village

STYLE = "day_sheet.css"

Asked = Annotated[str, Path(max_length=120)]


def router(show: Screen, files: StaticFiles) -> APIRouter:
    """Its address; with `tep` the page is whole in one file, to be kept and carried."""
    at = APIRouter(include_in_schema=False)

    @at.get("/lang/{village}/ngay/{day}")
    def get_day_sheet(
        village: Asked,
        day: date,
        request: Request,
        given: Given,
        who: MaybeSigned,
        tep: bool = False,
    ) -> Response:
        """One village and date, ready to print on A4."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        with given.database.read() as session:
            found = find_village(session, village)
            sheet = day_sheet(session, found, day, given.rules, given.clock())
        style = files.files[STYLE].body.decode() if tep else ""
        weekday = WEEKDAYS[day.weekday()]
        return show(
            request, "print/day_sheet.html", sheet=sheet, weekday=weekday, alone=tep, style=style
        )

    return at
