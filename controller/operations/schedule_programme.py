"""Give bulletins a time and places; check before keeping; cancel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from audio_library.bulletin import State
from controller.errors import ControllerError
from controller.operations.asked_work import ask_for_plan
from controller.operations.ids import new_id
from controller.operations.publish_plans import PlanRules, ZonePlan, look_ahead
from controller.storage import bulletins, events, places, programmes
from controller.storage.database import Database
from controller.storage.instants import to_ms
from schedules.cue_sheet import Refusal
from schedules.precedence import Rank
from schedules.programme import Programme, Recurrence
from schedules.recurrence import require_future
from schedules.rundown import Lacking
from schedules.types import ProgrammeId, ZoneId


class BreaksAirtimeLaw(ControllerError):
    """Nothing of the programme may air as planned; the sentences say which rule it breaks."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When and where, as a person chose it; `quiet_ok` is the reason to air outside the law."""

    bulletin_ids: tuple[str, ...]
    zone_ids: tuple[str, ...]
    start_date: date
    wall_time: time
    kind: Recurrence = Recurrence.ONCE
    until: date | None = None
    title: str = ""
    rank: Rank = Rank.PROGRAMME
    quiet_ok: str = ""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The programme that was kept, and all that will not air although it was chosen."""

    planned: programmes.Planned
    refusals: tuple[Refusal, ...]
    missing: tuple[Lacking, ...]


def schedule_programme(
    database: Database, slot: Slot, by: str, now: datetime, rules: PlanRules
) -> Scheduled:
    """Check a slot against law and readiness, keep it, and have the fleet planned.

    Raises `StartInPast`, `BreaksAirtimeLaw`, `NothingToAir`, `NotFound`; then nothing is kept.
    """
    with database.write() as session:
        chosen = [bulletins.load(session, b) for b in slot.bulletin_ids]
        known = places.zones(session)
        strangers = [z for z in slot.zone_ids if z not in known]
        if strangers or not slot.zone_ids:
            raise _no_such_zone(strangers)
        not_approved = [b for b in chosen if b.state is not State.APPROVED]
        if not_approved or not chosen:
            raise _not_approved([b.title for b in not_approved])
        programme = Programme(
            id=ProgrammeId(new_id()),
            title=slot.title or chosen[0].title,
            zone_ids=tuple(ZoneId(z) for z in dict.fromkeys(slot.zone_ids)),
            time_zone=known[slot.zone_ids[0]].time_zone,
            start_date=slot.start_date,
            wall_time=slot.wall_time,
            kind=slot.kind,
            until=slot.until,
            rank=slot.rank,
            quiet_ok=slot.quiet_ok.strip() or None,
        )
        require_future(programme, now)
        planned = programmes.Planned(programme, slot.bulletin_ids, by, to_ms(now))
        programmes.add(session, planned)
        session.flush()
        outlook = look_ahead(session, rules, now)
        mine = [_only(programme.id, outlook.plans[z]) for z in programme.zone_ids]
        refusals = tuple(r for plan in mine for r in plan.refusals)
        missing = tuple(dict.fromkeys(m for p in mine for m in p.missing))
        missing = tuple(m for m in missing if m.bulletin_id in slot.bulletin_ids)
        if refusals and not any(plan.cues for plan in mine):
            raise _breaks_law(refusals)
        ask_for_plan(session, now)
        events.tell(session, "programme", {"id": programme.id, "state": "planned"}, to_ms(now))
    return Scheduled(planned, refusals, missing)


def cancel_programme(database: Database, programme_id: str, now: datetime) -> None:
    """Take a programme off every plan; what it aired stays on record."""
    with database.write() as session:
        programmes.cancel(session, programme_id, to_ms(now))
        ask_for_plan(session, now)
        told: dict[str, object] = {"id": programme_id, "state": "cancelled"}
        events.tell(session, "programme", told, to_ms(now))


def _only(programme_id: str, plan: ZonePlan) -> ZonePlan:
    return ZonePlan(
        plan.zone,
        tuple(c for c in plan.cues if c.programme_id == programme_id),
        tuple(r for r in plan.refusals if r.occurrence.programme_id == programme_id),
        plan.missing,
    )


def _no_such_zone(zones: Sequence[str]) -> ControllerError:
    return ControllerError(
        "unknown_zone",
        f"Chưa chọn nơi phát, hoặc không có nơi này: {', '.join(zones) or '—'}.",
        f"No place was chosen, or there is none such: {', '.join(zones) or '—'}.",
    )


def _not_approved(titles: Sequence[str]) -> ControllerError:
    return ControllerError(
        "not_approved",
        f"Bản tin chưa được duyệt: {'; '.join(titles) or '—'}. Hãy duyệt rồi xếp lịch.",
        f"Not approved yet: {'; '.join(titles) or '—'}. Approve first, then schedule.",
    )


def _breaks_law(refusals: Sequence[Refusal]) -> BreaksAirtimeLaw:
    vi = list(dict.fromkeys(r.vi for r in refusals))
    en = list(dict.fromkeys(r.en for r in refusals))
    return BreaksAirtimeLaw(
        "breaks_airtime_law",
        " ".join(vi[:3]) + " Chưa lưu gì. Hãy chọn giờ khác, hoặc ghi lý do để vẫn phát.",
        " ".join(en[:3]) + " Nothing was kept. Choose another time, or give a reason to air it.",
    )
