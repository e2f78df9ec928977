"""Units of administration at their dates: provinces, communes, villages, and who belongs to whom.

A merger ends units and begins new ones; history keeps its names, its codes and its tree.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from schedules.errors import (
    BadAreaCode,
    DuplicateUnit,
    DuplicateUnitCode,
    NonexistentWindow,
    UnitCycle,
    UnitOutsideParent,
    UnknownUnit,
)
from schedules.types import AreaCode, UnitId


class Level(StrEnum):
    PROVINCE = "province"
    COMMUNE = "commune"
    VILLAGE = "village"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, valid from `valid_from` up to but not on `valid_until` (None: still valid)."""

    id: UnitId
    name: str
    level: Level
    code: AreaCode | None
    parent: UnitId | None
    valid_from: date
    valid_until: date | None = None
    predecessors: tuple[UnitId, ...] = ()

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise NonexistentWindow(self.valid_from, self.valid_until)
        # The official register gives provinces two digits and communes five.
        digits = "[0-9]{2}|[0-9]{5}" if self.level is Level.PROVINCE else "[0-9]{5}"
        if self.code is not None and not re.fullmatch(digits, self.code):
            raise BadAreaCode(self.name, self.code)

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


class AreaTree:
    """Units with their parents; refuses cycles, shared codes and children that outlive a parent."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = tuple(units)
        self._by_id = _indexed(self.units)
        _refuse_strays(self.units, self._by_id)
        _refuse_cycles(self.units, self._by_id)
        _refuse_shared_codes(self.units)
        self._children: defaultdict[UnitId, list[Unit]] = defaultdict(list)
        for unit in self.units:
            if unit.parent is not None:
                self._children[unit.parent].append(unit)

    def unit(self, unit_id: UnitId) -> Unit:
        """The unit of that id; UnknownUnit if the tree has none."""
        try:
            return self._by_id[unit_id]
        except KeyError:
            raise UnknownUnit(unit_id) from None

    def at(self, day: date) -> "AreaTree":
        """The tree as it stood on that day."""
        return AreaTree(unit for unit in self.units if unit.valid_on(day))

    def ancestors(self, unit_id: UnitId) -> tuple[Unit, ...]:
        """The units above, nearest first, without the unit itself."""
        above = []
        parent = self.unit(unit_id).parent
        while parent is not None:
            above.append(self._by_id[parent])
            parent = above[-1].parent
        return tuple(above)

    def descendants(self, unit_id: UnitId) -> tuple[Unit, ...]:
        """The units below, each before its own children, without the unit itself."""
        below: list[Unit] = []
        waiting = self._children_of(self.unit(unit_id))
        while waiting:
            below.append(waiting.pop())
            waiting.extend(self._children_of(below[-1]))
        return tuple(below)

    def path_name(self, unit_id: UnitId) -> str:
        """The name as an address, smallest unit first: `Kon Đao, Đăk Hà, Quảng Ngãi`."""
        return ", ".join(unit.name for unit in (self.unit(unit_id), *self.ancestors(unit_id)))

    def _children_of(self, unit: Unit) -> list[Unit]:
        return self._children.get(unit.id, [])[::-1]


def _indexed(units: Sequence[Unit]) -> dict[UnitId, Unit]:
    by_id: dict[UnitId, Unit] = {}
    for unit in units:
        if by_id.setdefault(unit.id, unit) is not unit:
            raise DuplicateUnit(unit.id)
    return by_id


def _refuse_strays(units: Sequence[Unit], by_id: dict[UnitId, Unit]) -> None:
    for unit in units:
        if unit.parent is None:
            continue
        if unit.parent not in by_id:
            raise UnknownUnit(unit.parent)
        parent = by_id[unit.parent]
        outlives = parent.valid_until is not None and (
            unit.valid_until is None or parent.valid_until < unit.valid_until
        )
        if unit.valid_from < parent.valid_from or outlives:
            raise UnitOutsideParent(unit.name, parent.name)


def _refuse_cycles(units: Sequence[Unit], by_id: dict[UnitId, Unit]) -> None:
    rooted: set[UnitId] = set()
    for unit in units:
        path: dict[UnitId, Unit] = {}
        step = unit
        while step.id not in rooted:
            if step.id in path:
                circle = [*path.values()][[*path].index(step.id) :]
                raise UnitCycle([each.name for each in (*circle, step)])
            path[step.id] = step
            if step.parent is None:
                break
            step = by_id[step.parent]
        rooted.update(path)


def _refuse_shared_codes(units: Sequence[Unit]) -> None:
    holders: defaultdict[AreaCode, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.code is not None:
            holders[unit.code].append(unit)
    for code, sharing in holders.items():
        for earlier, newer in pairwise(sorted(sharing, key=lambda unit: unit.valid_from)):
            if earlier.valid_on(newer.valid_from):
                raise DuplicateUnitCode(code, [earlier.name, newer.name])
