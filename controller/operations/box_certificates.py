"""Certificates of boxes: who is given one, whose counts no more, and what the lists say of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.fleet.authority import device_public
from controller.fleet.certificates import CertificateAuthority, RevokedSerial
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.trust_tables import Certificate

_STILL_LISTED_MS = round(timedelta(days=2) / timedelta(milliseconds=1))
"""An ended certificate stays on the list for a while: clocks of servers may be behind."""


class CertificateRefused(ControllerError):
    """This box is given no certificate; `code` says why."""


def issue_certificate(
    session: Session, ca: CertificateAuthority, device_id: str, now: datetime
) -> str:
    """Make a certificate for the key of a box and keep that; gives it as PEM.

    Raises `NotFound`, or `CertificateRefused` for a retired or quarantined box.
    """
    device = _device(session, device_id)
    issued = ca.box_certificate(device_id, device_public(device.public_key), now)
    session.add(
        Certificate(
            serial=issued.serial,
            device_id=device_id,
            not_before_ms=issued.not_before_ms,
            not_after_ms=issued.not_after_ms,
        )
    )
    session.flush()
    return issued.pem


def revoke_certificates(session: Session, device_id: str, why: str, now: datetime) -> None:
    """No certificate of this box counts any more, and none is renewed.

    The broker and the doors learn it when `BoxDoor.let_boxes_in` is called after the commit.
    """
    query = select(Certificate).where(
        Certificate.device_id == device_id, col(Certificate.revoked_ms).is_(None)
    )
    for row in session.exec(query):
        row.revoked_ms, row.revoked_why = to_ms(now), why
        session.add(row)
    session.flush()


def revoked(session: Session, now: datetime) -> Sequence[RevokedSerial]:
    """What the revocation list must name: revoked, and not ended long ago."""
    query = (
        select(Certificate)
        .where(
            col(Certificate.revoked_ms).is_not(None),
            col(Certificate.not_after_ms) > to_ms(now) - _STILL_LISTED_MS,
        )
        .order_by(col(Certificate.serial))
    )
    return [RevokedSerial(row.serial, row.revoked_ms or 0) for row in session.exec(query)]


def shut_out(session: Session, now: datetime) -> frozenset[str]:
    """Boxes with a certificate that runs and who may not connect: retired, quarantined, revoked."""
    runs = col(Certificate.not_after_ms) > to_ms(now) - _STILL_LISTED_MS
    gone = (
        select(tables.Device.id)
        .join(Certificate, col(Certificate.device_id) == col(tables.Device.id))
        .where(
            runs,
            col(tables.Device.retired_ms).is_not(None)
            | col(tables.Device.quarantined_ms).is_not(None),
        )
    )
    lost = select(Certificate.device_id).where(runs, col(Certificate.revoked_ms).is_not(None))
    revoked_now = {
        device_id
        for device_id in session.exec(lost.distinct())
        if _newest_is_revoked(session, device_id)
    }
    return frozenset(session.exec(gone.distinct())) | revoked_now


def refuse_revoked(session: Session, device_id: str) -> None:
    """Raises `CertificateRefused` if the certificate of this box was revoked, `NotFound` if none.

    A person may give a box another one (`issue_certificate`); it is the newest that counts.
    """
    if _newest_is_revoked(session, device_id):
        raise CertificateRefused(
            "certificate_revoked",
            f"Chứng chỉ của hộp loa {device_id} đã bị thu hồi. Lịch phát trên hộp vẫn còn. "
            "Hãy ghép nối lại hộp này.",
            f"The certificate of box {device_id} was revoked. The plan on the box is kept. "
            "Pair this box again.",
        )


def _device(session: Session, device_id: str) -> tables.Device:
    device = session.get(tables.Device, device_id)
    if device is None:
        raise NotFound("hộp loa", "box", device_id)
    if device.retired_ms is not None:
        raise CertificateRefused(
            "box_retired",
            f"Hộp loa {device_id} đã ngừng dùng nên không được cấp chứng chỉ. "
            "Hãy ghép nối lại hộp này.",
            f"Box {device_id} was retired and is given no certificate. Pair this box again.",
        )
    if device.quarantined_ms is not None:
        raise CertificateRefused(
            "box_quarantined",
            f"Hộp loa {device_id} đang bị cách ly ({device.quarantined_why}) nên không được cấp "
            "chứng chỉ. Hãy ghép nối lại hộp thật.",
            f"Box {device_id} is in quarantine ({device.quarantined_why}) and is given no "
            "certificate. Pair the true box again.",
        )
    return device


def _newest_is_revoked(session: Session, device_id: str) -> bool:
    query = (
        select(Certificate)
        .where(Certificate.device_id == device_id)
        .order_by(col(Certificate.not_after_ms).desc(), col(Certificate.revoked_ms).is_not(None))
        .limit(1)
    )
    newest = session.exec(query).first()
    if newest is None:
        raise NotFound("chứng chỉ của hộp loa", "certificate of the box", device_id)
    return newest.revoked_ms is not None
