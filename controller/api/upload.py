"""A long body from the network straight to a private file; never whole in memory."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.requests import Request

from audio_library.errors import StoreFull
from audio_library.no_room import is_no_room

PIECE_BYTES = 2**20
SOUND_BODY = {
    "requestBody": {
        "required": True,
        "description": "The sound file itself: wav, mp3, m4a, ogg, opus, webm or flac; 200 MB.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "audio/*")
        },
    }
}


@asynccontextmanager
async def uploaded(request: Request, folder: Path) -> AsyncIterator[Path]:
    """The request's body as a file that only we can read; gone afterwards, and on a hang-up.

    How long it may be is the guard's business. Raises StoreFull, ClientDisconnect.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".upload-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            waiting = bytearray()
            async for piece in request.stream():
                waiting += piece
                if len(waiting) >= PIECE_BYTES:
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(file.write, bytes(waiting))
        yield path
    except OSError as error:
        if is_no_room(error):
            raise StoreFull from error
        raise
    finally:
        path.unlink(missing_ok=True)
