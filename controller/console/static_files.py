"""Files of the page, under an address that changes with their content: kept for ever."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from controller.errors import NotFound

FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, also packed."""

    media_type: str
    body: bytes
    packed: bytes


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files by name. One digest names them all, so modules may import each other by name."""

    digest: str
    files: Mapping[str, StaticFile]

    def address(self, name: str) -> str:
        """Where the page finds a file; raises KeyError for one that is not there."""
        self.files[name]
        return f"/static/{self.digest}/{name}"


def read_static(folder: Path) -> StaticFiles:
    """Read and pack every file of a folder."""
    bodies = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    named = hashlib.sha256()
    for name, body in bodies.items():
        named.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
    return StaticFiles(
        named.hexdigest()[:16],
        {
            name: StaticFile(_media_type(name), body, gzip.compress(body, mtime=0))
            for name, body in bodies.items()
        },
    )


def router(files: StaticFiles) -> APIRouter:
    """Addresses of the files."""
    at = APIRouter(include_in_schema=False)

    @at.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
    def get_static(digest: str, name: str, request: Request) -> Response:
        """One file, packed if the browser takes it."""
        file = files.files.get(name)
        if file is None or digest != files.digest:
            raise NotFound("tệp", "file", name[:80])
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"], body = "gzip", file.packed
        return Response(body, headers=headers, media_type=file.media_type)

    return at


def _media_type(name: str) -> str:
    # The machine's own table of types may call a module text/plain, which browsers refuse.
    if name.endswith(".js"):
        return "text/javascript; charset=utf-8"
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8"
