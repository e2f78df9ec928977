"""Places between their table rows and the values of `schedules`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, SQLModel, col, or_, select

from controller.storage import tables
from controller.storage.schedule_tables import DayCalendarRule
from controller.storage.unit_chain import chain_on
from schedules.airtime import DEFAULT_AIRTIME_LAW, OTHER_PLACE, AirtimeLaw
from schedules.area import AreaTree, Level, Unit
from schedules.day_calendar import DayCalendar
from schedules.holidays import DEFAULT_CALENDAR
from schedules.types import AreaCode, ClusterId, LanguageTag, UnitId, ZoneId
from schedules.zone import Membership, Zone

_law = TypeAdapter(AirtimeLaw)
_calendar = TypeAdapter(DayCalendar)


@dataclass(frozen=True, slots=True)
class Spot:
    """A box in its place: where it stands now, and who hears it."""

    device_id: str
    cluster_id: str
    cluster_name: str
    places: frozenset[str]
    """Kinds of sensitive place in earshot; `other` where nobody said which."""
    unit_ids: tuple[str, ...]
    """Units above the cluster, nearest first."""
    village: str
    """Name of the nearest unit, with its commune."""


def area_tree(session: Session) -> AreaTree:
    """All units that ever were."""
    # Bare columns: mapped objects take three times as long, and a province has thousands.
    return AreaTree(_unit(row) for row in session.execute(sa.select(*_columns(tables.Unit))))


def zones(session: Session) -> dict[str, Zone]:
    """All zones with their dated clusters, by id."""
    members: dict[str, list[Membership]] = {}
    for row in session.exec(select(tables.ZoneCluster)):
        members.setdefault(row.zone_id, []).append(_membership(row))
    return {
        row.id: Zone(
            ZoneId(row.id),
            row.name,
            row.time_zone,
            tuple(members.get(row.id, ())),
            tuple(LanguageTag(tag) for tag in row.languages),
        )
        for row in session.exec(select(tables.Zone))
    }


def zone(session: Session, zone_id: str) -> tuple[Zone, str] | None:
    """One zone with its dated clusters, and the id of its unit; None if there is none."""
    row = session.get(tables.Zone, zone_id)
    if row is None:
        return None
    members = session.exec(
        select(tables.ZoneCluster)
        .where(tables.ZoneCluster.zone_id == zone_id)
        .order_by(col(tables.ZoneCluster.cluster_id), col(tables.ZoneCluster.valid_from))
    )
    value = Zone(
        ZoneId(row.id),
        row.name,
        row.time_zone,
        tuple(_membership(member) for member in members),
        tuple(LanguageTag(tag) for tag in row.languages),
    )
    return value, row.unit_id


def zones_with(session: Session, cluster_id: str) -> list[tuple[str, Membership]]:
    """Every zone that ever held a cluster, with the dates, by zone."""
    rows = session.exec(
        select(tables.ZoneCluster)
        .where(tables.ZoneCluster.cluster_id == cluster_id)
        .order_by(col(tables.ZoneCluster.zone_id), col(tables.ZoneCluster.valid_from))
    )
    return [(row.zone_id, _membership(row)) for row in rows]


def places_near(session: Session, cluster_ids: Collection[str]) -> frozenset[str]:
    """Kinds of sensitive place in earshot of these clusters."""
    query = sa.select(col(tables.Cluster.places), col(tables.Cluster.sensitive))
    rows = session.execute(query.where(col(tables.Cluster.id).in_(cluster_ids)))
    return frozenset[str]().union(*(_kinds(row) for row in rows))


def spots(session: Session, tree: AreaTree, now_ms: int) -> dict[str, Spot]:
    """Every box that stands somewhere now, by device id."""
    return {row.device_id: _spot(row, tree) for row in session.execute(standing_boxes(now_ms))}


def spots_at(
    session: Session, cluster_ids: Collection[str], day: date, now_ms: int
) -> tuple[Spot, ...]:
    """Every box that stands at one of these clusters now, by device id, under the tree of `day`.

    Raises `UnitCycle`, `UnknownUnit`.
    """
    query = standing_boxes(now_ms).where(col(tables.Cluster.id).in_(cluster_ids))
    found = []
    for row in session.execute(query.order_by(col(tables.Installation.device_id))):
        chain = chain_on(session, row.unit_id, day)
        found.append(Spot(row.device_id, row.id, row.name, _kinds(row), chain.ids, chain.path_name))
    return tuple(found)


def spot_of(session: Session, device_id: str, day: date, now_ms: int) -> Spot | None:
    """Where a box stands now, under the tree of `day`; None: nowhere.

    Raises `UnitCycle`, `UnknownUnit`.
    """
    query = standing_boxes(now_ms).where(col(tables.Installation.device_id) == device_id)
    row = session.execute(query).first()
    if row is None:
        return None
    (spot,) = (s for s in spots_at(session, [row.id], day, now_ms) if s.device_id == device_id)
    return spot


def standing_clusters(
    session: Session, now_ms: int, where: sa.ColumnElement[bool]
) -> list[tables.Cluster]:
    """Clusters that have a box now and fit the condition, by id."""
    boxes = sa.select(standing_boxes(now_ms).subquery().c.id)
    query = select(tables.Cluster).where(col(tables.Cluster.id).in_(boxes), where)
    return list(session.exec(query.order_by(col(tables.Cluster.id))))


def standing(session: Session, device_ids: Collection[str], now_ms: int) -> frozenset[str]:
    """Those of these boxes that stand somewhere now."""
    query = standing_boxes(now_ms).where(col(tables.Installation.device_id).in_(device_ids))
    return frozenset(row.device_id for row in session.execute(query))


def standing_boxes(now_ms: int) -> sa.Select[Any]:
    """`device_id` of every box that stands somewhere, with the columns of its cluster."""
    return (
        sa.select(col(tables.Installation.device_id), *_columns(tables.Cluster))
        .join(tables.Cluster, col(tables.Installation.cluster_id) == col(tables.Cluster.id))
        .join(tables.Device, col(tables.Installation.device_id) == col(tables.Device.id))
        .where(
            col(tables.Device.retired_ms).is_(None),
            col(tables.Installation.from_ms) <= now_ms,
            or_(
                col(tables.Installation.until_ms).is_(None),
                col(tables.Installation.until_ms) > now_ms,
            ),
        )
    )


def laws(session: Session) -> Mapping[str, AirtimeLaw]:
    """The units' own airtime laws, by unit id."""
    rows: Sequence[tables.AirtimeRule] = session.exec(select(tables.AirtimeRule)).all()
    return {row.unit_id: _law.validate_python(row.body) for row in rows}


def law_of(session: Session, chain: Sequence[str]) -> AirtimeLaw:
    """The nearest law of these units, nearest first, else the default."""
    rows = session.exec(
        select(tables.AirtimeRule).where(col(tables.AirtimeRule.unit_id).in_(chain))
    )
    own = {row.unit_id: row.body for row in rows}
    body = next((own[unit_id] for unit_id in chain if unit_id in own), None)
    return DEFAULT_AIRTIME_LAW if body is None else _law.validate_python(body)


def calendar_of(session: Session, chain: Sequence[str]) -> DayCalendar:
    """The nearest day calendar of these units, nearest first, else the default."""
    rows = session.exec(select(DayCalendarRule).where(col(DayCalendarRule.unit_id).in_(chain)))
    own = {row.unit_id: row.body for row in rows}
    body = next((own[unit_id] for unit_id in chain if unit_id in own), None)
    return DEFAULT_CALENDAR if body is None else _calendar.validate_python(body)


def law_body(law: AirtimeLaw) -> dict[str, object]:
    """A law as it is stored."""
    body: dict[str, object] = _law.dump_python(law, mode="json")
    return body


def law_from(body: Mapping[str, object]) -> AirtimeLaw:
    """A law as it was stored, also by an older release."""
    return _law.validate_python(body)


def calendar_body(calendar: DayCalendar) -> dict[str, object]:
    """A day calendar as it is stored."""
    body: dict[str, object] = _calendar.dump_python(calendar, mode="json")
    return body


def calendar_from(body: Mapping[str, object]) -> DayCalendar:
    """A day calendar as it was stored."""
    return _calendar.validate_python(body)


def law_for(unit_id: str, tree: AreaTree, own: Mapping[str, AirtimeLaw]) -> AirtimeLaw:
    """The nearest law at or above a unit, else the default."""
    chain = (unit_id, *(u.id for u in tree.ancestors(UnitId(unit_id))))
    return next((own[u] for u in chain if u in own), DEFAULT_AIRTIME_LAW)


def _columns(table: type[SQLModel]) -> sa.ColumnCollection[str, Any]:
    found: sa.ColumnCollection[str, Any] = table.__table__.columns  # type: ignore[attr-defined]
    return found


def _spot(cluster: Any, tree: AreaTree) -> Spot:
    unit = tree.unit(UnitId(cluster.unit_id))
    above = tree.ancestors(unit.id)
    return Spot(
        cluster.device_id,
        cluster.id,
        cluster.name,
        _kinds(cluster),
        (unit.id, *(u.id for u in above)),
        f"{unit.name}, {above[0].name}" if above else unit.name,
    )


def _kinds(cluster: Any) -> frozenset[str]:
    return frozenset(cluster.places or ([OTHER_PLACE] if cluster.sensitive else []))


def _membership(row: tables.ZoneCluster) -> Membership:
    return Membership(ClusterId(row.cluster_id), _date(row.valid_from), _maybe(row.valid_until))


def _unit(row: Any) -> Unit:
    return Unit(
        UnitId(row.id),
        row.name,
        Level(row.level),
        AreaCode(row.code) if row.code else None,
        UnitId(row.parent_id) if row.parent_id else None,
        _date(row.valid_from),
        _maybe(row.valid_until),
        tuple(UnitId(p) for p in row.predecessors),
    )


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _maybe(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
