"""A file of a store as an HTTP answer: one Range, ETag, no copy of it in memory."""

import re
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

CHUNK_BYTES = 256 * 1024
_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)


def sound_answer(
    request: Request, sound: BinaryIO, *, name: str, media_type: str, headers: dict[str, str]
) -> Response:
    """Send `sound`, or the part asked for, and close it; its hash `name` is the ETag.

    Several ranges at once, or a Range that cannot be read, get the whole file.
    """
    size = sound.seek(0, SEEK_END)
    tagged = {**headers, "etag": f'"{name}"', "accept-ranges": "bytes"}
    if request.headers.get("if-range", tagged["etag"]) != tagged["etag"]:
        part = None
    else:
        part = _asked(request.headers.get("range", ""), size)
    if part is not None and not part:
        sound.close()
        return Response(status_code=416, headers={**tagged, "content-range": f"bytes */{size}"})
    span, status = range(size), 200
    if part is not None:
        span, status = part, 206
        tagged["content-range"] = f"bytes {part[0]}-{part[-1]}/{size}"
    tagged["content-length"] = str(len(span))
    if request.method == "HEAD":
        sound.close()
        return Response(status_code=status, media_type=media_type, headers=tagged)
    return StreamingResponse(
        _chunks(sound, span), status_code=status, media_type=media_type, headers=tagged
    )


def _asked(header: str, size: int) -> range | None:
    """The bytes asked for, none of them if there are none such; None: the whole file."""
    found = _ONE_RANGE.fullmatch(header)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    start = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    return range(start, min(last + 1, size)) if start < size else range(0)


def _chunks(sound: BinaryIO, span: range) -> Iterator[bytes]:
    with sound:
        sound.seek(span.start)
        left = len(span)
        while left and (chunk := sound.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
