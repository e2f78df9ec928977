"""The web application: a function that builds it; importing builds nothing."""

from fastapi import FastAPI

from controller.api import (
    boxes,
    bulletins,
    failures,
    fleet,
    health,
    media,
    plays,
    programmes,
    sessions,
)
from controller.api.guard import Guard
from controller.console import pages
from controller.doors import Doorkeeper
from controller.operations.services import Services

DESCRIPTION = """\
Write a bulletin, hear it, approve it, give it a time and places, and see what was really played.

Sign in with `POST /api/v1/sessions` and send the token as `Authorization: Bearer …`.
Every refusal is `{code, vi, en}`: a stable code, and what happened, what was kept and what to do,
in Vietnamese and in English. Instants are RFC 3339 in UTC; lengths are milliseconds.
"""


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
    signing_in = sessions.router(doorkeeper)
    for router in (signing_in, bulletins.at, programmes.at, plays.at, fleet.at, boxes.at):
        app.include_router(router, prefix="/api/v1")
    app.include_router(media.at)
    app.include_router(health.at)
    pages.install(app, doorkeeper)
    failures.install(app)
    app.add_middleware(Guard)
    return app
