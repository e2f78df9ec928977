"""A restored, older controller speaks again to boxes that hold newer words than it knows.

What it says is planned anew first and then signed above what the box holds: only a person can say
what was lost with the newer database, but no box stays without orders until somebody does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from controller.fleet.authority import Authority
from controller.operations.asked_work import ask_for_plan, is_being_planned
from controller.operations.placements import replace_placement, wanted_anew
from controller.operations.publish_boxes import publish_box
from controller.operations.signed_keys import KEYS, current_key_set
from controller.operations.touched import zones_of_cluster
from controller.operations.zone_inputs import PlanRules
from controller.storage import bell, events, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.serials import lift_serial
from controller.storage.trust_tables import SAY_ANEW, SignedWord

log = structlog.get_logger()

FARTHEST_MS = 400 * 86_400_000
"""A serial is an instant: one further ahead than this was not given by any clock of an office."""

KEYS_AGAIN_MS = 600_000
"""What a box says of its key set is not signed: nobody can have it signed more often than this."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a box says that it holds and this controller never said."""

    desired: int | None = None
    keys: int | None = None


def note_ahead(session: Session, ahead: Mapping[str, Ahead], now: datetime) -> None:
    """Want these boxes told anew, after their zones are planned anew; each once."""
    now_ms = to_ms(now)
    for device_id, held in ahead.items():
        if held.desired is not None and _mark_desired(session, device_id, held.desired, now_ms):
            log.error("controller_rolled_back", device=device_id, held=held.desired)
            body: dict[str, object] = {"id": device_id, "serial": held.desired}
            events.tell(session, "rolled_back", body, now_ms)
            ask_for_plan(session, now, _zones(session, device_id))
            bell.ring(session, bell.TROUBLE)
        if held.keys is not None and held.keys <= now_ms and _mark_keys(session, now_ms):
            log.error("controller_rolled_back", device=device_id, keys=held.keys)
            events.tell(session, "rolled_back", {"id": device_id, "keys": held.keys}, now_ms)
            bell.ring(session, bell.TROUBLE)


def mend_rolled_back(
    database: Database, authority: Authority, rules: PlanRules, now: datetime
) -> None:
    """Tell anew whom no plan will tell, and sign the key set anew if boxes hold a newer one."""
    with database.read() as session:
        state = tables.DesiredState
        marked = session.exec(select(state.device_id).where(state.said_sha256 == SAY_ANEW)).all()
        alone = [d for d in marked if not is_being_planned(session, _zones(session, d))]
        keys, unplaced = session.get(SignedWord, KEYS), wanted_anew(session)
    for device_id in alone:
        with database.write() as session:
            publish_box(session, authority, rules, device_id, now)
    unsigned = keys is not None and keys.said_sha256 == SAY_ANEW
    if (unsigned or unplaced) and authority.root is not None:
        with database.write() as session:
            current_key_set(session, authority, now)
            for device_id in unplaced:
                replace_placement(session, authority, device_id, now)


def _mark_desired(session: Session, device_id: str, held: int, now_ms: int) -> bool:
    """Whether its word was not marked yet, and its next serial can be above what it holds."""
    if held > now_ms + FARTHEST_MS:
        return False
    state = tables.DesiredState
    marking = (
        sa.update(state)
        .where(col(state.device_id) == device_id, col(state.said_sha256) != SAY_ANEW)
        .values(said_sha256=SAY_ANEW)
    )
    if not session.connection().execute(marking).rowcount:
        return False
    lift_serial(session, f"desired/{device_id}", held)
    return True


def _mark_keys(session: Session, now_ms: int) -> bool:
    word = SignedWord
    marking = (
        sa.update(word)
        .where(
            col(word.name) == KEYS,
            col(word.said_sha256) != SAY_ANEW,
            col(word.issued_ms) < now_ms - KEYS_AGAIN_MS,
        )
        .values(said_sha256=SAY_ANEW)
    )
    return bool(session.connection().execute(marking).rowcount)


def _zones(session: Session, device_id: str) -> frozenset[str]:
    """Zones of the cluster where the box stands."""
    installed = tables.Installation
    stands = select(installed.cluster_id).where(
        installed.device_id == device_id, col(installed.until_ms).is_(None)
    )
    found = (zones_of_cluster(session, cluster_id) for cluster_id in session.exec(stands).all())
    return frozenset[str]().union(*found)
