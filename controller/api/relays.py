"""Relays (tiếp sóng): other stations' streams that a programme may rebroadcast."""

import asyncio

from fastapi import APIRouter

from audio_library.stream_check import Heard, check_stream
from controller.api.relay_shapes import HeardOut, RelayIn, RelayOut
from controller.api.shapes import Id
from controller.doors import Given, Signed
from controller.operations.relays import add_relay, load_relay, remove_relay, show_relays
from controller.operations.services import Services
from schedules.shelf import Relay
from schedules.types import RelayId

at = APIRouter(tags=["relays"])


@at.get("/relays")
def get_relays(given: Given, who: Signed) -> list[RelayOut]:
    """Every stream that nobody removed, by id."""
    with given.database.read() as session:
        return [RelayOut.of(row) for row in show_relays(session)]


@at.put("/relays/{relay_id}")
def put_relay(relay_id: Id, form: RelayIn, given: Given, who: Signed) -> RelayOut:
    """Keep a stream under a short id of your choice; the same id again replaces it."""
    relay = Relay(RelayId(relay_id), form.name, form.url, form.why_unproved)
    add_relay(given.database, relay, who.name, given.clock())
    with given.database.read() as session:
        return RelayOut.of(load_relay(session, relay_id))


@at.delete("/relays/{relay_id}", status_code=204)
def delete_relay(relay_id: Id, given: Given, who: Signed) -> None:
    """Take a stream out of every coming session: its fallback sounds instead, or silence."""
    remove_relay(given.database, relay_id, who.name, given.clock())


@at.post("/relays/{relay_id}/try")
async def post_try(relay_id: Id, given: Given, who: Signed) -> HeardOut:
    """Open the stream here for some five seconds, and say what is heard or why nothing is."""
    async with given.recordings.turns:
        return HeardOut.of(await asyncio.to_thread(_heard, given, relay_id))


def _heard(given: Services, relay_id: str) -> Heard:
    with given.database.read() as session:
        row = load_relay(session, relay_id)
        url, proved = row.url, not row.why_unproved
    return check_stream(url, proved=proved)
