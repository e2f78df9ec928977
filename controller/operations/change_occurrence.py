"""Move, cancel or bring back one occurrence of a programme, or it and all that follow."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from controller.errors import ControllerError, NotFound
from controller.operations.conflicts import conflicts_of
from controller.operations.ids import new_id
from controller.operations.place_calendar import calendar_of
from controller.operations.programme_draft import Draft, draft_of
from controller.operations.save_programme import (
    Saved,
    cancel_programme,
    keep,
    load_to_change,
    save_programme,
    will_be,
)
from controller.operations.zone_inputs import PlanRules
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.programmes import Planned
from schedules.day_calendar import DayCalendar
from schedules.programme import Programme
from schedules.recurrence import Airing, expand
from schedules.split import before, following
from schedules.timing import Change, Timing
from schedules.types import DurationMs, time_zone, utc_instant, wall_instant

FURTHEST = timedelta(days=30)
"""Further than any run of holidays moves an occurrence."""


def move_occurrence(
    database: Database,
    programme_id: str,
    of: datetime,
    start: datetime,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    duration_ms: int | None = None,
    sequence: int | None = None,
) -> Saved:
    """Let the occurrence that the rules gave at `of` air at `start` (both wall times) instead.

    Raises ControllerError (no_such_occurrence, occurrence_past, changed_meanwhile) and what
    `save_programme` raises; then nothing is kept.
    """
    length = None if duration_ms is None else DurationMs(duration_ms)

    def moved(timing: Timing) -> Timing:
        _require_to_come(wall_instant(start, time_zone(timing.time_zone)), now)
        return _changed(timing, Change(of, start, length))

    return _change_one(database, programme_id, of, moved, "moved", by, now, rules, sequence)


def cancel_occurrence(
    database: Database,
    programme_id: str,
    of: datetime,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    sequence: int | None = None,
) -> Saved:
    """Let that one occurrence not air; raises as `move_occurrence` does."""

    def without(timing: Timing) -> Timing:
        return _changed(timing, Change(of, None))

    return _change_one(
        database, programme_id, of, without, "occurrence cancelled", by, now, rules, sequence
    )


def restore_occurrence(
    database: Database,
    programme_id: str,
    of: datetime,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    sequence: int | None = None,
) -> Saved:
    """Let that occurrence air as the rules say again; raises as `move_occurrence` does."""

    def as_it_was(timing: Timing) -> Timing:
        return replace(timing, changes=tuple(c for c in timing.changes if c.of != of))

    return _change_one(
        database, programme_id, of, as_it_was, "occurrence restored", by, now, rules, sequence
    )


def move_following(
    database: Database,
    programme_id: str,
    of: datetime,
    start: datetime,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    duration_ms: int | None = None,
    sequence: int | None = None,
) -> Saved:
    """Let that occurrence and all that follow air at other times, as far from theirs as `start`.

    The programme ends before it, and a new one with a UID of its own goes on; the first occurrence
    of all is the whole programme. Raises as `move_occurrence`; ControllerError (rules_name_days)
    where the rules themselves name weekdays or hours that `start` is not on.
    """
    with database.read() as session:
        planned, airing = _to_change(session, programme_id, of, now, sequence)
        calendar = _calendar(session, planned, now)
    _require_to_come(airing.start_utc, now)
    timing = following(planned.programme.timing, of, start, calendar)
    _require_named(timing, start, calendar)
    wanted = replace(draft_of(planned.programme), timing=timing)
    if duration_ms is not None:
        wanted = replace(wanted, duration_ms=duration_ms)
    return change_following(
        database, programme_id, of, wanted, by, now, rules, sequence=planned.sequence
    )


def change_following(
    database: Database,
    programme_id: str,
    of: datetime,
    draft: Draft,
    by: str,
    now: datetime,
    rules: PlanRules,
    *,
    sequence: int | None = None,
) -> Saved:
    """Put `draft` in the place of that occurrence and all that follow; raises as above."""
    with database.read() as session:
        planned, airing = _to_change(session, programme_id, of, now, sequence)
        _require_to_come(airing.start_utc, now)
        earlier = _ended_before(session, planned, of, now)
        if earlier is not None:
            ended = _by(planned, earlier, by, now)
            saved = will_be(session, draft, new_id(), by, now, rules, beside=ended)
    if earlier is None:
        return save_programme(
            database, draft, by, now, rules, programme_id=programme_id, sequence=planned.sequence
        )
    with database.write() as session:
        load_to_change(session, programme_id, planned.sequence)
        keep(session, ended, "ended", now)
        kept = keep(session, saved.planned, "created", now)
    with database.read() as session:
        return replace(
            saved, planned=kept, conflicts=conflicts_of(session, kept, rules, now), kept=True
        )


def cancel_following(
    database: Database,
    programme_id: str,
    of: datetime,
    by: str,
    now: datetime,
    *,
    sequence: int | None = None,
) -> Planned:
    """End the programme before that occurrence; if nothing was before it, cancel it."""
    with database.read() as session:
        planned, airing = _to_change(session, programme_id, of, now, sequence)
        _require_to_come(airing.start_utc, now)
        earlier = _ended_before(session, planned, of, now)
    if earlier is None:
        return cancel_programme(database, programme_id, by, now, sequence=planned.sequence)
    with database.write() as session:
        load_to_change(session, programme_id, planned.sequence)
        return keep(session, _by(planned, earlier, by, now), "ended", now)


def _change_one(
    database: Database,
    programme_id: str,
    of: datetime,
    change: Callable[[Timing], Timing],
    what: str,
    by: str,
    now: datetime,
    rules: PlanRules,
    sequence: int | None,
) -> Saved:
    with database.read() as session:
        planned, airing = _to_change(session, programme_id, of, now, sequence)
    _require_to_come(airing.start_utc, now)
    wanted = draft_of(planned.programme)
    return save_programme(
        database,
        replace(wanted, timing=change(wanted.timing)),
        by,
        now,
        rules,
        programme_id=programme_id,
        sequence=planned.sequence,
        what=what,
    )


def _to_change(
    session: Session, programme_id: str, of: datetime, now: datetime, sequence: int | None
) -> tuple[Planned, Airing]:
    """The programme, and the occurrence as it stands; a cancelled one as the rules gave it."""
    planned = load_to_change(session, programme_id, sequence)
    timing = planned.programme.timing
    calendar = _calendar(session, planned, now)
    changed = next((c for c in timing.changes if c.of == of), None)
    given = _airing(replace(timing, changes=()), of, calendar)
    if given is None:
        raise NotFound("lần phát", "occurrence", of.isoformat())
    if changed is None or changed.start is None:
        return planned, given
    return planned, replace(
        given, start_utc=wall_instant(changed.start, time_zone(timing.time_zone))
    )


def _airing(timing: Timing, of: datetime, calendar: DayCalendar) -> Airing | None:
    at = wall_instant(of, time_zone(timing.time_zone))
    near = expand(timing, at - timedelta(days=1), at + FURTHEST, calendar)
    return next((airing for airing in near if airing.recurrence_id == of), None)


def _changed(timing: Timing, change: Change) -> Timing:
    others = (c for c in timing.changes if c.of != change.of)
    return replace(timing, changes=tuple(sorted((*others, change), key=lambda c: c.of)))


def _ended_before(
    session: Session, planned: Planned, of: datetime, now: datetime
) -> Programme | None:
    programme = planned.programme
    timing = before(programme.timing, of, _calendar(session, planned, now))
    return None if timing is None else replace(programme, timing=timing)


def _calendar(session: Session, planned: Planned, now: datetime) -> DayCalendar:
    return calendar_of(session, planned.programme.zone_ids, now.date())


def _by(planned: Planned, programme: Programme, by: str, now: datetime) -> Planned:
    return replace(planned, programme=programme, changed_by=by, changed_ms=to_ms(now))


def _require_to_come(start: datetime, now: datetime) -> None:
    if start <= utc_instant(now):
        raise ControllerError(
            "occurrence_past",
            "Lần phát này đã qua giờ, không đổi được nữa. Hãy chọn một lần sắp tới.",
            "The time of this occurrence has passed; it cannot be changed. Choose one to come.",
        )


def _require_named(timing: Timing, start: datetime, calendar: DayCalendar) -> None:
    if _airing(timing, start, calendar) is None:
        raise ControllerError(
            "rules_name_days",
            "Luật lặp lại ghi rõ thứ, ngày hoặc giờ nên không dời được như vậy. "
            "Hãy sửa luật cho các lần sau; chưa lưu gì.",
            "Its rules name weekdays, dates or hours, so it cannot be moved like that. "
            "Give the following ones other rules; nothing was kept.",
        )
