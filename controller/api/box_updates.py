"""The boxes' own program: bring a bundle, send it to a few boxes and then to all."""

import asyncio
import re

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from controller.api.box_update_shapes import (
    AgentBundleOut,
    RollOutChangeIn,
    RollOutIn,
    RollOutOut,
)
from controller.api.media import FOREVER
from controller.api.shapes import Id
from controller.api.upload import uploaded
from controller.doors import Given, Signed
from controller.errors import NotFound
from controller.operations.agent_bundles import bring_bundle, bundle_file
from controller.operations.update_boxes import begin_roll_out, change_roll_out, show_roll_outs

at = APIRouter(tags=["boxes"])
for_boxes = APIRouter(include_in_schema=False)

PATH = "/agent-bundles"
_HASH = re.compile(r"[0-9a-f]{64}")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A bundle as deploy/agent/make-bundle.sh makes it; 200 MB.",
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@at.post(PATH, openapi_extra=_BODY, status_code=201)
async def post_bundle(request: Request, given: Given, who: Signed) -> AgentBundleOut:
    """Keep a bundle with which boxes install a version."""
    async with uploaded(request, given.recordings.scratch) as path:
        bundle = await asyncio.to_thread(
            bring_bundle, given.database, given.agents, path, who.name, given.clock()
        )
    return AgentBundleOut.of(bundle)


@at.get("/roll-outs")
def get_roll_outs(given: Given, who: Signed) -> list[RollOutOut]:
    """The newest roll-outs, and how far each box of them has come."""
    with given.database.read() as session:
        return [RollOutOut.of(shown) for shown in show_roll_outs(session)]


@at.post("/roll-outs", status_code=201)
def post_roll_out(form: RollOutIn, given: Given, who: Signed) -> RollOutOut:
    """Send a bundle to boxes: a few first, the others when those are healthy."""
    now = given.clock()
    return RollOutOut.of(
        begin_roll_out(given.database, form.bundle, form.to, form.share_percent, who.name, now)
    )


@at.post("/roll-outs/{roll_out}")
def post_change(roll_out: Id, form: RollOutChangeIn, given: Given, who: Signed) -> RollOutOut:
    """Stop a roll-out, or let one that is held run on; boxes that failed are tried again."""
    now = given.clock()
    return RollOutOut.of(change_roll_out(given.database, roll_out, form.state, who.name, now))


@for_boxes.api_route("/bundles/{sha256}", methods=["GET", "HEAD"], response_class=FileResponse)
def get_bundle(sha256: str, given: Given) -> FileResponse:
    """One bundle; its name is its hash."""
    file = bundle_file(given.agents, sha256) if _HASH.fullmatch(sha256) else None
    if file is None:
        raise NotFound("gói phần mềm", "bundle", sha256[:80])
    return FileResponse(file, media_type="application/gzip", headers={"cache-control": FOREVER})
