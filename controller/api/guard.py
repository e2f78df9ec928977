"""Bounds on what comes in and headers on what goes out, for every address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.api.failures import Refusal, answer, unanswerable
from controller.errors import ControllerError

MAX_BODY_BYTES = 4 * 1024 * 1024

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # With no referrer at all a browser would send our own forms from the origin “null”.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# What was not read of a refused body must not be taken for the next request.
HANG_UP = {"connection": "close"}
_LENGTH = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Upload:
    """How long a body may be at an address that takes files, and what is said of a longer one."""

    limit_bytes: int
    refusal: Refusal


_NOWHERE: Mapping[str, Upload] = MappingProxyType({})


class Guard:
    """Refuse bodies of unknown or too great length; add the security headers.

    `uploads`: paths to which a longer body may be posted. Whoever answers there asks for the login
    first.
    """

    def __init__(self, app: ASGIApp, uploads: Mapping[str, Upload] = _NOWHERE) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                going = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    going.setdefault(name, value)
            await send(message)

        upload = self._uploads.get(scope["path"]) if scope.get("method") == "POST" else None
        most = upload.limit_bytes if upload else MAX_BODY_BYTES
        refusal = _refusal(Headers(scope=scope), most, upload)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, _bounded(receive, most), guarded)


def _refusal(headers: Headers, most: int, upload: Upload | None) -> Response | None:
    """Why a request with these headers is not read, or None.

    A transfer encoding is refused also beside a length: the server would believe the encoding.
    """
    if "transfer-encoding" in headers:
        return unanswerable(HTTPException(411, headers=HANG_UP))
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length) or int(length) > most:
        refused = answer(upload.refusal if upload else _body_too_long())
        refused.headers.update(HANG_UP)
        return refused
    return None


def _body_too_long() -> ControllerError:
    size = f"{MAX_BODY_BYTES // 2**20} MiB"
    return ControllerError(
        "body_too_long",
        f"Nội dung gửi lên dài quá {size}. Chưa lưu gì; hãy chia nhỏ rồi gửi lại.",
        f"What was sent is longer than {size}. Nothing was kept; split it and send it again.",
    )


def _bounded(receive: Receive, most: int) -> Receive:
    """Give on at most so many bytes of body, whatever the headers said; then HTTP 413."""
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, headers=HANG_UP)
        return message

    return counted
