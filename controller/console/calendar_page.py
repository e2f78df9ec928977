"""Programmes as calendar files, and addresses that a phone's calendar subscribes to."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from controller.console.door import SIGN_IN
from controller.console.places_heard import read_places
from controller.console.screen import Screen
from controller.console.timetable import wall_clock
from controller.doors import Given, MaybeSigned, refuse_foreign_origin
from controller.errors import ControllerError
from controller.operations.calendar_feed import make_feed, revoke_feed, show_feeds
from controller.operations.services import Services
from controller.operations.sign_in import Person

FILES = "/lich/tep"

Text = Annotated[str, Form(max_length=120)]


def router(show: Screen) -> APIRouter:
    """Addresses of the page."""
    at = APIRouter(include_in_schema=False, prefix=FILES)

    def page(
        request: Request, given: Services, who: Person, status: int = 200, **said: Any
    ) -> Response:
        with given.database.read() as session:
            shown = _page(session, given, who, **said)
        return show(request, "calendar_files.html", status, **shown)

    @at.get("")
    def get_page(request: Request, given: Given, who: MaybeSigned) -> Response:
        """Import, export, subscription addresses."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        return page(request, given, who)

    @at.post("/dia-chi")
    def post_feed(request: Request, given: Given, who: MaybeSigned, unit: Text = "") -> Response:
        """Make an address; it is shown on this answer and never again."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        refuse_foreign_origin(request)
        try:
            _, token = make_feed(given.database, unit, who.name, given.clock())
        except ControllerError as refusal:
            return page(request, given, who, 422, refusal=refusal)
        return page(request, given, who, made=f"{given.rules.sources[0]}/lich/{token}.ics")

    @at.post("/dong")
    def post_close(request: Request, given: Given, who: MaybeSigned, feed: Text = "") -> Response:
        """Close an address for good."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        refuse_foreign_origin(request)
        try:
            revoke_feed(given.database, feed, who.name, given.clock())
        except ControllerError as refusal:
            return page(request, given, who, 422, refusal=refusal)
        return RedirectResponse(f"{FILES}#dia-chi", 303)

    return at


def _page(
    session: Session,
    given: Services,
    who: Person,
    *,
    made: str = "",
    refusal: ControllerError | None = None,
) -> dict[str, Any]:
    places = read_places(session)
    above, *communes = places.offices
    return {
        "t": wall_clock(given),
        "who": who,
        "places": places,
        "village": None,
        # What is chosen at first must not be the whole province.
        "units": [office for office in (*communes, above) if office.id],
        "feeds": show_feeds(session),
        "made": made,
        "refusal": refusal,
    }
