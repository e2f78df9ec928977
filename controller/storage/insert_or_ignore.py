"""Core inserts in one statement a batch, on SQLite and PostgreSQL alike."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Row = dict[str, Any]
Insert = sqlite.Insert | postgresql.Insert


def insert_or_ignore(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert rows; one whose key exists is left as it was."""
    if rows:
        session.connection().execute(_ignoring(model, _dialect(session)), rows)


def upsert(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert rows of all columns; one whose key exists is replaced."""
    if rows:
        session.connection().execute(_replacing(model, _dialect(session)), rows)


def inserting(session: Session, model: type[SQLModel]) -> Insert:
    """An insert whose conflicts the caller settles."""
    return _insert(model, _dialect(session))


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


# Made once: building the statement costs more than ten rows.
@cache
def _ignoring(model: type[SQLModel], dialect: str) -> Insert:
    return _insert(model, dialect).on_conflict_do_nothing()


@cache
def _replacing(model: type[SQLModel], dialect: str) -> Insert:
    statement, columns = _insert(model, dialect), _table(model).columns
    changed = {c.name: statement.excluded[c.name] for c in columns if not c.primary_key}
    keys = [c.name for c in columns if c.primary_key]
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _insert(model: type[SQLModel], dialect: str) -> Insert:
    table = _table(model)
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
