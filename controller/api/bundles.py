"""Bundles for sticks: to boxes without a network, and back."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from controller.api.bundle_shapes import BoxTakenOut
from controller.api.upload import uploaded
from controller.doors import Given, Signed
from controller.operations.bundle import Chosen, make_bundle
from controller.operations.take_bundle import take_bundle

at = APIRouter(tags=["boxes"])

PATH = "/bundles"
_Ids = Annotated[tuple[str, ...], Query(max_length=1_000)]
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A ZIP of the stick's folder `loalang`, or of `back` in it; 256 MB.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/zip", "application/octet-stream")
        },
    }
}
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The bundle, to be unpacked on the stick.",
    }
}


@at.get("/boxes/bundle.zip", response_class=FileResponse, responses=_ZIP)
def get_bundle(
    given: Given,
    who: Signed,
    box: _Ids = (),
    village: _Ids = (),
    unit: _Ids = (),
) -> FileResponse:
    """Everything that these boxes lack if they have no network; of every box if none is named."""
    chosen = Chosen(box, village, unit)
    file = _temporary(given.recordings.scratch)
    try:
        bundle = make_bundle(
            given.database,
            given.store,
            given.authority,
            chosen,
            file,
            given.today(),
            given.clock(),
        )
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    told = {
        "x-loalang-boxes": str(len(bundle.boxes)),
        "x-loalang-files": str(bundle.files),
        "x-loalang-lacking": str(len(bundle.lacking)),
    }
    return FileResponse(
        file,
        media_type="application/zip",
        filename="loalang.zip",
        headers=told,
        background=BackgroundTask(file.unlink, missing_ok=True),
    )


@at.post(PATH, openapi_extra=_BODY)
async def post_bundle(request: Request, given: Given, who: Signed) -> list[BoxTakenOut]:
    """Take the reports that boxes wrote on a stick; what came before is not counted again."""
    async with uploaded(request, given.recordings.scratch) as path:
        taken = await asyncio.to_thread(
            take_bundle, given.database, given.authority, path, given.clock()
        )
    return [BoxTakenOut.of(each) for each in taken]


def _temporary(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".bundle-")
    os.close(handle)
    return Path(name)
