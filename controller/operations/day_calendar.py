"""The day calendar of a unit: seasons, swap days and holidays of its own, and what holds there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import ask_for_plan
from controller.operations.unit_rules import Governed, Source, governed, nearest
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import DayCalendarRule, Programme, ProgrammeZone
from controller.storage.unit_chain import chain_on
from schedules.day_calendar import DayCalendar, Swap
from schedules.holidays import DEFAULT_CALENDAR, holiday_name, is_working_day
from schedules.lunar import LunarDay, lunar_day


@dataclass(frozen=True, slots=True)
class HeldCalendar:
    """The day calendar that holds in a unit, and where it comes from."""

    unit_id: str
    calendar: DayCalendar
    source: Source


@dataclass(frozen=True, slots=True)
class SetCalendar:
    """What holds now; `own_below` are units that it does not reach, having their own."""

    held: HeldCalendar
    own_below: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A day off, or a weekend on which people work; `vi` and `en` are "" for the latter."""

    day: date
    lunar: LunarDay
    working: bool
    vi: str
    en: str


def show_calendar(session: Session, unit_id: str, rules: PlanRules, now: datetime) -> HeldCalendar:
    """Raises `UnknownUnit`, `UnitCycle`."""
    chain = chain_on(session, unit_id, today(rules, now))
    body, source = nearest(session, DayCalendarRule, chain)
    calendar = DEFAULT_CALENDAR if body is None else places.calendar_from(body)
    return HeldCalendar(unit_id, calendar, source)


def named_days(calendar: DayCalendar, year: int) -> tuple[NamedDay, ...]:
    """The days of a year on which a programme may be treated otherwise, in order."""
    found = []
    for passed in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
        day = date(year, 1, 1) + timedelta(days=passed)
        name, works = holiday_name(day, calendar), is_working_day(day, calendar)
        if name is not None or (works and day.isoweekday() > 5):
            vi, en = name or ("", "")
            found.append(NamedDay(day, lunar_day(day), works, vi, en))
    return tuple(found)


def set_calendar(
    database: Database,
    unit_id: str,
    calendar: DayCalendar,
    by: str,
    now: datetime,
    rules: PlanRules,
) -> SetCalendar:
    """Keep a unit's own calendar and have the zones planned in which it holds.

    Raises `NotFound`; ControllerError (season_in_use) where a programme needs a season that goes.
    """
    with database.write() as session:
        return _keep(session, unit_id, calendar, by, now, rules)


def swap_day(
    database: Database, unit_id: str, swap: Swap, by: str, now: datetime, rules: PlanRules
) -> SetCalendar:
    """Make a date a day off or a working day there; an older swap of that date goes.

    A unit without a calendar of its own takes over the one that held until now. Raises `NotFound`.
    """
    with database.write() as session:
        calendar = _held(session, unit_id, rules, now)
        others = [each for each in calendar.swaps if each.day != swap.day]
        swaps = tuple(sorted((*others, swap), key=lambda each: each.day))
        return _keep(session, unit_id, replace(calendar, swaps=swaps), by, now, rules)


def take_back_swap(
    database: Database, unit_id: str, day: date, by: str, now: datetime, rules: PlanRules
) -> SetCalendar:
    """Let a date be again what the nation makes of it. Raises `NotFound`."""
    with database.write() as session:
        calendar = _held(session, unit_id, rules, now)
        swaps = tuple(each for each in calendar.swaps if each.day != day)
        if swaps == calendar.swaps:
            raise NotFound("ngày hoán đổi", "swapped day", day.isoformat())
        return _keep(session, unit_id, replace(calendar, swaps=swaps), by, now, rules)


def drop_calendar(
    database: Database, unit_id: str, by: str, now: datetime, rules: PlanRules
) -> SetCalendar:
    """Let the calendar of the units above hold again.

    Raises ControllerError: no_own_rule, season_in_use.
    """
    with database.write() as session:
        own = session.get(DayCalendarRule, unit_id)
        if own is None:
            raise ControllerError(
                "no_own_rule",
                "Đơn vị này không có lịch ngày nghỉ riêng, đang theo cấp trên. "
                "Không có gì thay đổi.",
                "This unit has no day calendar of its own; that of the unit above holds. "
                "Nothing was changed.",
            )
        reached = governed(session, DayCalendarRule, unit_id)
        session.delete(own)
        session.flush()
        return _told(session, unit_id, reached, by, now, rules)


def _held(session: Session, unit_id: str, rules: PlanRules, now: datetime) -> DayCalendar:
    _refuse_stranger(session, unit_id)
    return show_calendar(session, unit_id, rules, now).calendar


def _keep(
    session: Session,
    unit_id: str,
    calendar: DayCalendar,
    by: str,
    now: datetime,
    rules: PlanRules,
) -> SetCalendar:
    _refuse_stranger(session, unit_id)
    body = places.calendar_body(calendar)
    session.merge(DayCalendarRule(unit_id=unit_id, body=body, set_by=by, set_ms=to_ms(now)))
    session.flush()
    reached = governed(session, DayCalendarRule, unit_id)
    return _told(session, unit_id, reached, by, now, rules)


def _told(
    session: Session, unit_id: str, reached: Governed, by: str, now: datetime, rules: PlanRules
) -> SetCalendar:
    held = show_calendar(session, unit_id, rules, now)
    _refuse_lost_seasons(session, held.calendar, reached.zones)
    ask_for_plan(session, now, reached.zones)
    told: dict[str, object] = {"unit": unit_id, "by": by}
    events.tell(session, "day_calendar", told, to_ms(now))
    return SetCalendar(held, reached.own_below)


def _refuse_stranger(session: Session, unit_id: str) -> None:
    if session.get(tables.Unit, unit_id) is None:
        raise NotFound("đơn vị", "unit", unit_id)


def _refuse_lost_seasons(session: Session, calendar: DayCalendar, zone_ids: Sequence[str]) -> None:
    """No standing programme of these zones may be left with a season that does not exist."""
    known = {season.name for season in calendar.seasons}
    here = select(ProgrammeZone.programme_id).where(col(ProgrammeZone.zone_id).in_(zone_ids))
    standing = select(Programme.title, Programme.timing).where(
        col(Programme.cancelled_ms).is_(None), col(Programme.id).in_(here)
    )
    for title, timing in session.exec(standing.order_by(Programme.title)):
        wanted = timing.get("seasons")
        lost = [name for name in wanted if name not in known] if isinstance(wanted, list) else []
        if lost:
            raise ControllerError(
                "season_in_use",
                f"Chương trình «{title}» phát theo mùa “{lost[0]}”, mà lịch mới không có mùa này. "
                "Chưa lưu gì; hãy giữ mùa đó, hoặc sửa chương trình trước.",
                f"Programme “{title}” airs in the season “{lost[0]}”, which the new calendar does "
                "not have. Nothing was kept; keep the season, or change the programme first.",
            )
