"""Which zones an edit touches: only they are planned anew."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from audio_library.bulletin import Bulletin, Kind, State
from controller.storage import bulletins, tables
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Programme, ProgrammeBulletin, ProgrammeZone


def zones_of_bulletin(session: Session, bulletin: Bulletin, now: datetime) -> frozenset[str]:
    """Where a person chose it, where boxes were told it, and where a rule may take it now."""
    named = (
        select(ProgrammeZone.zone_id)
        .join(Programme, col(Programme.id) == col(ProgrammeZone.programme_id))
        .join(ProgrammeBulletin, col(ProgrammeBulletin.programme_id) == col(Programme.id))
        .where(ProgrammeBulletin.bulletin_id == bulletin.id, col(Programme.cancelled_ms).is_(None))
        .distinct()
    )
    zones = {*session.exec(named), *_zones_told(session, bulletin.id, now)}
    if bulletin.state is State.APPROVED and bulletin.valid_until > now:
        below = zones_of_units_below(session, _owners(session, bulletin))
        takes_any = bulletin.kind is Kind.PRIORITY
        zones.update(_airing(session, below, by_rule=not takes_any))
    return frozenset(zones)


def zones_of_words(session: Session, language: str, spoken: str, now: datetime) -> frozenset[str]:
    """Where an approved, valid bulletin has these words as its spoken form in a language."""
    query = (
        select(tables.Bulletin.id)
        .join(tables.Script, col(tables.Script.bulletin_id) == col(tables.Bulletin.id))
        .where(
            tables.Bulletin.state == State.APPROVED.value,
            col(tables.Bulletin.valid_until_ms) > to_ms(now),
            tables.Script.language == language,
            tables.Script.pinned_spoken == spoken,
        )
    )
    found = bulletins.load_many(session, session.exec(query).all())
    return frozenset[str]().union(*(zones_of_bulletin(session, b, now) for b in found))


def zones_of_programme(session: Session, programme_id: str) -> frozenset[str]:
    """Where it airs."""
    query = select(ProgrammeZone.zone_id).where(ProgrammeZone.programme_id == programme_id)
    return frozenset(session.exec(query))


def zones_of_units_below(session: Session, unit_ids: Iterable[str]) -> frozenset[str]:
    """Zones of these units and of all below them, at any date: also of those that they followed."""
    known: set[str] = set()
    waiting = set(unit_ids)
    while waiting:
        known |= waiting
        waiting = set(_next_below(session, waiting)) - known
    found: set[str] = set()
    for some in _few(sorted(known)):
        found.update(session.exec(select(tables.Zone.id).where(col(tables.Zone.unit_id).in_(some))))
    return frozenset(found)


def zones_of_cluster(session: Session, cluster_id: str) -> frozenset[str]:
    """Zones that ever held the cluster."""
    query = select(tables.ZoneCluster.zone_id).where(tables.ZoneCluster.cluster_id == cluster_id)
    return frozenset(session.exec(query))


def zones_naming(session: Session, name: str, unit_id: str | None = None) -> frozenset[str]:
    """Where a standing programme names this cart or relay; of one unit and below if it is given."""
    named = sa.cast(col(Programme.template), sa.String).contains(f'"{name}"', autoescape=True)
    query = (
        select(ProgrammeZone.zone_id)
        .join(Programme, col(Programme.id) == col(ProgrammeZone.programme_id))
        .where(col(Programme.cancelled_ms).is_(None), or_(named, col(Programme.fallback) == name))
        .distinct()
    )
    found = frozenset(session.exec(query))
    return found if unit_id is None else found & zones_of_units_below(session, [unit_id])


def _zones_told(session: Session, bulletin_id: str, now: datetime) -> frozenset[str]:
    """Zones with a box that was told to play it from now on."""
    planned = tables.PlannedPlay
    query = (
        select(tables.ZoneCluster.zone_id)
        .join(planned, col(planned.cluster_id) == col(tables.ZoneCluster.cluster_id))
        .where(planned.bulletin_id == bulletin_id, col(planned.start_ms) > to_ms(now))
        .distinct()
    )
    return frozenset(session.exec(query))


def _owners(session: Session, bulletin: Bulletin) -> Sequence[str]:
    """The unit whose it is; what is nobody's own is the topmost units'."""
    if bulletin.unit is not None:
        return (bulletin.unit,)
    return session.exec(select(tables.Unit.id).where(col(tables.Unit.parent_id).is_(None))).all()


def _airing(session: Session, zone_ids: Collection[str], *, by_rule: bool) -> Iterator[str]:
    """Those of these zones that have a programme, or one whose template takes what fits a rule."""
    query = (
        select(ProgrammeZone.zone_id)
        .join(Programme, col(Programme.id) == col(ProgrammeZone.programme_id))
        .where(col(Programme.cancelled_ms).is_(None))
        .distinct()
    )
    if by_rule:
        template = sa.cast(col(Programme.template), sa.String)
        query = query.where(template.contains('"by_rule"', autoescape=True))
    for some in _few(sorted(zone_ids)):
        yield from session.exec(query.where(col(ProgrammeZone.zone_id).in_(some)))


def _next_below(session: Session, unit_ids: Collection[str]) -> Iterator[str]:
    """Children of these units, and the units that they followed."""
    for some in _few(sorted(unit_ids)):
        children = select(tables.Unit.id).where(col(tables.Unit.parent_id).in_(some))
        yield from session.exec(children)
        before = select(tables.Unit.predecessors).where(col(tables.Unit.id).in_(some))
        for predecessors in session.exec(before):
            yield from predecessors


def _few(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as any database takes in one question."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
