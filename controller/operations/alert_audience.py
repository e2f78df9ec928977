"""Which boxes an alert is for, and what is known of each before it is sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from controller.fleet.box_policy import BoxPolicy
from controller.operations.box_policy import policies
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import places, tables
from controller.storage.instants import to_ms
from controller.storage.unit_chain import Chains, UnitChain
from schedules.airtime import DEFAULT_AIRTIME_LAW

MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Listener:
    """A box in the area as it is now; `languages` are those of its zones, in their order.

    `seen_ms` is 0 for one that never spoke; `silenced` names the switch or order that silences it.
    """

    device_id: str
    cluster_id: str
    cluster_name: str
    village: str
    languages: tuple[str, ...]
    online: bool
    seen_ms: int
    silenced: str
    quiet: bool
    """It is in the quiet hours of its commune, which the alert breaks."""


def alert_audience(
    session: Session, areas: Collection[str], rules: PlanRules, now: datetime
) -> tuple[Listener, ...]:
    """Every box that stands under one of the areas now, by village.

    A place whose units are in disorder holds up no other: its boxes are left out.
    """
    local = now.astimezone(ZoneInfo(rules.time_zone)).replace(tzinfo=None)
    spoken = languages_of_clusters(session, today(rules, now))
    said = _reported(session)
    set_for, laws = policies(session), places.laws(session)
    found = []
    for box in _standing_in(session, areas, rules, now):
        law = next((laws[u] for u in box.chain.ids if u in laws), DEFAULT_AIRTIME_LAW)
        maintained = set_for.get(box.device_id, _UNSET).maintained_at(now)
        online, seen_ms, silenced = said.get(box.device_id, _NEVER_HEARD)
        found.append(
            Listener(
                box.device_id,
                box.cluster_id,
                box.cluster_name,
                box.chain.path_name,
                spoken.get(box.cluster_id, ()),
                online=online,
                seen_ms=seen_ms,
                silenced=silenced or (MAINTENANCE if maintained else ""),
                quiet=law.quiet is not None and law.quiet.closing(local) is not None,
            )
        )
    return tuple(found)


def heard_languages(
    session: Session, areas: Collection[str], rules: PlanRules, now: datetime
) -> tuple[str, ...]:
    """What the boxes under these areas speak, each once, by village and its own order."""
    spoken = languages_of_clusters(session, today(rules, now))
    boxes = _standing_in(session, areas, rules, now)
    return tuple(dict.fromkeys(tag for box in boxes for tag in spoken.get(box.cluster_id, ())))


def languages_of_clusters(session: Session, day: date) -> Mapping[str, tuple[str, ...]]:
    """What the zones of each cluster speak on that day, each once, by zone and its own order."""
    zone, member = tables.Zone, tables.ZoneCluster
    rows = session.execute(sa.select(col(zone.id), col(zone.languages)))
    zones = {row.id: row.languages for row in rows}
    on = day.isoformat()
    standing = sa.select(col(member.cluster_id), col(member.zone_id)).where(
        col(member.valid_from) <= on,
        sa.or_(col(member.valid_until).is_(None), col(member.valid_until) > on),
    )
    members: dict[str, list[str]] = {}
    for cluster_id, zone_id in session.execute(standing):
        members.setdefault(cluster_id, []).append(zone_id)
    return {
        cluster_id: tuple(dict.fromkeys(tag for z in sorted(of) for tag in zones.get(z, ())))
        for cluster_id, of in members.items()
    }


@dataclass(frozen=True, slots=True)
class _Standing:
    """A box in its place."""

    device_id: str
    cluster_id: str
    cluster_name: str
    chain: UnitChain


def _standing_in(
    session: Session, areas: Collection[str], rules: PlanRules, now: datetime
) -> list[_Standing]:
    """Every box under one of the areas, by village."""
    chains, wanted = Chains(session, today(rules, now)), frozenset(areas)
    found = [
        _Standing(row.device_id, row.id, row.name, chain)
        for row in session.execute(places.standing_boxes(to_ms(now)))
        if (chain := chains.of(row.unit_id)) is not None and not wanted.isdisjoint(chain.ids)
    ]
    found.sort(key=lambda box: (box.chain.path_name, box.cluster_name, box.device_id))
    return found


_UNSET = BoxPolicy()
_NEVER_HEARD = (False, 0, "")


def _reported(session: Session) -> dict[str, tuple[bool, int, str]]:
    """Of each box: whether it is online, when it was seen, and what silences it."""
    said = tables.ReportedState
    silenced = col(said.telemetry)["silenced"].as_string()
    query = sa.select(col(said.device_id), col(said.online), col(said.seen_ms), silenced)
    return {
        device_id: (online, seen_ms, why or "")
        for device_id, online, seen_ms, why in session.execute(query)
    }
