"""Bounds on what comes in and headers on what goes out, for every address."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class Guard:
    """Refuse bodies of unknown or too great length; add the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers and "content-length" not in headers:
            await PlainTextResponse("411 Length Required", 411)(scope, receive, send)
            return
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            await PlainTextResponse("413 Content Too Large", 413)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                going = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    going.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)
