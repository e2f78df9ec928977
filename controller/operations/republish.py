"""Put every retained word back on a broker that may have forgotten it."""

from datetime import datetime

from sqlmodel import Session, col, select

from controller.fleet.authority import Authority
from controller.storage import outbox, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from edge_agent.contract import topics


def republish(database: Database, authority: Authority, now: datetime) -> None:
    """Queue the key set and the newest desired state of every box, as they were signed."""
    now_ms = to_ms(now)
    with database.write() as session:
        keys = key_set(session, authority, now_ms)
        if keys is not None:
            outbox.put(session, topics.CONTROLLER_KEYS, keys, retain=True, now_ms=now_ms)
        for state in session.exec(select(tables.DesiredState)):
            topic = topics.down(state.device_id, "desired")
            outbox.put(session, topic, state.sealed, retain=True, now_ms=now_ms)


def key_set(session: Session, authority: Authority, now_ms: int) -> bytes | None:
    """Sign the key set anew, for boxes under every unit at the top; None if there is no unit."""
    tops = session.exec(select(tables.Unit.id).where(col(tables.Unit.parent_id).is_(None))).all()
    if not tops:
        return None
    serial = next_serial(session, "keys", now_ms)
    return authority.key_set(serial, now_ms, tuple(sorted(tops)))
