"""Renewal by proof of a key: who gets a certificate, and who is refused by name."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient
from httpx import Response

from controller.api.box_certificates import OF_A_BOX
from controller.app import create_app
from controller.fleet.certificates import open_ca, public_key_of
from controller.operations.box_certificates import issue_certificate, revoke_certificates
from controller.operations.services import Services
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract.envelope import seal
from edge_agent.contract.renewal import PATH, Renewal
from edge_agent.contract.trust import Kind, public_to_text
from edge_agent.contract.types import encode
from tests.controller.office import NOW, Box, Office

LONG_AGO = NOW - timedelta(days=500)


@pytest.fixture
def certified(services: Services, tmp_path: Path) -> Services:
    return replace(services, ca=open_ca(tmp_path / "ca", LONG_AGO))


@pytest.fixture
def box(office: Office, certified: Services) -> Box:
    """A box whose certificate ended more than a year ago."""
    (box,) = office.boxes(1)
    assert certified.ca is not None
    with office.database.write() as session:
        issue_certificate(session, certified.ca, box.did, LONG_AGO)
    return box


@pytest.fixture
def client(certified: Services) -> TestClient:
    return TestClient(create_app(certified, "test"))


def wish(
    client: TestClient, did: str, key: Ed25519PrivateKey, *, kid: str = "", kind: str = Kind.RENEWAL
) -> Response:
    sealed = seal(encode(Renewal(did, 0)), kind=kind, kid=kid or did, key=key)
    answer: Response = client.post(PATH, content=sealed)
    return answer


def test_a_box_that_was_away_for_500_days_and_has_no_clock_is_given_a_new_one(
    client: TestClient, box: Box
) -> None:
    answer = wish(client, box.did, box.key)
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("text/plain")
    assert public_key_of(answer.text) == public_to_text(box.key.public_key())


def test_a_revoked_box_is_refused_by_name(client: TestClient, office: Office, box: Box) -> None:
    with office.database.write() as session:
        revoke_certificates(session, box.did, "stolen", NOW)
    answer = wish(client, box.did, box.key)
    assert (answer.status_code, answer.json()["code"]) == (403, "certificate_revoked")
    assert "Hãy ghép nối lại" in answer.json()["vi"]


@pytest.mark.parametrize("state", ["retired", "quarantined"])
def test_who_may_not_connect_is_refused_by_name(
    client: TestClient, office: Office, box: Box, state: str
) -> None:
    with office.database.write() as session:
        setattr(session.get_one(tables.Device, box.did), f"{state}_ms", to_ms(NOW))
    answer = wish(client, box.did, box.key)
    assert (answer.status_code, answer.json()["code"]) == (403, f"box_{state}")


def test_without_the_key_nothing_is_given_and_nothing_is_told(
    client: TestClient, office: Office, box: Box
) -> None:
    (other,) = office.boxes(2)[1:]
    strange = Ed25519PrivateKey.generate()
    forged = [
        wish(client, box.did, strange),
        wish(client, "nobody000000", strange),
        wish(client, box.did, other.key, kid=other.did),
        wish(client, box.did, box.key, kind=Kind.REPORT),
        client.post(PATH, content=b"\xff" * 100),
        client.post(PATH, content=b""),
        client.post(PATH, content=b"x" * 3_000),
    ]
    assert {(a.status_code, a.json()["code"]) for a in forged} == {(403, "renewal_unproved")}


def test_wishes_are_counted_by_box(client: TestClient, box: Box) -> None:
    codes = [wish(client, box.did, box.key).status_code for _ in range(OF_A_BOX.amount + 1)]
    assert codes == [201] * OF_A_BOX.amount + [429]


def test_where_tls_is_off_the_box_is_told_so(services: Services, office: Office) -> None:
    (box,) = office.boxes(1)
    answer = wish(TestClient(create_app(services, "test")), box.did, box.key)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_certificates")
