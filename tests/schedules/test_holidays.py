from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.day_calendar import DayCalendar, Season, Swap
from schedules.errors import BadSeason, DateOutOfRange, RepeatedSwap, UnknownSeason
from schedules.holidays import (
    DEFAULT_CALENDAR,
    holiday_name,
    in_season,
    is_working_day,
    next_working_day,
)
from schedules.lunar import LunarRule, lunar_dates

DAY = timedelta(days=1)
PLAIN = DayCalendar()
TET = LunarRule(day=1, month=1)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 1, 1), "Tết Dương lịch"),
        (date(2026, 2, 17), "Tết Nguyên Đán"),
        (date(2026, 4, 26), "Ngày Giỗ Tổ Hùng Vương"),
        (date(2026, 4, 27), "Ngày Giỗ Tổ Hùng Vương (nghỉ bù)"),
        (date(2026, 4, 30), "Ngày Chiến thắng"),
        (date(2026, 9, 2), "Quốc khánh"),
    ],
)
def test_holidays_are_named_in_both_languages(day: date, name: str) -> None:
    named = holiday_name(day, PLAIN)
    assert named is not None
    assert named[0] == name
    assert named[1].isascii()
    assert not is_working_day(day, PLAIN)


def test_an_ordinary_day_is_none() -> None:
    assert holiday_name(date(2026, 8, 19), PLAIN) is None
    assert is_working_day(date(2026, 8, 19), PLAIN)


@pytest.mark.parametrize("year", range(1976, 2100))
def test_the_nations_tet_is_the_one_of_our_lunar_calendar(year: int) -> None:
    (tet,) = lunar_dates(TET, date(year, 1, 1), date(year + 1, 1, 1))
    named = holiday_name(tet, PLAIN)
    assert named is not None
    assert "Tết Nguyên Đán" in named[0]


def test_weekends_are_no_working_days_unless_swapped() -> None:
    assert not is_working_day(date(2026, 8, 15), PLAIN)
    assert is_working_day(date(2026, 8, 22), PLAIN)  # for Monday, 31 August
    assert not is_working_day(date(2026, 8, 31), PLAIN)
    assert is_working_day(date(2014, 12, 27), PLAIN)  # for 2 January of the next year
    assert is_working_day(date(2019, 1, 5), PLAIN)  # for 31 December of the year before


def test_the_next_working_day_counts_from_the_day_itself() -> None:
    assert next_working_day(date(2026, 8, 19), PLAIN) == date(2026, 8, 19)
    assert next_working_day(date(2026, 2, 16), PLAIN) == date(2026, 2, 23)
    swapped = DayCalendar(swaps=(Swap(date(2026, 2, 22), working=True),))
    assert next_working_day(date(2026, 2, 16), swapped) == date(2026, 2, 22)


def test_a_place_without_a_working_day_left_is_told_so() -> None:
    with pytest.raises(DateOutOfRange):
        next_working_day(date(2100, 1, 2), PLAIN)


def test_a_swap_wins_over_the_nation() -> None:
    works = DayCalendar(swaps=(Swap(date(2026, 4, 30), working=True),))
    assert holiday_name(date(2026, 4, 30), works) is None
    assert is_working_day(date(2026, 4, 30), works)


def test_a_day_off_in_exchange_is_named_by_its_note() -> None:
    day = date(2026, 8, 20)
    noted = DayCalendar(swaps=(Swap(day, working=False, note="Lễ hội cồng chiêng"),))
    assert holiday_name(day, noted) == ("Lễ hội cồng chiêng", "Lễ hội cồng chiêng")
    bare = DayCalendar(swaps=(Swap(day, working=False),))
    assert holiday_name(day, bare) == ("Ngày nghỉ (hoán đổi)", "Day off (swapped)")
    assert not is_working_day(day, bare)


def test_a_place_has_holidays_of_its_own() -> None:
    day = date(2026, 8, 20)
    own = DayCalendar(extra_holidays=(day,))
    assert holiday_name(day, own) == ("Ngày nghỉ của địa phương", "Local holiday")
    assert is_working_day(day, replace(own, swaps=(Swap(day, working=True),)))


@pytest.mark.parametrize(
    ("day", "fire", "storm"),
    [
        (date(2026, 10, 31), False, True),
        (date(2026, 11, 1), True, True),
        (date(2026, 12, 1), True, False),
        (date(2027, 4, 30), True, False),
        (date(2027, 5, 1), False, False),
        (date(2027, 9, 1), False, True),
    ],
)
def test_seasons_of_the_default_calendar(day: date, fire: bool, storm: bool) -> None:
    assert in_season(day, "fire", DEFAULT_CALENDAR) is fire
    assert in_season(day, "storm", DEFAULT_CALENDAR) is storm


def test_an_unknown_season_is_named_beside_those_that_are_known() -> None:
    with pytest.raises(UnknownSeason, match="fire, storm"):
        in_season(date(2026, 8, 15), "mưa", DEFAULT_CALENDAR)


def test_a_season_may_end_or_begin_on_29_february() -> None:
    until = DayCalendar(seasons=(Season("dry", (12, 1), (2, 29)),))
    assert in_season(date(2027, 2, 28), "dry", until)
    assert in_season(date(2028, 2, 29), "dry", until)
    assert not in_season(date(2027, 3, 1), "dry", until)
    since = DayCalendar(seasons=(Season("wet", (2, 29), (3, 31)),))
    assert not in_season(date(2027, 2, 28), "wet", since)
    assert in_season(date(2027, 3, 1), "wet", since)


def test_a_season_of_one_day() -> None:
    one = DayCalendar(seasons=(Season("day", (9, 2), (9, 2)),))
    held = [day for n in range(366) if in_season(day := date(2026, 1, 1) + n * DAY, "day", one)]
    assert held == [date(2026, 9, 2)]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("", (1, 1), (2, 1)), ("a", (2, 30), (3, 1)), ("a", (1, 1), (13, 1)), ("a", (0, 1), (1, 1))],
)
def test_a_season_that_does_not_exist(
    name: str, first: tuple[int, int], last: tuple[int, int]
) -> None:
    with pytest.raises(BadSeason):
        Season(name, first, last)


def test_a_calendar_says_a_thing_once() -> None:
    with pytest.raises(BadSeason):
        DayCalendar(seasons=(Season("a", (1, 1), (2, 1)), Season("a", (3, 1), (4, 1))))
    with pytest.raises(RepeatedSwap, match="20/08/2026"):
        DayCalendar(swaps=(Swap(date(2026, 8, 20), True), Swap(date(2026, 8, 20), False)))


@given(st.dates(date(2000, 1, 1), date(2059, 12, 31)))
def test_a_working_day_is_near_and_never_a_holiday(day: date) -> None:
    found = next_working_day(day, PLAIN)
    assert day <= found <= day + 12 * DAY
    assert holiday_name(found, PLAIN) is None
    assert all(not is_working_day(day + n * DAY, PLAIN) for n in range((found - day).days))
