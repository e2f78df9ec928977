"""The desk: one page to write, hear, approve, plan and watch; its parts, for when they change."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from audio_library.bulletin import DEFAULT_LIFE
from audio_library.languages import LANGUAGES
from audio_library.mastering.in_child import peaks_in_child
from audio_library.script import MAX_CHARACTERS, check_text
from controller.console.decisions import open_alarms, orderings
from controller.console.door import SIGN_IN, with_bulletin
from controller.console.lacking import Lacking, gathered
from controller.console.opened import open_bulletin, voiced_languages
from controller.console.places_heard import Places, read_places, sensible_start
from controller.console.reading import reading_of
from controller.console.screen import Screen
from controller.console.studio import open_studios
from controller.console.today import coming, fleet, lines, usual_office
from controller.console.words import WallClock
from controller.doors import Given, MaybeSigned, Signed
from controller.operations.services import Services
from controller.operations.show_fleet import as_run_list
from controller.operations.show_lacks import show_lacks
from controller.operations.sign_in import Person
from controller.operations.unit_speech import unit_speech
from controller.operations.voices import available_voices
from controller.storage import takes

AS_RUN_ROWS = 50
PEAKS_KEPT = "private, max-age=86400, immutable"

Sought = Annotated[str, Query(max_length=200)]


class Part(StrEnum):
    """A piece of the page that is asked for anew when something happens."""

    CLUSTERS = "clusters"
    WAITING = "waiting"
    BULLETIN = "bulletin"
    BULLETINS = "bulletins"
    PROGRAMMES = "programmes"
    AS_RUN = "as_run"
    RECORDING = "recording"
    LACKS = "lacks"
    QUESTIONS = "questions"
    ALARMS = "alarms"


class TextToRead(BaseModel):
    """Words whose reading is wanted, as the unit reads them."""

    # How long a text may be is said by `check_text`; this bound only spares the reader.
    text: Annotated[str, Field(max_length=10 * MAX_CHARACTERS)]
    language: Annotated[str, Field(max_length=20)] = "vi"
    unit: Annotated[str, Field(max_length=120)] = ""


def router(show: Screen) -> APIRouter:
    """Addresses of the desk; `tin` is the bulletin on it, `tieng` the language in front."""
    at = APIRouter(include_in_schema=False)

    @at.get("/")
    def get_desk(
        request: Request,
        given: Given,
        who: MaybeSigned,
        tin: str = "",
        tieng: str = "vi",
        tim: Sought = "",
    ) -> Response:
        """The whole page."""
        if who is None:
            return RedirectResponse(with_bulletin(SIGN_IN, tin), 303)
        with given.database.read() as session:
            shown = _desk(session, given, who, tin, tim) | {"chosen": tieng}
        found = not tin or shown["opened"] is not None
        return show(request, "desk.html", 200 if found else 404, **shown)

    @at.get("/parts/{part}")
    def get_part(
        request: Request,
        given: Given,
        who: Signed,
        part: Part,
        tin: str = "",
        tieng: str = "vi",
        tim: Sought = "",
    ) -> Response:
        """One piece of the page as it is now."""
        with given.database.read() as session:
            shown = _part(session, given, who, part, tin, tieng, tim)
        return show(request, f"parts/{part}.html", **shown)

    @at.get("/parts/peaks/{recording_id}")
    def get_peaks(recording_id: str, given: Given, who: Signed) -> Response:
        """What a recording looks like; never changes."""
        with given.database.read() as session:
            take = takes.load_take(session, recording_id)
        drawn = peaks_in_child(given.recordings.sounds.path(take.sound_sha256))
        return JSONResponse(drawn, headers={"cache-control": PEAKS_KEPT})

    @at.post("/parts/reading")
    def post_reading(request: Request, form: TextToRead, given: Given, who: Signed) -> Response:
        """What the loudspeaker would say for a text, and what to ask of it; keeps nothing."""
        text = check_text(form.text)
        with given.database.read() as session:
            speech = unit_speech(session, form.unit or None)
        reading = reading_of(speech, text, form.language)
        return show(request, "parts/reading.html", reading=reading)

    return at


def _desk(session: Session, given: Services, who: Person, tin: str, tim: str) -> dict[str, Any]:
    t = _wall_clock(given)
    places = read_places(session)
    plans = coming(session, places.villages, given.rules, t.now)
    newest = lines(session, plans, t.now)
    return {
        "t": t,
        "who": who,
        "asked": tin,
        "sought": tim,
        "places": places,
        "plans": plans,
        "fleet": fleet(session, t.now),
        "lines": newest,
        "found": lines(session, plans, t.now, tim) if tim else newest,
        "as_run": as_run_list(session, limit=AS_RUN_ROWS),
        "lacks": _lacks(session, given, t),
        "questions": orderings(session, t.now),
        "alarms": open_alarms(session, t.now),
        "languages": LANGUAGES,
        "voiced": voiced_languages(given.engines),
        "office": usual_office(session, who.name),
        "week_on": t.wall(t.now + DEFAULT_LIFE),
        "max_characters": MAX_CHARACTERS,
    } | _on_the_desk(session, given, who, places, t, tin)


def _part(
    session: Session, given: Services, who: Person, part: Part, tin: str, tieng: str, tim: str
) -> dict[str, Any]:
    t = _wall_clock(given)
    places = read_places(session)
    match part:
        case Part.CLUSTERS:
            return {"t": t, "fleet": fleet(session, t.now)}
        case Part.AS_RUN:
            rows = as_run_list(session, limit=AS_RUN_ROWS)
            return {"t": t, "as_run": rows, "voice_names": _voice_names(given)}
        case Part.BULLETIN:
            return {"t": t, "places": places} | _on_the_desk(session, given, who, places, t, tin)
        case Part.PROGRAMMES:
            return {"t": t, "plans": coming(session, places.villages, given.rules, t.now)}
        case Part.RECORDING:
            studios = open_studios(session, given, who, tin)
            return {
                "t": t,
                "tag": tieng,
                "studio": studios.get(tieng),
                "voiced": voiced_languages(given.engines),
            }
        case Part.QUESTIONS:
            return {"t": t, "questions": orderings(session, t.now)}
        case Part.ALARMS:
            return {"t": t, "alarms": open_alarms(session, t.now)}
        case Part.LACKS:
            return {"t": t, "lacks": _lacks(session, given, t)}
        case Part.BULLETINS | Part.WAITING:
            plans = coming(session, places.villages, given.rules, t.now)
            listed = {"lines": lines(session, plans, t.now)} if part is Part.WAITING else {}
            found = lines(session, plans, t.now, tim)
            return {"t": t, "asked": tin, "sought": tim, "found": found} | listed


def _on_the_desk(
    session: Session, given: Services, who: Person, places: Places, t: WallClock, tin: str
) -> dict[str, Any]:
    studios = open_studios(session, given, who, tin)
    return {
        "opened": open_bulletin(session, tin, studios, given.engines, t.now) if tin else None,
        "studios": studios,
        "four_eyes": given.four_eyes,
        "voice_names": _voice_names(given),
        "start": _next_start(places, t),
    }


def _lacks(session: Session, given: Services, t: WallClock) -> tuple[Lacking, ...]:
    zone = given.rules.time_zone
    lines = show_lacks(session, None, t.now, engines=given.engines, time_zone=zone)
    return gathered(lines)


def _next_start(places: Places, t: WallClock) -> datetime:
    return sensible_start(places.law, t.wall(t.now).replace(tzinfo=None))


def _wall_clock(given: Services) -> WallClock:
    return WallClock(ZoneInfo(given.rules.time_zone), given.clock())


def _voice_names(given: Services) -> dict[str, str]:
    return {v.id: v.name_vi for v in available_voices(given.engines)}
