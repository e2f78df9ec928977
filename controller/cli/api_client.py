"""The JSON API as a person's program uses it: plain HTTP, bearer token, refusals as words."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from controller.errors import ControllerError

TIMEOUT_S = 30.0
PIECE_BYTES = 2**20
UPLOAD_TIMEOUT_S = 600.0
"""Between two signs of life; an hour of recording is checked for a minute or more."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor or turns its text around, and is no text itself."""


class Api:
    """One signed-in user of a controller on this machine."""

    def __init__(self, base: str) -> None:
        self._origin = base
        self._base = f"{base}/api/v1"
        self.token = ""
        self.time_zone = ""
        # A proxy of the surroundings must not see, nor break, what stays on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def sign_in(self, name: str, password: str) -> None:
        """Sign in; later calls carry the token."""
        signed = self.post("/sessions", {"name": name, "password": password})
        self.token, self.time_zone = signed["token"], signed.get("time_zone", "")

    def get(self, path: str) -> Any:
        """GET and read JSON; raises `ControllerError` in the server's words."""
        return self._call("GET", path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST JSON and read JSON."""
        return self._call("POST", path, body or {})

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """PUT JSON and read JSON."""
        return self._call("PUT", path, body)

    def delete(self, path: str) -> None:
        """DELETE."""
        self._call("DELETE", path, None)

    def audio(self, sha256: str) -> bytes:
        """The audio file of that hash."""
        request = urllib.request.Request(f"{self._origin}/audio/{sha256}.opus")
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as e:
            raise _refusal(e.read()) from e
        return content

    def page(self, path: str) -> bytes:
        """A page as people see it, by its whole path; raises `ControllerError`."""
        headers = {"authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self._origin + path, headers=headers)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as e:
            raise _refusal(e.read()) from e
        except (OSError, HTTPException, ValueError) as e:
            raise _not_there(self._origin, e) from e
        return content

    def download(self, path: str) -> bytes:
        """GET a file as it is; raises `ControllerError` in the server's words."""
        request = urllib.request.Request(self._base + path)
        request.add_header("authorization", f"Bearer {self.token}")
        try:
            with self._opener.open(request, timeout=UPLOAD_TIMEOUT_S) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as e:
            raise _refusal(e.read()) from e
        except (OSError, HTTPException) as e:
            raise _not_there(self._origin, e) from e
        return content

    def fetch(self, path: str, file: Path, told: Callable[[int, int], None]) -> dict[str, str]:
        """GET a large file into `file`; gives the answer's headers, in lower case.

        `told` hears bytes that have come of bytes in all.
        """
        request = urllib.request.Request(self._base + path)
        request.add_header("authorization", f"Bearer {self.token}")
        try:
            with (
                self._opener.open(request, timeout=UPLOAD_TIMEOUT_S) as answer,
                file.open("wb") as copy,
            ):
                headers = {name.lower(): value for name, value in answer.headers.items()}
                size = int(headers.get("content-length", 0))
                while piece := answer.read(PIECE_BYTES):
                    copy.write(piece)
                    told(copy.tell(), size)
        except urllib.error.HTTPError as e:
            raise _refusal(e.read()) from e
        except (urllib.error.URLError, ConnectionError, HTTPException) as e:
            raise _not_there(self._origin, e) from e
        if file.stat().st_size != size:
            raise _broke_off(file.name)
        return headers

    def upload(self, path: str, file: Path, told: Callable[[int, int], None]) -> Any:
        """POST a file as it is and read JSON; `told` hears bytes sent of bytes in all."""
        size = file.stat().st_size
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/octet-stream",
            "content-length": str(size),
        }
        where = urlsplit(self._base + path)
        line = HTTPSConnection if where.scheme == "https" else HTTPConnection
        address = f"{where.path}?{where.query}" if where.query else where.path
        # Not by urllib: it asks the server to hang up, which does so in the middle of a refused
        # file and takes the reason with it.
        with (
            file.open("rb") as body,
            closing(line(where.hostname or "", where.port, timeout=UPLOAD_TIMEOUT_S)) as talk,
        ):
            try:
                talk.request("POST", address, _Told(body, size, told), headers)
                answer = talk.getresponse()
                said = answer.read()
            except (ConnectionError, HTTPException) as e:
                raise _interrupted(file.name) from e
        if answer.status >= 400:
            raise _refusal(said)
        return _plain(json.loads(said))

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(self._base + path, data, method=method)
            if self.token:
                request.add_header("authorization", f"Bearer {self.token}")
            if data is not None:
                request.add_header("content-type", "application/json")
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            raise _refusal(e.read()) from e
        except (OSError, HTTPException, ValueError) as e:
            raise _not_there(self._origin, e) from e
        return _plain(json.loads(text)) if text else None


def _plain(said: Any) -> Any:
    """The same without control characters: a box says some of it, and a terminal obeys them."""
    match said:
        case str():
            return _UNSEEN.sub("", said)
        case list():
            return [_plain(each) for each in said]
        case dict():
            return {name: _plain(each) for name, each in said.items()}
    return said


class _Told:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, size: int, told: Callable[[int, int], None]) -> None:
        self._file, self._size, self._told = file, size, told
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(size)
        self._read += len(piece)
        self._told(self._read, self._size)
        return piece


def _not_there(origin: str, error: Exception) -> ControllerError:
    why = getattr(error, "reason", error)
    return ControllerError(
        "no_controller",
        f"Không nối được bộ điều khiển ở {origin} ({why}). Hãy xem `loalang serve` đã chạy chưa, "
        "và --url có đúng không.",
        f"The controller at {origin} cannot be reached ({why}). See whether `loalang serve` runs, "
        "and whether --url is right.",
    )


def _interrupted(name: str) -> ControllerError:
    return ControllerError(
        "upload_interrupted",
        f"Đứt kết nối khi đang gửi {name}. Chưa lưu gì của lần này; hãy gửi lại.",
        f"The connection broke while {name} was sent. Nothing of it was kept; send it again.",
    )


def _broke_off(name: str) -> ControllerError:
    return ControllerError(
        "download_interrupted",
        f"Đứt kết nối khi đang tải {name}. Chưa ghi gì; hãy làm lại.",
        f"The connection broke while {name} was fetched. Nothing was written; try again.",
    )


def _refusal(body: bytes) -> ControllerError:
    try:
        said = _plain(json.loads(body))
        return ControllerError(said["code"], said["vi"], said["en"])
    except (ValueError, KeyError, TypeError):
        text = body.decode(errors="replace")[:300]
        return ControllerError("refused", f"Máy chủ từ chối: {text}", f"Refused: {text}")
