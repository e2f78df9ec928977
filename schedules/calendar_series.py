"""One event of an .ics file with all that belongs to its UID, read as far as it is sound."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from itertools import islice

from icalendar import vDuration

from schedules.calendar_lines import Component, Property
from schedules.calendar_moments import Moment, Reading, listed_moments, moment_of
from schedules.calendar_own import OWN, TIMING, with_own
from schedules.errors import NoStart, ScheduleError, TooMuchToReckon
from schedules.recurrence import named_walls
from schedules.rrule import read_rule
from schedules.rule_walls import rule_walls
from schedules.timing import FIRST_YEAR, LAST_YEAR, Change, Timing
from schedules.types import (
    DurationMs,
)

MOST_EVENTS = 10_000
_MOST_DATES = 20_000
_MOST_CHANGES = 5_000
_LONGEST = timedelta(days=3_660)
_DAY = timedelta(days=1)
_NO_COUNT = re.compile(r"(?i)COUNT=-\d+;?")


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One event with all its occurrences; `own` are its X-LOALANG-… properties by their names.

    `duration_ms` is exact, of an all-day event that of its days with 24 hours each; None if none
    is given. An all-day event starts at midnight of its zone.
    """

    uid: str
    sequence: int
    title: str
    description: str
    timing: Timing
    duration_ms: DurationMs | None
    all_day: bool
    own: Mapping[str, str]
    location: str = ""


def uid_of(part: Component, reading: Reading) -> str:
    """Its UID; without one, a name that stays the same as long as the event does."""
    said = part.first("UID")
    if said is not None:
        return said.value
    content = "\n".join(f"{p.name}:{p.value}" for p in part.properties("DTSTART", "SUMMARY"))
    uid = f"{sha256(content.encode()).hexdigest()[:32]}@no-uid"
    reading.note(
        f"dòng/line {part.line}",
        f"sự kiện không có UID; đã đặt cho nó {uid}",
        f"the event has no UID; it was given {uid}",
    )
    return uid


def events_of(by_uid: Mapping[str, list[Component]], reading: Reading) -> Iterator[CalendarEvent]:
    for uid, parts in by_uid.items():
        try:
            event = _event(uid, parts, reading)
        except TooMuchToReckon:
            raise
        except ScheduleError as error:
            reading.note(uid, f"bỏ qua: {error.vi}", f"left out: {error.en}")
        except (ValueError, OverflowError) as error:
            said = str(error)[:120]
            reading.note(uid, f"bỏ qua: không hiểu {said!r}", f"left out: unclear {said!r}")
        else:
            if event is not None:
                yield event


def _sequence(part: Component) -> int:
    said = part.first("SEQUENCE")
    return int(said.value) if said and said.value.isdecimal() and len(said.value) < 10 else -1


def _is_cancelled(part: Component) -> bool:
    said = part.first("STATUS")
    return said is not None and said.value.upper() == "CANCELLED"


def _event(uid: str, parts: list[Component], reading: Reading) -> CalendarEvent | None:
    """The event of the series; None, and a note, if it is cancelled as a whole."""
    series = [part for part in parts if part.first("RECURRENCE-ID") is None]
    single = [part for part in parts if part.first("RECURRENCE-ID") is not None]
    if len(series) > 1:
        reading.note(
            uid,
            "UID này có nhiều sự kiện; giữ sự kiện có SEQUENCE cao nhất",
            "several events have this UID; the one with the highest SEQUENCE was kept",
        )
    if not series:
        return _of_changes_alone(uid, single, reading)
    main = max(series, key=_sequence)
    if _is_cancelled(main):
        reading.note(uid, "sự kiện đã bị huỷ; bỏ qua", "the event is cancelled; left out")
        return None
    start, duration_ms = _span(uid, main, reading)
    timing, lasting = _timing(uid, main, start, reading)
    own = {each.name: each.value for each in main.starting(OWN)}
    if TIMING in own:
        timing = with_own(timing, own.pop(TIMING))
    if lasting or single:
        timing = _with_changes(uid, timing, main, lasting, single, duration_ms, reading)
    event = _described(uid, main, timing, duration_ms, start.is_date)
    return replace(event, sequence=max(0, *map(_sequence, parts)), own=own)


def _described(
    uid: str, part: Component, timing: Timing, duration_ms: DurationMs | None, all_day: bool
) -> CalendarEvent:
    def text(name: str) -> str:
        said = part.first(name)
        return said.value if said else ""

    return CalendarEvent(
        uid=uid,
        sequence=max(0, _sequence(part)),
        title=text("SUMMARY"),
        description=text("DESCRIPTION"),
        timing=timing,
        duration_ms=duration_ms,
        all_day=all_day,
        own={each.name: each.value for each in part.starting(OWN)},
        location=text("LOCATION"),
    )


def _span(uid: str, part: Component, reading: Reading) -> tuple[Moment, DurationMs | None]:
    """Its start and how long it lasts; NoStart, and ValueError if the start is no date."""
    begin = part.first("DTSTART")
    if begin is None:
        raise NoStart
    start = moment_of(begin.value, begin.parameters, reading)
    try:
        duration_ms = _lasting_ms(part, start, reading)
    except (ValueError, OverflowError):
        reading.note(
            uid,
            "không đọc được giờ kết thúc; chỉ giữ giờ bắt đầu",
            "its end cannot be read; only its start was kept",
        )
        return start, None
    if duration_ms is not None and duration_ms < 0:
        reading.note(
            uid,
            "kết thúc trước khi bắt đầu; hai giờ được đổi chỗ cho nhau",
            "it ends before it starts; the two were exchanged",
        )
        duration_ms = DurationMs(-duration_ms)
        start = replace(start, wall=start.wall - timedelta(milliseconds=duration_ms))
    return start, duration_ms


def _lasting_ms(part: Component, start: Moment, reading: Reading) -> DurationMs | None:
    end, lasts = part.first("DTEND"), part.first("DURATION")
    if end is not None:
        until = moment_of(end.value, end.parameters, reading)
        if start.is_date:
            return _ms(until.wall - start.wall)
        return _ms(until.instant - start.instant)
    if lasts is not None:
        return _ms(_duration(lasts.value))
    return _ms(_DAY) if start.is_date else None


def _duration(value: str) -> timedelta:
    span: timedelta = vDuration.from_ical(value.upper())  # type: ignore[no-untyped-call]
    return span


def _ms(span: timedelta) -> DurationMs:
    """ValueError for what no event lasts."""
    if abs(span) > _LONGEST:
        raise ValueError(str(span))
    return DurationMs(span // timedelta(milliseconds=1))


def _timing(
    uid: str, part: Component, start: Moment, reading: Reading
) -> tuple[Timing, list[Change]]:
    """Rules and dates of the series; dates that last otherwise (periods in RDATE) as changes."""
    rules = [_rule(each, start) for each in part.properties("RRULE") if each.value]
    not_rules = [_rule(each, start) for each in part.properties("EXRULE") if each.value]
    dates: list[datetime] = []
    lasting: list[Change] = []
    for moment, end, listed in listed_moments(uid, part, "RDATE", reading):
        wall = moment.seen_in(start.zone)
        if moment.is_date != start.is_date:
            wall = datetime.combine(wall.date(), start.wall.time())
        dates.append(wall)
        if end:
            lasting.append(Change(wall, wall, _period_ms(moment, end, listed, reading)))
    if len(dates) > _MOST_DATES:
        raise ValueError(f"RDATE × {len(dates)}")
    timing = Timing(
        start=_first_of_our_time(start.wall, rules),
        time_zone=start.zone,
        rules=tuple(dict.fromkeys(rules)),
        dates=tuple(sorted(set(dates))),
        excluded_rules=tuple(dict.fromkeys(not_rules)),
    )
    return replace(timing, excluded=_excluded(uid, part, timing, start, reading)), lasting


def _period_ms(begin: Moment, end: str, listed: Property, reading: Reading) -> DurationMs:
    if end.upper().startswith(("P", "+P")):
        return _ms(_duration(end))
    return _ms(moment_of(end, listed.parameters, reading).instant - begin.instant)


def _rule(found: Property, start: Moment) -> str:
    """The rule, its UNTIL of the kind that fits the start; a COUNT below 1 says nothing."""
    rule = read_rule(_NO_COUNT.sub("", found.value))
    until = rule.until
    if isinstance(until, datetime) and start.is_date:
        until = until.date()
    return str(replace(rule, until=until))


def _first_of_our_time(start: datetime, rules: list[str]) -> datetime:
    """Of a series begun before 1900 (birthdays without a year), the first occurrence since."""
    if start.year >= FIRST_YEAR or len(rules) != 1 or read_rule(rules[0]).count is not None:
        return start
    begin, end = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31)
    return next(rule_walls(read_rule(rules[0]), start, begin, end), start)


def _excluded(
    uid: str, part: Component, timing: Timing, start: Moment, reading: Reading
) -> tuple[datetime, ...]:
    walls: set[datetime] = set()
    days: set[date] = set()
    for moment, _, _ in listed_moments(uid, part, "EXDATE", reading):
        if start.is_date:
            walls.add(datetime.combine(moment.wall.date(), time()))
        elif moment.is_date:
            days.add(moment.wall.date())
        else:
            walls.add(moment.seen_in(start.zone))
    if len(walls) + len(days) > _MOST_DATES:
        raise ValueError(f"EXDATE × {len(walls) + len(days)}")
    walls.update(named for named in _named_on(timing, days) if named.date() in days)
    return tuple(sorted(walls))


def _named_on(timing: Timing, days: Iterable[date]) -> set[datetime]:
    """Every wall time that the rules give from the first to the last of these days."""
    ordered = sorted(days)
    if not ordered:
        return set()
    first, last = datetime.combine(ordered[0], time()), datetime.combine(ordered[-1], time.max)
    return set(named_walls(timing, first, last))


def _with_changes(
    uid: str,
    timing: Timing,
    main: Component,
    lasting: list[Change],
    single: list[Component],
    duration_ms: DurationMs | None,
    reading: Reading,
) -> Timing:
    """With moved and cancelled occurrences; one that the rules do not name becomes a date."""
    changed = sorted(_changed(uid, single, reading), key=lambda it: _sequence(it[2]), reverse=True)
    days = {moment.seen_in(timing.time_zone).date() for moment, _, _ in changed}
    given: dict[date, list[datetime]] = {}
    for wall in sorted(_named_on(replace(timing, excluded=()), days)):
        given.setdefault(wall.date(), []).append(wall)
    changes = {change.of: change for change in lasting}
    added: list[datetime] = []
    seen: set[datetime] = set()
    for moment, following, part in changed:
        of = _meant(moment, timing, given)
        is_named = of in given.get(of.date(), ())
        outdated = _sequence(part) < _sequence(main) and part.first("RRULE") is not None
        # A series that was cut into two once, of which only the older half still stands.
        if of in seen or (outdated and not is_named):
            continue
        seen.add(of)
        changes[of] = _change(uid, of, part, following, timing, duration_ms, reading)
        if not is_named and of not in timing.excluded:
            added.append(of)
    return replace(
        timing,
        dates=tuple(sorted({*timing.dates, *added})),
        changes=tuple(changes[of] for of in sorted(changes)),
    )


def _changed(
    uid: str, single: list[Component], reading: Reading
) -> Iterator[tuple[Moment, bool, Component]]:
    """What each names, whether it holds for all later ones too, and itself."""
    if len(single) > _MOST_CHANGES:
        raise ValueError(f"RECURRENCE-ID × {len(single)}")
    for part in single:
        for said in islice(part.properties("RECURRENCE-ID"), 1):
            try:
                moment = moment_of(said.value, said.parameters, reading)
            except ValueError:
                reading.note(
                    uid,
                    f"RECURRENCE-ID {said.value[:40]!r} không phải ngày giờ; bỏ qua thay đổi này",
                    f"RECURRENCE-ID {said.value[:40]!r} is no date; this change was left out",
                )
            else:
                yield moment, said.parameters.get("RANGE", "").upper() == "THISANDFUTURE", part


def _meant(moment: Moment, timing: Timing, given: Mapping[date, list[datetime]]) -> datetime:
    """The occurrence that a RECURRENCE-ID names, also where it is a date and the event is not."""
    wall = moment.seen_in(timing.time_zone)
    on_day = given.get(wall.date(), [])
    if wall in on_day:
        return wall
    if moment.is_date:
        return on_day[0] if on_day else datetime.combine(wall.date(), timing.start.time())
    midnight = datetime.combine(wall.date(), time())
    return midnight if midnight in on_day and timing.start.time() == time() else wall


def _change(
    uid: str,
    of: datetime,
    part: Component,
    following: bool,
    timing: Timing,
    usual_ms: DurationMs | None,
    reading: Reading,
) -> Change:
    if _is_cancelled(part):
        return Change(of, None, following=following)
    if part.first("DTSTART") is None:
        return Change(of, of, following=following)
    start, duration_ms = _span(uid, part, reading)
    own_ms = None if duration_ms == usual_ms else duration_ms or DurationMs(0)
    return Change(of, start.seen_in(timing.time_zone), own_ms, following)


def _of_changes_alone(uid: str, single: list[Component], reading: Reading) -> CalendarEvent | None:
    """An event of which the file has only single occurrences."""
    spans = [(*_span(uid, part, reading), part) for part in single if not _is_cancelled(part)]
    if not spans:
        reading.note(uid, "sự kiện đã bị huỷ; bỏ qua", "the event is cancelled; left out")
        return None
    spans.sort(key=lambda span: span[0].instant)
    start, duration_ms, first = spans[0]
    walls = [(moment.seen_in(start.zone), ms) for moment, ms, _ in spans]
    timing = Timing(
        start.wall,
        start.zone,
        dates=tuple(sorted({wall for wall, _ in walls[1:]})),
        changes=tuple(Change(wall, wall, ms) for wall, ms in walls if ms != duration_ms),
    )
    event = _described(uid, first, timing, duration_ms, start.is_date)
    return replace(event, sequence=max(0, *map(_sequence, single)))
