"""The zones that a person means by villages and units."""

from collections.abc import Iterable

from sqlmodel import Session, col, select

from controller.errors import ControllerError
from controller.operations.find_unit import find_unit, inside
from controller.operations.find_village import named
from controller.operations.find_village import villages as all_villages
from controller.storage import places, tables


def zones_meant(
    session: Session, villages: Iterable[str] = (), units: Iterable[str] = ()
) -> tuple[str, ...]:
    """Zones heard in these villages and all zones below these units, each once.

    Raises ControllerError (no_cluster, unclear_unit), UnknownVillage, NotFound.
    """
    found: dict[str, None] = {}
    deaf: list[str] = []
    wanted = tuple(dict.fromkeys(villages))
    known = all_villages(session) if wanted else ()
    for asked in wanted:
        village = named(known, asked)
        found |= dict.fromkeys(village.zone_ids)
        if not village.zone_ids:
            deaf.append(village.path)
    for asked in dict.fromkeys(units):
        below = zones_below(session, find_unit(session, asked))
        found |= dict.fromkeys(below)
        if not below:
            deaf.append(asked)
    if deaf:
        raise ControllerError(
            "no_cluster",
            f"Chưa có cụm loa ở: {'; '.join(deaf)}.",
            f"No loudspeaker is heard in: {'; '.join(deaf)}.",
        )
    return tuple(found)


def zones_below(session: Session, unit_id: str) -> tuple[str, ...]:
    """Zones of a unit and of all units below it, by id."""
    within = inside(places.area_tree(session), unit_id)
    zones = session.exec(select(tables.Zone.id, tables.Zone.unit_id).order_by(col(tables.Zone.id)))
    return tuple(zone_id for zone_id, of in zones if of in within)
