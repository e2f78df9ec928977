"""Where boxes stand, as the root signed it: given at pairing, and anew when a box is moved."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from controller.errors import NotFound
from controller.fleet.authority import Authority
from controller.storage import outbox, places, tables
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from controller.storage.trust_tables import SAY_ANEW, SignedWord
from edge_agent.contract import topics
from schedules.area import AreaTree
from schedules.types import UnitId


def place(
    session: Session,
    authority: Authority,
    device_id: str,
    unit_id: str,
    tree: AreaTree,
    now_ms: int,
) -> bytes:
    """Sign and keep the placement of a box in a unit; raises `RootLocked`.

    One that stands there already keeps the placement it has.
    """
    unit = UnitId(unit_id)
    above = (unit, *(u.id for u in tree.ancestors(unit)))
    said = hashlib.sha256("\n".join(above).encode()).hexdigest()
    name = _name(device_id)
    word = session.get(SignedWord, name)
    if word is not None and word.said_sha256 == said:
        return word.sealed
    serial = next_serial(session, name, now_ms)
    sealed = authority.place(device_id, above, serial)
    session.merge(
        SignedWord(name=name, serial=serial, said_sha256=said, sealed=sealed, issued_ms=now_ms)
    )
    return sealed


def replace_placement(
    session: Session, authority: Authority, device_id: str, now: datetime
) -> None:
    """Tell a box that stands elsewhere now; raises `RootLocked`, `NotFound` if it stands nowhere.

    A box that was moved within its unit is told nothing: its placement still holds.
    """
    cluster = session.exec(
        select(tables.Cluster)
        .join(tables.Installation, col(tables.Installation.cluster_id) == col(tables.Cluster.id))
        .where(
            tables.Installation.device_id == device_id,
            col(tables.Installation.until_ms).is_(None),
        )
    ).first()
    if cluster is None:
        raise NotFound("nơi đặt của hộp loa", "place of the box", device_id)
    before = session.get(SignedWord, _name(device_id))
    held = None if before is None else before.sealed
    now_ms, tree = to_ms(now), places.area_tree(session)
    sealed = place(session, authority, device_id, cluster.unit_id, tree, now_ms)
    if sealed != held:
        topic = topics.down(device_id, "placement")
        outbox.put(session, topic, sealed, retain=True, now_ms=now_ms)


def moved(session: Session) -> Sequence[tuple[str, bytes]]:
    """Boxes that were moved since they were enrolled, with their placement as it was signed."""
    device = tables.Device
    query = (
        select(device.id, SignedWord.sealed)
        .join(SignedWord, col(SignedWord.name) == "placement/" + col(device.id))
        .where(
            col(device.retired_ms).is_(None), col(SignedWord.issued_ms) > col(device.enrolled_ms)
        )
        .order_by(col(device.id))
    )
    return session.exec(query).all()


def answer_placements(session: Session, held: Mapping[str, int], now_ms: int) -> bool:
    """Tell boxes again that missed their move; `held` is the serial that each says it holds.

    One that holds a newer placement than is known here is to be placed anew, wherever it stands
    by this database: whether there is such a box.
    """
    device, found = tables.Device, False
    query = (
        select(device.id, device.enrolled_ms, SignedWord)
        .join(SignedWord, col(SignedWord.name) == "placement/" + col(device.id))
        .where(col(device.id).in_(held))
    )
    for device_id, enrolled_ms, word in session.exec(query):
        if held[device_id] > word.serial:
            found = found or word.said_sha256 != SAY_ANEW
            word.said_sha256 = SAY_ANEW
            session.add(word)
        elif held[device_id] < word.serial and word.issued_ms > enrolled_ms:
            topic = topics.down(device_id, "placement")
            outbox.put(session, topic, word.sealed, retain=True, now_ms=now_ms)
    return found


def wanted_anew(session: Session) -> Sequence[str]:
    """Boxes that stand somewhere and are to be placed anew."""
    installed = tables.Installation
    query = (
        select(installed.device_id)
        .join(SignedWord, col(SignedWord.name) == "placement/" + col(installed.device_id))
        .where(col(installed.until_ms).is_(None), SignedWord.said_sha256 == SAY_ANEW)
    )
    return session.exec(query).all()


def _name(device_id: str) -> str:
    return f"placement/{device_id}"
