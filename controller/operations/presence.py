"""Who speaks for a box: each signed presence is kept, and a copied card is found out.

A run of the agent has a random name. One that comes back after a later one began never ended:
two machines speak for one box. So do two machines that take turns, however often they start anew.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from controller.operations.devices import quarantine, settle_trust
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.trust_tables import BoxRun
from edge_agent.contract.state import Presence

log = structlog.get_logger()

MOST_RUNS = 50
"""Kept of one box."""

TWO_RUNS = "hai máy cùng nói tên này / two machines speak at once"
TWO_MACHINES = "hai máy thay phiên nhau / two machines take turns"


def keep_presences(
    session: Session, said: Sequence[tuple[str, Presence]], now: datetime
) -> frozenset[str]:
    """Keep these in the order in which they were said; gives the boxes that are kept apart now."""
    apart: dict[str, str] = {}
    news = False
    for device_id, presence in said:
        device = session.get(tables.Device, device_id, with_for_update=True)
        if device is None or device_id in apart or device.quarantined_ms is not None:
            continue
        runs = _runs(session, device_id)
        why = _copied(runs, presence)
        if why:
            apart[device_id] = why
            log.error("box_cloned", device=device_id, why=why, run=presence.run)
            quarantine(session, device_id, why, now)
            continue
        if presence.hardware and not device.hardware:
            device.hardware = presence.hardware
            session.add(device)
        news = news or bool(presence.hardware and presence.hardware != device.hardware)
        news = news or bool(runs and runs[-1].hardware != presence.hardware)
        _keep(session, device_id, runs, presence, to_ms(now))
    if apart or news:
        settle_trust(session, to_ms(now))
    return frozenset(apart)


def _copied(runs: Sequence[BoxRun], presence: Presence) -> str:
    """Why this presence shows that there are two of the box; "" if it does not."""
    mine = next((run for run in runs if run.run == presence.run), None)
    if mine is not None and mine is not runs[-1]:
        # Said late is said before: only a new connection of an older run comes back.
        return TWO_RUNS if (presence.boot, presence.conn) > (mine.boot, mine.conn) else ""
    machines = [run.hardware for run in runs if run.hardware]
    if presence.hardware and machines and machines[-1] != presence.hardware:
        return TWO_MACHINES if presence.hardware in machines else ""
    return ""


def _keep(
    session: Session, device_id: str, runs: Sequence[BoxRun], presence: Presence, now_ms: int
) -> None:
    mine = next((run for run in runs if run.run == presence.run), None)
    if mine is None:
        # Each begins after the last one, whatever the clock of this machine does.
        first_ms = max(now_ms, runs[-1].first_ms + 1) if runs else now_ms
        mine = BoxRun(
            device_id=device_id,
            run=presence.run,
            boot=presence.boot,
            conn=presence.conn,
            hardware=presence.hardware,
            agent=presence.agent,
            first_ms=first_ms,
            last_ms=now_ms,
        )
        for old in runs[: max(0, len(runs) + 1 - MOST_RUNS)]:
            session.delete(old)
    newest = max((mine.boot, mine.conn), (presence.boot, presence.conn))
    mine.boot, mine.conn = newest
    mine.last_ms = max(mine.last_ms, now_ms)
    session.add(mine)
    session.flush()


def _runs(session: Session, device_id: str) -> Sequence[BoxRun]:
    query = select(BoxRun).where(BoxRun.device_id == device_id).order_by(col(BoxRun.first_ms))
    return session.exec(query).all()
