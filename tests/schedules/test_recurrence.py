from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schedules.errors import NaiveTime, NonexistentWindow, StartInPast
from schedules.recurrence import Occurrence, occurrences, require_future
from tests.schedules.plans import DAY, at, daily, programme

ZONES = [
    "Asia/Ho_Chi_Minh",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",  # clocks move by half an hour
    "Africa/Casablanca",  # clocks move around Ramadan
    "America/Santiago",  # clocks move at midnight
    "Asia/Kathmandu",
    "Pacific/Apia",
]


def starts(found: tuple[Occurrence, ...]) -> list[datetime]:
    return [each.start_utc for each in found]


def walls(found: tuple[Occurrence, ...], zone: str) -> list[str]:
    return [f"{each.start_utc.astimezone(ZoneInfo(zone)):%d/%m %H:%M}" for each in found]


def test_once_is_once_and_in_utc() -> None:
    found = occurrences(programme(wall=time(6)), at(0), at(24 * 30))
    assert [each.local_date for each in found] == [DAY]
    assert starts(found) == [datetime(2026, 8, 14, 23, tzinfo=UTC)]


def test_daily_until_its_last_date_included() -> None:
    found = occurrences(daily(valid_until=date(2026, 8, 17)), at(0), at(24 * 30))
    assert [each.local_date.day for each in found] == [15, 16, 17]


def test_the_window_holds_its_first_instant_and_not_its_last() -> None:
    assert len(occurrences(daily(), at(6), at(30))) == 1
    assert len(occurrences(daily(), at(6), at(30, 0, 1))) == 2
    assert occurrences(daily(), at(6), at(6)) == ()


def test_a_window_before_the_first_date_is_empty() -> None:
    assert occurrences(daily(), at(-240), at(0)) == ()


def test_windows_are_instants_and_run_forward() -> None:
    with pytest.raises(NaiveTime):
        occurrences(daily(), datetime(2026, 8, 15), at(24))
    with pytest.raises(NonexistentWindow):
        occurrences(daily(), at(24), at(0))


def test_a_skipped_wall_time_is_heard_one_gap_later_and_a_repeated_one_once() -> None:
    berlin = daily(wall=time(2, 30), time_zone="Europe/Berlin", day=date(2026, 1, 1))
    spring = occurrences(
        berlin, datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC)
    )
    assert walls(spring, "Europe/Berlin") == ["28/03 02:30", "29/03 03:30", "30/03 02:30"]
    autumn = occurrences(
        berlin, datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC)
    )
    assert starts(autumn) == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
    ]


def test_half_an_hour_on_lord_howe() -> None:
    slot = daily(wall=time(2, 15), time_zone="Australia/Lord_Howe", day=date(2026, 10, 3))
    found = occurrences(slot, datetime(2026, 10, 2, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC))
    assert walls(found, "Australia/Lord_Howe") == ["03/10 02:15", "04/10 02:45", "05/10 02:15"]


def test_a_gap_over_midnight_lands_on_the_next_date_and_is_still_found() -> None:
    slot = programme(wall=time(23, 45), time_zone="America/Toronto", day=date(1919, 3, 30))
    landed = datetime(1919, 3, 31, 4, 45, tzinfo=UTC)
    found = occurrences(slot, landed, landed + timedelta(minutes=1))
    assert [(each.local_date, each.start_utc) for each in found] == [(date(1919, 3, 30), landed)]


def test_the_day_that_samoa_skipped_has_no_airing() -> None:
    slot = daily(wall=time(6), time_zone="Pacific/Apia", day=date(2011, 12, 29))
    found = occurrences(slot, datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC))
    assert [each.local_date.day for each in found] == [29, 31, 1]


def test_leap_day() -> None:
    slot = daily(day=date(2028, 2, 28), valid_until=date(2028, 3, 1))
    found = occurrences(slot, datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))
    assert [f"{each.local_date:%d/%m}" for each in found] == ["28/02", "29/02", "01/03"]


def test_a_start_in_the_past_is_refused_in_the_time_of_the_place() -> None:
    require_future(programme(wall=time(6)), at(5, 59))
    with pytest.raises(StartInPast) as refused:
        require_future(programme(wall=time(6)), at(6))
    assert "06:00 15/08/2026" in refused.value.vi


def test_a_daily_programme_is_past_only_after_its_last_date() -> None:
    require_future(daily(wall=time(6)), at(24 * 400))
    require_future(daily(wall=time(6), valid_until=date(2026, 8, 16)), at(7))
    with pytest.raises(StartInPast):
        require_future(daily(wall=time(6), valid_until=date(2026, 8, 16)), at(30))


dates = st.dates(date(2000, 1, 1), date(2037, 12, 31))
wall_times = st.times().map(lambda wall: wall.replace(microsecond=0, fold=0))


@given(st.sampled_from(ZONES), dates, wall_times, st.integers(1, 400))
@example("Europe/Berlin", date(2026, 3, 28), time(2, 30), 3)
@example("Pacific/Apia", date(2011, 12, 28), time(6), 5)
@example("America/Santiago", date(2026, 9, 5), time(0, 30), 3)
def test_one_a_local_day_strictly_rising_at_the_same_wall_time_wherever_it_exists(
    zone_name: str, first: date, wall: time, days: int
) -> None:
    zone = ZoneInfo(zone_name)
    last = first + timedelta(days=days - 1)
    slot = daily(wall=wall, time_zone=zone_name, day=first, valid_until=last)
    begin = datetime.combine(first, time(), tzinfo=UTC)
    found = occurrences(slot, begin - timedelta(days=2), begin + timedelta(days=days + 2))

    all_days = [first + timedelta(days=number) for number in range(days)]
    skipped = date(2011, 12, 30) if zone_name == "Pacific/Apia" else None
    assert [each.local_date for each in found] == [day for day in all_days if day != skipped]
    assert all(one < following for one, following in pairwise(starts(found)))
    for each in found:
        local = each.start_utc.astimezone(zone)
        meant = datetime.combine(each.local_date, wall)
        if local.replace(tzinfo=None) == meant:
            assert local.fold == 0
        else:
            # The time was skipped: it comes as much later as the clocks were moved.
            day_before = (each.start_utc - timedelta(days=1)).astimezone(zone)
            moved = (local.utcoffset() or timedelta()) - (day_before.utcoffset() or timedelta())
            assert local.replace(tzinfo=None) == meant + moved


@given(st.sampled_from(ZONES), dates, wall_times, st.integers(0, 20 * 24), st.integers(0, 20 * 24))
def test_two_windows_side_by_side_find_what_one_finds(
    zone_name: str, first: date, wall: time, until_split: int, after_split: int
) -> None:
    slot = daily(wall=wall, time_zone=zone_name, day=first)
    begin = datetime.combine(first, time(12), tzinfo=UTC)
    split = begin + timedelta(hours=until_split)
    end = split + timedelta(hours=after_split)
    halves = occurrences(slot, begin, split) + occurrences(slot, split, end)
    assert halves == occurrences(slot, begin, end)
