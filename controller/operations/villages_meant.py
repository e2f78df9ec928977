"""Which villages a person means: one by its name, or all below a unit."""

from sqlmodel import Session

from controller.errors import ControllerError
from controller.operations.find_unit import find_unit, inside
from controller.operations.find_village import Village, find_village, villages
from controller.storage import places


def villages_meant(session: Session, village: str | None, unit: str | None) -> tuple[Village, ...]:
    """Raises `UnknownVillage`, `NotFound`, or says that neither or both were given."""
    if village and not unit:
        return (find_village(session, village),)
    if unit and not village:
        below = inside(places.area_tree(session), find_unit(session, unit))
        return tuple(v for v in villages(session) if v.id in below)
    raise ControllerError(
        "village_or_unit",
        "Hãy chọn một làng, hoặc một đơn vị, không cả hai.",
        "Choose a village or a unit, not both.",
    )
