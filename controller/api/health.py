"""Is it alive, and its numbers for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from controller.doors import Given, Signed

at = APIRouter(tags=["health"])


@at.get("/healthz")
def get_health(given: Given) -> dict[str, str]:
    """Answers when the database does."""
    with given.database.read() as session:
        session.connection().execute(text("select 1"))
    return {"status": "ok"}


@at.get("/metrics", include_in_schema=False)
def get_metrics(who: Signed) -> Response:
    """Counters in Prometheus' text form; asks for a login, as a bearer token."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
