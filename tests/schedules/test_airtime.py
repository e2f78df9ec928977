from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.airtime import (
    DEFAULT_AIRTIME_LAW,
    EVERY_DAY,
    AirtimeLaw,
    VolumeStep,
    Window,
    breaks,
    gain_at,
    lowest_gain,
    open_until,
    too_many_sessions,
)
from schedules.errors import BadDuration, BadVolumeProfile, NaiveTime, NoWeekday
from schedules.types import DurationMs, GainDb
from tests.schedules.plans import HOME

LAW = DEFAULT_AIRTIME_LAW
FREE = replace(LAW, windows=(), quiet=None)
MONDAY = datetime(2026, 8, 17)
ALL_DAY = Window(EVERY_DAY, time(0), time(0))


def codes(law: AirtimeLaw, hour: int, minute: int, minutes: int) -> list[str]:
    start = datetime(2026, 8, 15, hour, minute, tzinfo=ZoneInfo(HOME))
    return [breach.code for breach in breaks(law, start, DurationMs(minutes * 60_000))]


@pytest.mark.parametrize(
    ("hour", "minute", "minutes", "found"),
    [
        (5, 30, 90, []),
        (5, 30, 91, ["outside_windows"]),
        (11, 0, 30, []),
        (5, 29, 5, ["outside_windows", "quiet_hours"]),
        (9, 0, 5, ["outside_windows"]),
        (20, 50, 20, ["outside_windows", "quiet_hours"]),
        (23, 50, 20, ["outside_windows", "quiet_hours"]),
    ],
)
def test_our_default_hours(hour: int, minute: int, minutes: int, found: list[str]) -> None:
    assert codes(LAW, hour, minute, minutes) == found


def test_the_default_says_that_it_is_only_ours() -> None:
    assert "xã thay bằng quy định của mình" in LAW.source_vi
    (breach,) = breaks(LAW, datetime(2026, 8, 15, 9, tzinfo=ZoneInfo(HOME)), DurationMs(60_000))
    assert "09:00–09:01 ngày 15/08/2026 nằm ngoài khung giờ 05:30–07:00" in breach.vi
    assert LAW.source_vi in breach.vi
    assert "outside the windows 05:30–07:00" in breach.en


def test_windows_that_touch_are_one() -> None:
    law = replace(
        FREE,
        windows=(Window(EVERY_DAY, time(6), time(7)), Window(EVERY_DAY, time(7), time(8))),
    )
    assert codes(law, 6, 30, 90) == []
    assert codes(law, 6, 30, 91) == ["outside_windows"]


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    law = replace(FREE, windows=(Window(frozenset({6}), time(23), time(0, 30)),))
    assert codes(law, 23, 30, 60) == []  # 15 August 2026 is a Saturday
    assert codes(law, 0, 10, 5) == ["outside_windows"]
    sunday = datetime(2026, 8, 16, 0, 10, tzinfo=ZoneInfo(HOME))
    assert breaks(law, sunday, DurationMs(60_000)) == ()


def test_the_whole_day_is_a_window_from_midnight_to_midnight() -> None:
    assert codes(replace(FREE, windows=(ALL_DAY,)), 23, 50, 60) == []


def test_weekdays() -> None:
    weekends = replace(FREE, windows=(Window(frozenset({6, 7}), time(6), time(7)),))
    assert codes(weekends, 6, 0, 10) == []
    monday = MONDAY.replace(hour=6, tzinfo=ZoneInfo(HOME))
    assert [each.code for each in breaks(weekends, monday, DurationMs(60_000))] == [
        "outside_windows"
    ]


def test_a_law_without_windows_and_quiet_hours_allows_any_time_but_not_any_length() -> None:
    law = replace(FREE, max_session_ms=DurationMs(15 * 60_000))
    assert codes(law, 2, 0, 15) == []
    assert codes(law, 2, 0, 16) == ["session_too_long"]
    (breach,) = breaks(law, MONDAY.replace(tzinfo=UTC), DurationMs(16 * 60_000))
    assert "16.0 phút, quá 15.0 phút" in breach.vi


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTime):
        breaks(LAW, MONDAY, DurationMs(1))


def test_the_count_of_sessions_is_said() -> None:
    assert "2 buổi phát" in too_many_sessions(LAW, 2).vi


@pytest.mark.parametrize(
    ("wall", "ordinary", "near_a_school"),
    [
        (time(5, 59), -15, -25),
        (time(6), 0, -15),
        (time(20, 59), 0, -15),
        (time(21), -15, -25),
        (time(0), -15, -25),
    ],
)
def test_volume_by_hour(wall: time, ordinary: float, near_a_school: float) -> None:
    assert gain_at(LAW, wall) == ordinary
    assert gain_at(LAW, wall, frozenset({"school"})) == near_a_school


@pytest.mark.parametrize(
    ("start", "end", "gain"),
    [
        (MONDAY.replace(hour=6), MONDAY.replace(hour=7), 0),
        (MONDAY.replace(hour=5, minute=50), MONDAY.replace(hour=6, minute=5), -15),
        (MONDAY.replace(hour=20, minute=50), MONDAY.replace(hour=21), 0),
        (MONDAY.replace(hour=20, minute=50), MONDAY.replace(hour=21, second=1), -15),
        (MONDAY.replace(hour=7), MONDAY + timedelta(days=1, hours=7), -15),
    ],
)
def test_a_sound_over_a_boundary_is_as_quiet_as_its_quietest_hour(
    start: datetime, end: datetime, gain: float
) -> None:
    assert lowest_gain(LAW, start, end) == gain


@pytest.mark.parametrize(
    ("volume"),
    [
        (),
        (VolumeStep(6, GainDb(0), GainDb(0)),),
        (VolumeStep(0, GainDb(0), GainDb(0)), VolumeStep(0, GainDb(0), GainDb(0))),
        (VolumeStep(0, GainDb(0), GainDb(0)), VolumeStep(24, GainDb(0), GainDb(0))),
        (VolumeStep(0, GainDb(3), GainDb(0)),),
        (VolumeStep(0, GainDb(0), GainDb(-61)),),
    ],
)
def test_a_volume_profile_covers_the_day_and_never_amplifies(
    volume: tuple[VolumeStep, ...],
) -> None:
    with pytest.raises(BadVolumeProfile):
        replace(LAW, volume=volume)


def test_a_window_needs_true_weekdays_and_a_session_a_true_length() -> None:
    for weekdays in (frozenset[int](), frozenset({0}), frozenset({8})):
        with pytest.raises(NoWeekday):
            Window(weekdays, time(6), time(7))
    with pytest.raises(BadDuration):
        replace(LAW, max_session_ms=DurationMs(0))


minutes_of_day = st.integers(0, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))
windows = st.builds(
    Window, st.frozensets(st.integers(1, 7), min_size=1), minutes_of_day, minutes_of_day
)
laws = st.builds(
    lambda allowed, quiet: replace(LAW, windows=tuple(allowed), quiet=quiet),
    st.lists(windows, max_size=3),
    st.none() | windows,
)


@given(laws, st.integers(0, 7 * 24 * 60), st.integers(1, 26 * 60))
def test_open_until_is_the_first_minute_at_which_the_law_wants_silence(
    law: AirtimeLaw, into_the_week: int, minutes: int
) -> None:
    start = MONDAY + timedelta(minutes=into_the_week)
    by = start + timedelta(minutes=minutes)

    def is_open(wall: datetime) -> bool:
        allowed = not law.windows or any(holds(window, wall) for window in law.windows)
        return allowed and not (law.quiet is not None and holds(law.quiet, wall))

    walls = (start + timedelta(minutes=passed) for passed in range(minutes))
    assert open_until(law, start, by) == next((w for w in walls if not is_open(w)), by)


@given(laws, st.integers(0, 7 * 24 * 60), st.integers(1, 26 * 60))
def test_a_session_breaks_the_hours_exactly_when_the_air_shuts_before_its_end(
    law: AirtimeLaw, into_the_week: int, minutes: int
) -> None:
    start = MONDAY + timedelta(minutes=into_the_week)
    by = start + timedelta(minutes=minutes)
    broken = breaks(law, start.replace(tzinfo=UTC), DurationMs(minutes * 60_000))
    assert bool(broken) == (open_until(law, start, by) < by)


def holds(window: Window, wall: datetime) -> bool:
    """The plain meaning of a window, minute by minute."""
    now, today = wall.time(), wall.isoweekday()
    if window.opens < window.closes:
        return today in window.weekdays and window.opens <= now < window.closes
    yesterday = (wall - timedelta(days=1)).isoweekday()
    return (today in window.weekdays and now >= window.opens) or (
        yesterday in window.weekdays and now < window.closes
    )
