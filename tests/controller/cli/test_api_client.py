"""What a person at the command line reads when no controller answers."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from controller.cli.api_client import Api
from controller.errors import ControllerError


@pytest.fixture
def nobody() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def test_a_controller_that_does_not_run_is_named_with_what_to_do(nobody: str) -> None:
    with pytest.raises(ControllerError) as refused:
        Api(nobody).sign_in("quantri", "x")

    assert refused.value.code == "no_controller"
    assert nobody in refused.value.vi
    assert "loalang serve" in refused.value.vi
    assert "urlopen" not in refused.value.en


@pytest.mark.parametrize("address", ["127.0.0.1:8077", "loa lang", "http://[::1"])
def test_an_address_that_is_none_is_refused_in_words(address: str) -> None:
    with pytest.raises(ControllerError) as refused:
        Api(address).get("/lacks")

    assert refused.value.code == "no_controller"


class Answering(BaseHTTPRequestHandler):
    """A controller to whom a box has told something for whoever looks at it at a terminal."""

    def do_GET(self) -> None:
        reason = "hỏng\x1b]0;x\x07\x1b[2J\r\u202ekhông\x9b1m,\tdòng\nhai"
        body = json.dumps([{"device": "a", "reason": reason, "boxes": 3}]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_nothing_that_a_box_says_is_obeyed_by_the_terminal() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = Api(f"http://127.0.0.1:{server.server_port}").get("/boxes")
        server.shutdown()
    assert told == [{"device": "a", "reason": "hỏng]0;x[2Jkhông1m,\tdòng\nhai", "boxes": 3}]
