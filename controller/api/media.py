"""Audio and day pages by hash, for boxes and for listening: immutable, with Range."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from audio_library.errors import AssetMissing
from controller.api.sound_file import sound_answer
from controller.doors import Given
from controller.errors import NotFound
from controller.storage import tables

at = APIRouter(include_in_schema=False)
for_boxes = APIRouter(include_in_schema=False)
"""What a box fetches: also behind the door where only boxes come in."""

FOREVER = "public, max-age=31536000, immutable"
_HASH = re.compile(r"^[0-9a-f]{64}$")


@for_boxes.api_route("/audio/{sha256}.opus", methods=["GET", "HEAD"])
def get_audio(sha256: str, request: Request, given: Given) -> Response:
    """One audio file; its name is its hash, so whoever knows the name may have it."""
    if not _HASH.match(sha256):
        raise NotFound("tệp âm thanh", "audio file", sha256[:80])
    headers = {"cache-control": FOREVER}
    known = f'"{sha256}"'
    if request.headers.get("if-none-match") == known and given.store.exists(sha256):
        return Response(status_code=304, headers={**headers, "etag": known})
    try:
        sound = given.store.open(sha256)
    except AssetMissing:
        raise NotFound("tệp âm thanh", "audio file", sha256) from None
    return sound_answer(request, sound, name=sha256, media_type="audio/ogg", headers=headers)


@at.api_route("/audio/{sha256}.peaks.json", methods=["GET", "HEAD"])
def get_peaks(sha256: str, given: Given) -> Response:
    """The shape of one audio file for the screen, worked out when it is first looked at."""
    if not _HASH.match(sha256):
        raise NotFound("tệp âm thanh", "audio file", sha256[:80])
    try:
        peaks = given.waveforms.of(sha256)
    except AssetMissing:
        raise NotFound("tệp âm thanh", "audio file", sha256) from None
    return Response(peaks, media_type="application/json", headers={"cache-control": FOREVER})


@for_boxes.api_route("/pages/{sha256}.json.gz", methods=["GET", "HEAD"])
def get_page(sha256: str, given: Given) -> Response:
    """One packed day page."""
    with given.database.read() as session:
        page = session.get(tables.Page, sha256) if _HASH.match(sha256) else None
    if page is None:
        raise NotFound("trang lịch", "day page", sha256[:80])
    return Response(page.body, media_type="application/gzip", headers={"cache-control": FOREVER})
