"""Make, change, cancel and bring back programmes: checked first, then kept in one short step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from controller.errors import BreaksAirtimeLaw, ControllerError
from controller.operations.airtime_law import tell_broken
from controller.operations.asked_work import ask_for_plan
from controller.operations.conflicts import conflicts_of
from controller.operations.ids import new_id
from controller.operations.place_calendar import calendar_of
from controller.operations.programme_draft import Draft, check_draft, draft_of
from controller.operations.prospect import Prospect, Silent, prospects
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import events, programmes
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.programmes import Planned
from schedules.conflicts import Conflict
from schedules.programme import Programme
from schedules.recurrence import require_future
from schedules.rundown import Lacking


@dataclass(frozen=True, slots=True)
class Saved:
    """A programme as it is kept, or would be, and all that is to be known about it."""

    planned: Planned
    prospect: Prospect
    conflicts: tuple[Conflict, ...] = ()
    kept: bool = False
    """It was kept now; False: it was only looked at, or nothing was to be changed."""

    @property
    def refusals(self) -> tuple[Silent, ...]:
        """Items that do not air, each with the reason."""
        return self.prospect.refusals

    @property
    def left_out(self) -> tuple[Silent, ...]:
        """What does not fit into its sessions."""
        return self.prospect.left_out

    @property
    def missing(self) -> tuple[Lacking, ...]:
        """Languages in which something cannot be heard yet."""
        return self.prospect.missing

    @property
    def airs(self) -> bool:
        """Something of it has a lawful time and a sound."""
        return self.prospect.airs


def save_programme(
    database: Database,
    draft: Draft,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    programme_id: str | None = None,
    sequence: int | None = None,
    check_only: bool = False,
    what: str = "",
) -> Saved:
    """Check a programme, keep it as a new one or as the next version, and have its zones planned.

    `sequence` is that of the version which the person saw; None: whichever stands. `what` names
    the change in the list of versions. Raises `StartInPast`, `BreaksAirtimeLaw`, `NotFound`, and
    ControllerError (changed_meanwhile, cancelled, and those of `check_draft`); then nothing is
    kept.
    """
    with database.read() as session:
        was = load_to_change(session, programme_id, sequence) if programme_id else None
        saved = will_be(session, draft, programme_id or new_id(), by, now, rules, was=was)
    if check_only or (was is not None and was.programme == saved.planned.programme):
        return saved
    with database.write() as session:
        if was is not None:
            load_to_change(session, was.programme.id, was.sequence)
        planned = keep(session, saved.planned, what or ("changed" if was else "created"), now)
        _tell_excused(session, planned, saved.prospect, now)
    return replace(saved, planned=planned, kept=True)


def will_be(
    session: Session,
    draft: Draft,
    programme_id: str,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    was: Planned | None = None,
    beside: Planned | None = None,
) -> Saved:
    """What would be kept under that id, in the place of `was`; raises as `save_programme`.

    `beside` is another one that is to change with it: conflicts are looked for when both are kept.
    """
    programme = check_draft(session, draft, programme_id, was.programme if was else None)
    calendar = calendar_of(session, programme.zone_ids, today(rules, now))
    require_future(programme, now, calendar)
    planned = _planned(programme, by, now, was)
    others = () if beside is None else (beside,)
    prospect = prospects(session, [planned], rules, now, beside=others)[programme.id]
    if (objection := prospect.objection()) is not None:
        raise _with_free_time(objection, conflicts_of(session, planned, rules, now))
    met = conflicts_of(session, planned, rules, now) if beside is None else ()
    return Saved(planned, prospect, met)


def load_to_change(session: Session, programme_id: str, sequence: int | None) -> Planned:
    """A programme that stands, in the version that a person saw (None: whichever stands).

    Raises `NotFound`, ControllerError (changed_meanwhile, cancelled).
    """
    planned = programmes.load(session, programme_id)
    if sequence is not None and planned.sequence != sequence:
        raise _changed_meanwhile(planned)
    if planned.cancelled_ms is not None:
        raise ControllerError(
            "cancelled",
            f"{planned.changed_by} đã huỷ chương trình «{planned.programme.title}». "
            "Hãy khôi phục một phiên bản trước khi sửa; chưa lưu gì.",
            f"{planned.changed_by} has cancelled “{planned.programme.title}”. "
            "Bring a version back before changing it; nothing was kept.",
        )
    return planned


def keep(session: Session, planned: Planned, what: str, now: datetime) -> Planned:
    """Keep a checked programme, tell screens, and have all zones planned that it leaves or enters.

    A programme of an id that is not known yet is a new one.
    """
    zones = set(planned.programme.zone_ids)
    kept = planned
    old = programmes.find(session, planned.programme.id)
    if old is None:
        programmes.add(session, planned, what)
    else:
        zones |= set(old.programme.zone_ids)
        kept = programmes.replace_with(session, planned, what)
    ask_for_plan(session, now, sorted(zones))
    _tell(session, kept, what, now)
    return kept


def cancel_programme(
    database: Database,
    programme_id: str,
    by: str,
    now: datetime,
    *,
    sequence: int | None = None,
) -> Planned:
    """Take a programme off every plan; what it aired stays on record. Twice is once.

    Raises `NotFound`, ControllerError (changed_meanwhile).
    """
    with database.write() as session:
        planned = programmes.load(session, programme_id)
        if planned.cancelled_ms is not None:
            return planned
        if sequence is not None and planned.sequence != sequence:
            raise _changed_meanwhile(planned)
        at = to_ms(now)
        gone = replace(planned, changed_by=by, changed_ms=at, cancelled_ms=at)
        return keep(session, gone, "cancelled", now)


def restore_version(
    database: Database,
    programme_id: str,
    sequence: int,
    by: str,
    now: datetime,
    rules: PlanRules,
) -> Saved:
    """Make a programme what it was in that version, as a new version; also a cancelled one.

    Raises as `save_programme`.
    """
    with database.read() as session:
        was = programmes.load(session, programme_id)
        wanted = programmes.programme_of(programmes.version(session, programme_id, sequence))
        saved = will_be(session, draft_of(wanted), programme_id, by, now, rules, was=was)
    if was.programme == saved.planned.programme and was.cancelled_ms is None:
        return saved
    with database.write() as session:
        if programmes.load(session, programme_id).sequence != was.sequence:
            raise _changed_meanwhile(programmes.load(session, programme_id))
        planned = keep(session, saved.planned, f"restored {sequence}", now)
        _tell_excused(session, planned, saved.prospect, now)
    return replace(saved, planned=planned, kept=True)


def _with_free_time(objection: BreaksAirtimeLaw, met: Sequence[Conflict]) -> BreaksAirtimeLaw:
    """The same, with the nearest time at which all of it would air, if there is one."""
    start = next((each.mend.start for each in met if each.mend.start is not None), None)
    if start is None:
        return objection
    return BreaksAirtimeLaw(
        objection.code,
        f"{objection.vi} Giờ còn trống gần nhất: {start:%H:%M}.",
        f"{objection.en} The nearest free time: {start:%H:%M}.",
    )


def _planned(programme: Programme, by: str, now: datetime, was: Planned | None) -> Planned:
    at = to_ms(now)
    if was is None:
        return Planned(programme, f"{programme.id}@loalang", 0, by, at, by, at)
    return replace(was, programme=programme, changed_by=by, changed_ms=at, cancelled_ms=None)


def _tell(session: Session, planned: Planned, what: str, now: datetime) -> None:
    state = "cancelled" if planned.cancelled_ms is not None else "planned"
    told: dict[str, object] = {
        "id": planned.programme.id,
        "state": state,
        "what": what,
        "by": planned.changed_by,
        "sequence": planned.sequence,
    }
    events.tell(session, "programme", told, to_ms(now))


def _tell_excused(session: Session, planned: Planned, prospect: Prospect, now: datetime) -> None:
    """Log what an emergency, or a programme with a reason, breaks of the airtime law."""
    programme = planned.programme
    if programme.is_excused:
        breaches = {breach.code: breach for breach in prospect.flags}.values()
        why = programme.quiet_ok or programme.rank.name.lower()
        tell_broken(session, "programme", programme.id, breaches, planned.changed_by, why, now)


def _changed_meanwhile(planned: Planned) -> ControllerError:
    zone = ZoneInfo(planned.programme.timing.time_zone)
    at = f"{to_utc(planned.changed_ms).astimezone(zone):%H:%M %d/%m/%Y}"
    return ControllerError(
        "changed_meanwhile",
        f"{planned.changed_by} đã đổi chương trình «{planned.programme.title}» lúc {at}. "
        "Chưa lưu gì của bạn; hãy mở lại rồi sửa.",
        f"{planned.changed_by} changed “{planned.programme.title}” at {at}. "
        "Nothing of yours was kept; open it again and change it then.",
    )
