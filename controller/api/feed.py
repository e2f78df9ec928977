"""Calendar feeds: made by who is signed in, read by whoever has the address."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from controller.api.feed_shapes import FeedIn, FeedOut, NewFeedOut
from controller.doors import Given, Signed
from controller.errors import ControllerError, NotFound
from controller.operations.calendar_feed import (
    feed_text,
    make_feed,
    revoke_feed,
    show_feeds,
    subscription,
)

at = APIRouter(tags=["feeds"])

READS = RateLimitItemPerMinute(20)
"""Of one address, and wrong ones from one place: a phone asks a few times a day."""
KEPT = "private, max-age=900"


@at.get("/feeds")
def get_feeds(given: Given, who: Signed) -> list[FeedOut]:
    """Every feed that was ever made, newest first; its address is not said again."""
    with given.database.read() as session:
        return [FeedOut.of(feed) for feed in show_feeds(session)]


@at.post("/feeds", status_code=201)
def post_feed(form: FeedIn, given: Given, who: Signed) -> NewFeedOut:
    """Make an address that a phone's calendar subscribes to; it is said this once."""
    feed, token = make_feed(given.database, form.unit, who.name, given.clock())
    url = f"{given.rules.sources[0]}/lich/{token}.ics"
    return NewFeedOut(**FeedOut.of(feed).model_dump(), url=url)


@at.delete("/feeds/{feed_id}", status_code=204)
def delete_feed(feed_id: str, given: Given, who: Signed) -> None:
    """Close an address for good."""
    revoke_feed(given.database, feed_id, who.name, given.clock())


def public() -> APIRouter:
    """The address itself, which asks for no login."""
    door = APIRouter()
    limiter = MovingWindowRateLimiter(MemoryStorage())

    @door.api_route("/lich/{token}.ics", methods=["GET", "HEAD"], include_in_schema=False)
    def get_calendar(
        token: Annotated[str, Path(max_length=100)], request: Request, given: Given
    ) -> Response:
        """The programmes of a unit as a calendar, 30 days back and 180 ahead."""
        asker = request.client.host if request.client else ""
        if not limiter.test(READS, f"wrong/{asker}"):
            raise _too_many()
        try:
            with given.database.read() as session:
                found = subscription(session, token, given.rules, given.clock())
        except NotFound:
            limiter.hit(READS, f"wrong/{asker}")
            raise
        headers = {"etag": f'"{found.version}"', "cache-control": KEPT}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if not limiter.hit(READS, f"feed/{token}"):
            raise _too_many()
        return Response(feed_text(found), media_type="text/calendar", headers=headers)

    return door


def _too_many() -> ControllerError:
    return ControllerError(
        "too_many_tries",
        "Địa chỉ lịch này được hỏi quá nhiều lần. Hãy đợi một phút.",
        "This calendar address was asked for too often. Wait a minute.",
    )
