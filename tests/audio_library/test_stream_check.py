"""Another station is tried before anybody relies on it: what it is, or why nothing is heard."""

import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from audio_library.errors import StreamDead
from audio_library.stream_check import check_stream

pytestmark = pytest.mark.needs("ffmpeg")

Addresses = Callable[[str], str]


class Station(ThreadingHTTPServer):
    """One path a kind of trouble; `stop` ends those that never answer."""

    daemon_threads = True

    def __init__(self, sound: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Listener)
        self.sound = sound
        self.stop = threading.Event()


class _Listener(BaseHTTPRequestHandler):
    server: Station

    def do_GET(self) -> None:
        match self.path:
            case "/live":
                self._begin("audio/mpeg")
                with suppress(ConnectionError):
                    while not self.server.stop.is_set():
                        self.wfile.write(self.server.sound)
            case "/page":
                self._begin("text/html")
                self.wfile.write(b"<html>403</html>")
            case "/mute":
                self.server.stop.wait(30)
            case "/elsewhere":
                self.send_response(302)
                self.send_header("location", "file:///etc/passwd")
                self.end_headers()
            case _:
                self.send_error(404)

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    file = tmp_path_factory.mktemp("sound") / "tone.mp3"
    tone = ["-f", "lavfi", "-i", "sine=440:r=44100:d=3", "-ac", "2", "-b:a", "64k"]
    subprocess.run(["ffmpeg", "-v", "error", *tone, str(file)], check=True)
    with Station(Path(file).read_bytes()) as station:
        thread = threading.Thread(target=station.serve_forever)
        thread.start()
        yield lambda path: f"http://127.0.0.1:{station.server_port}{path}"
        station.stop.set()
        station.shutdown()
        thread.join()


def test_a_station_on_the_air_says_what_it_is(at: Addresses) -> None:
    heard = check_stream(at("/live"), proved=False, listen_s=4.0)

    assert heard.kind == "mp3 mp3float"
    assert (heard.sample_rate, heard.channels, heard.bit_rate) == (44_100, 2, 64_000)
    assert 4.0 <= heard.heard_s < 4.2
    assert -30 < heard.lufs < -10


@pytest.mark.parametrize(
    ("path", "why"),
    [("/none", "404"), ("/page", ""), ("/elsewhere", "")],
)
def test_what_is_no_stream_is_dead_with_the_reason(at: Addresses, path: str, why: str) -> None:
    with pytest.raises(StreamDead) as dead:
        check_stream(at(path), proved=False)
    assert why in dead.value.reason
    assert "127.0.0.1" not in str(dead.value)


def test_a_station_that_never_answers_is_given_up(at: Addresses) -> None:
    with pytest.raises(StreamDead):
        check_stream(at("/mute"), proved=False, timeout_s=3.0)


def test_nobody_there_is_dead_and_not_a_crash() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as nobody:
        port = nobody.server_address[1]
    with pytest.raises(StreamDead):
        check_stream(f"http://127.0.0.1:{port}/live", proved=False)


def test_a_file_of_the_machine_is_no_stream_and_http_proves_nothing(
    at: Addresses, tmp_path: Path
) -> None:
    with pytest.raises(StreamDead):
        check_stream(f"file:{tmp_path}", proved=False)
    with pytest.raises(StreamDead):
        check_stream(at("/live"), proved=True)
