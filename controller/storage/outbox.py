"""Messages to the broker: written with what caused them, sent when the broker is there."""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, or_, update
from sqlmodel import Session, col, select

from controller.storage import bell
from controller.storage.tables import Outbox
from edge_agent.contract.topics import PREFIX

TO_GROUPS = f"{PREFIX}/g/"


def put(
    session: Session,
    topic: str,
    payload: bytes,
    *,
    retain: bool,
    now_ms: int,
    expires_ms: int | None = None,
) -> None:
    """Queue a message; a newer retained one takes the place of an unsent older one."""
    if retain:
        waiting = delete(Outbox).where(col(Outbox.topic) == topic, col(Outbox.sent_ms).is_(None))
        session.exec(waiting)
    session.add(
        Outbox(
            topic=topic,
            payload=payload,
            retain=retain,
            created_ms=now_ms,
            expires_ms=expires_ms,
        )
    )
    bell.ring(session, bell.OUTBOX)


def waiting(session: Session, now_ms: int, limit: int = 1000) -> Sequence[Outbox]:
    """Unsent, unexpired messages, oldest first; words to groups, and so alerts, before all else."""
    alive = or_(col(Outbox.expires_ms).is_(None), col(Outbox.expires_ms) > now_ms)
    query = (
        select(Outbox)
        .where(col(Outbox.sent_ms).is_(None), col(Outbox.lost_why).is_(None), alive)
        .order_by(col(Outbox.id))
        .limit(limit)
    )
    urgent = query.where(col(Outbox.topic) >= TO_GROUPS, col(Outbox.topic) < f"{TO_GROUPS}~")
    return session.exec(urgent).all() or session.exec(query).all()


def mark_sent(session: Session, sent: Iterable[tuple[int, bytes]], now_ms: int) -> None:
    """The broker has taken these, each by its id and payload.

    What took the place of a message while that was under way may have its id, and still waits.
    """
    rows = [{"its_id": number, "its_payload": payload} for number, payload in sent]
    its_own = (
        col(Outbox.id) == bindparam("its_id"),
        col(Outbox.payload) == bindparam("its_payload"),
    )
    if rows:
        session.connection().execute(update(Outbox).where(*its_own).values(sent_ms=now_ms), rows)


def mark_expired(session: Session, now_ms: int) -> None:
    """Commands that outlived their life unsent are kept as lost, with the reason."""
    session.exec(
        update(Outbox)
        .where(
            col(Outbox.sent_ms).is_(None),
            col(Outbox.lost_why).is_(None),
            col(Outbox.expires_ms) <= now_ms,
        )
        .values(lost_why="expired before the broker could take it")
    )


def forget_sent(session: Session, before_ms: int) -> None:
    """Drop messages that were sent before `before_ms`."""
    session.exec(delete(Outbox).where(col(Outbox.sent_ms) < before_ms))
