"""Programmes from an iCalendar file: each event whole or not at all, and twice is once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from audio_library.errors import AudioLibraryError
from controller.errors import ControllerError
from controller.operations.calendar_events import Usual, draft_of_event
from controller.operations.find_village import Village, villages
from controller.operations.ids import new_id
from controller.operations.place_calendar import calendar_of
from controller.operations.programme_draft import check_draft
from controller.operations.prospect import prospects
from controller.operations.save_programme import keep
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import programmes
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.programmes import Planned
from schedules.calendar_file import MOST_STEPS, CalendarEvent, Unread, read_calendar
from schedules.errors import ScheduleError, TooMuchToReckon
from schedules.recurrence import require_future
from schedules.step_budget import within_steps

MOST_EVENTS = 1_000
"""Of one import: an office has some dozens of programmes."""


class Fate(StrEnum):
    """What becomes of an event."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Judged:
    """One event of the file: `vi` and `en` say why it was refused; `planned` is None then."""

    uid: str
    title: str
    fate: Fate
    vi: str = ""
    en: str = ""
    planned: Planned | None = None
    instead_of: int | None = None
    """Sequence of the version that it was compared with; None: there was none."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What the file held; `kept` False: it was only looked at."""

    events: tuple[Judged, ...]
    unread: tuple[Unread, ...]
    kept: bool

    def count(self, fate: Fate) -> int:
        """How many events met that fate."""
        return sum(each.fate is fate for each in self.events)


def import_calendar(
    database: Database,
    data: bytes,
    usual: Usual,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    check_only: bool = False,
    replace_newer: bool = False,
) -> Imported:
    """Keep what the file says that is new or newer; `replace_newer` also what is older than ours.

    An event whose UID is a programme's is its edit. Raises ScheduleError for a file that is no
    calendar or costs too much to reckon, ControllerError (too_many_events, changed_meanwhile);
    then nothing is kept.
    """
    read = read_calendar(data, rules.time_zone)
    if len(read.events) > MOST_EVENTS:
        raise ControllerError(
            "too_many_events",
            f"Tệp có {len(read.events)} sự kiện, mỗi lần nhập nhiều nhất {MOST_EVENTS}. "
            "Hãy chia tệp; chưa lưu gì.",
            f"The file has {len(read.events)} events, {MOST_EVENTS} at most are imported at a "
            "time. Split it; nothing was kept.",
        )
    with database.read() as session, within_steps(MOST_STEPS):
        known = villages(session)
        judged = [
            _judged(session, event, usual, known, by, now, rules, replace_newer)
            for event in read.events
        ]
        judged = _lawful(session, judged, rules, now)
    if not check_only:
        with database.write() as session:
            judged = [_kept(session, each, now) for each in judged]
    return Imported(tuple(judged), read.unread, kept=not check_only)


def _judged(
    session: Session,
    event: CalendarEvent,
    usual: Usual,
    known: list[Village],
    by: str,
    now: datetime,
    rules: PlanRules,
    replace_newer: bool,
) -> Judged:
    was = programmes.load_by_uid(session, event.uid)
    try:
        planned = _planned(session, event, usual, known, by, now, was)
        if was is not None and was.programme == planned.programme:
            return Judged(event.uid, planned.programme.title, Fate.UNCHANGED, planned=was)
        calendar = calendar_of(session, planned.programme.zone_ids, today(rules, now))
        require_future(planned.programme, now, calendar)
        if was is not None and not replace_newer:
            _require_newer(event, was)
    except TooMuchToReckon:
        raise
    except (ControllerError, ScheduleError, AudioLibraryError) as refusal:
        return Judged(event.uid, event.title, Fate.REFUSED, refusal.vi, refusal.en)
    fate = Fate.NEW if was is None else Fate.CHANGED
    instead_of = was.sequence if was else None
    return Judged(event.uid, planned.programme.title, fate, "", "", planned, instead_of)


def _planned(
    session: Session,
    event: CalendarEvent,
    usual: Usual,
    known: list[Village],
    by: str,
    now: datetime,
    was: Planned | None,
) -> Planned:
    at = to_ms(now)
    draft = draft_of_event(session, event, usual, known)
    programme_id = was.programme.id if was else new_id()
    programme = check_draft(session, draft, programme_id, was.programme if was else None)
    if was is None:
        return Planned(programme, event.uid, event.sequence, by, at, by, at)
    return replace(
        was,
        programme=programme,
        sequence=max(event.sequence, was.sequence),
        changed_by=by,
        changed_ms=at,
        cancelled_ms=None,
    )


def _require_newer(event: CalendarEvent, was: Planned) -> None:
    if was.cancelled_ms is not None:
        raise ControllerError(
            "cancelled",
            f"{was.changed_by} đã huỷ chương trình này ở đây; tệp không làm nó phát lại.",
            f"{was.changed_by} has cancelled this programme here; a file does not bring it back.",
        )
    if event.sequence < was.sequence:
        raise ControllerError(
            "older_than_ours",
            f"Bản trong tệp (SEQUENCE {event.sequence}) cũ hơn bản ở đây ({was.sequence}), do "
            f"{was.changed_by} sửa. Nếu vẫn muốn dùng tệp, hãy nhập lại với lựa chọn thay thế.",
            f"The file's version (SEQUENCE {event.sequence}) is older than ours ({was.sequence}), "
            f"which {was.changed_by} made. To use the file all the same, import it to replace.",
        )


def _lawful(
    session: Session, judged: Sequence[Judged], rules: PlanRules, now: datetime
) -> list[Judged]:
    """Refuse what the airtime law forbids altogether, all of them standing together."""
    coming = (Fate.NEW, Fate.CHANGED)
    wanted = [each.planned for each in judged if each.planned and each.fate in coming]
    found = prospects(session, wanted, rules, now) if wanted else {}
    lawful = []
    for each in judged:
        prospect = found.get(each.planned.programme.id) if each.planned else None
        why = prospect.objection() if prospect is not None else None
        refused = why and Judged(each.uid, each.title, Fate.REFUSED, why.vi, why.en)
        lawful.append(refused or each)
    return lawful


def _kept(session: Session, judged: Judged, now: datetime) -> Judged:
    planned = judged.planned
    if planned is None or judged.fate not in (Fate.NEW, Fate.CHANGED):
        return judged
    found = programmes.load_by_uid(session, planned.uid)
    if (found.sequence if found else None) != judged.instead_of:
        raise ControllerError(
            "changed_meanwhile",
            f"Có người vừa đổi chương trình «{planned.programme.title}». Chưa nhập gì; "
            "hãy nhập lại.",
            f"Somebody has just changed “{planned.programme.title}”. Nothing was imported; "
            "import it again.",
        )
    return replace(judged, planned=keep(session, planned, "imported", now))
