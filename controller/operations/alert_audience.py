"""Which boxes an alert is for, and what is known of each before it is sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from controller.fleet.box_policy import BoxPolicy
from controller.operations.box_policy import policies
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import places, tables
from controller.storage.instants import to_ms
from controller.storage.unit_chain import UnitChain, chain_on
from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.errors import ScheduleError

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
    day, local = today(rules, now), now.astimezone(ZoneInfo(rules.time_zone)).replace(tzinfo=None)
    chains = _Chains(session, day)
    spoken = languages_of_clusters(session, day)
    said = {row.device_id: row for row in session.exec(select(tables.ReportedState))}
    set_for, laws = policies(session), places.laws(session)
    found = []
    for row in session.execute(places.standing_boxes(to_ms(now))):
        chain = chains.of(row.unit_id)
        if chain is None or not set(chain.ids) & set(areas):
            continue
        law = next((laws[u] for u in chain.ids if u in laws), DEFAULT_AIRTIME_LAW)
        reported = said.get(row.device_id)
        maintained = set_for.get(row.device_id, BoxPolicy()).maintained_at(now)
        found.append(
            Listener(
                row.device_id,
                row.id,
                row.name,
                chain.path_name,
                spoken.get(row.id, ()),
                online=bool(reported and reported.online),
                seen_ms=reported.seen_ms if reported else 0,
                silenced=_silenced(reported) or (MAINTENANCE if maintained else ""),
                quiet=law.quiet is not None and law.quiet.closing(local) is not None,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.village, each.cluster_name, each.device_id)))


def languages_of_clusters(session: Session, day: date) -> Mapping[str, tuple[str, ...]]:
    """What the zones of each cluster speak on that day, each once, by zone and its own order."""
    zones = {zone.id: zone.languages for zone in session.exec(select(tables.Zone))}
    members: dict[str, list[str]] = {}
    for row in session.exec(select(tables.ZoneCluster)):
        since, until = date.fromisoformat(row.valid_from), row.valid_until
        if since <= day and (until is None or day < date.fromisoformat(until)):
            members.setdefault(row.cluster_id, []).append(row.zone_id)
    return {
        cluster_id: tuple(dict.fromkeys(tag for z in sorted(of) for tag in zones.get(z, ())))
        for cluster_id, of in members.items()
    }


def _silenced(reported: tables.ReportedState | None) -> str:
    return str(reported.telemetry.get("silenced") or "") if reported else ""


class _Chains:
    """The units above a place, each walked up once."""

    def __init__(self, session: Session, day: date) -> None:
        self._session, self._day = session, day
        # Read at once and held: a walk then asks the session, and not the database.
        self._units = session.exec(select(tables.Unit)).all()
        self._known: dict[str, UnitChain | None] = {}

    def of(self, unit_id: str) -> UnitChain | None:
        """None where the units stand in a circle, or one is missing."""
        if unit_id not in self._known:
            try:
                self._known[unit_id] = chain_on(self._session, unit_id, self._day)
            except ScheduleError:
                self._known[unit_id] = None
        return self._known[unit_id]
