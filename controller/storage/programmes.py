"""Programmes between their table rows and the values of `schedules`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from sqlmodel import Session, col, select

from controller.errors import NotFound
from controller.storage import tables
from schedules.precedence import Rank
from schedules.programme import Programme, Recurrence
from schedules.types import ProgrammeId, ZoneId


@dataclass(frozen=True, slots=True)
class Planned:
    """A programme, what it airs, and who planned it when."""

    programme: Programme
    bulletin_ids: tuple[str, ...]
    created_by: str
    created_ms: int


def standing(session: Session) -> dict[str, Planned]:
    """Every programme that is not cancelled, by id, oldest first."""
    query = (
        select(tables.Programme)
        .where(col(tables.Programme.cancelled_ms).is_(None))
        .order_by(col(tables.Programme.created_ms), col(tables.Programme.id))
    )
    return {row.id: value for row, value in _values(session, session.exec(query).all())}


def load(session: Session, programme_id: str) -> Planned:
    """One programme, also a cancelled one; raises `NotFound`."""
    row = session.get(tables.Programme, programme_id)
    if row is None:
        raise NotFound("chương trình", "programme", programme_id)
    return _values(session, [row])[0][1]


def add(session: Session, planned: Planned) -> None:
    """Keep a new programme with its zones and bulletins."""
    programme = planned.programme
    session.add(
        tables.Programme(
            id=programme.id,
            title=programme.title,
            kind=programme.kind.value,
            time_zone=programme.time_zone,
            start_date=programme.start_date.isoformat(),
            wall_time=programme.wall_time.isoformat(),
            until=programme.until.isoformat() if programme.until else None,
            rank=programme.rank.name,
            quiet_ok=programme.quiet_ok or "",
            created_by=planned.created_by,
            created_ms=planned.created_ms,
        )
    )
    session.flush()
    for zone_id in programme.zone_ids:
        session.add(tables.ProgrammeZone(programme_id=programme.id, zone_id=zone_id))
    for position, bulletin_id in enumerate(planned.bulletin_ids):
        session.add(
            tables.ProgrammeBulletin(
                programme_id=programme.id, position=position, bulletin_id=bulletin_id
            )
        )


def cancel(session: Session, programme_id: str, now_ms: int) -> None:
    """It airs no more; what it aired stays on record. Raises `NotFound`."""
    row = session.get(tables.Programme, programme_id)
    if row is None:
        raise NotFound("chương trình", "programme", programme_id)
    row.cancelled_ms = row.cancelled_ms or now_ms
    session.add(row)


def _values(
    session: Session, rows: Sequence[tables.Programme]
) -> list[tuple[tables.Programme, Planned]]:
    ids = [row.id for row in rows]
    zones: dict[str, list[ZoneId]] = {}
    for z in session.exec(
        select(tables.ProgrammeZone)
        .where(col(tables.ProgrammeZone.programme_id).in_(ids))
        .order_by(col(tables.ProgrammeZone.zone_id))
    ):
        zones.setdefault(z.programme_id, []).append(ZoneId(z.zone_id))
    aired: dict[str, list[str]] = {}
    for b in session.exec(
        select(tables.ProgrammeBulletin)
        .where(col(tables.ProgrammeBulletin.programme_id).in_(ids))
        .order_by(col(tables.ProgrammeBulletin.position))
    ):
        aired.setdefault(b.programme_id, []).append(b.bulletin_id)
    return [
        (
            row,
            Planned(
                Programme(
                    id=ProgrammeId(row.id),
                    title=row.title,
                    zone_ids=tuple(zones.get(row.id, ())),
                    time_zone=row.time_zone,
                    start_date=date.fromisoformat(row.start_date),
                    wall_time=time.fromisoformat(row.wall_time),
                    kind=Recurrence(row.kind),
                    until=date.fromisoformat(row.until) if row.until else None,
                    rank=Rank[row.rank],
                    quiet_ok=row.quiet_ok or None,
                ),
                tuple(aired.get(row.id, ())),
                row.created_by,
                row.created_ms,
            ),
        )
        for row in rows
    ]
