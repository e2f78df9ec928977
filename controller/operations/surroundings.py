"""Where a cluster stands, how far it is heard, and which sensitive places hear it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import ask_for_plan
from controller.operations.touched import zones_of_cluster
from controller.storage import events, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from schedules.airtime import PlaceKind


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Degrees (WGS 84) and metres; None: not known. `places` are kinds of sensitive place."""

    places: tuple[PlaceKind, ...]
    latitude: float | None
    longitude: float | None
    radius_m: int | None


def show_surroundings(session: Session, cluster_id: str) -> Surroundings:
    """Raises `NotFound`."""
    row = _cluster(session, cluster_id)
    kinds = row.places or ([PlaceKind.OTHER] if row.sensitive else [])
    places = tuple(PlaceKind(kind) for kind in kinds)
    return Surroundings(places, row.latitude, row.longitude, row.radius_m)


def set_surroundings(
    database: Database, cluster_id: str, given: Surroundings, by: str, now: datetime
) -> Surroundings:
    """Keep them and have the cluster's zones planned, which may be told to be quieter.

    Raises `NotFound`; ControllerError (half_a_point) for one coordinate without the other.
    """
    if (given.latitude is None) != (given.longitude is None):
        raise ControllerError(
            "half_a_point",
            "Vị trí cần cả vĩ độ và kinh độ, hoặc bỏ trống cả hai. Chưa lưu gì.",
            "A position needs both latitude and longitude, or neither. Nothing was kept.",
        )
    places = sorted(set(given.places))
    with database.write() as session:
        row = _cluster(session, cluster_id)
        row.places, row.sensitive = [kind.value for kind in places], bool(places)
        row.latitude, row.longitude = given.latitude, given.longitude
        row.radius_m = given.radius_m
        session.add(row)
        ask_for_plan(session, now, zones_of_cluster(session, cluster_id))
        told: dict[str, object] = {"id": cluster_id, "places": row.places, "by": by}
        events.tell(session, "cluster", told, to_ms(now))
        session.flush()
        return show_surroundings(session, cluster_id)


def _cluster(session: Session, cluster_id: str) -> tables.Cluster:
    row = session.get(tables.Cluster, cluster_id)
    if row is None:
        raise NotFound("cụm loa", "cluster", cluster_id)
    return row
