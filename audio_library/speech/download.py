"""One file from a publisher to this disk: resumed, bounded, never by mistake taken for whole."""

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

from audio_library.errors import DownloadBroken, DownloadRefused, StoreFull
from audio_library.no_room import is_no_room

TIMEOUT_S = 30.0
"""Without a byte for so long the line counts as broken."""
PIECE = 64 * 1024

Told = Callable[[int, int | None], None]
"""(bytes so far, bytes in all if the publisher said)"""


@dataclass(frozen=True, slots=True)
class Part:
    """A file on its way: `.NAME.part`, and beside it which version of the file it is a part of."""

    path: Path

    @classmethod
    def of(cls, folder: Path, name: str) -> "Part":
        return cls(folder / f".{name}.part")

    @property
    def _version(self) -> Path:
        return self.path.with_name(f"{self.path.name}.etag")

    def resumable(self) -> tuple[int, str]:
        """Bytes that are here and the version they belong to; 0 where that is unknown."""
        if not self.path.is_file() or not self._version.is_file():
            return 0, ""
        return self.path.stat().st_size, self._version.read_text("utf-8")

    def begin(self, version: str) -> None:
        self.drop()
        if version:
            self._version.write_text(version, "utf-8")

    def become(self, path: Path) -> None:
        """Be the file, at once and for certain."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(path)
        self._version.unlink(missing_ok=True)

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def download(url: str, part: Part, *, limit: int, told: Told, timeout_s: float = TIMEOUT_S) -> None:
    """Bring the whole file into `part`, going on where a broken download left off.

    Raises DownloadBroken (what came is kept), DownloadRefused, StoreFull (nothing is kept).
    """
    name = url.rpartition("/")[2]
    have, version = part.resumable()
    request = urllib.request.Request(url, headers={"user-agent": "loalang"})
    if have:
        request.add_header("range", f"bytes={have}-")
        request.add_header("if-range", version)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            if url.startswith("https:") and not response.url.startswith("https:"):
                raise DownloadRefused(name, "bị chuyển sang http", "it was sent on to plain http")
            if response.status == HTTPStatus.PARTIAL_CONTENT:
                _same_place(name, response.headers.get("content-range", ""), have)
            else:
                have = 0
                etag = response.headers.get("etag", "")
                # A weak one does not promise the same bytes.
                part.begin("" if etag.startswith("W/") else etag)
            length = response.headers.get("content-length", "")
            total = have + int(length) if length.isdecimal() else None
            _take(response, part, name, have, total, limit=limit, told=told)
    except urllib.error.HTTPError as error:
        whole = error.headers.get("content-range", "") == f"bytes */{have}"
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have and whole:
            return
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise DownloadBroken(name, f"HTTP {error.code}", have) from error
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.drop()
        raise DownloadRefused(
            name, f"nơi phát hành trả lời {error.code}", f"its publisher answers {error.code}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _fault(error, part, name) from error


def _take(
    response: IO[bytes],
    part: Part,
    name: str,
    have: int,
    total: int | None,
    *,
    limit: int,
    told: Told,
) -> None:
    with part.path.open("ab") as file:
        os.fchmod(file.fileno(), 0o600)
        told(have, total)
        while piece := response.read(PIECE):
            have += len(piece)
            if have > limit:
                break
            file.write(piece)
            told(have, total)
    if have > limit or (total or 0) > limit:
        part.drop()
        raise DownloadRefused(
            name, f"lớn hơn {limit // 10**6} MB", f"it is larger than {limit // 10**6} MB"
        )
    if total is not None and have < total:
        raise DownloadBroken(name, f"{have}/{total}", part.resumable()[0])


def _same_place(name: str, content_range: str, have: int) -> None:
    if not content_range.startswith(f"bytes {have}-"):
        raise DownloadRefused(name, "nơi phát hành gửi sai đoạn", "its publisher sent another part")


def _fault(
    error: OSError | http.client.HTTPException, part: Part, name: str
) -> DownloadBroken | StoreFull:
    if isinstance(error, OSError) and is_no_room(error):
        part.drop()
        return StoreFull()
    reason = str(getattr(error, "reason", error)) or type(error).__name__
    return DownloadBroken(name, reason[:120], part.resumable()[0])
