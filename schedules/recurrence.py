"""Wall time expanded to instants, as late as possible, so that a changed zone rule is obeyed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from heapq import merge
from itertools import chain, islice, pairwise
from zoneinfo import ZoneInfo

from schedules.day_calendar import DayCalendar
from schedules.errors import NeverAirs, NonexistentWindow, RuleTooDense, StartInPast
from schedules.holidays import holiday_name, in_season, next_working_day
from schedules.lunar import lunar_dates
from schedules.programme import Programme
from schedules.rrule import read_rule
from schedules.rule_walls import rule_walls
from schedules.timing import FIRST_YEAR, LAST_YEAR, Change, OnHolidays, Timing
from schedules.types import (
    DurationMs,
    ProgrammeId,
    UtcInstant,
    time_zone,
    utc_instant,
    wall_clock,
    wall_instant,
)

SHORTEST_GAP_MIN = 5
"""Minutes between two airings that one rule of a programme may give."""

_DAY = timedelta(days=1)
_HOLIDAYS_IN_A_ROW = timedelta(days=31)
_END = datetime(LAST_YEAR, 12, 31, 23, 59, 59)
_ANY_START = datetime(2000, 1, 1)
NO_CALENDAR = DayCalendar()


@dataclass(frozen=True, slots=True)
class Airing:
    """One wall time at which something airs, named by the one that its rules gave."""

    recurrence_id: datetime
    wall: datetime
    start_utc: UtcInstant
    duration_ms: DurationMs | None = None
    """Of this one alone, where a person changed it."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One airing of a programme; `local_date` is the date on which it starts there."""

    programme_id: ProgrammeId
    recurrence_id: datetime
    local_date: date
    start_utc: UtcInstant
    duration_ms: DurationMs | None = None


def occurrences(
    programme: Programme,
    window_from: datetime,
    window_until: datetime,
    calendar: DayCalendar = NO_CALENDAR,
) -> tuple[Occurrence, ...]:
    """The airings that start in [window_from, window_until), in order."""
    return tuple(
        Occurrence(
            programme.id,
            airing.recurrence_id,
            airing.wall.date(),
            airing.start_utc,
            airing.duration_ms or programme.duration_ms,
        )
        for airing in expand(programme.timing, window_from, window_until, calendar)
    )


def expand(
    timing: Timing,
    window_from: datetime,
    window_until: datetime,
    calendar: DayCalendar = NO_CALENDAR,
) -> tuple[Airing, ...]:
    """Every wall time of `timing` whose instant lies in [window_from, window_until), in order.

    A wall time that a day skips or repeats is read as `wall_instant` says; a whole day that a zone
    skips (Samoa, 30 December 2011) has no airing; two wall times of one instant are one airing.
    RuleTooLong if it cannot be reckoned in bounded time.
    """
    first, last = utc_instant(window_from), utc_instant(window_until)
    if last < first:
        raise NonexistentWindow(first, last)
    zone = time_zone(timing.time_zone)
    # A skipped wall time can land on the next date, so the day before is looked at too.
    since, by = wall_clock(first, zone) - _DAY, wall_clock(last, zone) + _DAY
    may_skip = _may_skip_days(timing.time_zone)
    found = []
    for named, wall, duration_ms in _changed(timing, zone, since, min(by, _END), calendar):
        start = wall_instant(wall, zone)
        if first <= start < last and not (may_skip and wall_clock(start, zone) == wall + _DAY):
            found.append(Airing(named, wall, start, duration_ms))
    found.sort(key=_in_order)
    # Of several at one instant the first stands.
    return tuple(
        airing
        for before, airing in pairwise(chain((None,), found))
        if airing is not None and (before is None or before.start_utc != airing.start_utc)
    )


def _in_order(airing: Airing) -> tuple[UtcInstant, datetime]:
    return airing.start_utc, airing.recurrence_id


@cache
def _may_skip_days(zone_name: str) -> bool:
    """Only at the date line does a zone ever leave out a whole day."""
    offset = time_zone(zone_name).utcoffset(datetime(1990, 1, 1))
    return offset is not None and abs(offset) >= timedelta(hours=10)


def named_walls(timing: Timing, since: datetime, by: datetime) -> tuple[datetime, ...]:
    """The wall times in [since, by] that its rules and dates name, before days sift them."""
    return tuple(_ruled(timing, time_zone(timing.time_zone), since, min(by, _END)))


def next_airing(
    timing: Timing, after: datetime, calendar: DayCalendar = NO_CALENDAR
) -> Airing | None:
    """The first airing that starts later than `after`; None if there will be none before 2100."""
    since = utc_instant(after)
    end = wall_instant(_END, time_zone(timing.time_zone))
    days = 14
    while since < end:
        until = min(UtcInstant(since + days * _DAY), end)
        for airing in expand(timing, since, until, calendar):
            if airing.start_utc > after:
                return airing
        since, days = until, days * 4
    return None


def require_future(
    programme: Programme, now: datetime, calendar: DayCalendar = NO_CALENDAR
) -> None:
    """StartInPast if all of the programme is over at `now`; NeverAirs if there never was any.

    RuleTooDense if a rule of it gives airings in too quick a succession.
    """
    timing = programme.timing
    for rule in timing.rules:
        _require_gaps(rule, timing.start)
    if next_airing(timing, now, calendar) is not None:
        return
    zone = time_zone(timing.time_zone)
    walls = (timing.start, *timing.dates, *(c.start for c in timing.changes if c.start is not None))
    first = next_airing(timing, wall_instant(min(walls), zone) - timedelta(seconds=1), calendar)
    if first is None:
        raise NeverAirs(programme.title)
    last = max(expand(timing, first.start_utc, now, calendar), default=first, key=_in_order)
    raise StartInPast(last.start_utc.astimezone(zone), now.astimezone(zone))


def checked_rule(text: str) -> str:
    """The RRULE value of a rule that a person gave, in one form of writing.

    An UNTIL that is only a date holds to its end. BadRule if it cannot be read, RuleTooDense if
    no programme can air so often.
    """
    _require_gaps(text, _ANY_START)
    rule = read_rule(text)
    if rule.until is not None and not isinstance(rule.until, datetime):
        rule = replace(rule, until=datetime.combine(rule.until, time(23, 59, 59)))
    return str(rule)


def _require_gaps(text: str, start: datetime) -> None:
    rule = read_rule(text)
    walls = islice(rule_walls(rule, start, start, min(start + 400 * _DAY, _END)), 300)
    if any(later - wall < timedelta(minutes=SHORTEST_GAP_MIN) for wall, later in pairwise(walls)):
        raise RuleTooDense(str(rule), SHORTEST_GAP_MIN)


def _changed(
    timing: Timing, zone: ZoneInfo, since: datetime, by: datetime, calendar: DayCalendar
) -> Iterator[tuple[datetime, datetime, DurationMs | None]]:
    """What the rules name, the wall time at which it airs, and for how long if a person said so."""
    if not timing.changes:
        for named, wall in _sifted(timing, zone, since, by, calendar):
            yield named, wall, None
        return
    following = sorted((c for c in timing.changes if c.following), key=lambda c: c.of)
    shifts = [c.start - c.of for c in following if c.start is not None]
    back, ahead = max([timedelta(), *shifts]), min([timedelta(), *shifts])
    own = {change.of: change for change in timing.changes}
    put_off = timedelta()
    if timing.on_holidays is OnHolidays.NEXT_WORKING_DAY:
        put_off = _HOLIDAYS_IN_A_ROW
    for named, wall in _sifted(timing, zone, since - back, min(by - ahead, _END), calendar):
        change = own.pop(named, None)
        if change is None:
            change = next((c for c in reversed(following) if c.of < named), None)
            moved = wall if change is None else _moved_along(change, wall)
        else:
            moved = change.start
        if moved is not None:
            yield named, moved, change.duration_ms if change else None
    # Moved into the window from a place outside it, if the rules still name that.
    moved_in = {c.of: c for c in own.values() if c.start is not None and since <= c.start <= by}
    if moved_in:
        for named, _ in _sifted(timing, zone, min(moved_in), max(moved_in) + put_off, calendar):
            change = moved_in.pop(named, None)
            if change is not None and change.start is not None:
                yield named, change.start, change.duration_ms


def _moved_along(change: Change, wall: datetime) -> datetime | None:
    return None if change.start is None else wall + (change.start - change.of)


def _sifted(
    timing: Timing, zone: ZoneInfo, since: datetime, by: datetime, calendar: DayCalendar
) -> Iterator[tuple[datetime, datetime]]:
    """What the rules name and the wall time to which a holiday puts it off, in [since, by]."""
    if timing.on_holidays is OnHolidays.NEXT_WORKING_DAY:
        placed = _put_off(_ruled(timing, zone, since - _HOLIDAYS_IN_A_ROW, by), calendar)
    else:
        placed = ((wall, wall) for wall in _ruled(timing, zone, since, by))
    if not _is_sifted(timing):
        yield from placed
        return
    for named, wall in placed:
        day = wall.date()
        if (
            since <= wall <= by
            and (timing.valid_from is None or timing.valid_from <= day)
            and (timing.valid_until is None or day <= timing.valid_until)
            and _airs_on(timing, day, calendar)
        ):
            yield named, wall


def _is_sifted(timing: Timing) -> bool:
    by_days = timing.seasons or timing.on_holidays is not OnHolidays.AIR
    return bool(by_days or timing.valid_from or timing.valid_until)


def _airs_on(timing: Timing, day: date, calendar: DayCalendar) -> bool:
    if timing.seasons and not any(in_season(day, name, calendar) for name in timing.seasons):
        return False
    match timing.on_holidays:
        case OnHolidays.SKIP:
            return holiday_name(day, calendar) is None
        case OnHolidays.ONLY:
            return holiday_name(day, calendar) is not None
        case _:
            return True


def _put_off(
    walls: Iterable[datetime], calendar: DayCalendar
) -> Iterator[tuple[datetime, datetime]]:
    """A holiday's airings on the next working day; of several at one time its own, or the first."""
    placed: dict[datetime, datetime] = {}
    for wall in walls:
        day = wall.date()
        if holiday_name(day, calendar) is not None:
            moved = datetime.combine(next_working_day(day, calendar), wall.time())
            placed.setdefault(moved, wall)
        else:
            placed[wall] = wall
    return ((named, wall) for wall, named in placed.items())


def _ruled(timing: Timing, zone: ZoneInfo, since: datetime, by: datetime) -> Iterator[datetime]:
    """The wall times that rules and dates give in [since, by], rising, each once."""
    given = [_walls_of(rule, timing.start, zone, since, by) for rule in timing.rules]
    given += [_lunar_walls(timing, since, by)] if timing.lunar else []
    listed = timing.dates if timing.rules or timing.lunar else (timing.start, *timing.dates)
    given += [iter(sorted(wall for wall in listed if since <= wall <= by))]
    excluded = set(timing.excluded)
    for rule in timing.excluded_rules:
        excluded.update(_walls_of(rule, timing.start, zone, since, by))
    before = None
    for wall in merge(*given):
        if wall != before and wall not in excluded:
            yield wall
        before = wall


def _walls_of(
    text: str, start: datetime, zone: ZoneInfo, since: datetime, by: datetime
) -> Iterator[datetime]:
    """The rule's wall times up to its UNTIL."""
    rule = read_rule(text)
    until = rule.until
    if until is not None and until.year < FIRST_YEAR:
        return
    if until is not None and until.year > LAST_YEAR:
        until = None
    if isinstance(until, datetime) and until.tzinfo is not None:
        instant = utc_instant(until)
        for wall in rule_walls(rule, start, since, min(by, wall_clock(instant, zone) + _DAY)):
            if wall_instant(wall, zone) <= instant:
                yield wall
        return
    if until is not None:
        by = min(by, datetime(*until.timetuple()[:6]))
    yield from rule_walls(rule, start, since, by)


def _lunar_walls(timing: Timing, since: datetime, by: datetime) -> Iterator[datetime]:
    days = {
        day for rule in timing.lunar for day in lunar_dates(rule, since.date(), by.date() + _DAY)
    }
    walls = (datetime.combine(day, timing.start.time()) for day in sorted(days))
    return (wall for wall in walls if wall >= timing.start and since <= wall <= by)
