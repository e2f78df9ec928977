"""Who may come in: session cookie or bearer token; every change needs one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import Depends, Request, Response
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from controller.access.passwords import SESSION_MS
from controller.errors import ControllerError, SignInRefused
from controller.operations.services import Services
from controller.operations.sign_in import Person, signed_in

COOKIE = "loalang_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TRIES_OF_AN_ADDRESS = RateLimitItemPerMinute(10)
TRIES_OF_A_NAME = RateLimitItemPerMinute(100)
AT_ONCE = 4
"""Tries at work: each takes 64 MB and a processor, whoever it is."""
WAITS_S = 1.0


class Doorkeeper:
    """Counts refused tries to sign in: few from one address, more for one name from everywhere.

    Nobody can lock an officer out from elsewhere by guessing at their name, and an office behind
    one address signs in as often as it works.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._at_work = BoundedSemaphore(AT_ONCE)

    @contextmanager
    def watching(self, name: str, address: str) -> Iterator[None]:
        """One try; raises `SignInRefused` after ten refused ones in a minute from one address.

        Also while too many are at work.
        """
        counted = (
            (TRIES_OF_AN_ADDRESS, f"from/{address}"),
            (TRIES_OF_A_NAME, f"name/{name}"),
        )
        self._refuse_too_many(counted)
        if not self._at_work.acquire(timeout=WAITS_S):
            raise _too_many()
        try:
            # Many from one address may have come in before the first was refused.
            self._refuse_too_many(counted)
            try:
                yield
            except SignInRefused:
                for limit, key in counted:
                    self._limiter.hit(limit, key)
                raise
        finally:
            self._at_work.release()

    def _refuse_too_many(self, counted: Iterable[tuple[RateLimitItem, str]]) -> None:
        if not all(self._limiter.test(limit, key) for limit, key in counted):
            raise _too_many()


def _too_many() -> SignInRefused:
    return SignInRefused(
        "too_many_tries",
        "Thử quá nhiều lần. Hãy đợi một phút rồi thử lại.",
        "Too many tries. Wait a minute and try again.",
    )


def services(request: Request) -> Services:
    """The running controller's parts."""
    given: Services = request.app.state.services
    return given


Given = Annotated[Services, Depends(services)]


def hand_over(token: str, response: Response, *, secure: bool) -> None:
    """Give a browser its session: out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def came_safely(request: Request, given: Services) -> bool:
    """Whether a session that begins now belongs to HTTPS alone."""
    return given.secure_cookies or request.url.scheme == "https"


def token_of(request: Request) -> str | None:
    """The session token of a request: bearer first, then cookie."""
    header = request.headers.get("authorization", "")
    if header.lower().startswith("bearer "):
        return header[7:].strip()
    return request.cookies.get(COOKIE)


def maybe_person(request: Request, given: Given) -> Person | None:
    """Who is signed in, or None."""
    token = token_of(request)
    return signed_in(given.database, token, given.clock()) if token else None


def person(request: Request, found: Annotated[Person | None, Depends(maybe_person)]) -> Person:
    """Who is signed in; refuses strangers, and changes asked for by a foreign page."""
    if found is None:
        raise ControllerError(
            "sign_in_needed",
            "Hãy đăng nhập để làm việc này. Những gì đang viết vẫn còn trên màn hình.",
            "Sign in to do this. What you are writing is still on the screen.",
        )
    if request.method not in SAFE and "authorization" not in request.headers:
        refuse_foreign_origin(request)
    return found


def refuse_foreign_origin(request: Request) -> None:
    """A browser says which page asks: only our own may change anything by cookie."""
    origin = request.headers.get("origin")
    if origin is not None and origin.split("://", 1)[-1] != request.headers.get("host"):
        raise ControllerError(
            "foreign_origin",
            "Yêu cầu đến từ một trang khác nên bị từ chối.",
            "The request came from another site and was refused.",
        )


Signed = Annotated[Person, Depends(person)]
MaybeSigned = Annotated[Person | None, Depends(maybe_person)]
