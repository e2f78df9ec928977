"""What days do to a timing: âm lịch, holidays, seasons, validity, and what people changed."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.day_calendar import DayCalendar, Season, Swap
from schedules.errors import BadRule, NeverAirs, RuleTooDense, StartInPast, UnknownSeason
from schedules.holidays import DEFAULT_CALENDAR
from schedules.lunar import LunarRule
from schedules.recurrence import Airing, expand, named_walls, next_airing, require_future
from schedules.timing import Change, OnHolidays, Timing
from schedules.types import DurationMs
from tests.schedules.plans import HOME, programme

ZONE = ZoneInfo(HOME)
BEGIN = datetime(2026, 1, 1, 5, 30)
DAILY = ("FREQ=DAILY",)


def timed(**given: Any) -> Timing:
    return Timing(**({"start": BEGIN, "time_zone": HOME, "rules": DAILY} | given))


def airings(
    timing: Timing, first: date, last: date, calendar: DayCalendar = DEFAULT_CALENDAR
) -> tuple[Airing, ...]:
    """Of the dates from `first` to `last`, both included."""
    since, until = datetime.combine(first, time()), datetime.combine(last, time())
    until += timedelta(days=1)
    return expand(timing, since.replace(tzinfo=ZONE), until.replace(tzinfo=ZONE), calendar)


def days(timing: Timing, first: date, last: date, **given: Any) -> list[str]:
    return [f"{each.wall:%d/%m}" for each in airings(timing, first, last, **given)]


def test_rules_dates_and_moons_are_one_series() -> None:
    timing = timed(
        rules=("FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=1,2"),
        dates=(datetime(2026, 2, 2, 5, 30), datetime(2026, 2, 20, 11)),
        lunar=(LunarRule(15),),
        excluded=(datetime(2026, 2, 1, 5, 30),),
        excluded_rules=("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2",),
    )
    found = days(timing, date(2026, 2, 1), date(2026, 3, 31))
    assert found == ["02/02", "20/02", "01/03", "03/03"]


def test_a_moon_alone_airs_when_the_moon_says_and_not_at_its_start() -> None:
    tet = timed(rules=(), lunar=(LunarRule(1, 1, days=3),))
    assert days(tet, date(2026, 1, 1), date(2027, 12, 31)) == [
        "17/02",
        "18/02",
        "19/02",
        "06/02",
        "07/02",
        "08/02",
    ]


def test_without_rules_it_airs_at_its_start_and_its_dates() -> None:
    timing = timed(rules=(), dates=(datetime(2026, 1, 5, 11),))
    assert days(timing, date(2026, 1, 1), date(2026, 12, 31)) == ["01/01", "05/01"]


NATIONAL_DAY = date(2026, 9, 2)


@pytest.mark.parametrize(
    ("what", "heard"),
    [
        (OnHolidays.AIR, ["31/08", "01/09", "02/09", "03/09", "04/09"]),
        (OnHolidays.SKIP, ["31/08", "03/09", "04/09"]),
        (OnHolidays.ONLY, ["01/09", "02/09"]),
        (OnHolidays.NEXT_WORKING_DAY, ["31/08", "03/09", "04/09"]),
    ],
)
def test_what_a_holiday_does(what: OnHolidays, heard: list[str]) -> None:
    # A swap for the year makes 31 August a working day, whatever the nation's list says.
    calendar = DayCalendar(
        swaps=(Swap(date(2026, 8, 31), working=True), Swap(date(2026, 9, 1), working=False))
    )
    timing = timed(on_holidays=what)
    assert days(timing, date(2026, 8, 31), date(2026, 9, 4), calendar=calendar) == heard


def test_what_a_holiday_puts_off_keeps_its_name_and_is_found_in_any_window() -> None:
    timing = timed(
        rules=("FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=2",), on_holidays=OnHolidays("next_working_day")
    )
    (put_off,) = airings(timing, date(2026, 9, 3), date(2026, 9, 3))
    assert put_off.recurrence_id == datetime(2026, 9, 2, 5, 30)
    assert put_off.wall == datetime(2026, 9, 3, 5, 30)
    cancelled = timed(
        rules=timing.rules,
        on_holidays=timing.on_holidays,
        changes=(Change(datetime(2026, 9, 2, 5, 30), None),),
    )
    assert airings(cancelled, date(2026, 9, 1), date(2026, 9, 10)) == ()


def test_seasons_and_validity_sift() -> None:
    timing = timed(
        rules=("FREQ=MONTHLY;BYMONTHDAY=1",),
        seasons=("fire", "storm"),
        valid_from=date(2026, 4, 1),
        valid_until=date(2026, 11, 1),
    )
    assert days(timing, date(2026, 1, 1), date(2027, 12, 31)) == [
        "01/04",
        "01/09",
        "01/10",
        "01/11",
    ]
    with pytest.raises(UnknownSeason):
        days(timed(seasons=("snow",)), date(2026, 1, 1), date(2026, 1, 2))


def test_a_season_that_ends_on_a_leap_day() -> None:
    calendar = DayCalendar(seasons=(Season("dry", (2, 27), (2, 29)),))
    found = days(timed(seasons=("dry",)), date(2027, 1, 1), date(2028, 12, 31), calendar=calendar)
    assert found == ["27/02", "28/02", "27/02", "28/02", "29/02"]


MOVED = Change(datetime(2026, 3, 10, 5, 30), datetime(2026, 5, 1, 11), DurationMs(60_000))


def test_a_moved_occurrence_is_found_where_it_went_and_not_where_it_was() -> None:
    timing = timed(rules=("FREQ=WEEKLY;BYDAY=TU",), changes=(MOVED,))
    assert days(timing, date(2026, 3, 10), date(2026, 3, 10)) == []
    (moved,) = airings(timing, date(2026, 5, 1), date(2026, 5, 1))
    assert moved.recurrence_id == datetime(2026, 3, 10, 5, 30)
    assert moved.wall == datetime(2026, 5, 1, 11)
    assert moved.duration_ms == 60_000


def test_a_change_of_what_the_rules_no_longer_name_changes_nothing() -> None:
    timing = timed(rules=("FREQ=WEEKLY;BYDAY=MO",), changes=(MOVED,))
    assert days(timing, date(2026, 5, 1), date(2026, 5, 1)) == []
    assert days(timing, date(2026, 3, 9), date(2026, 3, 16)) == ["09/03", "16/03"]


def test_no_sifting_of_days_moves_back_what_a_person_moved() -> None:
    timing = timed(
        on_holidays=OnHolidays.SKIP,
        changes=(Change(datetime(2026, 9, 3, 5, 30), datetime(2026, 9, 2, 5, 30)),),
    )
    assert days(timing, date(2026, 9, 2), date(2026, 9, 3)) == ["02/09"]


def test_all_following_move_along_however_far() -> None:
    change = Change(datetime(2026, 3, 2, 5, 30), datetime(2026, 3, 23, 6), following=True)
    timing = timed(rules=("FREQ=WEEKLY;BYDAY=MO",), changes=(change,))
    found = airings(timing, date(2026, 2, 16), date(2026, 4, 6))
    assert [f"{each.wall:%d/%m %H:%M}" for each in found] == [
        "16/02 05:30",
        "23/02 05:30",
        "23/03 06:00",
        "30/03 06:00",
        "06/04 06:00",
    ]


def test_two_wall_times_of_one_instant_are_one_airing() -> None:
    timing = Timing(
        datetime(2026, 3, 28, 2, 30), "Europe/Berlin", rules=("FREQ=DAILY;BYHOUR=2,3;COUNT=4",)
    )
    since = datetime(2026, 3, 27, tzinfo=UTC)
    found = expand(timing, since, since + timedelta(days=5))
    assert [f"{each.wall:%d %H}" for each in found] == ["28 02", "28 03", "29 02"]


def test_until_in_utc_is_an_instant_also_where_clocks_change() -> None:
    timing = Timing(
        datetime(2026, 3, 27, 5), "Europe/Berlin", rules=("FREQ=DAILY;UNTIL=20260329T030000Z",)
    )
    since = datetime(2026, 3, 26, tzinfo=UTC)
    assert len(expand(timing, since, since + timedelta(days=9))) == 3


def test_the_next_airing_is_looked_for_far_but_not_for_ever() -> None:
    after = datetime(2026, 1, 1, tzinfo=UTC)
    rare = next_airing(timed(rules=("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU",)), after)
    assert rare is not None
    assert rare.wall == datetime(2032, 2, 29, 5, 30)
    assert next_airing(timed(rules=("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",)), after) is None
    assert (
        next_airing(timed(rules=("FREQ=DAILY;COUNT=3",)), datetime(2026, 1, 4, tzinfo=UTC)) is None
    )


def test_the_next_airing_is_later_than_the_moment_asked_about() -> None:
    first = next_airing(timed(), datetime(2026, 1, 1, tzinfo=UTC))
    assert first is not None
    second = next_airing(timed(), first.start_utc)
    assert second is not None
    assert second.start_utc - first.start_utc == timedelta(days=1)


def test_what_never_airs_is_refused_as_that_and_what_is_over_as_that() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    never = timed(rules=("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",))
    with pytest.raises(NeverAirs) as refused:
        require_future(programme(when=never), now, DEFAULT_CALENDAR)
    assert "không bao giờ phát" in refused.value.vi
    no_season = timed(rules=("FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1",), seasons=("fire",))
    with pytest.raises(NeverAirs):
        require_future(programme(when=no_season), now, DEFAULT_CALENDAR)
    with pytest.raises(StartInPast) as over:
        require_future(programme(when=timed(rules=("FREQ=DAILY;COUNT=2",))), now)
    assert "05:30 02/01/2026" in over.value.vi
    require_future(programme(when=timed(rules=("FREQ=DAILY;COUNT=200",))), now)
    with pytest.raises(RuleTooDense):
        require_future(programme(when=timed(rules=("FREQ=MINUTELY",))), now)


def test_a_timing_holds_no_rule_that_cannot_be_read() -> None:
    with pytest.raises(BadRule):
        timed(rules=("FREQ=OFTEN",))
    with pytest.raises(BadRule):
        timed(excluded_rules=("",))


def test_named_walls_are_what_rules_say_before_days_sift_them() -> None:
    timing = timed(on_holidays=OnHolidays.SKIP, excluded=(datetime(2026, 9, 3, 5, 30),))
    since, by = datetime(2026, 9, 1), datetime(2026, 9, 4, 23)
    assert [wall.day for wall in named_walls(timing, since, by)] == [1, 2, 4]


walls = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(
    lambda wall: wall.replace(minute=30, second=0, microsecond=0)
)
timings = st.builds(
    Timing,
    walls,
    st.sampled_from([HOME, "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
    rules=st.lists(
        st.sampled_from(
            [
                "FREQ=DAILY",
                "FREQ=WEEKLY;BYDAY=MO,SA;COUNT=20",
                "FREQ=MONTHLY;BYDAY=-1SU;BYHOUR=1,2,3",
                "FREQ=HOURLY;INTERVAL=7;UNTIL=20270101T000000Z",
            ]
        ),
        max_size=2,
    ).map(tuple),
    dates=st.lists(walls, max_size=2).map(tuple),
    lunar=st.lists(st.builds(LunarRule, st.integers(1, 30)), max_size=1).map(tuple),
    on_holidays=st.sampled_from(OnHolidays),
    seasons=st.sampled_from([(), ("fire",)]),
    valid_until=st.none() | st.dates(date(2026, 6, 1), date(2027, 6, 1)),
    changes=st.lists(
        st.builds(Change, walls, st.none() | walls, following=st.booleans()), max_size=2
    ).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(timings, st.integers(0, 400), st.integers(0, 60), st.integers(0, 60))
def test_windows_side_by_side_find_what_one_finds(
    timing: Timing, begin: int, split: int, length: int
) -> None:
    since = datetime(2026, 1, 1, 3, tzinfo=UTC) + timedelta(days=begin)
    middle = since + timedelta(days=split, hours=5)
    until = middle + timedelta(days=length)
    halves = expand(timing, since, middle, DEFAULT_CALENDAR) + expand(
        timing, middle, until, DEFAULT_CALENDAR
    )
    whole = expand(timing, since, until, DEFAULT_CALENDAR)
    assert [each.start_utc for each in halves] == [each.start_utc for each in whole]
    assert halves == whole
