"""How long things are kept, what would go now, and every deletion on record."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from controller.api.keeping_shapes import (
    KeepingIn,
    KeepingOut,
    PurgedOut,
    PurgeForm,
    PurgeOut,
    PurgePage,
)
from controller.doors import Given, Signed
from controller.operations.keeping import keeping_rules, purges, set_keeping
from controller.operations.purge import purge

at = APIRouter(tags=["keeping"])

LARGEST_ID = 1 << 53


@at.get("/keeping")
def get_keeping(given: Given, who: Signed) -> list[KeepingOut]:
    """How long each kind of thing is kept, and who chose it."""
    with given.database.read() as session:
        return [KeepingOut.of(rule) for rule in keeping_rules(session)]


@at.put("/keeping/{kind}")
def put_keeping(
    kind: Annotated[str, Path(max_length=40)], form: KeepingIn, given: Given, who: Signed
) -> KeepingOut:
    """Choose the period of a kind; approvals and emergencies take none."""
    return KeepingOut.of(set_keeping(given.database, kind, form.days, who.name, given.clock()))


@at.post("/keeping/purge")
def post_purge(form: PurgeForm, given: Given, who: Signed) -> PurgedOut:
    """Apply every rule now, or with `dry_run` only say what would go."""
    return PurgedOut.of(
        purge(given.database, given.shelves, given.clock(), by=who.name, dry_run=form.dry_run)
    )


@at.get("/purges")
def get_purges(
    given: Given,
    who: Signed,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> PurgePage:
    """Every deletion that was written down, newest first, in pages."""
    with given.database.read() as session:
        rows = purges(session, limit=limit + 1, before=before)
    page = [PurgeOut.of(row) for row in rows[:limit]]
    return PurgePage(purges=page, next_before=page[-1].id if len(rows) > limit else None)
