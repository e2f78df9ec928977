"""The web application: a function that builds it; importing builds nothing."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.security import APIKeyCookie, HTTPBearer

from audio_library.recording.check import MAX_RECORDING_BYTES
from audio_library.recording.errors import RecordingTooLarge
from controller.api import (
    accounts,
    airtime,
    alarms,
    alerts,
    box_care,
    box_certificates,
    box_updates,
    boxes,
    bulletins,
    bundles,
    calendar_files,
    carts,
    day_calendar,
    devices,
    failures,
    feed,
    fleet,
    health,
    keeping,
    keys,
    lacks,
    lexicon,
    media,
    occurrences,
    pairing,
    phrases,
    plan,
    plays,
    priority,
    programmes,
    recordings,
    relays,
    sessions,
    surroundings,
    voices,
    writing,
)
from controller.api.guard import Guard, Upload
from controller.console import pages
from controller.doors import COOKIE, SAFE, Doorkeeper
from controller.operations.agent_bundles import MOST_BYTES as MOST_AGENT_BYTES
from controller.operations.agent_bundles import AgentBundleTooLarge
from controller.operations.services import Services
from controller.operations.take_bundle import MOST_BYTES as MOST_BYTES_BACK
from controller.operations.take_bundle import BundleTooLarge
from schedules.calendar_lines import MOST_BYTES
from schedules.errors import CalendarTooLarge

DESCRIPTION = """\
Write a bulletin, hear it, approve it, give it a time and places, and see what was really played.

Sign in with `POST /api/v1/sessions` and send the token as `Authorization: Bearer …`.
Every refusal is `{code, vi, en}`: a stable code, and what happened, what was kept and what to do,
in Vietnamese and in English. Instants are RFC 3339 in UTC; lengths are milliseconds.
"""

API = "/api/v1"
# They only describe what `doors.person` asks for: either one lets in.
SIGNED_IN = (
    Depends(HTTPBearer(auto_error=False, scheme_name="token", description="From signing in.")),
    Depends(
        APIKeyCookie(
            name=COOKIE,
            auto_error=False,
            scheme_name="cookie",
            description="Set by signing in; changes are refused when another site asks.",
        )
    ),
)


def create_app(services: Services, version: str) -> FastAPI:
    """Put the handlers together over the given parts."""
    app = FastAPI(
        title="Loa Làng",
        version=version,
        description=DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    doorkeeper = Doorkeeper()
    app.include_router(sessions.router(doorkeeper), prefix=API)
    app.include_router(box_certificates.router(), prefix=API)
    for router in (
        bulletins.at,
        writing.at,
        lexicon.at,
        calendar_files.at,
        programmes.at,
        occurrences.at,
        feed.at,
        plays.at,
        fleet.at,
        bundles.at,
        boxes.at,
        devices.at,
        accounts.at,
        voices.at,
        recordings.at,
        phrases.at,
        keeping.at,
        lacks.at,
        alarms.at,
        alerts.at,
        airtime.at,
        day_calendar.at,
        surroundings.at,
        plan.at,
        carts.at,
        relays.at,
        priority.at,
        keys.at,
        # Last: other addresses under /boxes come before an id.
        box_updates.at,
        box_care.at,
    ):
        _include(app, router)
    app.include_router(pairing.router(pairing.Turnstile()), prefix=API)
    app.include_router(media.at)
    app.include_router(media.for_boxes)
    app.include_router(box_updates.for_boxes)
    app.include_router(feed.public())
    app.include_router(health.at, responses=failures.refusals(503))
    pages.install(app, doorkeeper)
    failures.install(app)
    sound = Upload(MAX_RECORDING_BYTES, RecordingTooLarge(MAX_RECORDING_BYTES))
    calendar = Upload(MOST_BYTES, CalendarTooLarge(f"{MOST_BYTES // 1_000_000} MB"))
    uploads = {
        "/recordings": sound,
        "/carts": sound,
        calendar_files.PATH: calendar,
        bundles.PATH: Upload(MOST_BYTES_BACK, BundleTooLarge()),
        box_updates.PATH: Upload(MOST_AGENT_BYTES, AgentBundleTooLarge()),
    }
    app.add_middleware(Guard, uploads={f"{API}{path}": up for path, up in uploads.items()})
    return app


def create_box_app(services: Services) -> FastAPI:
    """What boxes are served that have shown a certificate: files by hash, and nothing else."""
    app = FastAPI(title="Loa Làng", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.services = services
    app.include_router(media.for_boxes)
    app.include_router(box_updates.for_boxes)
    failures.install(app)
    return app


def _include(app: FastAPI, router: APIRouter) -> None:
    """Every address of a router that needs a login, with all that it may refuse."""
    for route in router.routes:
        assert isinstance(route, APIRoute)
        statuses, takes = {401, 503}, route.dependant
        if takes.path_params:
            statuses |= {404}
        if takes.path_params or takes.query_params or takes.header_params:
            statuses |= {422}
        if (route.methods or set()) - SAFE:
            statuses |= {403, 404, 409, 411, 413, 422, 507}
        app.include_router(
            APIRouter(routes=[route]),
            prefix=API,
            dependencies=SIGNED_IN,
            responses=failures.refusals(*sorted(statuses)),
        )
