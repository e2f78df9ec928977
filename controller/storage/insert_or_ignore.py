"""Core inserts in one statement a batch, on SQLite and PostgreSQL alike."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Row = dict[str, Any]


def insert_or_ignore(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert rows; one whose key exists is left as it was."""
    if rows:
        session.connection().execute(_insert(session, model).on_conflict_do_nothing(), rows)


def upsert(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert rows; one whose key exists is replaced."""
    if not rows:
        return
    statement = _insert(session, model)
    keys = [column.name for column in _table(model).primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changed), rows
    )


def _insert(session: Session, model: type[SQLModel]) -> "sqlite.Insert | postgresql.Insert":
    postgres = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(_table(model)) if postgres else sqlite.insert(_table(model))


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
