"""Alarms about boxes: what each said of itself and what it played, judged once a minute."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from controller.fleet.box_policy import BoxPolicy
from controller.fleet.box_troubles import (
    KINDS,
    LATE_MS,
    BoxFacts,
    LatePlay,
    Unreported,
    troubles,
)
from controller.operations.alarms import Trouble, differs, settle, standing
from controller.operations.box_policy import policies
from controller.operations.show_boxes import last_told
from controller.operations.zone_inputs import PlanRules
from controller.storage import places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from edge_agent.contract.report import Heard
from edge_agent.decide import RULES

LOOKED_BACK_MS = 12 * 3_600_000
"""What went wrong in the morning still stands when the office opens."""

HEARD_BACK_MS = 24 * 3_600_000
REPORTED_WITHIN_MS = 15 * 60_000
MOST_PLAYS = 20_000
"""Rows of one question: after an outage of a province one play of each box is enough."""

IN_A_ROW = 2


def device_alarms(
    database: Database, rules: PlanRules, listening_since: datetime | None, now: datetime
) -> int:
    """Raise and clear the alarms of all boxes; gives how many are open.

    `listening_since` is since when this controller hears boxes, None while it does not. Writes
    only when something changed.
    """
    with database.read() as session:
        found = box_troubles(session, ZoneInfo(rules.time_zone), listening_since, now)
        changed = [kind for kind in KINDS if differs(session, kind, found[kind])]
    if changed:
        with database.write() as session:
            for kind in changed:
                settle(session, kind, found[kind], to_ms(now))
    return sum(map(len, found.values()))


def box_troubles(
    session: Session, zone: ZoneInfo, listening_since: datetime | None, now: datetime
) -> Mapping[str, dict[str, Trouble]]:
    """What is wrong with the boxes that stand somewhere, by kind and box."""
    found: dict[str, dict[str, Trouble]] = {kind: {} for kind in KINDS}
    for spot, facts in _facts(session, listening_since, now):
        for kind, (vi, en) in troubles(facts, zone, now).items():
            found[kind][spot.device_id] = Trouble(vi, en, spot.device_id, spot.cluster_id)
    return found


def _facts(
    session: Session, listening_since: datetime | None, now: datetime
) -> Iterable[tuple[places.Spot, BoxFacts]]:
    now_ms = to_ms(now)
    spots = places.spots(session, places.area_tree(session), now_ms)
    said = {row.device_id: row for row in session.exec(select(tables.ReportedState))}
    serials = dict(
        session.exec(select(tables.DesiredState.device_id, tables.DesiredState.serial)).all()
    )
    set_for, stands = policies(session), standing(session, KINDS)
    late, unheard = _late(session, set_for, now_ms), _unheard(session, now_ms)
    unreported = _unreported(session, said, now_ms)
    for device_id, spot in spots.items():
        reported = said.get(device_id)
        if reported is None:
            continue
        told = last_told(reported)
        clock = told.clock if told else None
        yield (
            spot,
            BoxFacts(
                place=f"{spot.village} ({spot.cluster_name})"
                if spot.village
                else spot.cluster_name,
                policy=set_for.get(device_id, BoxPolicy()),
                seen_ms=reported.seen_ms,
                listening_since_ms=None if listening_since is None else to_ms(listening_since),
                rules=reported.rules,
                our_rules=RULES,
                held_serial=reported.desired,
                our_serial=serials.get(device_id, reported.desired),
                clock_source=clock.source.value if clock else reported.clock_source,
                clock_offset_ms=clock.offset_ms if clock else reported.clock_offset_ms,
                disk_errors_known=reported.disk_errors_known,
                losses=tuple(reported.losses),
                telemetry=told,
                late=late.get(device_id),
                unreported=unreported.get(device_id),
                unheard=unheard.get(device_id, ()),
                standing=stands.get(device_id, frozenset()),
            ),
        )


def _late(session: Session, set_for: Mapping[str, BoxPolicy], now_ms: int) -> dict[str, LatePlay]:
    """The newest play of each box that did not begin in its time.

    One that gave way, or went on, sounded after another of the same box: it is not late.
    """
    run, before, planned = tables.AsRun, aliased(tables.AsRun), tables.PlannedPlay
    of_a_programme = (
        sa.select(col(planned.cue_id))
        .where(
            col(planned.device_id) == col(run.device_id),
            col(planned.cue_id) == col(run.cue_id),
            col(planned.programme_id) != "",
        )
        .exists()
    )
    gave_way = (
        sa.select(col(before.play))
        .where(
            col(before.device_id) == col(run.device_id),
            col(before.planned_ms) > now_ms - 2 * LOOKED_BACK_MS,
            col(before.started_ms) < col(run.started_ms),
            sa.func.coalesce(col(before.ended_ms), col(before.started_ms) + col(before.duration_ms))
            > col(run.planned_ms) - LATE_MS,
        )
        .exists()
    )
    query = (
        select(run.device_id, run.title, run.planned_ms, run.start_error_ms)
        .where(
            col(run.planned_ms) > now_ms - LOOKED_BACK_MS,
            sa.func.abs(col(run.start_error_ms)) > LATE_MS,
            of_a_programme,
            ~gave_way,
        )
        .order_by(col(run.planned_ms).desc(), col(run.play))
        .limit(MOST_PLAYS)
    )
    found: dict[str, LatePlay] = {}
    for device_id, title, planned_ms, error_ms in session.exec(query):
        delay_ms = set_for.get(device_id, BoxPolicy()).delay_ms
        if error_ms is not None and abs(error_ms) > LATE_MS + abs(delay_ms):
            found.setdefault(device_id, LatePlay(title, planned_ms, error_ms))
    return found


def _unreported(
    session: Session, said: Mapping[str, tables.ReportedState], now_ms: int
) -> dict[str, Unreported]:
    """The newest play of each box in touch that it held in its plan and says nothing of."""
    p, run, gone = tables.PlannedPlay, tables.AsRun, tables.UnplannedPlay
    reported = (
        sa.select(col(run.play))
        .where(col(run.device_id) == col(p.device_id), col(run.cue_id) == col(p.cue_id))
        .exists()
    )
    taken_back = (
        sa.select(col(gone.cue_id))
        .where(col(gone.device_id) == col(p.device_id), col(gone.cue_id) == col(p.cue_id))
        .exists()
    )
    query = (
        select(p.device_id, p.title, p.start_ms, p.serial)
        .join(tables.ReportedState, col(tables.ReportedState.device_id) == col(p.device_id))
        .where(
            col(tables.ReportedState.online).is_(True),
            col(p.start_ms) > now_ms - LOOKED_BACK_MS,
            col(p.start_ms) <= now_ms - REPORTED_WITHIN_MS,
            col(p.programme_id) != "",
            ~reported,
            ~taken_back,
        )
        .order_by(col(p.start_ms).desc(), col(p.cue_id))
        .limit(MOST_PLAYS)
    )
    found: dict[str, Unreported] = {}
    for device_id, title, start_ms, serial in session.exec(query):
        box = said[device_id]
        if box.desired >= serial and not box.telemetry.get("spooled"):
            found.setdefault(device_id, Unreported(title, start_ms))
    return found


def _unheard(session: Session, now_ms: int) -> dict[str, tuple[str, ...]]:
    """Titles of the newest plays of each box, as many as its ear missed in a row."""
    run = tables.AsRun
    query = (
        select(run.device_id, run.title, run.heard)
        .where(
            col(run.planned_ms) > now_ms - HEARD_BACK_MS,
            col(run.heard).in_([Heard.YES.value, Heard.NO.value]),
        )
        .order_by(col(run.planned_ms).desc(), col(run.started_ms).desc(), col(run.play))
        .limit(MOST_PLAYS)
    )
    found: dict[str, tuple[str, ...]] = {}
    noticed: set[str] = set()
    for device_id, title, heard in session.exec(query):
        missed = found.get(device_id, ())
        if heard == Heard.YES.value:
            noticed.add(device_id)
        elif device_id not in noticed and len(missed) < IN_A_ROW:
            found[device_id] = (*missed, title)
    return found
