"""Slow work as rows: one item a (kind, key), claimed under a lease, surviving restarts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from controller.storage import bell
from controller.storage.insert_or_ignore import inserting
from controller.storage.tables import WorkItem

LEASE_MS = 10 * 60_000
MAX_ATTEMPTS = 3
RETRY_AFTER_MS = 2_000
SEEN_AGAIN_AFTER_MS = 30_000
"""Of what is tried for ever: soon enough after an outage, seldom enough during one."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A piece of work that is ours until its lease ends."""

    id: int
    kind: str
    key: str
    body: dict[str, object]
    attempts: int
    claim: int
    """Which taking of it this is: also an item that was stopped and asked again is another's."""


def ask(session: Session, kind: str, key: str, body: dict[str, object], now_ms: int) -> None:
    """Want this done; asking again for the same key restarts what failed or was stopped.

    The newest `body` counts; what is being done meanwhile is done once more with it.
    """
    item = find(session, kind, key)
    if item is None:
        item = WorkItem(
            kind=kind, key=key, body=body, state="waiting", due_ms=now_ms, updated_ms=now_ms
        )
    elif item.state in ("failed", "stopped", "done"):
        item.state, item.attempts, item.progress = "waiting", 0, 0.0
        item.due_ms, item.updated_ms = now_ms, now_ms
        item.error_code = item.error_vi = item.error_en = None
    elif item.state == "working":
        item.asked_again = True
    item.body = body
    session.add(item)
    bell.ring(session, bell.WORK)


def ask_all(session: Session, kind: str, keys: Iterable[str], now_ms: int) -> None:
    """Want this done for each of many keys, as `ask` does for one, with an empty body."""
    rows = [_waiting(kind, key, now_ms, now_ms) for key in keys]
    if not rows:
        return
    insert = inserting(session, WorkItem)
    old, new = WorkItem.__table__.columns, insert.excluded  # type: ignore[attr-defined]
    working = old.state == "working"
    over = sa.or_(*(old.state == state for state in ("failed", "stopped", "done")))
    changes: dict[str, Any] = {
        "state": sa.case((working, old.state), else_=new.state),
        "progress": sa.case((over, 0.0), else_=old.progress),
        "asked_again": sa.case((working, sa.true()), else_=old.asked_again),
        "due_ms": sa.case((working, old.due_ms), else_=new.due_ms),
        "updated_ms": sa.case((working, old.updated_ms), else_=new.updated_ms),
        "attempts": sa.case((over, 0), else_=old.attempts),
        "error_code": sa.case((over, sa.null()), else_=old.error_code),
        "error_vi": sa.case((over, sa.null()), else_=old.error_vi),
        "error_en": sa.case((over, sa.null()), else_=old.error_en),
    }
    asked = insert.on_conflict_do_update(index_elements=["kind", "key"], set_=changes)
    session.connection().execute(asked, rows)
    bell.ring(session, bell.WORK)


def set_for(session: Session, kind: str, key: str, due_ms: int, now_ms: int) -> None:
    """Want this done at an instant to come at the latest, also if it was stopped or has failed."""
    insert = inserting(session, WorkItem)
    old, new = WorkItem.__table__.columns, insert.excluded  # type: ignore[attr-defined]
    overdue = (old.state == "waiting") & (old.due_ms > new.due_ms)
    over = old.state.in_(("failed", "stopped", "done"))
    fields = ("state", "due_ms", "attempts", "progress", "updated_ms")
    asked = insert.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={name: new[name] for name in fields},
        where=overdue | over,
    )
    session.connection().execute(asked, [_waiting(kind, key, due_ms, now_ms)])


def find(session: Session, kind: str, key: str) -> WorkItem | None:
    """The item of this kind and key, or None."""
    query = select(WorkItem).where(col(WorkItem.kind) == kind, col(WorkItem.key) == key)
    return session.exec(query).first()


def claim(session: Session, kind: str, now_ms: int) -> Claimed | None:
    """Take the next due item, or one whose holder died."""
    due = (col(WorkItem.state) == "waiting") & (col(WorkItem.due_ms) <= now_ms)
    orphaned = (col(WorkItem.state) == "working") & (col(WorkItem.lease_until_ms) < now_ms)
    query = (
        select(WorkItem)
        .where(col(WorkItem.kind) == kind, or_(due, orphaned))
        .order_by(col(WorkItem.due_ms), col(WorkItem.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    item = session.exec(query).first()
    if item is None:
        return None
    session.add(item)
    return _taken(item, now_ms)


def claim_some(
    session: Session, kinds: Sequence[str], now_ms: int, limit: int
) -> tuple[Claimed, ...]:
    """Take up to `limit` due items, or such whose holder died: of the first kinds first.

    Within a kind the one asked for last comes first: somebody waits for it, while what a start or
    an outage left behind can wait a little longer.
    """
    due = (col(WorkItem.state) == "waiting") & (col(WorkItem.due_ms) <= now_ms)
    orphaned = (col(WorkItem.state) == "working") & (col(WorkItem.lease_until_ms) < now_ms)
    claimed: list[Claimed] = []
    for kind in kinds:
        query = (
            select(WorkItem)
            .where(col(WorkItem.kind) == kind, or_(due, orphaned))
            .order_by(col(WorkItem.due_ms).desc(), col(WorkItem.id))
            .limit(limit - len(claimed))
            .with_for_update(skip_locked=True)
        )
        for item in session.exec(query) if len(claimed) < limit else ():
            session.add(item)
            claimed.append(_taken(item, now_ms))
    return tuple(claimed)


def is_ours(session: Session, claimed: Claimed) -> bool:
    """Nobody else has claimed it since, nor stopped it; it stays locked until the commit."""
    item = session.get(WorkItem, claimed.id, with_for_update=True, populate_existing=True)
    return item is not None and item.state == "working" and item.claims == claimed.claim


def finish(session: Session, item_id: int, now_ms: int) -> None:
    """It is done, or due once more if it was asked for meanwhile."""
    item = session.get_one(WorkItem, item_id)
    item.state, item.progress, item.updated_ms = "done", 1.0, now_ms
    if item.asked_again:
        item.state, item.attempts, item.asked_again, item.due_ms = "waiting", 0, False, now_ms
        bell.ring(session, bell.WORK)
    session.add(item)


def set_again(session: Session, item_id: int, due_ms: int, now_ms: int) -> None:
    """It is done for now, and due once more at `due_ms`; or at once, if asked for meanwhile."""
    item = session.get_one(WorkItem, item_id)
    item.state, item.attempts, item.updated_ms = "waiting", 0, now_ms
    item.due_ms = now_ms if item.asked_again else due_ms
    item.asked_again = False
    session.add(item)


def fail(
    session: Session,
    item_id: int,
    error: tuple[str, str, str],
    now_ms: int,
    *,
    final: bool,
    keep_trying: bool = False,
) -> None:
    """It failed with (code, vi, en): try again a few times, unless trying again cannot help.

    What was stopped meanwhile stays stopped.
    """
    item = session.get_one(WorkItem, item_id)
    if item.state == "stopped":
        return
    item.error_code, item.error_vi, item.error_en = error
    again = item.asked_again or keep_trying or (not final and item.attempts < MAX_ATTEMPTS)
    item.state = "waiting" if again else "failed"
    if item.asked_again:
        item.attempts, item.asked_again = 0, False
    soon = item.attempts < MAX_ATTEMPTS
    wait_ms = RETRY_AFTER_MS * item.attempts if soon else SEEN_AGAIN_AFTER_MS
    item.due_ms, item.updated_ms = now_ms + wait_ms, now_ms
    session.add(item)


def progress(session: Session, claimed: Claimed, share: float, now_ms: int) -> bool:
    """So much of it is done, and it stays ours; False: it is not wanted any more."""
    item = session.get(WorkItem, claimed.id)
    if item is None or item.state != "working" or item.claims != claimed.claim:
        return False
    item.progress, item.updated_ms = share, now_ms
    item.lease_until_ms = now_ms + LEASE_MS
    session.add(item)
    return True


def stop(session: Session, item_id: int, now_ms: int) -> bool:
    """Stop what waits or is being done; False when it is too late.

    Whoever is doing it hears of it with the next `progress`.
    """
    item = session.get(WorkItem, item_id)
    if item is None or item.state not in ("waiting", "working"):
        return False
    item.state, item.asked_again, item.updated_ms = "stopped", False, now_ms
    session.add(item)
    return True


def release_all(session: Session, now_ms: int) -> None:
    """At start: what a dead controller was working on is due again."""
    for item in session.exec(select(WorkItem).where(col(WorkItem.state) == "working")):
        item.state, item.due_ms = "waiting", now_ms
        session.add(item)


def _taken(item: WorkItem, now_ms: int) -> Claimed:
    assert item.id is not None
    item.state, item.attempts, item.claims = "working", item.attempts + 1, item.claims + 1
    item.lease_until_ms, item.updated_ms = now_ms + LEASE_MS, now_ms
    return Claimed(item.id, item.kind, item.key, dict(item.body), item.attempts, item.claims)


def _waiting(kind: str, key: str, due_ms: int, now_ms: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "key": key,
        "body": {},
        "state": "waiting",
        "due_ms": due_ms,
        "attempts": 0,
        "claims": 0,
        "progress": 0.0,
        "asked_again": False,
        "updated_ms": now_ms,
    }
