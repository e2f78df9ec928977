"""The wall times that one rule gives, walked only where they are asked for.

A walk begins in the period of `since`, not at the start of the rule, and ends with `by`, so that
neither a rule of long ago nor one without any occurrence costs more than the stretch it is asked
about. Only a COUNT has to be walked from its start, and so far and no further.
"""

from calendar import isleap, monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import chain, product
from math import gcd

from schedules.errors import RuleTooLong
from schedules.rrule import Frequency, Rule
from schedules.step_budget import step_budget

MOST_STEPS = 200_000
"""Days and occurrences that one walk may look at: some tenths of a second."""

_PER_DAY = {Frequency.HOURLY: 24, Frequency.MINUTELY: 1_440, Frequency.SECONDLY: 86_400}
_Keep = Callable[[date], bool]


def rule_walls(rule: Rule, start: datetime, since: datetime, by: datetime) -> Iterator[datetime]:
    """The wall times of `rule`, begun at `start`, in [since, by], rising; none before `start`.

    `start` itself is one only if the rule names it. The rule's `until` is for the caller to heed.
    RuleTooLong after MOST_STEPS; TooMuchToReckon when a `within_steps` around it is spent.
    """
    left = rule.count
    skipped = 0
    if left is None or _one_a_period(rule):
        skipped = max(0, (_number(rule, since) - _number(rule, start)) // rule.interval)
        left = None if left is None else left - skipped
    steps, budget = 0, step_budget()
    for cost, found in _periods(_completed(rule, start), start, skipped, by):
        spent, steps = steps, steps + cost
        for wall in found:
            if wall > by or (left is not None and left <= 0):
                return
            steps += 1
            if steps > MOST_STEPS:
                raise RuleTooLong(str(rule))
            if wall >= start:
                left = None if left is None else left - 1
                if wall >= since:
                    yield wall
        if steps > MOST_STEPS:
            raise RuleTooLong(str(rule))
        if budget is not None:
            budget.spend(steps - spent)


def _one_a_period(rule: Rule) -> bool:
    return rule.frequency >= Frequency.WEEKLY and rule == Rule(
        rule.frequency, rule.interval, rule.count, rule.until, week_start=rule.week_start
    )


def _completed(rule: Rule, start: datetime) -> Rule:
    """With what the rule leaves to its start written out."""
    given: dict[str, tuple[int, ...]] = {}
    by_day = rule.by_day
    if not (rule.by_week or rule.by_year_day or rule.by_month_day or rule.by_day):
        if rule.frequency is Frequency.YEARLY:
            given["by_month"] = rule.by_month or (start.month,)
        if rule.frequency <= Frequency.MONTHLY:
            given["by_month_day"] = (start.day,)
        elif rule.frequency is Frequency.WEEKLY:
            by_day = ((start.weekday(), 0),)
    if rule.frequency < Frequency.HOURLY:
        given["by_hour"] = rule.by_hour or (start.hour,)
    if rule.frequency < Frequency.MINUTELY:
        given["by_minute"] = rule.by_minute or (start.minute,)
    if rule.frequency < Frequency.SECONDLY:
        given["by_second"] = rule.by_second or (start.second,)
    return replace(rule, by_day=by_day, **given)  # type: ignore[arg-type]


def _number(rule: Rule, wall: datetime) -> int:
    """The running number of the year, month, week, day, hour … in which `wall` lies."""
    match rule.frequency:
        case Frequency.YEARLY:
            return wall.year
        case Frequency.MONTHLY:
            return wall.year * 12 + wall.month - 1
        case Frequency.WEEKLY:
            return (wall.toordinal() - 1 - rule.week_start) // 7
        case Frequency.DAILY:
            return wall.toordinal()
        case Frequency.HOURLY:
            return wall.toordinal() * 24 + wall.hour
        case Frequency.MINUTELY:
            return (wall.toordinal() * 24 + wall.hour) * 60 + wall.minute
        case Frequency.SECONDLY:
            return ((wall.toordinal() * 24 + wall.hour) * 60 + wall.minute) * 60 + wall.second


def _periods(
    rule: Rule, start: datetime, skipped: int, by: datetime
) -> Iterator[tuple[int, Iterable[datetime]]]:
    """Of each period, or of each day of a finer rule: what it cost to look at, and what it has."""
    if rule.frequency in _PER_DAY:
        yield from _days_of_units(rule, start, skipped, by)
        return
    keeps = _keeps(rule)
    numbers = range(
        _number(rule, start) + skipped * rule.interval, _number(rule, by) + 1, rule.interval
    )
    for ordinals in _weeks(rule, start, numbers) or (_days_of(rule, each) for each in numbers):
        days: Iterable[date] = map(date.fromordinal, ordinals)
        for keep in keeps:
            days = filter(keep, days)
        yield (
            1 + len(ordinals),
            _instances(list(days), rule.by_hour, rule.by_minute, rule.by_second, rule.by_position),
        )


def _weeks(rule: Rule, start: datetime, numbers: range) -> Iterator[Sequence[int]] | None:
    """The ordinals of the rule's own days of each week, where the period is a week.

    The week of the start begins with it, also where BYSETPOS counts.
    """
    if rule.frequency is not Frequency.WEEKLY:
        return None
    week_start, begun = rule.week_start, start.toordinal()
    named = sorted({(weekday - week_start) % 7 for weekday, _ in rule.by_day}) or range(7)
    return (
        [day for offset in named if (day := number * 7 + 1 + week_start + offset) >= begun]
        for number in numbers
    )


def _days_of(rule: Rule, number: int) -> range:
    """The ordinals of the days of the year, the month or the one day."""
    match rule.frequency:
        case Frequency.YEARLY:
            return range(date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal())
        case Frequency.MONTHLY:
            first = date(number // 12, number % 12 + 1, 1)
            return range(first.toordinal(), first.toordinal() + _month_length(first))
        case _:
            return range(number, number + 1)


def _days_of_units(
    rule: Rule, start: datetime, skipped: int, by: datetime
) -> Iterator[tuple[int, Iterable[datetime]]]:
    """Hours, minutes or seconds, day by day; days without any are passed over."""
    per_day = _PER_DAY[rule.frequency]
    keeps = _keeps(rule)
    unit = _number(rule, start) + skipped * rule.interval
    if not _has_position(rule):
        return
    named = _named_units(rule)
    if named is not None:
        # Which units of a day the interval ever meets.
        common = gcd(rule.interval, per_day)
        named = [each for each in named if (each - unit) % common == 0]
        if not named:
            return
    while unit // per_day <= by.toordinal():
        ordinal = unit // per_day
        day, midnight = date.fromordinal(ordinal), ordinal * per_day
        if all(keep(day) for keep in keeps):
            units: Sequence[int] = range(unit - midnight, per_day, rule.interval)
            if named is not None:
                units = [each for each in named if (midnight + each - unit) % rule.interval == 0]
            yield (
                1 + len(named or ()),
                chain.from_iterable(_within_unit(rule, day, each) for each in units),
            )
        else:
            yield 1, ()
        unit += -(-(midnight + per_day - unit) // rule.interval) * rule.interval


def _has_position(rule: Rule) -> bool:
    """Whether BYSETPOS, if there is any, names a time that an hour, minute or second has."""
    minutes = len(rule.by_minute) if rule.frequency is Frequency.HOURLY else 1
    seconds = len(rule.by_second) if rule.frequency < Frequency.SECONDLY else 1
    return not rule.by_position or min(map(abs, rule.by_position)) <= minutes * seconds


def _named_units(rule: Rule) -> list[int] | None:
    """The units of a day that the rule's own lists leave, rising; None: all of them."""
    lists = {
        Frequency.HOURLY: ((rule.by_hour, 24),),
        Frequency.MINUTELY: ((rule.by_hour, 24), (rule.by_minute, 60)),
        Frequency.SECONDLY: ((rule.by_hour, 24), (rule.by_minute, 60), (rule.by_second, 60)),
    }[rule.frequency]
    if not any(named for named, _ in lists):
        return None
    units = [0]
    for named, size in lists:
        units = [unit * size + each for unit in units for each in named or range(size)]
    return units


def _within_unit(rule: Rule, day: date, unit: int) -> Iterator[datetime]:
    match rule.frequency:
        case Frequency.HOURLY:
            fine = (unit,), rule.by_minute, rule.by_second
        case Frequency.MINUTELY:
            fine = (unit // 60,), (unit % 60,), rule.by_second
        case _:
            fine = (unit // 3_600,), (unit // 60 % 60,), (unit % 60,)
    return _instances((day,), *fine, rule.by_position)


def _instances(
    days: Sequence[date],
    hours: Sequence[int],
    minutes: Sequence[int],
    seconds: Sequence[int],
    positions: Sequence[int],
) -> Iterator[datetime]:
    """Every time of every day, rising; of these only those at `positions`, where there are any."""
    if not positions:
        for day in days:
            for hour, minute, second in product(hours, minutes, seconds):
                yield datetime(day.year, day.month, day.day, hour, minute, second)
        return
    total = len(days) * len(hours) * len(minutes) * len(seconds)
    for index in sorted({each - 1 if each > 0 else total + each for each in positions}):
        if 0 <= index < total:
            rest, second = divmod(index, len(seconds))
            rest, minute = divmod(rest, len(minutes))
            at, hour = divmod(rest, len(hours))
            day = days[at]
            yield datetime(
                day.year, day.month, day.day, hours[hour], minutes[minute], seconds[second]
            )


def _keeps(rule: Rule) -> list[_Keep]:
    """What a date must satisfy, all of it."""
    keeps: list[_Keep] = []
    if rule.by_month:
        months = frozenset(rule.by_month)
        keeps.append(lambda day: day.month in months)
    if rule.by_day and rule.frequency is not Frequency.WEEKLY:
        keeps.append(_weekday_keep(rule))
    if rule.by_month_day:
        month_days = frozenset(rule.by_month_day)
        keeps.append(
            lambda day: day.day in month_days or day.day - _month_length(day) - 1 in month_days
        )
    if rule.by_year_day:
        year_days = frozenset(rule.by_year_day)
        keeps.append(
            lambda day: (
                _year_day(day) in year_days
                or _year_day(day) - _year_length(day.year) - 1 in year_days
            )
        )
    if rule.by_week:
        weeks = frozenset(rule.by_week)
        start = rule.week_start
        keeps.append(lambda day: not weeks.isdisjoint(_week_numbers(day, start)))
    return keeps


def _weekday_keep(rule: Rule) -> _Keep:
    """A number counts in the month, in a yearly rule without BYMONTH in the year, else not."""
    if rule.frequency > Frequency.MONTHLY or all(n == 0 for _, n in rule.by_day):
        weekdays = frozenset(weekday for weekday, _ in rule.by_day)
        return lambda day: day.weekday() in weekdays
    named = frozenset(rule.by_day)
    in_year = rule.frequency is Frequency.YEARLY and not rule.by_month

    def keep(day: date) -> bool:
        weekday = day.weekday()
        at = _year_day(day) if in_year else day.day
        length = _year_length(day.year) if in_year else _month_length(day)
        return (
            (weekday, 0) in named
            or (weekday, (at + 6) // 7) in named
            or (weekday, -((length - at) // 7 + 1)) in named
        )

    return keep


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_length(year: int) -> int:
    return 366 if isleap(year) else 365


def _year_day(day: date) -> int:
    return day.toordinal() - date(day.year, 1, 1).toordinal() + 1


def _week_numbers(day: date, week_start: int) -> tuple[int, int]:
    """The number of its week, and the same from the year's end; week 1 is that of 4 January."""
    ordinal = day.toordinal()
    year = day.year
    if ordinal < _first_week(year, week_start):
        year -= 1
    elif ordinal >= _first_week(year + 1, week_start):
        year += 1
    first, end = _first_week(year, week_start), _first_week(year + 1, week_start)
    week, weeks = (ordinal - first) // 7 + 1, (end - first) // 7
    return week, week - weeks - 1


def _first_week(year: int, week_start: int) -> int:
    fourth = date(year, 1, 4)
    return fourth.toordinal() - (fourth.weekday() - week_start) % 7
