"""Rules that a unit sets for itself and for all below it that have none of their own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlmodel import Session, col, select

from controller.storage import tables
from controller.storage.instants import to_utc
from controller.storage.schedule_tables import DayCalendarRule
from controller.storage.tables import Unit
from controller.storage.unit_chain import UnitChain

Rule = TypeVar("Rule", tables.AirtimeRule, DayCalendarRule)


class Whose(StrEnum):
    """Where a rule that holds for a unit comes from."""

    OWN = "own"
    INHERITED = "inherited"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """Which unit set a rule, and who did so when; None and "" for what nobody set."""

    whose: Whose
    unit_id: str | None = None
    unit_name: str = ""
    set_by: str = ""
    set_at: datetime | None = None


def nearest(
    session: Session, table: type[Rule], chain: UnitChain
) -> tuple[dict[str, object] | None, Source]:
    """The body of the nearest rule of these units, and its source; None where none has one."""
    own = {row.unit_id: row for row in _rules(session, table, chain.ids)}
    for unit in chain.units:
        row = own.get(unit.id)
        if row is not None:
            whose = Whose.OWN if unit is chain.units[0] else Whose.INHERITED
            at = to_utc(row.set_ms) if row.set_ms else None
            return row.body, Source(whose, unit.id, unit.name, row.set_by, at)
    return None, Source(Whose.DEFAULT)


@dataclass(frozen=True, slots=True)
class Governed:
    """Where a unit's rule is the nearest: zones by id; `own_below` names who has another."""

    zones: tuple[str, ...]
    own_below: tuple[str, ...]


def governed(session: Session, table: type[Rule], unit_id: str) -> Governed:
    """What a rule of the unit reaches, today or once the unit has followed another."""
    owners = set(session.exec(select(table.unit_id)))
    reached, edge, others = {unit_id}, {unit_id}, set[str]()
    while edge:
        below = set(session.exec(select(Unit.id).where(col(Unit.parent_id).in_(edge))))
        others |= below & owners
        edge = (below - owners | _followed(session, edge)) - reached
        reached |= edge
    zones = select(tables.Zone.id).where(col(tables.Zone.unit_id).in_(reached))
    names = select(Unit.name).where(col(Unit.id).in_(others), col(Unit.valid_until).is_(None))
    return Governed(
        tuple(session.exec(zones.order_by(col(tables.Zone.id)))),
        tuple(session.exec(names.order_by(col(Unit.name)))),
    )


def _rules(session: Session, table: type[Rule], unit_ids: Sequence[str]) -> Sequence[Rule]:
    return session.exec(select(table).where(col(table.unit_id).in_(unit_ids))).all()


def _followed(session: Session, heirs: Collection[str]) -> set[str]:
    """Units in whose place these stand or will stand; their own rules end with them."""
    named = session.exec(select(Unit.predecessors).where(col(Unit.id).in_(heirs)))
    return {each for predecessors in named for each in predecessors}
