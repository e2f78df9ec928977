"""Put every retained word back on a broker that may have forgotten it."""

from datetime import datetime

from sqlmodel import select

from controller.errors import RootLocked
from controller.fleet.authority import Authority
from controller.operations.alert_lists import republish_lists
from controller.operations.placements import moved
from controller.operations.signed_keys import current_key_set
from controller.storage import outbox, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from edge_agent.contract import topics


def republish(database: Database, authority: Authority, now: datetime) -> None:
    """Queue key set, placements of moved boxes and every desired state, as they were signed.

    The lists of alerts go out anew, and first.
    """
    now_ms = to_ms(now)
    with database.write() as session:
        republish_lists(session, authority, now)
        try:
            keys = current_key_set(session, authority, now)
        except RootLocked:
            # Its alarm stands; what needs no root goes on.
            keys = None
        if keys is not None:
            outbox.put(session, topics.CONTROLLER_KEYS, keys, retain=True, now_ms=now_ms)
        for device_id, sealed in moved(session):
            topic = topics.down(device_id, "placement")
            outbox.put(session, topic, sealed, retain=True, now_ms=now_ms)
        for state in session.exec(select(tables.DesiredState)):
            topic = topics.down(state.device_id, "desired")
            outbox.put(session, topic, state.sealed, retain=True, now_ms=now_ms)
