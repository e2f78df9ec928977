"""A publisher of voices on this machine, with the faults that publishers have."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from audio_library.speech.catalogue import Entry


@dataclass
class Publisher:
    """Files by address, and what goes wrong with the models among them."""

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: int | None = None
    endless: bool = False
    etag: str = '"one"'
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    publisher: Publisher

    def do_GET(self) -> None:
        at = self.publisher
        wanted = self.headers.get("range", "")
        at.asked.append((self.path, wanted))
        body = at.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        begin = 0
        if wanted and self.headers.get("if-range") == at.etag:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(body):
                self.send_response(416)
                self.send_header("content-range", f"bytes */{len(body)}")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("content-range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if at.etag:
            self.send_header("etag", at.etag)
        if not at.endless:
            self.send_header("content-length", str(len(body) - begin))
        self.end_headers()
        if at.endless and self.path.endswith(".onnx"):
            try:
                while True:
                    self.wfile.write(bytes(100_000))
            except OSError:
                return
        end = len(body)
        if at.break_after is not None and self.path.endswith(".onnx"):
            end = min(end, begin + at.break_after)
        self.wfile.write(body[begin:end])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def publishing(entry: Entry, model: bytes, config: bytes) -> Iterator[Publisher]:
    """Serve one voice where the catalogue says that it is."""
    address = f"/{entry.folder}/{entry.name}.onnx"
    at = Publisher(files={address: model, f"{address}.json": config})
    handler = type("Bound", (Handler,), {"publisher": at})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        at.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield at
        server.shutdown()
        thread.join()
