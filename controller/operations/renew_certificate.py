"""Give a box a new certificate for the proof that it holds its key."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controller.fleet.certificates import CertificateAuthority
from controller.operations.box_certificates import (
    CertificateRefused,
    issue_certificate,
    refuse_revoked,
)
from controller.storage import tables
from controller.storage.database import Database
from edge_agent.contract.envelope import Untrusted, open_sealed
from edge_agent.contract.renewal import Renewal
from edge_agent.contract.trust import Kind, public_from_text
from edge_agent.contract.types import Unreadable, decode

MAX_SEALED_BYTES = 2_000


def who_renews(database: Database, sealed: bytes) -> str:
    """The box whose key signed this wish; raises `CertificateRefused`.

    When it was signed is not asked: a box may have no clock, and whoever repeats its wish gets
    nothing that is of use without its key.
    """

    def key_for(kid: str) -> Ed25519PublicKey | None:
        with database.read() as session:
            device = session.get(tables.Device, kid)
        return public_from_text(device.public_key) if device else None

    if len(sealed) > MAX_SEALED_BYTES:
        raise _unproved()
    try:
        opened = open_sealed(sealed, kind=Kind.RENEWAL, key_for=key_for)
        asked = decode(opened.payload, Renewal)
    except (Untrusted, Unreadable) as e:
        raise _unproved() from e
    if asked.did != opened.kid:
        raise _unproved()
    return asked.did


def renew_certificate(
    database: Database, ca: CertificateAuthority, device_id: str, now: datetime
) -> str:
    """A new certificate (PEM) for a box that has proved its key, also after the old one ended.

    Raises `CertificateRefused` where a person has said that it may not connect.
    """
    with database.write() as session:
        refuse_revoked(session, device_id)
        return issue_certificate(session, ca, device_id, now)


def _unproved() -> CertificateRefused:
    return CertificateRefused(
        "renewal_unproved",
        "Yêu cầu gia hạn không mang chữ ký của một hộp loa đã ghép nối. Không có gì thay đổi. "
        "Nếu hộp này là của cơ quan, hãy ghép nối lại.",
        "This wish for a certificate is not signed by a box that was paired here. Nothing was "
        "changed. If the box is this office's, pair it again.",
    )
