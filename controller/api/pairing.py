"""Where boxes come to be paired: no login, for the code behind their messages is the proof."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from controller.doors import Given
from controller.errors import ControllerError
from controller.operations.pairing import (
    PairingRefused,
    hear_ask,
    hear_done,
    hear_poll,
    office_face,
)

OF_AN_ADDRESS = RateLimitItemPerMinute(150)
"""Five boxes behind one address that ask every two seconds."""

OF_ALL = RateLimitItemPerMinute(1_200)
WRONG_OF_AN_ADDRESS = RateLimitItemPerMinute(10)


class Turnstile:
    """Counts the calls of boxes that nobody knows yet, and wrong codes more severely."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    @contextmanager
    def passing(self, address: str) -> Iterator[None]:
        """One call; raises `ControllerError` where there were too many."""
        wrong = f"wrong/{address}"
        if not (
            self._limiter.test(WRONG_OF_AN_ADDRESS, wrong)
            and self._limiter.hit(OF_AN_ADDRESS, f"from/{address}")
            and self._limiter.hit(OF_ALL, "all")
        ):
            raise ControllerError(
                "too_many_tries",
                "Quá nhiều lần gọi. Hãy đợi một phút rồi thử lại.",
                "Too many calls. Wait a minute and try again.",
            )
        try:
            yield
        except PairingRefused:
            self._limiter.hit(WRONG_OF_AN_ADDRESS, wrong)
            raise


async def message(request: Request) -> bytes:
    """What a box says, as it is."""
    return await request.body()


def visitor(request: Request) -> str:
    """From where it says it."""
    return request.client.host if request.client else ""


Message = Annotated[bytes, Depends(message)]
Visitor = Annotated[str, Depends(visitor)]


def router(turnstile: Turnstile) -> APIRouter:
    """The addresses of the pairing protocol: see `edge_agent.contract.pairing`."""
    at = APIRouter(prefix="/box/pairing", include_in_schema=False)

    @at.post("")
    def post_ask(payload: Message, address: Visitor, given: Given) -> Response:
        """A box asks to be taken in."""
        with turnstile.passing(address):
            return _json(hear_ask(given.database, office_face(given), payload, given.clock()))

    @at.post("/{pairing}")
    def post_poll(pairing: str, payload: Message, address: Visitor, given: Given) -> Response:
        """A box asks what was decided about it."""
        with turnstile.passing(address):
            face = office_face(given)
            return _json(hear_poll(given.database, face, pairing, payload, given.clock()))

    @at.post("/{pairing}/done", status_code=204)
    def post_done(pairing: str, payload: Message, address: Visitor, given: Given) -> None:
        """A box keeps what it was given."""
        with turnstile.passing(address):
            hear_done(given.database, pairing, payload, given.clock())

    return at


def _json(said: bytes) -> Response:
    return Response(said, media_type="application/json")
