"""Refusals as JSON: {code, vi, en}; which HTTP status a code has is known only here."""

import sqlite3
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from audio_library.errors import AudioLibraryError, NotUtf8
from controller.api.misread import field_of, why_vi
from controller.api.shapes import Refused, UnclearVillage
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
    "not_administrator": 403,
    "second_listener": 403,
    "renewal_unproved": 403,
    "certificate_revoked": 403,
    "box_retired": 403,
    "box_quarantined": 403,
    "vouching_not_allowed": 403,
    "wrong_take_transition": 409,
    "take_outdated": 409,
    "wrong_transition": 409,
    "not_approved": 409,
    "changed_meanwhile": 409,
    "cancelled": 409,
    "calendar_too_large": 413,
    "no_own_rule": 409,
    "season_in_use": 409,
    "already_decided": 409,
    "question_over": 409,
    "no_diagnosis": 404,
    "alert_over": 409,
    "alert_stands": 409,
    "alert_reviewed": 409,
    "alert_local": 409,
    "alert_too_many": 409,
    "root_locked": 409,
    "already_revoked": 409,
    "wrong_recovery_code": 403,
    "language_doubtful": 409,
    "body_too_long": 413,
    "bundle_too_large": 413,
    "recording_too_large": 413,
    "wrong_pairing_code": 403,
    "code_taken": 409,
    "key_not_trusted": 409,
    "pairing_waits": 409,
    "pairing_over": 409,
    "no_box_waits": 409,
    "no_certificates": 409,
    "cluster_taken": 409,
    "stands_there": 409,
    "no_moved_card": 409,
    "database_busy": 503,
    "disk_full": 507,
    "store_full": 507,
    "store_unreachable": 503,
    "store_refused": 503,
    "bucket_missing": 503,
    "store_failed": 503,
}
REFUSED = 422

WHEN = {
    401: "Nobody is signed in, or the name or password is wrong.",
    403: "Another site asked, or it is not for this account: whoever wrote may not approve.",
    404: "Nothing has this id or this name.",
    409: "Its state does not allow this, it was changed meanwhile, or its language is doubtful.",
    411: "The body came without its length.",
    413: "The body is longer than 4 MiB; a recording: than 200 MB; a calendar: than 10 MB.",
    422: "A field is wrong, or what it says cannot be done; `code` tells which.",
    429: "Too many tries to sign in within a minute.",
    503: "The database is busy or the audio store out of reach; try again in a moment.",
    507: "The disk or the audio store is full.",
}

Refusal = ControllerError | AudioLibraryError | ScheduleError


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How an address says that it refuses, for its description."""
    models: dict[int, object] = {404: Refused | UnclearVillage}
    return {s: {"model": models.get(s, Refused), "description": WHEN[s]} for s in statuses}


def answer(refusal: Refusal) -> JSONResponse:
    """The JSON answer for a refusal."""
    body: dict[str, object] = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en}
    if isinstance(refusal, UnknownVillage):
        body["candidates"] = list(refusal.candidates)
    return JSONResponse(body, status_code=STATUS.get(refusal.code, REFUSED))


def misread(error: RequestValidationError) -> JSONResponse:
    """The JSON answer for a request whose fields are wrong: names the first one."""
    first = error.errors()[0]
    field = field_of(first["loc"], first["type"])
    why = why_vi(first["type"], first.get("ctx", {}))
    return answer(
        ControllerError(
            "bad_request",
            f"Yêu cầu chưa đúng ở “{field or 'nội dung'}”: {why}. Chưa lưu gì; "
            "hãy sửa rồi gửi lại.",
            f"The request is wrong at “{field or 'body'}”: {first['msg']}. Nothing was kept; "
            "mend it and send it again.",
        )
    )


def unanswerable(error: HTTPException) -> JSONResponse:
    """The JSON answer for what the web layer itself refuses."""
    if isinstance(error.__cause__, UnicodeDecodeError):
        return answer(NotUtf8(error.__cause__.start))
    body = {
        "code": f"http_{error.status_code}",
        "vi": f"Không làm được yêu cầu này ({error.status_code}). Chưa lưu gì.",
        "en": f"This request cannot be done ({error.status_code}: {error.detail}). Nothing kept.",
    }
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


def not_stored(error: OperationalError) -> ControllerError | None:
    """The refusal for a database that cannot write now; None if that is not what is wrong."""
    match getattr(error.orig, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return ControllerError(
                "disk_full",
                "Ổ đĩa của máy chủ đã đầy nên chưa lưu được; những gì đã lưu trước vẫn còn nguyên. "
                "Hãy giải phóng dung lượng rồi gửi lại.",
                "The server's disk is full, so this was not kept; what was kept before is "
                "untouched. Free some room and send it again.",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return ControllerError(
                "database_busy",
                "Cơ sở dữ liệu đang bận nên chưa lưu được. Hãy gửi lại sau ít giây.",
                "The database is busy, so this was not kept. Send it again in a few seconds.",
            )
    return None


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

    async def hung_up(_request: Request, _error: Exception) -> Response:
        # Nobody is there to read it; without an answer the log would call it a defect of ours.
        return Response(status_code=400)

    async def database_failed(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OperationalError)
        refusal = not_stored(error)
        if refusal is None:
            raise error
        return answer(refusal)

    for kind in (ControllerError, AudioLibraryError, ScheduleError):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(ClientDisconnect, hung_up)
    app.add_exception_handler(OperationalError, database_failed)
    app.add_exception_handler(RequestValidationError, wrong_fields)
    app.add_exception_handler(HTTPException, wrong_request)
