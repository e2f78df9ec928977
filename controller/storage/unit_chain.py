"""The units above a place on a day, found by a walk from it: units elsewhere cost nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from controller.storage.tables import Unit
from schedules.area import Level
from schedules.errors import ScheduleError, UnitCycle, UnknownUnit
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


class Chains:
    """The units above many places on one day: all units are read once, and none is passed twice."""

    def __init__(self, session: Session, day: date) -> None:
        self._session, self._day = session, day
        # Bare columns: mapped objects take three times as long, and a province has thousands.
        columns = (Unit.id, Unit.name, Unit.level, Unit.parent_id, Unit.valid_from)
        rows = session.execute(sa.select(*map(col, columns), col(Unit.valid_until)))
        self._units: dict[str, Any] = {row.id: row for row in rows}
        self._known: dict[str, UnitChain | None] = {}

    def of(self, unit_id: str) -> UnitChain | None:
        """None where the units stand in a circle, or one is missing."""
        if unit_id not in self._known:
            # Whoever comes here again on the way up goes in a circle.
            self._known[unit_id] = None
            self._known[unit_id] = self._walked(unit_id)
        return self._known[unit_id]

    def _walked(self, unit_id: str) -> UnitChain | None:
        unit, on = self._units.get(unit_id), self._day.isoformat()
        ended = unit is None or (unit.valid_until is not None and unit.valid_until <= on)
        if unit is None or ended or unit.valid_from > on:
            try:
                return chain_on(self._session, unit_id, self._day)
            except ScheduleError:
                return None
        own = ChainUnit(unit.id, unit.name, Level(unit.level))
        if unit.parent_id is None:
            return UnitChain((own,))
        above = self.of(unit.parent_id)
        return UnitChain((own, *above.units)) if above else None


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
