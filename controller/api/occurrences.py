"""The single airings of a programme: seen, moved, cancelled, brought back; one, or all after it."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import NaiveDatetime

from controller.api.programme_shapes import (
    MoveIn,
    OccurrenceOut,
    ProgrammeEdit,
    ProgrammeOut,
    SavedOut,
)
from controller.api.programmes import draft_of_form
from controller.api.shapes import Instant
from controller.doors import Given, Signed
from controller.operations import change_occurrence as change
from controller.operations.place_calendar import calendar_of
from controller.operations.show_occurrences import show_occurrences
from controller.storage import programmes

at = APIRouter(tags=["programmes"], prefix="/programmes/{programme_id}/occurrences")

A_FORTNIGHT = timedelta(days=14)
Version = Annotated[int | None, Query(ge=0)]


@at.get("")
def get_occurrences(
    programme_id: str,
    given: Given,
    who: Signed,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[OccurrenceOut]:
    """Every airing from `since` (now) to `until` (a fortnight later), cancelled ones among them."""
    start: datetime = since or given.clock()
    with given.database.read() as session:
        programme = programmes.load(session, programme_id).programme
        calendar = calendar_of(session, programme.zone_ids, given.today())
    shown = show_occurrences(programme, start, until or start + A_FORTNIGHT, calendar)
    return [OccurrenceOut.of_shown(each) for each in shown]


@at.put("/{of}")
def put_occurrence(
    programme_id: str, of: NaiveDatetime, form: MoveIn, given: Given, who: Signed
) -> SavedOut:
    """Let this one air at another time, or for another length."""
    return SavedOut.of(
        change.move_occurrence(
            given.database,
            programme_id,
            of,
            form.start,
            who.name,
            given.clock(),
            given.rules,
            duration_ms=form.duration_ms,
            sequence=form.sequence,
        )
    )


@at.delete("/{of}")
def delete_occurrence(
    programme_id: str, of: NaiveDatetime, given: Given, who: Signed, sequence: Version = None
) -> SavedOut:
    """Let this one not air."""
    return SavedOut.of(
        change.cancel_occurrence(
            given.database,
            programme_id,
            of,
            who.name,
            given.clock(),
            given.rules,
            sequence=sequence,
        )
    )


@at.post("/{of}/restore")
def post_restored(
    programme_id: str, of: NaiveDatetime, given: Given, who: Signed, sequence: Version = None
) -> SavedOut:
    """Let this one air as the rules say again."""
    return SavedOut.of(
        change.restore_occurrence(
            given.database,
            programme_id,
            of,
            who.name,
            given.clock(),
            given.rules,
            sequence=sequence,
        )
    )


@at.post("/{of}/move-following")
def post_moved(
    programme_id: str, of: NaiveDatetime, form: MoveIn, given: Given, who: Signed
) -> SavedOut:
    """Let this one and all that follow air at other times: a new programme goes on from here."""
    return SavedOut.of(
        change.move_following(
            given.database,
            programme_id,
            of,
            form.start,
            who.name,
            given.clock(),
            given.rules,
            duration_ms=form.duration_ms,
            sequence=form.sequence,
        )
    )


@at.put("/{of}/following")
def put_following(
    programme_id: str, of: NaiveDatetime, form: ProgrammeEdit, given: Given, who: Signed
) -> SavedOut:
    """Put a whole programme in the place of this one and all that follow."""
    return SavedOut.of(
        change.change_following(
            given.database,
            programme_id,
            of,
            draft_of_form(form, given),
            who.name,
            given.clock(),
            given.rules,
            sequence=form.sequence,
        )
    )


@at.delete("/{of}/following")
def delete_following(
    programme_id: str, of: NaiveDatetime, given: Given, who: Signed, sequence: Version = None
) -> ProgrammeOut:
    """End the programme before this one."""
    return ProgrammeOut.of(
        change.cancel_following(
            given.database, programme_id, of, who.name, given.clock(), sequence=sequence
        )
    )
