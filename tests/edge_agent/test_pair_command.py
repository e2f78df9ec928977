"""What a technician types, what a file on the boot partition says, and where an office is found."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge_agent.__main__ import _main
from edge_agent.cli.line import BadUsage, Line
from edge_agent.cli.pair import _address, _understood, announced_in, run
from edge_agent.contract import pairing as wire
from edge_agent.errors import PairingFailed
from edge_agent.pairing import Counter, Unreachable, WebCounter, pair

CODE = wire.Code("AB12", "CDEF0123GHJK")
WRITTEN = wire.write_code(CODE)

AVAHI = """\
+;eth0;IPv4;Loa Làng;_loalang._tcp;local
=;eth0;IPv6;Loa Làng;_loalang._tcp;local;office.local;fe80::1;8443;
=;eth0;IPv6;Loa Làng;_loalang._tcp;local;office.local;2001:db8::7;8443;
=;eth0;IPv4;Loa Làng;_loalang._tcp;local;office.local;192.0.2.10;8443;"v=1"
=;wlan0;IPv4;Loa Làng;_loalang._tcp;local;office.local;192.0.2.10;8443;"v=1"
=;wlan0;IPv4;broken;_loalang._tcp;local;office.local;192.0.2.11;x;
"""


def test_offices_are_read_from_what_avahi_prints() -> None:
    assert list(announced_in(AVAHI)) == [
        "https://[2001:db8::7]:8443",
        "https://192.0.2.10:8443",
    ]
    assert list(announced_in("Failed to create client object\n")) == []


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("office.example", "https://office.example:8443"),
        ("192.0.2.10:9443", "https://192.0.2.10:9443"),
        ("https://office.example", "https://office.example"),
        ("https://office.example:8443/", "https://office.example:8443"),
        ("http://127.0.0.1:8077", "http://127.0.0.1:8077"),
        ("[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
    ],
)
def test_an_address_is_understood_as_people_write_it(typed: str, address: str) -> None:
    assert _address(typed) == address
    assert _understood((typed, WRITTEN.lower())) == (address, CODE)


@pytest.mark.parametrize("words", [(), ("https://x",), (WRITTEN, "x"), ("ftp://x", WRITTEN)])
def test_a_slip_is_told_in_both_languages(words: tuple[str, ...]) -> None:
    with pytest.raises(BadUsage) as raised:
        _understood(words)

    assert raised.value.vi != raised.value.en


def line(config: Path, *words: str, file: Path | None = None) -> Line:
    values = {"--config": str(config)} | ({"--from": str(file)} if file else {})
    return Line(words, values, frozenset())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "agent.toml"
    file.write_text(f'state_dir = "{tmp_path / "state"}"\n[player]\nkind = "mpv"\n')
    return file


def test_the_line_that_the_office_printed_may_lie_in_a_file(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, wire.Code, bool]] = []

    def note(_state: Path, counters: object, code: wire.Code, *, anew: bool, **_: object) -> None:
        assert callable(counters)
        asked.extend((counter.address, code, anew) for counter in counters())

    monkeypatch.setattr("edge_agent.cli.pair.pair", note)
    file = tmp_path / "loalang-pair.txt"
    file.write_bytes(
        b"\xef\xbb\xbf# Loa L\xc3\xa0ng\r\nloalang-agent pair https://192.0.2.10:8443 "
        + WRITTEN.encode()
        + b" --config /etc/loalang/agent.toml --anew\r\n"
    )
    said: list[str] = []

    assert run(line(config, file=file), said.append) == 0

    assert asked == [("https://192.0.2.10:8443", CODE, True)]
    assert any("PAIRED" in one for one in said)


def test_the_command_says_what_is_wrong_with_what_was_typed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(["pair", "nonsense", "--config", str(config)]) == 2
    assert "ABCD-EFGH-JKMN-PQRS" in capsys.readouterr().err
    assert _main(["run", "--config", str(config)]) == 1
    assert "loalang-agent pair" in capsys.readouterr().err


class Stranger:
    """Somebody on the network who answers what he likes."""

    def __init__(self, address: str, answer: bytes | Exception) -> None:
        self.address = address
        self._answer = answer

    def post(self, path: str, body: bytes) -> bytes:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([Unreachable("no route")], "office_not_found"),
        ([], "office_not_found"),
        ([b"<html>"], "no_office"),
        ([b"x" * 100_000], "no_office"),
        (
            [PairingFailed("sai", "wrong", "wrong_pairing_code"), Unreachable("x")],
            "wrong_pairing_code",
        ),
    ],
)
def test_whoever_answers_in_the_place_of_an_office_changes_nothing(
    tmp_path: Path, answers: list[bytes | Exception], code: str
) -> None:
    waited: list[float] = []

    def counters() -> Iterator[Counter]:
        yield from (Stranger(f"https://192.0.2.{n}", one) for n, one in enumerate(answers))

    with pytest.raises(PairingFailed) as failed:
        pair(
            tmp_path,
            counters,
            CODE,
            anew=False,
            tell=lambda _line: None,
            pause=waited.append,
            now_ms=0,
        )

    assert failed.value.code == code
    assert sum(waited) < 121
    assert {f.name for f in tmp_path.iterdir()} == {"device_key.pem"}


class Rude(BaseHTTPRequestHandler):
    """A stranger who would draw on the technician's screen."""

    def do_POST(self) -> None:
        said = {"vi": "sai\x1b[2J\r\x9b1m\u202e", "en": "wrong\x07", "code": "x\n"}
        body = json.dumps(said).encode()
        self.send_response(403)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_the_words_of_whoever_answers_do_nothing_to_the_terminal() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Rude) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(PairingFailed) as failed:
            WebCounter(f"http://127.0.0.1:{server.server_port}").post("", b"{}")
        server.shutdown()
    assert (str(failed.value), failed.value.code) == ("sai[2J1m / wrong", "x")
