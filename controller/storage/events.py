"""What screens are told, read by id so that a reader resumes where it stopped."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from controller.storage import bell
from controller.storage.tables import Event


def tell(session: Session, kind: str, body: dict[str, object], now_ms: int) -> None:
    """Add one event."""
    session.add(Event(kind=kind, body=body, at_ms=now_ms))
    bell.ring(session, bell.EVENTS)


def tell_all(
    session: Session, kind: str, bodies: Iterable[Mapping[str, object]], now_ms: int
) -> None:
    """Add many events of one kind in one statement."""
    rows = [{"kind": kind, "body": dict(body), "at_ms": now_ms} for body in bodies]
    if rows:
        session.execute(insert(Event), rows)
        bell.ring(session, bell.EVENTS)


def after(session: Session, last_id: int, limit: int = 500) -> Sequence[Event]:
    """Events with a greater id, in order."""
    query = select(Event).where(col(Event.id) > last_id).order_by(col(Event.id)).limit(limit)
    return session.exec(query).all()


def newest_id(session: Session) -> int:
    """Id of the last event, 0 when there is none."""
    return session.exec(select(func.max(Event.id))).one() or 0
