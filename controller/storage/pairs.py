"""Many rows by two columns of a key in one statement."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlmodel import Session, col


def among(
    session: Session, first: Any, second: Any, pairs: Iterable[tuple[str, str]]
) -> ColumnElement[bool]:
    """True where the columns (`first`, `second`) are one of `pairs`; by index, however many."""
    key, wanted = tuple_(col(first), col(second)), [(a, b) for a, b in pairs]
    if session.get_bind().dialect.name == "postgresql":
        return key.in_(wanted)
    # SQLite reads the whole table for `(a, b) in (values …)`, but seeks for a subquery.
    pair = func.json_each(json.dumps(wanted)).table_valued("value").c.value
    return key.in_(select(func.json_extract(pair, "$[0]"), func.json_extract(pair, "$[1]")))
