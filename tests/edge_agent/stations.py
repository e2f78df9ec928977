"""Stations on loopback: endless sound as Icecast sends it, HLS files, and all ways to fail."""

import http.server
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

BITS_A_SECOND = 64_000
SLY_LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{}\n#EXT-X-ENDLIST\n"


class Station:
    """Sends `sound` (64 kbit/s MP3) for ever and in time, until told to behave otherwise.

    `/live` endless, `/hls/…` files below `folder`, `/never` answers nothing, `/gone` 404,
    `/page` a web page, `/moved` leads to `/live`, `/file` leads to a file of the machine,
    `/onward?…` leads there. With a `certificate` of localhost it speaks TLS.
    """

    def __init__(self, sound: bytes, folder: Path, certificate: Path | None = None) -> None:
        self.stalled = threading.Event()
        self.hang_up = threading.Event()
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/live":
                    self._stream()
                elif path == "/never":
                    outer.closing.wait(30)
                elif path == "/page":
                    self._whole(b"<html>log in first</html>", "text/html")
                elif path == "/moved":
                    self._redirect("/live")
                elif path == "/onward":
                    self._redirect(self.path.partition("?")[2])
                elif path == "/file":
                    self._redirect("file:///etc/hostname")
                elif path == "/sly.m3u8":
                    text = SLY_LIST.format(folder / "a.mp3")
                    self._whole(text.encode(), "application/vnd.apple.mpegurl")
                elif path.startswith("/hls/") and (folder / path[5:]).is_file():
                    self._whole((folder / path[5:]).read_bytes(), "application/octet-stream")
                else:
                    self.send_error(404)

            def _redirect(self, where: str) -> None:
                self.send_response(302)
                self.send_header("Location", where)
                self.end_headers()

            def _whole(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "audio/mpeg")
                self.send_header("icy-name", "Dai Tieng noi")
                self.end_headers()
                began, sent = time.monotonic(), 0
                block = BITS_A_SECOND // 8 // 10
                while not (outer.hang_up.is_set() or outer.closing.is_set()):
                    # Two seconds ahead, as Icecast's burst.
                    due = (time.monotonic() - began + 2.0) * BITS_A_SECOND / 8
                    if sent < due and not outer.stalled.is_set():
                        at = sent % len(sound)
                        try:
                            self.wfile.write(sound[at : at + block])
                        except OSError:
                            return
                        sent += len(sound[at : at + block])
                    else:
                        outer.closing.wait(0.02)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.address = f"https://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def tone_mp3(path: Path, seconds: int = 4) -> bytes:
    """A tone of 1 kHz as constant 64 kbit/s MP3 without any header of its own."""
    source = f"sine=frequency=1000:sample_rate=44100:duration={seconds}"
    _ffmpeg("-f", "lavfi", "-i", source, "-b:a", "64k", "-write_xing", "0", str(path))
    return path.read_bytes()


def hls(folder: Path, seconds: int = 6) -> None:
    """A finished HLS of a tone in segments of 2 s, with its list `live.m3u8`."""
    source = f"sine=frequency=1000:sample_rate=44100:duration={seconds}"
    options = ["-c:a", "aac", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0"]
    _ffmpeg("-f", "lavfi", "-i", source, *options, str(folder / "live.m3u8"))


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)
