"""Boxes prove what they hold before they play it; the newest proof of each is kept."""

from collections.abc import Mapping

import structlog
from sqlmodel import Session, col, select

from controller.storage.insert_or_ignore import upsert
from controller.storage.schedule_tables import ReadinessProof
from edge_agent.contract.state import Proof

log = structlog.get_logger()

FURTHEST_MS = 2 * 3_600_000
"""A proof that reaches further than this comes from a clock that is wrong."""


def age(proof: Proof) -> tuple[int, int]:
    """Order of the proofs of one box: its start, and the time since."""
    return proof.boot, proof.mono


def keep_proofs(session: Session, proofs: Mapping[str, Proof], now_ms: int) -> None:
    """Keep each box's proof unless it holds an older one up again, or is not of this hour.

    Which of two is older is told by the box's own count, for its clock may have been corrected.
    """
    if not proofs:
        return
    query = select(ReadinessProof.device_id, ReadinessProof.boot, ReadinessProof.mono_ms).where(
        col(ReadinessProof.device_id).in_(proofs)
    )
    known = {device_id: (boot, mono_ms) for device_id, boot, mono_ms in session.exec(query)}
    rows = []
    for device_id, proof in proofs.items():
        if proof.until > now_ms + FURTHEST_MS or age(proof) < known.get(device_id, (0, 0)):
            log.warning("proof_not_kept", device=device_id, until=proof.until)
            continue
        rows.append(
            {
                "device_id": device_id,
                "desired": proof.desired,
                "until_ms": proof.until,
                "held": list(proof.held),
                "lacking": list(proof.lacking),
                "received_ms": now_ms,
                "boot": proof.boot,
                "mono_ms": proof.mono,
            }
        )
    upsert(session, ReadinessProof, rows)
