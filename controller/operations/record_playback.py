"""What boxes report becomes events, at most once each, and one as-run row a play."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import tuple_, union_all
from sqlmodel import Session, col, select

from controller.storage import events as told
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore, upsert
from controller.storage.instants import to_ms, to_utc
from controller.storage.tables import AsRun, PlannedPlay, QuarantinedEvent, SpoolMark
from controller.storage.tables import PlaybackEvent as EventRow
from edge_agent.contract.report import PlaybackEvent
from schedules.as_run import Event, EventKind, fold
from schedules.types import DurationMs, UtcInstant


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


class _Play(NamedTuple):
    device_id: str
    play: str


def record_playback(
    database: Database, reports: Sequence[Received], now: datetime
) -> tuple[Receipt, ...]:
    """Commit a batch of reports; what was there before is left alone.

    The receipts are read from the database after the commit.
    """
    now_ms = to_ms(now)
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
        insert_or_ignore(
            session, SpoolMark, [{"device_id": d, "spool": s, "upto": 0} for d, s in spools]
        )
        insert_or_ignore(session, EventRow, rows)
        insert_or_ignore(session, QuarantinedEvent, bad)
        _advance_marks(session, spools)
        plays = {_Play(row["device_id"], row["play"]) for row in rows}
        for entry in project_as_run(session, plays, now_ms):
            told.tell(session, "as_run", _as_told(entry), now_ms)
    with database.read() as session:
        marks = session.exec(
            select(SpoolMark).where(tuple_(SpoolMark.device_id, SpoolMark.spool).in_(spools))
        )
        return tuple(Receipt(m.device_id, m.spool, m.upto) for m in marks)


def project_as_run(
    session: Session, plays: Iterable[tuple[str, str]], now_ms: int
) -> list[dict[str, Any]]:
    """Write the as-run rows of these (device, play) pairs from all that is known of them."""
    wanted = sorted(plays)
    if not wanted:
        return []
    query = select(EventRow).where(tuple_(EventRow.device_id, EventRow.play).in_(wanted))
    found: dict[tuple[str, str], list[EventRow]] = {}
    for row in session.exec(query):
        found.setdefault((row.device_id, row.play), []).append(row)
    cues = sorted({(rows[0].device_id, rows[0].cue) for rows in found.values()})
    planned = {
        (p.device_id, p.cue_id): p
        for p in session.exec(
            select(PlannedPlay).where(tuple_(PlannedPlay.device_id, PlannedPlay.cue_id).in_(cues))
        )
    }
    entries = [
        _entry(rows, planned.get((rows[0].device_id, rows[0].cue)), now_ms)
        for rows in found.values()
    ]
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
    mine = tuple_(SpoolMark.device_id, SpoolMark.spool).in_(spools)
    marks = {
        (m.device_id, m.spool): m.upto
        for m in session.exec(select(SpoolMark).where(mine).with_for_update())
    }
    above = [
        select(col(SpoolMark.device_id), col(SpoolMark.spool), col(table.seq))
        .join(
            table,
            (col(table.device_id) == col(SpoolMark.device_id))
            & (col(table.spool) == col(SpoolMark.spool))
            & (col(table.seq) > col(SpoolMark.upto)),
        )
        .where(mine)
        for table in (EventRow, QuarantinedEvent)
    ]
    moved = dict(marks)
    for device_id, spool, seq in sorted(map(tuple, session.execute(union_all(*above)))):
        if seq == moved[device_id, spool] + 1:
            moved[device_id, spool] = seq
    upsert(
        session,
        SpoolMark,
        [
            {"device_id": d, "spool": s, "upto": upto}
            for (d, s), upto in moved.items()
            if upto != marks[d, s]
        ],
    )


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
        "received_ms": now_ms,
    }


def _entry(rows: Sequence[EventRow], planned: PlannedPlay | None, now_ms: int) -> dict[str, Any]:
    state = fold(
        Event(
            EventKind(r.kind),
            UtcInstant(to_utc(r.wall_ms)),
            r.boot,
            r.mono_ms,
            UtcInstant(to_utc(r.planned_ms)),
            DurationMs(r.duration_ms),
            DurationMs(r.played_ms),
            r.reason,
        )
        for r in rows
    )
    first = min(rows, key=lambda r: r.seq)
    return {
        "device_id": first.device_id,
        "play": first.play,
        "cue_id": first.cue,
        "cluster_id": planned.cluster_id if planned else "",
        "cluster_name": planned.cluster_name if planned else "",
        "village": planned.village if planned else "",
        "title": planned.title if planned else first.title,
        "language": planned.language if planned else first.language,
        "bulletin_id": planned.bulletin_id if planned else "",
        "asset_sha256": first.asset_sha256,
        "spoken_sha256": planned.spoken_sha256 if planned else "",
        "voice": planned.voice if planned else "",
        "author": planned.author if planned else "",
        "approved_by": planned.approved_by if planned else "",
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
        "received_ms": now_ms,
    }


def _as_told(entry: Mapping[str, Any]) -> dict[str, object]:
    keys = ("device_id", "play", "cue_id", "bulletin_id", "outcome")
    return {key: entry[key] for key in keys}
