"""`loalang carts`, `relays` and `priority` over the test's application."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.cli.cart_desk import Clip, add_clip, greet_in, list_carts, remove_clip
from controller.cli.priority import decide_order, list_questions
from controller.cli.relays import add_relay, list_relays, remove_relay, try_relay
from controller.errors import ControllerError
from controller.operations.priority_order import note_questions
from tests.audio_library.recording.sounds import made
from tests.controller.api.conftest import officer, services, stranger
from tests.controller.office import NOW, Office
from tests.controller.operations.test_priority_order import question

__all__ = ["officer", "services", "stranger"]

Said = pytest.CaptureFixture[str]


class Line:
    """The command's way to the API, over the test's application instead of a socket."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, path: str) -> Any:
        return self._read("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._read("POST", path, json=body or {})

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._read("PUT", path, json=body)

    def delete(self, path: str) -> None:
        self._read("DELETE", path)

    def upload(self, path: str, file: Path, told: Callable[[int, int], None]) -> Any:
        return self._read("POST", path, content=file.read_bytes())

    def _read(self, method: str, path: str, **body: Any) -> Any:
        answer = self._client.request(method, f"/api/v1{path}", **body)
        if answer.is_error:
            said = answer.json()
            raise ControllerError(said["code"], said["vi"], said["en"])
        return answer.json() if answer.content else None


@pytest.fixture
def line(office: Office, officer: TestClient) -> Line:
    office.boxes(4)
    return Line(officer)


@pytest.mark.needs("ffmpeg")
def test_a_commune_brings_a_song_sees_it_and_removes_it(
    line: Line, tmp_path: Path, capsys: Said
) -> None:
    song = made(tmp_path / "cong.mp3", "-f", "lavfi", "-i", "sine=330:d=3")
    clip = Clip("cong_chieng", "23500", "Đội cồng chiêng thôn 1", "zxx", "Mừng lúa mới")

    add_clip(line, song, clip)
    cart = capsys.readouterr().out.split("\t")[0]
    list_carts(line, "23500")
    assert capsys.readouterr().out.startswith(f"{cart}\tcong_chieng\tzxx\tXã")

    remove_clip(line, cart)
    list_carts(line, None)
    assert capsys.readouterr().out == f"{cart}: đã gỡ / removed\n"


def test_a_commune_asks_for_its_greeting(line: Line, capsys: Said) -> None:
    greet_in(line, {"unit": "23500", "closing": "Chào bà con {commune}"})
    list_carts(line, None)

    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("closing\tvi\tChào bà con xã ")
    assert said[3:] == [
        "! greeting\tvi\tdv-23500\twaiting",
        "! closing\tvi\tdv-23500\twaiting",
    ]


def test_a_relay_is_added_listed_tried_and_removed(line: Line, capsys: Said) -> None:
    form = {"name": "Đài bên", "url": "http://127.0.0.1:9/x?k=1", "why_unproved": "cùng nhà"}
    add_relay(line, "ben", form)
    list_relays(line)
    assert capsys.readouterr().out == "ben\tĐài bên\thttp://127.0.0.1:9/x?…\t! cùng nhà\n" * 2
    with pytest.raises(ControllerError, match="The stream is not heard"):
        try_relay(line, "ben")
    remove_relay(line, "ben")
    list_relays(line)
    assert capsys.readouterr().out == "ben: đã gỡ / removed\n"


def test_an_officer_sees_what_waits_and_decides(line: Line, office: Office, capsys: Said) -> None:
    list_questions(line, None)
    assert "nothing waits" in capsys.readouterr().out
    a, b = office.approved("Tiêm chủng sáng mai."), office.approved("Họp thôn tối nay.")
    with office.database.write() as session:
        note_questions(session, "vung-23500-1", [question(a, b)], NOW)

    list_questions(line, "23500")
    head, *order = capsys.readouterr().out.splitlines()
    assert "trước / before" in head
    assert order == [f"  1. {a}\tTiêm chủng sáng mai", f"  2. {b}\tHọp thôn tối nay"]

    decide_order(line, head.split("\t")[0], [b, a], again=False)
    head, first, _ = capsys.readouterr().out.splitlines()
    assert "quantri, " in head
    assert first == f"  1. {b}\tHọp thôn tối nay"
