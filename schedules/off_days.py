"""Why a programme has nothing on a date: each restriction is lifted and looked at alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from schedules.day_calendar import DayCalendar
from schedules.holidays import holiday_name
from schedules.recurrence import Airing, expand
from schedules.timing import Change, OnHolidays, Timing
from schedules.types import time_zone, wall_instant

_DAY = timedelta(days=1)
_AHEAD = timedelta(days=400)
"""How far the next airing is looked for, so that it can be named."""


@dataclass(frozen=True, slots=True)
class OffDay:
    """One reason for which nothing airs on a date: `code` for programs, sentences for people.

    `of` is the wall time that a person cancelled or moved, None where it was not a person.
    """

    code: str
    vi: str
    en: str
    of: datetime | None = None


def airings_on(timing: Timing, day: date, calendar: DayCalendar) -> tuple[Airing, ...]:
    """The airings that start on that local date, in order."""
    zone = time_zone(timing.time_zone)
    midnight = datetime.combine(day, time())
    found = expand(
        timing, wall_instant(midnight, zone), wall_instant(midnight + _DAY, zone), calendar
    )
    return tuple(airing for airing in found if airing.wall.date() == day)


def why_off(timing: Timing, day: date, calendar: DayCalendar) -> tuple[OffDay, ...]:
    """Everything that alone keeps `timing` off that date; nothing if it airs then."""
    if airings_on(timing, day, calendar):
        return ()
    free = replace(timing, changes=())
    for lift in _LIFTS.values():
        free = lift(free)
    if not airings_on(free, day, calendar):
        return (_not_in_rule(timing, day, calendar),)
    found = [*_by_a_person(timing, day)]
    for code, lift in _LIFTS.items():
        others = (other for name, other in _LIFTS.items() if name != code)
        alone = replace(timing, changes=())
        for other in others:
            alone = other(alone)
        if lift(timing) != timing and not airings_on(alone, day, calendar):
            found.append(_SAID[code](timing, day, calendar))
    return tuple(found) or (_not_in_rule(timing, day, calendar),)


def changed_near(timing: Timing, wall: datetime, within: timedelta) -> tuple[OffDay, ...]:
    """What a person cancelled or moved of about that wall time, whatever else the date has."""
    near = (change for change in timing.changes if abs(change.of - wall) <= within)
    return tuple(_changed(change) for change in near if change.start != change.of)


_Lift = Callable[[Timing], Timing]
_Say = Callable[[Timing, date, DayCalendar], OffDay]

_LIFTS: Mapping[str, _Lift] = MappingProxyType(
    {
        "holiday": lambda t: replace(t, on_holidays=OnHolidays.AIR),
        "season": lambda t: replace(t, seasons=()),
        "validity": lambda t: replace(t, valid_from=None, valid_until=None),
        "excluded": lambda t: replace(t, excluded=()),
    }
)


def _by_a_person(timing: Timing, day: date) -> Iterator[OffDay]:
    for change in timing.changes:
        stays = change.start is not None and change.start.date() == day
        if change.of.date() == day and not stays:
            yield _changed(change)


def _changed(change: Change) -> OffDay:
    of, start = change.of, change.start
    if start is None:
        return OffDay(
            "cancelled",
            f"Buổi {of:%H:%M %d/%m/%Y} đã được huỷ.",
            f"The airing at {of:%H:%M %d/%m/%Y} was cancelled.",
            of,
        )
    return OffDay(
        "moved",
        f"Buổi {of:%H:%M %d/%m/%Y} đã được dời sang {start:%H:%M %d/%m/%Y}.",
        f"The airing at {of:%H:%M %d/%m/%Y} was moved to {start:%H:%M %d/%m/%Y}.",
        of,
    )


def _on_holiday(timing: Timing, day: date, calendar: DayCalendar) -> OffDay:
    name = holiday_name(day, calendar)
    vi, en = name or ("ngày nghỉ", "a day off")
    match timing.on_holidays:
        case OnHolidays.ONLY:
            return OffDay(
                "not_a_holiday",
                f"Chương trình chỉ phát ngày lễ; {day:%d/%m/%Y} không phải ngày lễ.",
                f"The programme airs only on holidays; {day:%d/%m/%Y} is none.",
            )
        case OnHolidays.NEXT_WORKING_DAY:
            return OffDay(
                "next_working_day",
                f"{day:%d/%m/%Y} là {vi}; chương trình dời sang ngày làm việc kế tiếp.",
                f"{day:%d/%m/%Y} is {en}; the programme moves to the next working day.",
            )
        case _:
            return OffDay(
                "holiday",
                f"{day:%d/%m/%Y} là {vi}; chương trình nghỉ ngày lễ.",
                f"{day:%d/%m/%Y} is {en}; the programme skips holidays.",
            )


def _out_of_season(timing: Timing, day: date, calendar: DayCalendar) -> OffDay:
    names = ", ".join(timing.seasons)
    return OffDay(
        "out_of_season",
        f"{day:%d/%m/%Y} không thuộc mùa {names} mà chương trình phát.",
        f"{day:%d/%m/%Y} is not in the season {names} in which the programme airs.",
    )


def _not_valid(timing: Timing, day: date, calendar: DayCalendar) -> OffDay:
    if timing.valid_from is not None and day < timing.valid_from:
        return OffDay(
            "not_valid_yet",
            f"Chương trình chỉ phát từ ngày {timing.valid_from:%d/%m/%Y}.",
            f"The programme airs from {timing.valid_from:%d/%m/%Y} on.",
        )
    last = timing.valid_until or day
    return OffDay(
        "no_longer_valid",
        f"Chương trình chỉ phát đến hết ngày {last:%d/%m/%Y}.",
        f"The programme airs until {last:%d/%m/%Y}.",
    )


def _excluded(timing: Timing, day: date, calendar: DayCalendar) -> OffDay:
    return OffDay(
        "excluded",
        f"Ngày {day:%d/%m/%Y} đã được loại khỏi chương trình.",
        f"{day:%d/%m/%Y} is excluded from the programme.",
    )


_SAID: Mapping[str, _Say] = MappingProxyType(
    {
        "holiday": _on_holiday,
        "season": _out_of_season,
        "validity": _not_valid,
        "excluded": _excluded,
    }
)


def _not_in_rule(timing: Timing, day: date, calendar: DayCalendar) -> OffDay:
    if day < timing.start.date():
        return OffDay(
            "not_begun",
            f"Chương trình bắt đầu từ {timing.start:%d/%m/%Y}.",
            f"The programme begins on {timing.start:%d/%m/%Y}.",
        )
    zone = time_zone(timing.time_zone)
    since = wall_instant(datetime.combine(day, time()), zone)
    following = expand(timing, since, since + _AHEAD, calendar)[:1]
    vi = f", buổi tới là {following[0].wall:%H:%M %d/%m/%Y}" if following else ""
    en = f"; the next is at {following[0].wall:%H:%M %d/%m/%Y}" if following else ""
    return OffDay(
        "not_in_rule",
        f"Lịch của chương trình không có ngày {day:%d/%m/%Y}{vi}.",
        f"The programme's rule does not name {day:%d/%m/%Y}{en}.",
    )
