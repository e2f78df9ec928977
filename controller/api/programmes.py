"""Programmes: when and where approved bulletins air."""

from fastapi import APIRouter

from controller.api.shapes import LackOut, ProgrammeIn, ProgrammeOut, Refused, VillageOut
from controller.doors import Given, Signed
from controller.errors import ControllerError
from controller.operations.find_village import find_village, villages
from controller.operations.schedule_programme import (
    Repeat,
    Scheduled,
    Slot,
    cancel_programme,
    schedule_programme,
    show_programmes,
)
from schedules.precedence import Rank

at = APIRouter(tags=["programmes"])


@at.get("/villages")
def get_villages(given: Given, who: Signed) -> list[VillageOut]:
    """Every village."""
    with given.database.read() as session:
        return [
            VillageOut(id=v.id, name=v.name, commune=v.commune, path=v.path)
            for v in villages(session)
        ]


@at.get("/programmes")
def get_programmes(given: Given, who: Signed) -> list[ProgrammeOut]:
    """Every programme that is not cancelled, newest first."""
    with given.database.read() as session:
        shown = show_programmes(session, given.rules, given.clock())
    return [_out(scheduled) for scheduled in reversed(shown)]


@at.post("/programmes", status_code=201)
def post_programme(form: ProgrammeIn, given: Given, who: Signed) -> ProgrammeOut:
    """Check a time and places against the airtime law, keep them, and have boxes told."""
    with given.database.read() as session:
        chosen = [find_village(session, asked) for asked in form.villages]
    deaf = [v.path for v in chosen if not v.zone_ids]
    if deaf:
        raise ControllerError(
            "no_cluster",
            f"Làng chưa có cụm loa: {'; '.join(deaf)}.",
            f"No loudspeaker is heard in: {'; '.join(deaf)}.",
        )
    slot = Slot(
        bulletin_ids=tuple(form.bulletins),
        zone_ids=tuple(dict.fromkeys(z for v in chosen for z in v.zone_ids)),
        start_date=form.start_date,
        wall_time=form.wall_time,
        kind=form.kind,
        until=form.until,
        title=form.title,
        rank=Rank.PRIORITY if form.priority else Rank.PROGRAMME,
        quiet_ok=form.quiet_ok,
    )
    return _out(schedule_programme(given.database, slot, who.name, given.clock(), given.rules))


@at.delete("/programmes/{programme_id}", status_code=204)
def delete_programme(programme_id: str, given: Given, who: Signed) -> None:
    """Take it off every plan; what it aired stays on record."""
    cancel_programme(given.database, programme_id, who.name, given.clock())


def _out(scheduled: Scheduled) -> ProgrammeOut:
    p = scheduled.planned.programme
    when = p.timing
    return ProgrammeOut(
        id=p.id,
        title=p.title,
        kind=Repeat.DAILY if when.recurs else Repeat.ONCE,
        start_date=when.start.date(),
        wall_time=when.start.time(),
        until=when.valid_until,
        time_zone=when.time_zone,
        bulletins=list(scheduled.planned.bulletin_ids),
        zones=list(p.zone_ids),
        created_by=scheduled.planned.created_by,
        refused=[
            Refused(code=r.reasons[0].code, vi=r.vi, en=r.en) for r in scheduled.refusals[:20]
        ],
        missing=[LackOut(bulletin=m.bulletin_id, language=m.language) for m in scheduled.missing],
    )
