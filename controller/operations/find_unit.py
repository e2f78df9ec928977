"""Find the unit a person means: an id, an official code, or a name, accents or not.

`Xã Đăk Hà/Thôn 1` tells one village from those of the same name elsewhere.
"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from audio_library.writing.search_key import matches
from audio_library.writing.sort_key import vietnamese_sort_key
from controller.errors import ControllerError, NotFound
from controller.operations.find_village import bare
from controller.storage import tables
from schedules.area import AreaTree
from schedules.types import UnitId

SHOWN = 200
"""Units of one answer; a province has fewer communes than that."""


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit that still stands; `above` is the name of the unit that it belongs to."""

    id: str
    name: str
    level: str
    code: str | None
    above: str


def find_unit(session: Session, asked: str) -> str:
    """Id of the one unit that `asked` names; raises `NotFound`, or says which may be meant."""
    if session.get(tables.Unit, asked) is not None:
        return asked
    known = _standing(session)
    name = bare(asked)
    found = [u for u in known if u.code == asked] or [
        u for u in known if name in (bare(u.name), bare(f"{u.above}/{u.name}"))
    ]
    if len(found) == 1:
        return found[0].id
    if not found:
        raise NotFound("đơn vị", "unit", asked)
    listed = "; ".join(f"{u.name}, {u.above} ({u.id})" for u in found[:8])
    raise ControllerError(
        "unclear_unit",
        f"Có nhiều đơn vị tên “{asked}”: {listed}. Hãy dùng mã.",
        f"Several units are called “{asked}”: {listed}. Use the id.",
    )


def show_units(session: Session, query: str) -> list[UnitLine]:
    """Units whose name or code answers to the query, as in a word list; at most 200."""
    found = [u for u in _standing(session) if u.code == query or matches(query, u.name)]
    found.sort(key=lambda u: (vietnamese_sort_key(u.name), vietnamese_sort_key(u.above)))
    return found[:SHOWN]


def inside(tree: AreaTree, unit_id: str | None) -> frozenset[str]:
    """A unit and all below it; None: every unit."""
    if unit_id is None:
        return frozenset(u.id for u in tree.units)
    return frozenset((unit_id, *(u.id for u in tree.descendants(UnitId(unit_id)))))


def _standing(session: Session) -> list[UnitLine]:
    query = select(tables.Unit).where(col(tables.Unit.valid_until).is_(None))
    units = {u.id: u for u in session.exec(query)}
    return [
        UnitLine(u.id, u.name, u.level, u.code, above.name if above else "")
        for u in units.values()
        for above in [units.get(u.parent_id or "")]
    ]
