"""What boxes report becomes events, at most once each, and one as-run row a play."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from controller.operations.enrol_device import quarantined
from controller.operations.unplanned import NOTHING_KNOWN, Known, Unplanned, known_of
from controller.storage import events as told
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore, upsert
from controller.storage.instants import to_ms, to_utc
from controller.storage.pairs import among
from controller.storage.tables import AsRun, PlannedPlay, QuarantinedEvent, SpoolMark
from controller.storage.tables import PlaybackEvent as EventRow
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.state import Clock, ClockSource
from edge_agent.contract.types import encode
from edge_agent.decide import FALLBACK
from schedules.as_run import Event, EventKind, Heard, fold
from schedules.types import DurationMs, UtcInstant

QUARANTINED = "box_quarantined"
"""Why events of a box are put aside of which there are two, or that was revoked."""


@dataclass(frozen=True, slots=True)
class BadEvent:
    """An event that could not be read; kept apart so that the rest goes on."""

    seq: int
    body: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """One verified report of one box."""

    device_id: str
    spool: str
    events: tuple[PlaybackEvent, ...]
    bad: tuple[BadEvent, ...] = ()


class Receipt(NamedTuple):
    """All of 1…`upto` of this spool are in the database."""

    device_id: str
    spool: str
    upto: int


def record_playback(
    database: Database, reports: Sequence[Received], now: datetime
) -> tuple[Receipt, ...]:
    """Commit a batch of reports; what was there before is left alone.

    What comes in the name of a box that is kept apart is put aside. The receipts are read from
    the database after the commit.
    """
    now_ms = to_ms(now)
    with database.read() as session:
        reports = _apart(reports, quarantined(session))
    rows = [_row(r.device_id, r.spool, e, now_ms) for r in reports for e in r.events]
    bad = [
        {
            "device_id": r.device_id,
            "spool": r.spool,
            "seq": b.seq,
            "body": b.body,
            "reason": b.reason,
            "received_ms": now_ms,
        }
        for r in reports
        for b in r.bad
    ]
    spools = sorted({(r.device_id, r.spool) for r in reports})
    with database.write() as session:
        insert_or_ignore(session, EventRow, rows)
        insert_or_ignore(session, QuarantinedEvent, bad)
        _advance_marks(session, spools)
        plays = {(row["device_id"], row["play"]) for row in rows}
        entries = project_as_run(session, plays, now_ms)
        told.tell_all(session, "as_run", map(_as_told, entries), now_ms)
    with database.read() as session:
        query = select(SpoolMark.device_id, SpoolMark.spool, SpoolMark.upto)
        marks = session.exec(
            query.where(among(session, SpoolMark.device_id, SpoolMark.spool, spools))
        )
        return tuple(Receipt(*mark) for mark in marks)


def _apart(reports: Sequence[Received], boxes: Set[str]) -> Sequence[Received]:
    """The same, with every event of these boxes as one that is not believed."""
    if not boxes:
        return reports
    return [
        replace(
            report,
            events=(),
            bad=(*report.bad, *(BadEvent(e.seq, encode(e), QUARANTINED) for e in report.events)),
        )
        if report.device_id in boxes
        else report
        for report in reports
    ]


def project_as_run(
    session: Session, plays: Iterable[tuple[str, str]], now_ms: int
) -> list[dict[str, Any]]:
    """Write the as-run rows of these (device, play) pairs from all that is known of them."""
    wanted = sorted(plays)
    if not wanted:
        return []
    query = (
        sa.select(*_EVENT_COLUMNS, *_PLANNED_COLUMNS)
        .join(
            PlannedPlay,
            (col(PlannedPlay.device_id) == col(EventRow.device_id))
            & (col(PlannedPlay.cue_id) == col(EventRow.cue)),
            isouter=True,
        )
        .where(among(session, EventRow.device_id, EventRow.play, wanted))
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in session.execute(query):
        found.setdefault((row.device_id, row.play), []).append(row)
    firsts = [min(rows, key=lambda r: r.seq) for rows in found.values()]
    known = known_of(session, {_unplanned(r) for r in firsts if r.planned_cue is None})
    entries = [_entry(rows, known, now_ms) for rows in found.values()]
    upsert(session, AsRun, entries)
    return entries


def rebuild_as_run(database: Database, now: datetime) -> int:
    """Make every as-run row anew from the events; gives their number."""
    with database.write() as session:
        plays = session.exec(select(EventRow.device_id, EventRow.play).distinct()).all()
        for start in range(0, len(plays), 500):
            project_as_run(session, plays[start : start + 500], to_ms(now))
        return len(plays)


def _advance_marks(session: Session, spools: Sequence[tuple[str, str]]) -> None:
    """Move each spool's mark up to its first gap."""
    if not spools:
        return
    mine = among(session, SpoolMark.device_id, SpoolMark.spool, spools)
    query = select(SpoolMark.device_id, SpoolMark.spool, SpoolMark.upto).where(mine)
    locked = query.with_for_update()
    marks = {(device_id, spool): upto for device_id, spool, upto in session.exec(locked)}
    if len(marks) < len(spools):
        first = [{"device_id": d, "spool": s, "upto": 0} for d, s in spools]
        insert_or_ignore(session, SpoolMark, first)
        marks = {(device_id, spool): upto for device_id, spool, upto in session.exec(locked)}
    above: dict[tuple[str, str], set[int]] = {spool: set() for spool in marks}
    for table in (EventRow, QuarantinedEvent):
        stored = (
            select(SpoolMark.device_id, SpoolMark.spool, table.seq)
            .join(
                table,
                (col(table.device_id) == col(SpoolMark.device_id))
                & (col(table.spool) == col(SpoolMark.spool))
                & (col(table.seq) > col(SpoolMark.upto)),
            )
            .where(mine)
        )
        for device_id, spool, seq in session.exec(stored):
            above[device_id, spool].add(seq)
    moved = {spool: _before_gap(upto, above[spool]) for spool, upto in marks.items()}
    upsert(
        session,
        SpoolMark,
        [
            {"device_id": d, "spool": s, "upto": upto}
            for (d, s), upto in moved.items()
            if upto != marks[d, s]
        ],
    )


def _before_gap(upto: int, present: Set[int]) -> int:
    """The last number before the first one that is missing above `upto`."""
    while upto + 1 in present:
        upto += 1
    return upto


def _row(device_id: str, spool: str, event: PlaybackEvent, now_ms: int) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "spool": spool,
        "seq": event.seq,
        "kind": event.kind.value,
        "play": event.play,
        "cue": event.cue,
        "asset_sha256": event.asset_sha256,
        "wall_ms": event.wall,
        "mono_ms": event.mono,
        "boot": event.boot,
        "clock_source": event.clock.source.value,
        "clock_offset_ms": event.clock.offset_ms,
        "planned_ms": event.planned,
        "duration_ms": event.duration_ms,
        "played_ms": event.played_ms,
        "rank": event.rank.value,
        "rules": event.rules,
        "desired": event.desired,
        "gain_db": event.gain_db,
        "title": event.title,
        "language": event.language,
        "reason": event.reason,
        "delay_ms": event.delay_ms,
        "heard": event.heard.value,
        "heard_dbfs": event.heard_dbfs,
        "received_ms": now_ms,
        "source": event.source.value,
        "alert_id": event.alert,
    }


_EVENT_COLUMNS: tuple[Any, ...] = (
    col(EventRow.device_id),
    col(EventRow.play),
    col(EventRow.cue),
    col(EventRow.seq),
    col(EventRow.kind),
    col(EventRow.wall_ms),
    col(EventRow.boot),
    col(EventRow.mono_ms),
    col(EventRow.planned_ms),
    col(EventRow.duration_ms),
    col(EventRow.played_ms),
    col(EventRow.reason),
    col(EventRow.delay_ms),
    col(EventRow.title),
    col(EventRow.language),
    col(EventRow.asset_sha256),
    col(EventRow.rank),
    col(EventRow.rules),
    col(EventRow.gain_db),
    col(EventRow.clock_source),
    col(EventRow.clock_offset_ms),
    col(EventRow.heard),
    col(EventRow.heard_dbfs),
    col(EventRow.source),
    col(EventRow.alert_id),
)

_PLANNED_COLUMNS: tuple[Any, ...] = (
    col(PlannedPlay.cue_id).label("planned_cue"),
    col(PlannedPlay.cluster_id),
    col(PlannedPlay.cluster_name),
    col(PlannedPlay.village),
    col(PlannedPlay.title).label("planned_title"),
    col(PlannedPlay.language).label("planned_language"),
    col(PlannedPlay.bulletin_id),
    col(PlannedPlay.spoken_sha256),
    col(PlannedPlay.voice),
    col(PlannedPlay.author),
    col(PlannedPlay.approved_by),
)


def _unplanned(row: Any) -> Unplanned:
    return Unplanned(row.device_id, row.planned_ms, row.alert_id)


def _entry(rows: Sequence[Any], known: Mapping[Unplanned, Known], now_ms: int) -> dict[str, Any]:
    """The as-run row of one play; `rows` hold the columns above, `known` plays without a plan."""
    state = fold(
        Event(
            EventKind(r.kind),
            UtcInstant(to_utc(_utc_ms(r))),
            r.boot,
            r.mono_ms,
            # Horns in earshot of each other begin so much later by order: that is no lateness.
            UtcInstant(to_utc(r.planned_ms + r.delay_ms)),
            DurationMs(r.duration_ms),
            DurationMs(r.played_ms),
            r.reason,
            Heard(r.heard),
            r.heard_dbfs,
        )
        for r in rows
    )
    first = min(rows, key=lambda r: r.seq)
    planned = first.planned_cue is not None
    other = known.get(_unplanned(first), NOTHING_KNOWN)
    # Other audio in its place speaks no script: the plan keeps what it should have been.
    own = all(r.reason != FALLBACK for r in rows)
    return {
        "device_id": first.device_id,
        "play": first.play,
        "cue_id": first.cue,
        "cluster_id": first.cluster_id or other.cluster_id,
        "cluster_name": first.cluster_name or other.cluster_name,
        "village": first.village or other.village,
        "title": first.planned_title if planned else other.title or first.title,
        "language": first.planned_language if planned else first.language,
        "bulletin_id": first.bulletin_id or "",
        "asset_sha256": first.asset_sha256,
        "spoken_sha256": first.spoken_sha256 or "" if own else "",
        "voice": first.voice or "" if own else "",
        "author": first.author or other.ordered_by,
        "approved_by": first.approved_by or other.authorised_by,
        "rank": first.rank,
        "rules": first.rules,
        "planned_ms": first.planned_ms,
        "duration_ms": first.duration_ms,
        "started_ms": to_ms(state.started_at) if state.started_at else None,
        "ended_ms": to_ms(state.ended_at) if state.ended_at else None,
        "start_error_ms": state.start_error_ms,
        "played_ms": state.played_ms,
        "outcome": state.outcome.value,
        "reason": state.reason,
        "gain_db": first.gain_db,
        "clock_source": first.clock_source,
        "clock_offset_ms": first.clock_offset_ms,
        "heard": state.heard.value,
        "heard_dbfs": state.heard_dbfs,
        "source": first.source,
        "alert_id": first.alert_id,
        "received_ms": now_ms,
    }


def _utc_ms(row: Any) -> int:
    """When an event was, by what its box took for the time."""
    return Clock(ClockSource(row.clock_source), row.clock_offset_ms).utc_ms(row.wall_ms)


def _as_told(entry: Mapping[str, Any]) -> dict[str, object]:
    keys = ("device_id", "play", "cue_id", "bulletin_id", "alert_id", "outcome", "heard")
    return {key: entry[key] for key in keys}
