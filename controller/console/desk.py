"""The desk: one page to write, hear, approve, plan and watch; its parts, for when they change."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from audio_library.bulletin import DEFAULT_LIFE
from audio_library.languages import LANGUAGES
from audio_library.script import MAX_CHARACTERS, check_text
from controller.console.door import SIGN_IN, with_bulletin
from controller.console.opened import open_bulletin, voiced_languages
from controller.console.places_heard import Places, read_places, sensible_start
from controller.console.screen import Screen, reading_of
from controller.console.today import coming, fleet, lines
from controller.console.words import WallClock
from controller.doors import Given, MaybeSigned, Signed
from controller.operations.services import Services
from controller.operations.show_fleet import as_run_list
from controller.operations.sign_in import Person
from controller.operations.voices import available_voices

AS_RUN_ROWS = 50


class Part(StrEnum):
    """A piece of the page that is asked for anew when something happens."""

    CLUSTERS = "clusters"
    WAITING = "waiting"
    BULLETIN = "bulletin"
    BULLETINS = "bulletins"
    PROGRAMMES = "programmes"
    AS_RUN = "as_run"


class TextToRead(BaseModel):
    """Words in Vietnamese whose reading is wanted."""

    # How long a text may be is said by `check_text`; this bound only spares the reader.
    text: Annotated[str, Field(max_length=10 * MAX_CHARACTERS)]


def router(show: Screen) -> APIRouter:
    """Addresses of the desk; `tin` is the bulletin on it, `tieng` the language in front."""
    at = APIRouter(include_in_schema=False)

    @at.get("/")
    def get_desk(
        request: Request, given: Given, who: MaybeSigned, tin: str = "", tieng: str = "vi"
    ) -> Response:
        """The whole page."""
        if who is None:
            return RedirectResponse(with_bulletin(SIGN_IN, tin), 303)
        with given.database.read() as session:
            shown = _desk(session, given, who, tin) | {"chosen": tieng}
        found = not tin or shown["opened"] is not None
        return show(request, "desk.html", 200 if found else 404, **shown)

    @at.get("/parts/{part}")
    def get_part(
        request: Request, given: Given, who: Signed, part: Part, tin: str = ""
    ) -> Response:
        """One piece of the page as it is now."""
        with given.database.read() as session:
            shown = _part(session, given, part, tin)
        return show(request, f"parts/{part}.html", **shown)

    @at.post("/parts/reading")
    def post_reading(request: Request, form: TextToRead, who: Signed) -> Response:
        """What the loudspeaker would say for a text; keeps nothing."""
        return show(request, "parts/reading.html", **reading_of(check_text(form.text)))

    return at


def _desk(session: Session, given: Services, who: Person, tin: str) -> dict[str, Any]:
    t = _wall_clock(given)
    places = read_places(session)
    plans = coming(session, places.villages, given.rules, t.now)
    return {
        "t": t,
        "who": who,
        "asked": tin,
        "places": places,
        "plans": plans,
        "fleet": fleet(session, t.now),
        "lines": lines(session, plans, t.now),
        "as_run": as_run_list(session, limit=AS_RUN_ROWS),
        "languages": LANGUAGES,
        "voiced": voiced_languages(),
        "week_on": t.wall(t.now + DEFAULT_LIFE),
        "max_characters": MAX_CHARACTERS,
    } | _on_the_desk(session, given, places, t, tin)


def _part(session: Session, given: Services, part: Part, tin: str) -> dict[str, Any]:
    t = _wall_clock(given)
    places = read_places(session)
    match part:
        case Part.CLUSTERS:
            return {"t": t, "fleet": fleet(session, t.now)}
        case Part.AS_RUN:
            rows = as_run_list(session, limit=AS_RUN_ROWS)
            return {"t": t, "as_run": rows, "voice_names": _voice_names()}
        case Part.BULLETIN:
            return {"t": t, "places": places} | _on_the_desk(session, given, places, t, tin)
        case Part.PROGRAMMES:
            return {"t": t, "plans": coming(session, places.villages, given.rules, t.now)}
        case Part.BULLETINS | Part.WAITING:
            plans = coming(session, places.villages, given.rules, t.now)
            return {"t": t, "asked": tin, "lines": lines(session, plans, t.now)}


def _on_the_desk(
    session: Session, given: Services, places: Places, t: WallClock, tin: str
) -> dict[str, Any]:
    return {
        "opened": open_bulletin(session, tin, t.now) if tin else None,
        "four_eyes": given.four_eyes,
        "voice_names": _voice_names(),
        "start": _next_start(places, t),
    }


def _next_start(places: Places, t: WallClock) -> datetime:
    return sensible_start(places.law, t.wall(t.now).replace(tzinfo=None))


def _wall_clock(given: Services) -> WallClock:
    return WallClock(ZoneInfo(given.rules.time_zone), given.clock())


def _voice_names() -> dict[str, str]:
    return {v.id: v.name_vi for v in available_voices()}
