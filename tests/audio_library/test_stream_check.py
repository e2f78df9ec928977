"""Another station is tried before anybody relies on it: what it is, or why nothing is heard."""

import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest

from audio_library.errors import StreamDead
from audio_library.stream_check import check_stream
from tests.certificates import self_signed

pytestmark = pytest.mark.needs("ffmpeg")

Addresses = Callable[[str], str]


class Station(ThreadingHTTPServer):
    """One path a kind of trouble; `stop` ends those that never answer."""

    daemon_threads = True

    def __init__(self, sound: bytes, pieces: bytes = b"") -> None:
        super().__init__(("127.0.0.1", 0), _Listener)
        self.sound = sound
        self.pieces = pieces
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
                self._whole("text/html", b"<html>403</html>")
            case "/list.m3u8" | "/elsewhere.m3u8":
                there = "/list.ts" if self.path == "/list.m3u8" else "file:///etc/passwd"
                head = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n"
                self._whole(
                    "application/vnd.apple.mpegurl", f"{head}{there}\n#EXT-X-ENDLIST\n".encode()
                )
            case "/list.ts":
                self._whole("video/mp2t", self.server.pieces)
            case "/mute":
                self.server.stop.wait(30)
            case onward if onward.startswith("/onward?"):
                self.send_response(302)
                self.send_header("location", onward.partition("?")[2])
                self.end_headers()
            case "/elsewhere":
                self.send_response(302)
                self.send_header("location", "file:///etc/passwd")
                self.end_headers()
            case _:
                self.send_error(404)

    def _whole(self, kind: str, body: bytes) -> None:
        self._begin(kind, {"content-length": str(len(body))})
        self.wfile.write(body)

    def _begin(self, kind: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(200)
        for name, value in {"content-type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Three seconds of a tone, as MP3 and as a piece of HLS."""
    folder = tmp_path_factory.mktemp("sound")
    tone = ["-f", "lavfi", "-i", "sine=440:r=44100:d=3", "-ac", "2", "-b:a", "64k"]
    for name in ("tone.mp3", "tone.ts"):
        command = ["ffmpeg", "-v", "error", *tone, str(folder / name)]
        subprocess.run(command, check=True)
    return (folder / "tone.mp3").read_bytes(), (folder / "tone.ts").read_bytes()


@contextmanager
def on_the_air(station: Station) -> Iterator[int]:
    """Its port, while it answers."""
    thread = threading.Thread(target=station.serve_forever)
    thread.start()
    try:
        yield station.server_port
    finally:
        station.stop.set()
        station.shutdown()
        thread.join()
        station.server_close()


@pytest.fixture(scope="module")
def at(sounds: tuple[bytes, bytes]) -> Iterator[Addresses]:
    with on_the_air(Station(*sounds)) as port:
        yield lambda path: f"http://127.0.0.1:{port}{path}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `localhost`, signed by nobody else."""
    return self_signed(tmp_path_factory.mktemp("tls") / "localhost.pem")


@pytest.fixture
def sealed(sounds: tuple[bytes, bytes], certificate: Path) -> Iterator[str]:
    """Address of the same station over TLS."""
    station = Station(*sounds)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    station.socket = context.wrap_socket(station.socket, server_side=True)
    with on_the_air(station) as port:
        yield f"https://localhost:{port}/live"


def test_a_station_on_the_air_says_what_it_is(at: Addresses) -> None:
    heard = check_stream(at("/live"), proved=False, listen_s=4.0)

    assert heard.kind == "mp3 mp3float"
    assert (heard.sample_rate, heard.channels, heard.bit_rate) == (44_100, 2, 64_000)
    assert 4.0 <= heard.heard_s < 4.2
    assert -30 < heard.lufs < -10


@pytest.mark.parametrize(
    ("path", "why"),
    [("/none", "404"), ("/page", "Invalid data"), ("/elsewhere", ""), ("/elsewhere.m3u8", "")],
)
def test_what_is_no_stream_is_dead_with_the_reason(at: Addresses, path: str, why: str) -> None:
    with pytest.raises(StreamDead) as dead:
        check_stream(at(path), proved=False)
    assert why in dead.value.reason
    assert "127.0.0.1" not in str(dead.value)


def test_pieces_of_hls_are_heard_one_after_the_other(at: Addresses) -> None:
    heard = check_stream(at("/list.m3u8"), proved=False)
    assert heard.kind.startswith("hls ")
    assert heard.heard_s == pytest.approx(3, abs=0.2)


def test_a_host_that_cannot_prove_its_name_is_not_listened_to(sealed: str) -> None:
    with pytest.raises(StreamDead):
        check_stream(sealed, proved=True)


def test_a_host_that_proves_its_name_is(
    sealed: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert check_stream(sealed, proved=True, listen_s=2.0).heard_s >= 2
    with pytest.raises(StreamDead):
        check_stream(sealed.replace("localhost", "127.0.0.1"), proved=True)


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


def test_a_host_that_proved_its_name_leads_on_to_none_that_does_not(
    at: Addresses, sealed: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    onward = sealed.replace("/live", f"/onward?{at('/live')}")
    with pytest.raises(StreamDead):
        check_stream(onward, proved=True, listen_s=2.0)
    assert check_stream(at(f"/onward?{at('/live')}"), proved=False, listen_s=1.0).kind
