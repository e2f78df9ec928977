"""Pairing over HTTP and on the command line: who may do what, how often, in which words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from controller.app import create_app
from controller.cli import device_desk
from controller.errors import ControllerError
from controller.fleet.certificates import open_ca
from controller.operations.services import Services
from controller.operations.sign_in import enrol_first_account
from edge_agent.contract import pairing as wire
from edge_agent.contract.trust import public_to_text
from edge_agent.contract.types import decode, encode
from tests.controller.api.conftest import Door
from tests.controller.cli.test_carts_cli import Line
from tests.controller.office import NOW, Box, Office

BOX = "/api/v1/box/pairing"
Said = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Asking:
    """A blank box that speaks the protocol by hand."""

    client: TestClient
    code: wire.Code
    ask: wire.Ask

    @classmethod
    def begin(cls, client: TestClient, code: str) -> "Asking":
        read = wire.read_code(code)
        public = public_to_text(Ed25519PrivateKey.generate().public_key())
        ask = wire.Ask(read.id, public, "0" * 32, wire.About("loa", "Raspberry Pi 4", "a" * 64))
        return cls(client, read, wire.tag_ask(wire.stretch(read), ask))

    def post(self, path: str, message: Any) -> Any:
        return self.client.post(BOX + path, content=encode(message))

    def poll(self, nonce: str) -> wire.Verdict:
        poll = wire.tag_poll(wire.stretch(self.code), self.ask, wire.Poll(nonce * 32))
        answer = self.post(f"/{self.code.id}", poll)
        assert answer.status_code == 200, answer.text
        return decode(answer.content, wire.Verdict)


@pytest.fixture
def paired_office(services: Services, tmp_path: Path) -> Services:
    return replace(services, ca=open_ca(tmp_path / "ca", NOW))


@pytest.fixture
def village(paired_office: Services) -> Iterator[TestClient]:
    """The way of boxes that nobody knows to an office with TLS of its own."""
    with TestClient(create_app(paired_office, "test")) as client:
        yield client


@pytest.fixture
def desk(paired_office: Services, village: TestClient) -> TestClient:
    """An officer of that office."""
    made = enrol_first_account(paired_office.database, NOW)
    assert made is not None
    token = village.post("/api/v1/sessions", json={"name": made[0], "password": made[1]})
    village.cookies.clear()
    bearer = {"authorization": f"Bearer {token.json()['token']}"}
    return TestClient(village.app, headers=bearer)


@pytest.fixture
def box(office: Office) -> Box:
    (made,) = office.boxes(1)
    return made


def invited(desk: TestClient, cluster: str) -> dict[str, Any]:
    answer = desk.post("/api/v1/devices/invitations", json={"cluster": cluster})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_from_the_code_to_a_box_on_duty(
    desk: TestClient, village: TestClient, box: Box, paired_office: Services, capsys: Said
) -> None:
    made = invited(desk, box.village.cluster_id)
    asking = Asking.begin(village, made["code"])
    assert asking.post("", asking.ask).status_code == 200
    assert asking.poll("1").state is wire.VerdictState.WAITING
    api = Line(desk)

    with pytest.raises(ControllerError) as taken:
        device_desk.approve(api, made["id"], replace=False)
    device_desk.show(api)
    device_desk.approve(api, made["id"].lower(), replace=True)
    device_desk.show(api)

    verdict = asking.poll("2")
    said = capsys.readouterr().out
    assert taken.value.code == "cluster_taken"
    assert wire.fingerprint(asking.ask.public_key) in said
    assert "Raspberry Pi 4" in said
    assert verdict.state is wire.VerdictState.APPROVED
    assert f"{verdict.device}\tđang dùng / on duty" in said
    assert "BEGIN CERTIFICATE" in verdict.certificate
    assert isinstance(paired_office.door, Door)
    assert paired_office.door.told == ["reload"]


def test_a_locked_root_is_opened_for_one_approval_by_the_recovery_code(
    desk: TestClient, village: TestClient, box: Box, office: Office
) -> None:
    recovery = office.authority.keys.passphrase() or ""
    office.authority.keys.lock(recovery)
    made = invited(desk, box.village.cluster_id)
    asking = Asking.begin(village, made["code"])
    asking.post("", asking.ask)
    path, form = f"/api/v1/devices/pairings/{made['id']}/approve", {"replace": True}

    locked = desk.post(path, json=form)
    assert (locked.status_code, locked.json()["code"]) == (409, "root_locked")
    assert asking.poll("1").state is wire.VerdictState.WAITING
    assert desk.post(path, json=form | {"passphrase": recovery}).status_code == 200
    assert asking.poll("2").state is wire.VerdictState.APPROVED
    assert office.authority.root is None


def test_a_code_is_given_as_a_line_and_as_a_private_sheet(
    desk: TestClient, box: Box, tmp_path: Path, capsys: Said
) -> None:
    sheet = tmp_path / "sheet.html"

    device_desk.invite(Line(desk), box.village.cluster_id, 30, sheet)

    said = capsys.readouterr().out
    line = next(row.strip() for row in said.splitlines() if "loalang-agent pair" in row)
    text = sheet.read_text()
    assert "https://office.test:8443" in line
    assert line in text
    assert "<svg" in text
    assert sheet.stat().st_mode & 0o777 == 0o600


def test_moving_retiring_and_revoking_close_the_door_at_once(
    desk: TestClient, office: Office, paired_office: Services
) -> None:
    first, second, third = (b.did for b in office.boxes(3))
    (_, free, _) = (b.village.cluster_id for b in office.boxes(3))

    moved = desk.post(f"/api/v1/devices/{first}/move", json={"cluster": free, "replace": True})
    retired = desk.post(f"/api/v1/devices/{third}/retire", json={"why": "thay máy"})
    unknown = desk.post(f"/api/v1/devices/{second}x/revoke", json={"why": "mất"})

    assert (moved.status_code, retired.status_code, unknown.status_code) == (204, 204, 404)
    assert isinstance(paired_office.door, Door)
    assert len(paired_office.door.told) == 2


def test_strangers_reach_the_pairing_and_nothing_else(village: TestClient) -> None:
    for method, path in (
        ("get", "/api/v1/devices"),
        ("get", "/api/v1/devices/pairings"),
        ("post", "/api/v1/devices/invitations"),
        ("post", "/api/v1/devices/x/revoke"),
    ):
        assert village.request(method, path, json={}).status_code == 401
    answer = village.post(BOX, content=b"{}")
    assert answer.status_code == 422
    assert answer.json()["code"] == "pairing_unreadable"


def test_what_is_no_message_is_refused_in_words(village: TestClient) -> None:
    for body in (
        b"",
        b"[" * 10_000,
        b"\xff\xfe",
        b'{"id":"AB12","public_key":"x"}',
        b'{"id":"AB12","public_key":"' + b"A" * 43 + b'","nonce":"0","tag":""}',
        b'{"id":"' + b"A" * 100_000 + b'"}',
    ):
        answer = village.post(BOX, content=body)

        assert answer.status_code == 422
        assert answer.json()["code"] == "pairing_unreadable"


def test_whoever_guesses_codes_is_soon_told_to_wait(village: TestClient, box: Box) -> None:
    asking = Asking.begin(village, "AB12-AAAA-AAAA-AAAA")

    statuses = [asking.post("", asking.ask).status_code for _ in range(12)]

    assert statuses == [403] * 10 + [429] * 2


def test_an_office_without_tls_says_why_it_gives_no_codes(
    officer: TestClient, office: Office
) -> None:
    (box,) = office.boxes(1)

    answer = officer.post("/api/v1/devices/invitations", json={"cluster": box.village.cluster_id})

    assert answer.status_code == 409
    assert answer.json()["code"] == "no_certificates"
    assert "LOALANG_TLS" in answer.json()["vi"]
