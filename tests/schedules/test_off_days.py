"""Why a programme has nothing on a date, said for each restriction that alone keeps it off."""

from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.day_calendar import DayCalendar, Season, Swap
from schedules.off_days import airings_on, why_off
from schedules.timing import Change, OnHolidays, Timing

MORNING = datetime(2026, 1, 1, 5, 30)
FIRE = DayCalendar(seasons=(Season("fire", (11, 1), (4, 30)),))
TET = date(2026, 2, 17)


def daily(**changes: Any) -> Timing:
    given: dict[str, Any] = {
        "start": MORNING,
        "time_zone": "Asia/Ho_Chi_Minh",
        "rules": ("FREQ=DAILY",),
    }
    return Timing(**(given | changes))


def codes(timing: Timing, day: date, calendar: DayCalendar = FIRE) -> list[str]:
    return [off.code for off in why_off(timing, day, calendar)]


def test_a_day_that_airs_has_no_reason() -> None:
    assert codes(daily(), date(2026, 3, 3)) == []


@pytest.mark.parametrize(
    ("timing", "day", "said"),
    [
        (daily(rules=("FREQ=WEEKLY;BYDAY=MO",)), date(2026, 3, 3), ["not_in_rule"]),
        (daily(), date(2025, 12, 31), ["not_begun"]),
        (daily(on_holidays=OnHolidays.SKIP), TET, ["holiday"]),
        (daily(on_holidays=OnHolidays.ONLY), date(2026, 3, 3), ["not_a_holiday"]),
        (daily(on_holidays=OnHolidays.NEXT_WORKING_DAY), TET, ["next_working_day"]),
        (daily(seasons=("fire",)), date(2026, 6, 1), ["out_of_season"]),
        (daily(valid_until=date(2026, 2, 1)), date(2026, 2, 2), ["no_longer_valid"]),
        (daily(valid_from=date(2026, 2, 1)), date(2026, 1, 31), ["not_valid_yet"]),
        (daily(excluded=(datetime(2026, 3, 3, 5, 30),)), date(2026, 3, 3), ["excluded"]),
        (
            daily(changes=(Change(datetime(2026, 3, 3, 5, 30), None),)),
            date(2026, 3, 3),
            ["cancelled"],
        ),
        (
            daily(changes=(Change(datetime(2026, 3, 3, 5, 30), datetime(2026, 3, 4, 17)),)),
            date(2026, 3, 3),
            ["moved"],
        ),
        (
            daily(seasons=("fire",), valid_until=date(2026, 5, 1)),
            date(2026, 6, 1),
            ["out_of_season", "no_longer_valid"],
        ),
    ],
)
def test_each_restriction_is_named(timing: Timing, day: date, said: list[str]) -> None:
    assert codes(timing, day) == said


def test_a_holiday_is_called_by_its_name_and_a_rule_names_its_next_day() -> None:
    calendar = DayCalendar(swaps=(Swap(date(2026, 3, 3), False, "Lễ hội cồng chiêng"),))
    [off] = why_off(daily(on_holidays=OnHolidays.SKIP), date(2026, 3, 3), calendar)
    assert "Lễ hội cồng chiêng" in off.vi
    [off] = why_off(daily(rules=("FREQ=WEEKLY;BYDAY=MO",)), date(2026, 3, 3), FIRE)
    assert "05:30 09/03/2026" in off.vi


@given(
    st.dates(date(2025, 12, 1), date(2027, 3, 1)),
    st.sampled_from(list(OnHolidays)),
    st.sampled_from([(), ("fire",)]),
    st.sampled_from([None, date(2026, 9, 1)]),
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SA", "FREQ=MONTHLY;BYMONTHDAY=30"]),
)
def test_there_is_a_reason_exactly_where_nothing_airs(
    day: date, holidays: OnHolidays, seasons: tuple[str, ...], until: date | None, rule: str
) -> None:
    timing = daily(rules=(rule,), on_holidays=holidays, seasons=seasons, valid_until=until)
    assert bool(why_off(timing, day, FIRE)) is not bool(airings_on(timing, day, FIRE))


def test_at_the_hour_of_a_programme_that_is_moved_within_its_day_nothing_is_off() -> None:
    day = date(2026, 3, 3)
    moved = Change(datetime.combine(day, time(5, 30)), datetime.combine(day, time(17)))
    assert codes(daily(changes=(moved,)), day) == []
