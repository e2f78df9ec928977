"""Who is given a certificate, whose is revoked, and who is shut out of the broker."""

from datetime import timedelta
from pathlib import Path

import pytest

from controller.errors import NotFound
from controller.fleet.certificates import CertificateAuthority, open_ca, public_key_of
from controller.operations.box_certificates import (
    CertificateRefused,
    issue_certificate,
    refuse_revoked,
    revoke_certificates,
    revoked,
    shut_out,
)
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract.trust import public_to_text
from tests.controller.office import NOW, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def ca(tmp_path: Path) -> CertificateAuthority:
    return open_ca(tmp_path / "ca", NOW)


def test_a_box_is_certified_for_the_key_that_it_was_enrolled_with(
    office: Office, ca: CertificateAuthority
) -> None:
    (box,) = office.boxes(1)
    with office.database.write() as session:
        pem = issue_certificate(session, ca, box.did, NOW)
    assert public_key_of(pem) == public_to_text(box.key.public_key())
    with office.database.read() as session:
        refuse_revoked(session, box.did)
        assert not revoked(session, NOW)
        assert not shut_out(session, NOW)


@pytest.mark.parametrize("state", ["retired", "quarantined"])
def test_who_is_retired_or_in_quarantine_gets_none_and_is_shut_out(
    office: Office, ca: CertificateAuthority, state: str
) -> None:
    box, other = office.boxes(2)
    with office.database.write() as session:
        issue_certificate(session, ca, box.did, NOW)
        issue_certificate(session, ca, other.did, NOW)
        device = session.get_one(tables.Device, box.did)
        setattr(device, f"{state}_ms", to_ms(NOW))
    with office.database.write() as session:
        with pytest.raises(CertificateRefused) as refused:
            issue_certificate(session, ca, box.did, NOW)
        assert refused.value.code == f"box_{state}"
        assert shut_out(session, NOW) == {box.did}
        assert not shut_out(session, NOW + timedelta(days=93)), "its certificate has ended"


def test_a_stranger_gets_none(office: Office, ca: CertificateAuthority) -> None:
    with office.database.write() as session, pytest.raises(NotFound):
        issue_certificate(session, ca, "nobody000000", NOW)


def test_revoking_reaches_every_certificate_until_a_person_gives_a_new_one(
    office: Office, ca: CertificateAuthority
) -> None:
    (box,) = office.boxes(1)
    with office.database.write() as session:
        issue_certificate(session, ca, box.did, NOW)
        issue_certificate(session, ca, box.did, NOW + timedelta(days=60))
        revoke_certificates(session, box.did, "stolen", NOW + timedelta(days=61))
    with office.database.write() as session:
        assert len(revoked(session, NOW + timedelta(days=61))) == 2
        assert len(revoked(session, NOW + timedelta(days=100))) == 1
        assert shut_out(session, NOW + timedelta(days=61)) == {box.did}
        with pytest.raises(CertificateRefused) as refused:
            refuse_revoked(session, box.did)
        assert refused.value.code == "certificate_revoked"
        issue_certificate(session, ca, box.did, NOW + timedelta(days=62))
        refuse_revoked(session, box.did)
        assert not shut_out(session, NOW + timedelta(days=62))
        assert len(revoked(session, NOW + timedelta(days=62))) == 2
