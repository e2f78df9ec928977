"""The units above a place on a day, found by a walk from it: units elsewhere cost nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from controller.storage.tables import Unit
from schedules.area import Level
from schedules.errors import UnitCycle, UnknownUnit
from schedules.types import UnitId


@dataclass(frozen=True, slots=True)
class ChainUnit:
    """One unit of a chain."""

    id: str
    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class UnitChain:
    """A place's own unit and those above it on a day, nearest first.

    `changes_on` is the first later date on which they may be others; None: none is known.
    """

    units: tuple[ChainUnit, ...]
    changes_on: date | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(unit.id for unit in self.units)

    @property
    def path_name(self) -> str:
        """Name of the nearest unit, with the one above it."""
        return ", ".join(unit.name for unit in self.units[:2])

    def height(self, owner: str | None) -> int:
        """How far an owner stands above the commune; None is the topmost unit.

        0 for the village, the commune, and who stands elsewhere.
        """
        levels = [unit.level for unit in self.units]
        commune = levels.index(Level.COMMUNE) if Level.COMMUNE in levels else 0
        place = len(self.units) - 1 if owner is None else 0
        if owner in self.ids:
            place = self.ids.index(owner)
        return max(0, place - commune)


def chain_on(session: Session, unit_id: str, day: date) -> UnitChain:
    """Walk up from a unit as the tree stands on `day`; who has ended is followed by its heir.

    Raises `UnitCycle`, `UnknownUnit`: of this place alone.
    """
    units: list[Unit] = []
    turns: list[date] = []
    above: str | None = unit_id
    while above is not None:
        met, unit = _standing(session, above, day)
        if unit in units:
            raise UnitCycle([each.name for each in (*units[units.index(unit) :], unit)])
        units.append(unit)
        turns += [turn for turn in _turns(met) if turn > day]
        above = unit.parent_id
    chain = tuple(ChainUnit(unit.id, unit.name, Level(unit.level)) for unit in units)
    return UnitChain(chain, min(turns, default=None))


def _standing(session: Session, unit_id: str, day: date) -> tuple[list[Unit], Unit]:
    """The unit itself, or who stands in its place on that day; and all that were looked at."""
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise UnknownUnit(UnitId(unit_id))
    met = [unit]
    on = day.isoformat()
    while True:
        last = met[-1]
        if last.valid_until is not None and last.valid_until <= on:
            following = _heir(session, last)
        elif last.valid_from > on:
            following = _forerunner(session, last)
        else:
            following = None
        # Dates that contradict each other must not lead round for ever.
        if following is None or following in met:
            return met, last
        met.append(following)


def _heir(session: Session, unit: Unit) -> Unit | None:
    """Who took the place of a unit that ended: of the same level first."""
    named = sa.cast(col(Unit.predecessors), sa.String).contains(f'"{unit.id}"', autoescape=True)
    since = col(Unit.valid_from) >= (unit.valid_until or "")
    heirs = session.exec(select(Unit).where(since, named)).all()
    return min(
        heirs, key=lambda heir: (heir.level != unit.level, heir.valid_from, heir.id), default=None
    )


def _forerunner(session: Session, unit: Unit) -> Unit | None:
    before = (session.get(Unit, each) for each in unit.predecessors)
    known = [each for each in before if each is not None]
    return min(known, key=lambda each: (each.level != unit.level, each.id), default=None)


def _turns(units: list[Unit]) -> Iterator[date]:
    for unit in units:
        yield date.fromisoformat(unit.valid_from)
        if unit.valid_until is not None:
            yield date.fromisoformat(unit.valid_until)
