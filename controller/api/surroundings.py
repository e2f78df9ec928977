"""What stands around a cluster."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from controller.api.shapes import Shape
from controller.doors import Given, Signed
from controller.operations.surroundings import (
    Surroundings,
    set_surroundings,
    show_surroundings,
)
from schedules.airtime import PlaceKind

at = APIRouter(tags=["fleet"])


class SurroundingsBody(Shape):
    """Where a cluster stands, how far it is heard, and which sensitive places hear it."""

    places: list[PlaceKind] = Field(default_factory=list, max_length=len(PlaceKind))
    """`school`, `clinic`, `church`, `communal_house`, `other`: each asks for less volume."""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Degrees north, WGS 84; null: not known."""
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Degrees east, WGS 84; null: not known."""
    radius_m: Annotated[int, Field(ge=10, le=10_000)] | None = None
    """How far it is heard, in metres; null: not known."""

    @classmethod
    def of(cls, s: Surroundings) -> "SurroundingsBody":
        """Make it of the operation's value."""
        return cls(
            places=list(s.places),
            latitude=s.latitude,
            longitude=s.longitude,
            radius_m=s.radius_m,
        )


@at.get("/clusters/{cluster_id}/surroundings")
def get_surroundings(cluster_id: str, given: Given, who: Signed) -> SurroundingsBody:
    """What is known of a cluster's place."""
    with given.database.read() as session:
        return SurroundingsBody.of(show_surroundings(session, cluster_id))


@at.put("/clusters/{cluster_id}/surroundings")
def put_surroundings(
    cluster_id: str, form: SurroundingsBody, given: Given, who: Signed
) -> SurroundingsBody:
    """Say what stands around a cluster; its zones are planned again."""
    said = Surroundings(tuple(form.places), form.latitude, form.longitude, form.radius_m)
    kept = set_surroundings(given.database, cluster_id, said, who.name, given.clock())
    return SurroundingsBody.of(kept)
