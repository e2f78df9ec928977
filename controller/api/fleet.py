"""Clusters now, what was aired, slow work, boxes, and the stream of news."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import StreamingResponse
from sqlmodel import col, select

from controller.api.shapes import AsRunOut, ClusterOut, WorkItemOut
from controller.doors import Given, Signed, token_of
from controller.errors import NotFound
from controller.operations.services import Services
from controller.operations.show_fleet import as_run_list, clusters_now
from controller.operations.sign_in import signed_in
from controller.storage import bell, events, tables, work_items
from controller.storage.instants import to_ms

at = APIRouter(tags=["fleet"])

BEAT_S = 15.0
LARGEST_ID = 1 << 53
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@at.get("/clusters")
def get_clusters(given: Given, who: Signed) -> list[ClusterOut]:
    """Every cluster as it is now."""
    with given.database.read() as session:
        return [ClusterOut.of(c) for c in clusters_now(session, given.clock())]


@at.get("/as-run")
def get_as_run(
    given: Given,
    who: Signed,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    bulletin: str | None = None,
    alert: str | None = None,
) -> list[AsRunOut]:
    """What was really aired, newest first; of one bulletin or one alert if that is named."""
    with given.database.read() as session:
        rows = as_run_list(session, limit=limit, bulletin_id=bulletin, alert_id=alert)
        return [AsRunOut.of(r) for r in rows]


@at.get("/work-items")
def get_work_items(given: Given, who: Signed) -> list[WorkItemOut]:
    """Slow work that waits, runs or failed, newest first."""
    query = (
        select(tables.WorkItem)
        .where(col(tables.WorkItem.state) != "done")
        .order_by(col(tables.WorkItem.updated_ms).desc())
        .limit(100)
    )
    with given.database.read() as session:
        return [
            WorkItemOut(
                id=i.id or 0,
                kind=i.kind,
                key=i.key,
                state=i.state,
                attempts=i.attempts,
                progress=i.progress,
                vi=i.error_vi,
                en=i.error_en,
            )
            for i in session.exec(query)
        ]


@at.delete("/work-items/{item_id}", status_code=204)
def delete_work_item(item_id: RowId, given: Given, who: Signed) -> None:
    """Stop a piece of work that waits or is being done; whoever does it ends soon after."""
    with given.database.write() as session:
        if not work_items.stop(session, item_id, to_ms(given.clock())):
            raise NotFound(
                "việc đang chờ hay đang làm", "waiting or working work item", str(item_id)
            )


@at.get("/events", response_class=StreamingResponse)
async def get_events(
    request: Request,
    given: Given,
    who: Signed,
    last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_ID)] = None,
) -> StreamingResponse:
    """Server-sent events, by id: a reader that sends Last-Event-ID misses nothing.

    The stream ends with its reader's session.
    """
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    news = _news(given, token_of(request) or "", last_event_id)
    return StreamingResponse(news, media_type="text/event-stream", headers=headers)


async def _news(given: Services, token: str, last_id: int | None) -> AsyncIterator[str]:
    def look(after: int) -> list[tuple[int, str, str]] | None:
        if signed_in(given.database, token, given.clock()) is None:
            return None
        with given.database.read() as session:
            found = events.after(session, after)
            return [(e.id or 0, e.kind, json.dumps(e.body, ensure_ascii=False)) for e in found]

    def newest() -> int:
        with given.database.read() as session:
            return events.newest_id(session)

    with given.bells.listening(bell.EVENTS) as listener:
        seen = last_id if last_id is not None else await asyncio.to_thread(newest)
        yield f"retry: 2000\nid: {seen}\nevent: hello\ndata: {{}}\n\n"
        while not given.closing.is_set():
            news = await asyncio.to_thread(look, seen)
            if news is None:
                return
            for number, kind, body in news:
                seen = number
                yield f"id: {number}\nevent: {kind}\ndata: {body}\n\n"
            if not news:
                await listener.wait(BEAT_S)
                yield "event: beat\ndata: {}\n\n"
