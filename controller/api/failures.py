"""Refusals as JSON: {code, vi, en}; which HTTP status a code has is known only here."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from audio_library.errors import AudioLibraryError
from controller.errors import ControllerError, UnknownVillage
from schedules.errors import ScheduleError

STATUS = {
    "not_found": 404,
    "unknown_village": 404,
    "sign_in_refused": 401,
    "sign_in_needed": 401,
    "too_many_tries": 429,
    "foreign_origin": 403,
    "four_eyes": 403,
    "wrong_transition": 409,
    "not_approved": 409,
    "store_full": 507,
}
REFUSED = 422

Refusal = ControllerError | AudioLibraryError | ScheduleError


def answer(refusal: Refusal) -> JSONResponse:
    """The JSON answer for a refusal."""
    body: dict[str, object] = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en}
    if isinstance(refusal, UnknownVillage):
        body["candidates"] = list(refusal.candidates)
    return JSONResponse(body, status_code=STATUS.get(refusal.code, REFUSED))


def install(app: FastAPI) -> None:
    """Answer every known refusal; anything else stays a 500 that says nothing."""

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ControllerError | AudioLibraryError | ScheduleError)
        return answer(error)

    for kind in (ControllerError, AudioLibraryError, ScheduleError):
        app.add_exception_handler(kind, refused)
