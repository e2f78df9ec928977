"""Renewal of the certificates of boxes: the proof of a key is the login."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from controller.doors import Given
from controller.errors import ControllerError
from controller.operations.renew_certificate import renew_certificate, who_renews

OF_AN_ADDRESS = RateLimitItemPerMinute(120)
"""Behind one address of a mobile network there may be the boxes of a district."""
OF_ALL = RateLimitItemPerMinute(600)
OF_A_BOX = RateLimitItemPerHour(6)
"""A wish that was overheard and is repeated makes rows; this bounds them."""


class _Turnstile:
    """Counts wishes; raises `too_many_tries` beyond what boxes ever need."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def pass_through(self, limit: RateLimitItem, key: str) -> None:
        """One more wish counted under `key`."""
        if not self._limiter.hit(limit, key):
            raise ControllerError(
                "too_many_tries",
                "Quá nhiều yêu cầu gia hạn. Hộp loa vẫn phát theo lịch và sẽ tự thử lại.",
                "Too many wishes for certificates. The box plays its plan and tries again.",
            )


def router() -> APIRouter:
    """The address for renewal, with counts of its own."""
    at = APIRouter(prefix="/box", include_in_schema=False)
    turnstile = _Turnstile()

    @at.post("/certificate", status_code=201, response_class=PlainTextResponse)
    async def post_certificate(request: Request, given: Given) -> str:
        """Give a box that signs for its own key a new certificate (PEM); the body is that JWS."""
        turnstile.pass_through(OF_ALL, "all")
        turnstile.pass_through(OF_AN_ADDRESS, request.client.host if request.client else "")
        sealed = await request.body()
        return await asyncio.to_thread(_renewed, given, turnstile, sealed)

    return at


def _renewed(given: Given, turnstile: _Turnstile, sealed: bytes) -> str:
    if given.ca is None:
        raise ControllerError(
            "no_certificates",
            "Bộ điều khiển này không cấp chứng chỉ (LOALANG_TLS=off). Không có gì thay đổi.",
            "This controller gives no certificates (LOALANG_TLS=off). Nothing was changed.",
        )
    device_id = who_renews(given.database, sealed)
    turnstile.pass_through(OF_A_BOX, f"box/{device_id}")
    return renew_certificate(given.database, given.ca, device_id, given.clock())
