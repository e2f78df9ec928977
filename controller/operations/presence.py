"""Who speaks for a box: each signed presence is kept, and a copied card is found out.

A run of the agent has a random name. One that comes back after a later one began never ended:
two machines speak for one box. So do two machines that take turns, however often they start anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Presences:
    """What some presences showed.

    `apart` are the boxes that are kept apart from now on; `newest` is, of each other one, the
    newest word of all that it ever signed, if it was said now.
    """

    apart: frozenset[str] = frozenset()
    newest: Mapping[str, Presence] = field(default_factory=dict)


def keep_presences(
    session: Session, said: Sequence[tuple[str, Presence]], now: datetime
) -> Presences:
    """Keep these in the order in which they were said."""
    if not said:
        return Presences()
    apart: set[str] = set()
    newest: dict[str, Presence] = {}
    news = False
    devices, runs_of = _known(session, {device_id for device_id, _ in said})
    for device_id, presence in said:
        device = devices.get(device_id)
        if device is None or device_id in apart:
            continue
        runs = runs_of.setdefault(device_id, [])
        why = _copied(runs, presence)
        if why:
            apart.add(device_id)
            log.error("box_cloned", device=device_id, why=why, run=presence.run)
            quarantine(session, device_id, why, now)
            continue
        if presence.hardware and not device.hardware:
            device.hardware = presence.hardware
            session.add(device)
        news = news or presence.hardware not in ("", device.hardware)
        news = news or bool(runs and runs[-1].hardware != presence.hardware)
        if _keep(session, runs, device_id, presence, to_ms(now)):
            newest[device_id] = presence
    session.flush()
    if apart or news:
        settle_trust(session, to_ms(now))
    return Presences(frozenset(apart), {i: p for i, p in newest.items() if i not in apart})


def _known(
    session: Session, ids: Collection[str]
) -> tuple[dict[str, tables.Device], dict[str, list[BoxRun]]]:
    """Those of these boxes that are believed, and their runs in the order in which they began."""
    believed = select(tables.Device).where(
        col(tables.Device.id).in_(ids), col(tables.Device.quarantined_ms).is_(None)
    )
    # A province comes back in one second: two questions for all of it.
    devices = {device.id: device for device in session.exec(believed.with_for_update())}
    query = select(BoxRun).where(col(BoxRun.device_id).in_(devices))
    runs: dict[str, list[BoxRun]] = {}
    for run in session.exec(query.order_by(col(BoxRun.first_ms))):
        runs.setdefault(run.device_id, []).append(run)
    return devices, runs


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
    session: Session, runs: list[BoxRun], device_id: str, presence: Presence, now_ms: int
) -> bool:
    """Write it down; gives whether it is the newest. The oldest runs of a box are forgotten."""
    mine = next((run for run in runs if run.run == presence.run), None)
    if mine is None:
        mine = BoxRun(
            device_id=device_id,
            run=presence.run,
            boot=presence.boot,
            conn=presence.conn,
            hardware=presence.hardware,
            agent=presence.agent,
            # Each begins after the last one, whatever the clock of this machine does.
            first_ms=max(now_ms, runs[-1].first_ms + 1) if runs else now_ms,
            last_ms=now_ms,
        )
        runs.append(mine)
        while len(runs) > MOST_RUNS:
            session.delete(runs.pop(0))
    mine.boot, mine.conn = max((mine.boot, mine.conn), (presence.boot, presence.conn))
    mine.last_ms = max(mine.last_ms, now_ms)
    session.add(mine)
    return mine is runs[-1] and (mine.boot, mine.conn) == (presence.boot, presence.conn)
