"""Lexicon entries and ways of speaking, by unit; the nearer unit has its way."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from controller.storage import tables
from controller.storage.library_tables import LexiconEntry, SpeechCustom


def units_above(session: Session, unit_id: str | None) -> tuple[str, ...]:
    """A unit and those above it, nearest first; None: the topmost units that still stand."""
    if unit_id is None:
        top = select(tables.Unit.id).where(
            col(tables.Unit.parent_id).is_(None), col(tables.Unit.valid_until).is_(None)
        )
        return tuple(session.exec(top.order_by(col(tables.Unit.id))))
    chain: list[str] = []
    step: str | None = unit_id
    while step is not None and step not in chain:
        chain.append(step)
        unit = session.get(tables.Unit, step)
        step = unit.parent_id if unit else None
    return tuple(chain)


def standing(session: Session, units: Sequence[str], kind: str) -> Sequence[LexiconEntry]:
    """Entries of these units that nobody removed, those of the first unit last."""
    query = select(LexiconEntry).where(
        col(LexiconEntry.unit_id).in_(units),
        LexiconEntry.kind == kind,
        col(LexiconEntry.removed_ms).is_(None),
    )
    found = session.exec(query.order_by(col(LexiconEntry.id))).all()
    return sorted(found, key=lambda entry: -units.index(entry.unit_id))


def ever(session: Session, unit_id: str) -> Sequence[LexiconEntry]:
    """Every entry of one unit, removed ones too, newest first."""
    query = select(LexiconEntry).where(LexiconEntry.unit_id == unit_id)
    return session.exec(query.order_by(col(LexiconEntry.id).desc())).all()


def customs(session: Session, units: Sequence[str]) -> Sequence[SpeechCustom]:
    """How these units said they want to be spoken to, in their order."""
    query = select(SpeechCustom).where(col(SpeechCustom.unit_id).in_(units))
    return sorted(session.exec(query).all(), key=lambda custom: units.index(custom.unit_id))
