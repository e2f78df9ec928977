from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import BadLunarRule, DateOutOfRange
from schedules.lunar import LeapMonth, LunarDay, LunarRule, lunar_dates, lunar_day
from tests.schedules.astronomy import sky_months

DAY = timedelta(days=1)
FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)
DATES = st.dates(FIRST, LAST)
TET = LunarRule(day=1, month=1)


def year(number: int) -> tuple[date, date]:
    return date(number, 1, 1), date(number + 1, 1, 1)


@pytest.mark.parametrize("number", range(2020, 2061))
def test_every_month_begins_and_leaps_as_the_sky_says(number: int) -> None:
    for month in sky_months(number):
        told = lunar_day(month.first)
        assert (told.month, told.leap, told.day) == (month.month, month.leap, 1)


def test_a_century_and_a_half_agrees_with_the_sky_wherever_the_sky_can_be_told() -> None:
    """A new moon within a minute of midnight hangs on how the Earth will turn."""
    clear = [m for number in range(1950, 2100) for m in sky_months(number) if m.margin > 1]
    assert len(clear) > 1800
    for month in clear:
        told = lunar_day(month.first)
        assert (told.month, told.leap, told.day) == (month.month, month.leap, 1)


@pytest.mark.parametrize(
    ("number", "tet"),
    [
        (1968, date(1968, 1, 29)),  # a day before Saigon's, which kept another time zone
        (1985, date(1985, 1, 21)),  # a month before the Chinese one
        (2007, date(2007, 2, 17)),  # a day before the Chinese one
        (2026, date(2026, 2, 17)),
        (2030, date(2030, 2, 2)),  # a day before the Chinese one
        (2053, date(2053, 2, 18)),  # a day before the Chinese one
    ],
)
def test_tet_is_the_vietnamese_one(number: int, tet: date) -> None:
    assert lunar_dates(TET, *year(number)) == (tet,)


@pytest.mark.parametrize(
    ("number", "leap"), [(2020, 4), (2023, 2), (2025, 6), (2028, 5), (2031, 3), (2033, 11)]
)
def test_leap_months(number: int, leap: int) -> None:
    leaps = {m.month for n in (number, number + 1) for m in sky_months(n) if m.leap}
    assert leap in leaps
    rule = LunarRule(day=1, month=leap, leap=LeapMonth.LEAP)
    around = date(number, 1, 1), date(number + 1, 2, 15)
    (first,) = lunar_dates(rule, *around)
    assert lunar_day(first) == LunarDay(number, leap, 1, leap=True)
    both = lunar_dates(LunarRule(1, leap, LeapMonth.BOTH), *around)
    assert len(both) == 2
    assert lunar_dates(LunarRule(1, leap), *around) == both[:1]
    assert lunar_dates(LunarRule(1, leap, LeapMonth.LEAP), *around) == both[1:]


def test_full_moon_of_every_month() -> None:
    regular = lunar_dates(LunarRule(15), *year(2025))
    both = lunar_dates(LunarRule(15, leap=LeapMonth.BOTH), *year(2025))
    assert len(both) == 12
    assert set(both) - set(regular) == {date(2025, 8, 8)}  # full moon of the second sixth month


def test_giao_thua_is_the_day_before_tet_whether_the_year_has_a_30th_or_not() -> None:
    eve = LunarRule(day=1, month=1, offset_days=-1)
    last = LunarRule(day=-1, month=12)
    for number in range(2020, 2061):
        (tet,) = lunar_dates(TET, *year(number))
        assert lunar_dates(eve, *year(number)) == (tet - DAY,)
        assert lunar_dates(last, *year(number)) == (tet - DAY,)
    assert lunar_day(date(2025, 1, 28)).day == 29
    assert lunar_dates(LunarRule(day=30, month=12), *year(2025)) == ()


def test_three_days_of_tet_run_into_any_window() -> None:
    rule = LunarRule(day=1, month=1, days=3)
    whole = lunar_dates(rule, *year(2026))
    assert whole == (date(2026, 2, 17), date(2026, 2, 18), date(2026, 2, 19))
    assert lunar_dates(rule, date(2026, 2, 19), date(2026, 2, 20)) == whole[2:]
    assert lunar_dates(rule, date(2026, 2, 20), date(2026, 3, 20)) == ()


def test_an_offset_reaches_over_new_year() -> None:
    late = LunarRule(day=1, month=12, offset_days=60)
    (found,) = lunar_dates(late, *year(2026))
    assert lunar_day(found - 60 * DAY) == LunarDay(2025, 12, 1, leap=False)


@pytest.mark.parametrize(
    "field",
    [
        {"day": 0},
        {"day": 31},
        {"day": -2},
        {"day": 1, "month": 0},
        {"day": 1, "month": 13},
        {"day": 1, "days": 0},
        {"day": 1, "days": 31},
        {"day": 1, "offset_days": -61},
    ],
)
def test_a_rule_without_meaning_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(BadLunarRule, match="âm lịch"):
        LunarRule(**field)


@pytest.mark.parametrize("day", [FIRST - DAY, LAST + DAY, date.min, date.max])
def test_dates_that_nobody_can_tell_are_refused(day: date) -> None:
    with pytest.raises(DateOutOfRange):
        lunar_day(day)


def test_the_ends_of_the_range() -> None:
    assert lunar_day(FIRST) == LunarDay(1899, 12, 1, leap=False)
    assert str(lunar_day(LAST)) == "20/11"
    assert len(lunar_dates(LunarRule(1, leap=LeapMonth.BOTH), date.min, date.max)) == 2474


@given(DATES)
def test_a_date_is_found_again_by_its_lunar_day(day: date) -> None:
    told = lunar_day(day)
    rule = LunarRule(told.day, told.month, LeapMonth.LEAP if told.leap else LeapMonth.REGULAR)
    assert lunar_dates(rule, day, min(day + DAY, date.max)) == (day,)


@given(DATES.filter(lambda day: day < LAST))
def test_days_count_up_by_one_or_begin_a_month(day: date) -> None:
    today, tomorrow = lunar_day(day), lunar_day(day + DAY)
    if tomorrow.day == 1:
        assert today.day in (29, 30)
    else:
        assert tomorrow == LunarDay(today.year, today.month, today.day + 1, today.leap)


@given(DATES, st.integers(0, 40), st.integers(0, 40), st.integers(-60, 60), st.integers(1, 30))
def test_windows_side_by_side_give_what_the_whole_gives(
    since: date, first: int, second: int, offset: int, days: int
) -> None:
    rule = LunarRule(15, leap=LeapMonth.BOTH, offset_days=offset, days=days)
    middle = min(since + first * DAY, LAST)
    end = min(middle + second * DAY, LAST)
    whole = lunar_dates(rule, since, end)
    assert lunar_dates(rule, since, middle) + lunar_dates(rule, middle, end) == whole
