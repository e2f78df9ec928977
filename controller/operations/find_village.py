"""Find the place a person means: an id, a name, or `commune/name`, accents or not.

The commune may also be named by its official code.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from audio_library.writing.search_key import GLOTTAL, search_key
from audio_library.writing.sort_key import vietnamese_sort_key
from controller.errors import UnknownVillage
from controller.storage import places, tables
from schedules.area import Level
from schedules.types import UnitId

_KIND = re.compile(r"^(xa|phuong|thi tran|dac khu|thon|lang|to dan pho|khu pho)\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Village:
    """A village and the zones in which it hears."""

    id: str
    name: str
    commune: str
    zone_ids: tuple[str, ...]
    commune_code: str = ""

    @property
    def path(self) -> str:
        """`commune/name`, as a person may type it."""
        return f"{self.commune}/{self.name}"


def villages(session: Session) -> list[Village]:
    """Every village, by commune and name."""
    tree = places.area_tree(session)
    heard: dict[str, set[str]] = {}
    zone_of: dict[str, set[str]] = {}
    for member in session.exec(select(tables.ZoneCluster)):
        zone_of.setdefault(member.cluster_id, set()).add(member.zone_id)
    for hears in session.exec(select(tables.VillageHears)):
        heard.setdefault(hears.unit_id, set()).update(zone_of.get(hears.cluster_id, ()))
    units = session.exec(select(tables.Unit).where(tables.Unit.level == Level.VILLAGE.value)).all()
    found = []
    for unit in units:
        above = tree.ancestors(UnitId(unit.id))
        commune = next((u for u in above if u.level is Level.COMMUNE), None)
        found.append(
            Village(
                unit.id,
                unit.name,
                commune.name if commune else "",
                tuple(sorted(heard.get(unit.id, ()))),
                (commune.code or "") if commune else "",
            )
        )
    return sorted(
        found, key=lambda v: (vietnamese_sort_key(v.commune), vietnamese_sort_key(v.name))
    )


def find_village(session: Session, asked: str) -> Village:
    """The one village that `asked` names; raises `UnknownVillage` with candidates."""
    unit = session.get(tables.Unit, asked)
    if unit is not None and unit.level == Level.VILLAGE.value:
        return _alone(session, unit)
    return named(villages(session), asked)


def _alone(session: Session, unit: tables.Unit) -> Village:
    """One village, read without looking at the others."""
    zones = session.exec(
        select(tables.ZoneCluster.zone_id)
        .join(
            tables.VillageHears,
            col(tables.VillageHears.cluster_id) == col(tables.ZoneCluster.cluster_id),
        )
        .where(tables.VillageHears.unit_id == unit.id)
        .distinct()
    )
    above = _commune_above(session, unit)
    return Village(
        unit.id,
        unit.name,
        above.name if above else "",
        tuple(sorted(zones)),
        (above.code or "") if above else "",
    )


def _commune_above(session: Session, unit: tables.Unit) -> tables.Unit | None:
    """The nearest commune; None also where the units above stand in a circle."""
    seen = {unit.id}
    above = session.get(tables.Unit, unit.parent_id) if unit.parent_id else None
    while above is not None and above.level != Level.COMMUNE.value and above.id not in seen:
        seen.add(above.id)
        above = session.get(tables.Unit, above.parent_id) if above.parent_id else None
    return above if above is not None and above.level == Level.COMMUNE.value else None


def named(known: Sequence[Village], asked: str) -> Village:
    """The one of these villages that `asked` names; raises `UnknownVillage` with candidates."""
    wanted = bare(asked)
    exact = [v for v in known if asked == v.id or wanted in _names(v)]
    if len(exact) == 1:
        return exact[0]
    near = exact or [v for v in known if wanted and wanted in bare(v.path)]
    raise UnknownVillage(asked, tuple(v.path for v in near))


def _names(village: Village) -> tuple[str, ...]:
    by_code = f"{village.commune_code}/{village.name}"
    return bare(village.path), bare(village.name), bare(by_code)


def bare(path: str) -> str:
    """A folded name or `commune/name` without apostrophes and the words for kinds of unit."""
    return "/".join(_KIND.sub("", part) for part in fold(path).replace("'", "").split("/"))


def fold(text: str) -> str:
    """A name without accents, case and doubled blanks, đ as d, any apostrophe as ': to look up."""
    key = search_key(text).replace(GLOTTAL, "'")
    return key.replace(" /", "/").replace("/ ", "/")
