"""Refusals as JSON: {code, vi, en}; which HTTP status a code has is known only here."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

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
    "changed_meanwhile": 409,
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


def misread(error: RequestValidationError) -> JSONResponse:
    """The JSON answer for a request whose fields are wrong: names the first one."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "nội dung / body"
    body = {
        "code": "bad_request",
        "vi": f"Yêu cầu chưa đúng ở “{where}”: {first['msg']}. Chưa lưu gì; hãy sửa rồi gửi lại.",
        "en": f"The request is wrong at “{where}”: {first['msg']}. Nothing was kept; mend it.",
    }
    return JSONResponse(body, status_code=REFUSED)


def unanswerable(error: HTTPException) -> JSONResponse:
    """The JSON answer for what the web layer itself refuses."""
    body = {
        "code": f"http_{error.status_code}",
        "vi": f"Không làm được yêu cầu này ({error.status_code}). Chưa lưu gì.",
        "en": f"This request cannot be done ({error.status_code}: {error.detail}). Nothing kept.",
    }
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


def install(app: FastAPI) -> None:
    """Answer every known refusal; anything else stays a 500 that says nothing."""

    async def wrong_fields(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return misread(error)

    async def wrong_request(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return unanswerable(error)

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ControllerError | AudioLibraryError | ScheduleError)
        return answer(error)

    for kind in (ControllerError, AudioLibraryError, ScheduleError):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, wrong_fields)
    app.add_exception_handler(HTTPException, wrong_request)
