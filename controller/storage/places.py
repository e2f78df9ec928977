"""Places between their table rows and the values of `schedules`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, SQLModel, col, or_, select

from controller.storage import tables
from schedules.airtime import DEFAULT_AIRTIME_LAW, OTHER_PLACE, AirtimeLaw
from schedules.area import AreaTree, Level, Unit
from schedules.types import AreaCode, ClusterId, LanguageTag, UnitId, ZoneId
from schedules.zone import Membership, Zone

_law = TypeAdapter(AirtimeLaw)


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
        members.setdefault(row.zone_id, []).append(
            Membership(ClusterId(row.cluster_id), _date(row.valid_from), _maybe(row.valid_until))
        )
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


def spots(session: Session, tree: AreaTree, now_ms: int) -> dict[str, Spot]:
    """Every box that stands somewhere now, by device id."""
    query = (
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
    return {row.device_id: _spot(row, tree) for row in session.execute(query)}


def laws(session: Session) -> Mapping[str, AirtimeLaw]:
    """The units' own airtime laws, by unit id."""
    rows: Sequence[tables.AirtimeRule] = session.exec(select(tables.AirtimeRule)).all()
    return {row.unit_id: _law.validate_python(row.body) for row in rows}


def law_body(law: AirtimeLaw) -> dict[str, object]:
    """A law as it is stored."""
    body: dict[str, object] = _law.dump_python(law, mode="json")
    return body


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
        frozenset(cluster.places or ([OTHER_PLACE] if cluster.sensitive else [])),
        (unit.id, *(u.id for u in above)),
        f"{unit.name}, {above[0].name}" if above else unit.name,
    )


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
