"""Programmes: when and where what airs; changed, cancelled, and brought back."""

from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.programme_shapes import (
    CheckIn,
    ProgrammeEdit,
    ProgrammeIn,
    ProgrammeOut,
    RestoreIn,
    SavedOut,
    SlotIn,
    VersionOut,
)
from controller.api.shapes import Short, VillageOut
from controller.doors import Given, Signed
from controller.operations.find_village import villages
from controller.operations.programme_draft import Draft
from controller.operations.save_programme import (
    cancel_programme,
    restore_version,
    save_programme,
)
from controller.operations.schedule_programme import Slot, schedule_programme
from controller.operations.services import Services
from controller.operations.show_programmes import show_programme, show_programmes
from controller.operations.zones_meant import zones_meant
from controller.storage import programmes
from schedules.precedence import Rank

at = APIRouter(tags=["programmes"])

Version = Annotated[int | None, Query(ge=0)]


@at.get("/villages")
def get_villages(given: Given, who: Signed) -> list[VillageOut]:
    """Every village."""
    with given.database.read() as session:
        return [
            VillageOut(id=v.id, name=v.name, commune=v.commune, path=v.path)
            for v in villages(session)
        ]


@at.get("/programmes")
def get_programmes(given: Given, who: Signed, unit: Short = "") -> list[ProgrammeOut]:
    """Every programme that is not cancelled, newest first; with `unit` those heard below it."""
    with given.database.read() as session:
        shown = show_programmes(session, given.rules, given.clock(), unit=unit or None)
    return [ProgrammeOut.of(each.planned, each.prospect) for each in reversed(shown)]


@at.post("/programmes", status_code=201)
def post_programme(form: SlotIn, given: Given, who: Signed) -> ProgrammeOut:
    """Plan approved bulletins for villages, once or every day.

    Checked against the airtime law, kept, and boxes are told. For anything else a programme can
    be, see `/programmes/whole`.
    """
    with given.database.read() as session:
        zone_ids = zones_meant(session, villages=form.villages)
    slot = Slot(
        bulletin_ids=tuple(form.bulletins),
        zone_ids=zone_ids,
        start_date=form.start_date,
        wall_time=form.wall_time,
        kind=form.kind,
        until=form.until,
        title=form.title,
        rank=Rank.PRIORITY if form.priority else Rank.PROGRAMME,
        quiet_ok=form.quiet_ok,
    )
    saved = schedule_programme(given.database, slot, who.name, given.clock(), given.rules)
    return ProgrammeOut.of(saved.planned, saved.prospect)


@at.post("/programmes/whole", status_code=201)
def post_whole(form: ProgrammeIn, given: Given, who: Signed) -> SavedOut:
    """Make a programme of any kind: rules, âm lịch, seasons, a template of items."""
    wanted = draft_of_form(form, given)
    saved = save_programme(given.database, wanted, who.name, given.clock(), given.rules)
    return SavedOut.of(saved)


@at.post("/programmes/check")
def post_check(form: CheckIn, given: Given, who: Signed) -> SavedOut:
    """What would become of a programme: it is looked at and nothing is kept."""
    return SavedOut.of(
        save_programme(
            given.database,
            draft_of_form(form, given),
            who.name,
            given.clock(),
            given.rules,
            programme_id=form.programme,
            check_only=True,
        )
    )


@at.get("/programmes/{programme_id}")
def get_programme(programme_id: str, given: Given, who: Signed) -> ProgrammeOut:
    """One programme, also a cancelled one."""
    with given.database.read() as session:
        shown = show_programme(session, programme_id, given.rules, given.clock())
    return ProgrammeOut.of(shown.planned, shown.prospect)


@at.put("/programmes/{programme_id}")
def put_programme(programme_id: str, form: ProgrammeEdit, given: Given, who: Signed) -> SavedOut:
    """Make it what the body says; refused with who was first if another changed it since."""
    return SavedOut.of(
        save_programme(
            given.database,
            draft_of_form(form, given),
            who.name,
            given.clock(),
            given.rules,
            programme_id=programme_id,
            sequence=form.sequence,
        )
    )


@at.delete("/programmes/{programme_id}", status_code=204)
def delete_programme(
    programme_id: str, given: Given, who: Signed, sequence: Version = None
) -> None:
    """Take it off every plan; what it aired stays on record."""
    cancel_programme(given.database, programme_id, who.name, given.clock(), sequence=sequence)


@at.get("/programmes/{programme_id}/versions")
def get_versions(programme_id: str, given: Given, who: Signed) -> list[VersionOut]:
    """All that it ever was, newest first, with who changed it when."""
    with given.database.read() as session:
        programmes.load(session, programme_id)
        found = programmes.versions(session, programme_id)
    return [VersionOut.of(version) for version in reversed(found)]


@at.post("/programmes/{programme_id}/restore")
def post_restore(programme_id: str, form: RestoreIn, given: Given, who: Signed) -> SavedOut:
    """Undo: make it what it was in that version, as a new version; also a cancelled one."""
    return SavedOut.of(
        restore_version(
            given.database, programme_id, form.sequence, who.name, given.clock(), given.rules
        )
    )


def draft_of_form(form: ProgrammeIn, given: Services) -> Draft:
    """What a form asks for. Raises what `zones_meant` raises."""
    with given.database.read() as session:
        zone_ids = zones_meant(session, form.villages, form.units)
    return form.draft((*form.zones, *zone_ids), given.rules.time_zone)
