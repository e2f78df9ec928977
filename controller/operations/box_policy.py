"""What people set for boxes, as it is kept, and what of it a box is told."""

from collections.abc import Mapping

from pydantic import TypeAdapter
from sqlmodel import Session, select

from controller.fleet.box_policy import BoxPolicy
from controller.storage import tables
from controller.storage.box_tables import BoxPolicy as PolicyRow
from controller.storage.schedule_tables import Cart
from edge_agent.contract.manifest import Asset

_policy = TypeAdapter(BoxPolicy)


def policy_of(session: Session, device_id: str) -> BoxPolicy:
    """What is set for a box; the defaults if nobody set anything."""
    row = session.get(PolicyRow, device_id)
    return BoxPolicy() if row is None else _policy.validate_python(row.body)


def policies(session: Session) -> Mapping[str, BoxPolicy]:
    """What is set, for each box for which anything is."""
    return {r.device_id: _policy.validate_python(r.body) for r in session.exec(select(PolicyRow))}


def keep_policy(session: Session, device_id: str, policy: BoxPolicy, by: str, now_ms: int) -> None:
    """Put it in the place of what was set before."""
    body = _policy.dump_python(policy, mode="json")
    session.merge(PolicyRow(device_id=device_id, body=body, set_by=by, set_ms=now_ms))


def known_sound(session: Session, policy: BoxPolicy) -> Asset | None:
    """The file of the fallback; None if there is none, or its cart was removed."""
    cart = session.get(Cart, policy.fallback) if policy.fallback else None
    if cart is None or cart.removed_ms is not None:
        return None
    asset = session.get_one(tables.Asset, cart.asset_sha256)
    return Asset(asset.sha256, asset.bytes, asset.duration_ms, asset.media_type)
