"""Give bulletins a time and places; check before keeping; cancel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlmodel import Session

from audio_library.bulletin import Bulletin, State
from controller.errors import ControllerError
from controller.operations.asked_work import ask_for_plan
from controller.operations.ids import new_id
from controller.operations.publish_plans import Outlook, PlanRules, ZonePlan, look_ahead
from controller.operations.submit_bulletin import check_title
from controller.storage import bulletins, events, places, programmes, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from schedules.airtime import breaks
from schedules.cue_sheet import Refusal
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.recurrence import occurrences, require_future
from schedules.rundown import Lacking
from schedules.template import chosen_alone
from schedules.timing import Timing
from schedules.types import BulletinId, DurationMs, ProgrammeId, ZoneId, time_zone

MS_PER_CHARACTER = 67
"""eSpeak NG reads 4,886 characters of a spoken form in 327 s."""


class BreaksAirtimeLaw(ControllerError):
    """Nothing of the programme may air as planned; the sentences say which rule it breaks."""


class Repeat(StrEnum):
    """How often a slot airs."""

    ONCE = "once"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Slot:
    """When and where, as a person chose it; `quiet_ok` is the reason to air outside the law."""

    bulletin_ids: tuple[str, ...]
    zone_ids: tuple[str, ...]
    start_date: date
    wall_time: time
    kind: Repeat = Repeat.ONCE
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
    airs: bool
    """Something of it has a lawful time and a sound."""


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
            title=check_title(slot.title) or chosen[0].title,
            zone_ids=tuple(ZoneId(z) for z in dict.fromkeys(slot.zone_ids)),
            timing=_timing(slot, known[slot.zone_ids[0]].time_zone),
            template=chosen_alone(tuple(BulletinId(b) for b in slot.bulletin_ids)),
            rank=slot.rank,
            quiet_ok=check_title(slot.quiet_ok) or None,
        )
        require_future(programme, now)
        planned = programmes.Planned(
            programme, f"{programme.id}@loalang", 0, by, to_ms(now), by, to_ms(now)
        )
        programmes.add(session, planned)
        session.flush()
        outlook = look_ahead(session, rules, now)
        mine = [_only(programme.id, outlook.plans[z]) for z in programme.zone_ids]
        scheduled = _scheduled(planned, outlook)
        if scheduled.refusals and not any(plan.cues for plan in mine):
            raise _breaks_law([(r.vi, r.en) for r in scheduled.refusals])
        if not scheduled.refusals and not any(plan.cues for plan in mine):
            _refuse_unlawful_start(session, outlook, programme, chosen, now)
        ask_for_plan(session, now)
        events.tell(session, "programme", {"id": programme.id, "state": "planned"}, to_ms(now))
    return scheduled


def show_programmes(session: Session, rules: PlanRules, now: datetime) -> list[Scheduled]:
    """Every standing programme, oldest first, with all of it that will not air and why."""
    outlook = look_ahead(session, rules, now)
    return [_scheduled(planned, outlook) for planned in outlook.programmes.values()]


def _timing(slot: Slot, zone_name: str) -> Timing:
    return Timing(
        datetime.combine(slot.start_date, slot.wall_time),
        zone_name,
        rules=("FREQ=DAILY",) if slot.kind is Repeat.DAILY else (),
        valid_until=slot.until,
    )


def _scheduled(planned: programmes.Planned, outlook: Outlook) -> Scheduled:
    programme = planned.programme
    mine = [_only(programme.id, outlook.plans[z]) for z in programme.zone_ids]
    missing = dict.fromkeys(m for plan in mine for m in plan.missing)
    return Scheduled(
        planned,
        tuple(r for plan in mine for r in plan.refusals),
        tuple(m for m in missing if m.bulletin_id in planned.bulletin_ids),
        airs=any(plan.cues for plan in mine),
    )


def _refuse_unlawful_start(
    session: Session,
    outlook: Outlook,
    programme: Programme,
    chosen: Sequence[Bulletin],
    now: datetime,
) -> None:
    """While the speech is still being made, judge the start by the length that it should have."""
    if programme.quiet_ok is not None:
        return
    characters = sum(len(pin.spoken) for b in chosen for pin in b.pins)
    length = DurationMs(characters * MS_PER_CHARACTER)
    window = programme.timing.start.replace(tzinfo=UTC) - timedelta(days=1)
    first = occurrences(programme, max(now, window), max(now, window) + timedelta(days=3))
    broken = []
    for zone_id in programme.zone_ids:
        law = outlook.law_for(session.get_one(tables.Zone, zone_id).unit_id)
        tz = time_zone(programme.timing.time_zone)
        found = [b for o in first[:1] for b in breaks(law, o.start_utc.astimezone(tz), length)]
        if not found:
            return
        broken += [(b.vi, b.en) for b in found]
    raise _breaks_law(broken)


def cancel_programme(database: Database, programme_id: str, by: str, now: datetime) -> None:
    """Take a programme off every plan; what it aired stays on record."""
    with database.write() as session:
        programmes.cancel(session, programme_id, by, to_ms(now))
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


def _breaks_law(sentences: Sequence[tuple[str, str]]) -> BreaksAirtimeLaw:
    vi = list(dict.fromkeys(vi for vi, _ in sentences))
    en = list(dict.fromkeys(en for _, en in sentences))
    return BreaksAirtimeLaw(
        "breaks_airtime_law",
        " ".join(vi[:3]) + " Chưa lưu gì. Hãy chọn giờ khác, hoặc ghi lý do để vẫn phát.",
        " ".join(en[:3]) + " Nothing was kept. Choose another time, or give a reason to air it.",
    )
