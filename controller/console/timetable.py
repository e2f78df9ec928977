"""The week of a village, and why something is or is not heard there; no script needed."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from controller.console.door import SIGN_IN
from controller.console.places_heard import Places, read_places
from controller.console.screen import Screen
from controller.console.week import read_week
from controller.console.words import WallClock
from controller.doors import Given, MaybeSigned
from controller.errors import ControllerError
from controller.operations.explain import explain
from controller.operations.find_village import Village, find_village
from controller.operations.services import Services
from controller.operations.sign_in import Person
from schedules.errors import ScheduleError
from schedules.types import time_zone

WEEK = "/lich"
DAYS = 7

Asked = Annotated[str, Query(max_length=300)]


def router(show: Screen) -> APIRouter:
    """Its addresses; `lang` is the village, `tu` the first date, `ngay` and `gio` an instant."""
    at = APIRouter(include_in_schema=False, prefix=WEEK)

    @at.get("")
    def get_week(
        request: Request, given: Given, who: MaybeSigned, lang: Asked = "", tu: Asked = ""
    ) -> Response:
        """Seven days of one village, from today on unless `tu` says otherwise."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        with given.database.read() as session:
            shown = _week(session, given, who, lang, tu)
        return show(request, "week.html", **shown)

    @at.get("/vi-sao")
    def get_why(
        request: Request,
        given: Given,
        who: MaybeSigned,
        lang: Asked = "",
        ngay: Asked = "",
        gio: Asked = "",
        ve: Asked = "",
    ) -> Response:
        """Why something (`ve`: a programme or bulletin; else whatever) is heard then, or not."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        with given.database.read() as session:
            shown = _why(session, given, who, lang, ngay, gio, ve)
        return show(request, "why.html", **shown)

    return at


def wall_clock(given: Services) -> WallClock:
    """The station's clock now."""
    return WallClock(ZoneInfo(given.rules.time_zone), given.clock())


def chosen_village(session: Session, places: Places, asked: str) -> Village | None:
    """The village that was asked for, else the first that hears anything, else the first.

    Raises `UnknownVillage`.
    """
    if asked:
        return find_village(session, asked)
    heard = [village for village in places.villages if village.zone_ids]
    return next(iter([*heard, *places.villages]), None)


def _week(session: Session, given: Services, who: Person, lang: str, tu: str) -> dict[str, Any]:
    t = wall_clock(given)
    places = read_places(session)
    shown: dict[str, Any] = {
        "t": t,
        "who": who,
        "places": places,
        "village": None,
        "since": t.today,
        "zones": (),
        "refusal": None,
    }
    try:
        shown["village"] = village = chosen_village(session, places, lang)
        shown["since"] = since = _day(tu) or t.today
        if village is not None:
            shown["zones"] = read_week(session, village, since, DAYS, given.rules, t.now)
    except (ControllerError, ScheduleError) as refusal:
        shown["refusal"] = refusal
    step, first = timedelta(days=DAYS), shown["since"]
    last = first + timedelta(days=DAYS - 1)
    return shown | {"before": first - step, "last": last, "after": first + step}


def _why(
    session: Session, given: Services, who: Person, lang: str, ngay: str, gio: str, ve: str
) -> dict[str, Any]:
    t = wall_clock(given)
    places = read_places(session)
    wall = datetime.combine(_day(ngay) or t.today, _time(gio) or t.wall(t.now).time())
    wall = wall.replace(microsecond=0)
    shown: dict[str, Any] = {
        "t": t,
        "who": who,
        "places": places,
        "village": None,
        "wall": wall,
        "about": ve,
        "answer": None,
        "refusal": None,
    }
    try:
        shown["village"] = village = chosen_village(session, places, lang)
        if village is not None and ngay:
            at = wall.replace(tzinfo=time_zone(given.rules.time_zone))
            shown["answer"] = explain(session, village, at, ve, given.rules, t.now)
    except (ControllerError, ScheduleError) as refusal:
        shown["refusal"] = refusal
    return shown


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
