from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.airtime import (
    DEFAULT_AIRTIME_LAW,
    EVERY_DAY,
    NOWHERE,
    Action,
    AirtimeLaw,
    Clause,
    DayLimit,
    Limit,
    PlaceRule,
    VolumeStep,
    Window,
    breaks,
    gain_at,
    lowest_gain,
    open_until,
    place_name,
    too_many_sessions,
)
from schedules.errors import (
    BadDuration,
    BadGain,
    BadSessionCount,
    BadVolumeProfile,
    NaiveTime,
    NoWeekday,
    RepeatedClause,
    RepeatedPlaceRule,
)
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


def test_a_clock_that_is_put_back_hides_no_breach() -> None:
    night = datetime(2026, 10, 25, 2, 50, tzinfo=ZoneInfo("Europe/Berlin"))
    found = breaks(LAW, night, DurationMs(20 * 60_000))
    assert [breach.code for breach in found] == ["outside_windows", "quiet_hours"]


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


SCHOOL = frozenset({"school"})
LESSONS = Window(frozenset(range(1, 6)), time(7), time(11))
NEAR_A_SCHOOL = replace(FREE, places=(PlaceRule("school", (LESSONS,), GainDb(-20)),))
SUNDAY = datetime(2026, 8, 16, 9, tzinfo=ZoneInfo(HOME))
CHURCH = frozenset({"church"})
THURSDAY = datetime(2026, 8, 20, tzinfo=ZoneInfo(HOME))
MINUTE = 60_000


def test_a_breach_quotes_the_paragraph_of_the_communes_own_rule() -> None:
    law = replace(
        LAW,
        clauses=(Clause(Limit.WINDOWS, "khoản 2 Điều 5"),),
        source_vi="Quy chế 12/QC-UBND",
        source_en="Regulation 12/QC-UBND",
    )
    (breach,) = breaks(law, THURSDAY.replace(hour=9), DurationMs(MINUTE))
    assert breach.paragraph == "khoản 2 Điều 5"
    assert breach.vi.endswith("(khoản 2 Điều 5, Quy chế 12/QC-UBND).")
    assert breach.en.endswith("(khoản 2 Điều 5, Regulation 12/QC-UBND).")


def test_a_limit_refuses_unless_its_clause_only_flags() -> None:
    law = replace(LAW, clauses=(Clause(Limit.WINDOWS, action=Action.FLAG),))
    found = breaks(law, THURSDAY.replace(hour=22), DurationMs(MINUTE))
    assert {b.code: b.action for b in found} == {
        "outside_windows": Action.FLAG,
        "quiet_hours": Action.REFUSE,
    }


def test_the_count_of_sessions_has_its_clause_too() -> None:
    law = replace(LAW, clauses=(Clause(Limit.COUNT, "Điều 7", Action.FLAG),))
    breach = too_many_sessions(law, 3)
    assert (breach.action, breach.paragraph) == (Action.FLAG, "Điều 7")
    assert breach.vi.startswith("Trong ngày đã có đủ 3 buổi phát (Điều 7, ")


def test_what_only_flags_shuts_no_air() -> None:
    start, by = datetime(2026, 8, 20, 20, 50), datetime(2026, 8, 20, 21, 30)
    night = replace(LAW, windows=())
    assert open_until(night, start, by) == by.replace(hour=21, minute=0)
    lenient = replace(night, clauses=(Clause(Limit.QUIET, action=Action.FLAG),))
    assert open_until(lenient, start, by) == by
    assert (night.silence, lenient.silence) == (LAW.quiet, None)


def test_a_weekday_may_have_limits_of_its_own() -> None:
    sunday = DayLimit(frozenset({7}), max_sessions=1, max_session_ms=DurationMs(10 * MINUTE))
    law = replace(
        FREE,
        max_sessions_per_day=3,
        max_session_ms=DurationMs(20 * MINUTE),
        by_weekday=(sunday,),
    )
    assert law.most_sessions(MONDAY) == 3
    assert law.most_sessions(MONDAY - timedelta(days=1)) == 1
    assert [b.code for b in breaks(law, SUNDAY, DurationMs(11 * MINUTE))] == ["session_too_long"]
    assert breaks(law, THURSDAY, DurationMs(20 * MINUTE)) == ()


def test_where_a_weekday_says_nothing_the_laws_own_limit_holds() -> None:
    law = replace(FREE, max_sessions_per_day=3, by_weekday=(DayLimit(frozenset({7})),))
    assert law.most_sessions(SUNDAY) == 3


def test_no_session_while_a_school_teaches() -> None:
    during = breaks(NEAR_A_SCHOOL, THURSDAY.replace(hour=10, minute=50), DurationMs(MINUTE), SCHOOL)
    assert [b.code for b in during] == ["place_hush"]
    assert "07:00–11:00 vì gần trường học" in during[0].vi
    assert "near a school" in during[0].en
    after = THURSDAY.replace(hour=11)
    assert breaks(NEAR_A_SCHOOL, after, DurationMs(MINUTE), SCHOOL) == ()
    assert breaks(NEAR_A_SCHOOL, SUNDAY, DurationMs(MINUTE), SCHOOL) == ()
    assert breaks(NEAR_A_SCHOOL, THURSDAY.replace(hour=9), DurationMs(MINUTE)) == ()
    assert breaks(NEAR_A_SCHOOL, THURSDAY.replace(hour=9), DurationMs(MINUTE), CHURCH) == ()


def test_a_session_ends_before_the_hush_begins() -> None:
    start = datetime(2026, 8, 20, 6, 50)
    late = start + timedelta(minutes=20)
    assert open_until(NEAR_A_SCHOOL, start, late, SCHOOL) == datetime(2026, 8, 20, 7)
    assert open_until(NEAR_A_SCHOOL, start, late) == late
    (breach,) = breaks(
        NEAR_A_SCHOOL, THURSDAY.replace(hour=6, minute=55), DurationMs(6 * MINUTE), SCHOOL
    )
    assert breach.code == "place_hush"


def test_every_place_asks_for_the_sensitive_level_and_some_for_less() -> None:
    law = replace(LAW, places=(PlaceRule("clinic", gain_db=GainDb(-30)), PlaceRule("church")))
    assert gain_at(law, time(9)) == 0
    assert gain_at(law, time(9), CHURCH) == -15
    assert gain_at(law, time(9), frozenset({"other"})) == -15
    assert gain_at(law, time(9), CHURCH | {"clinic"}) == -30
    louder = replace(LAW, places=(PlaceRule("clinic", gain_db=GainDb(-5)),))
    assert gain_at(louder, time(22), frozenset({"clinic"})) == -25


@pytest.mark.parametrize("gain", [1.0, -61.0, float("nan")])
def test_a_place_is_not_louder_than_full(gain: float) -> None:
    with pytest.raises(BadGain):
        PlaceRule("school", gain_db=GainDb(gain))


def test_a_law_says_a_thing_once() -> None:
    with pytest.raises(RepeatedClause):
        replace(LAW, clauses=(Clause(Limit.QUIET), Clause(Limit.QUIET, "Điều 2")))
    with pytest.raises(RepeatedPlaceRule):
        replace(LAW, places=(PlaceRule("school"), PlaceRule("school")))


def test_a_day_of_minus_one_sessions_is_refused() -> None:
    with pytest.raises(BadSessionCount):
        replace(LAW, max_sessions_per_day=-1)
    with pytest.raises(BadSessionCount):
        DayLimit(EVERY_DAY, max_sessions=-1)
    with pytest.raises(BadDuration):
        DayLimit(EVERY_DAY, max_session_ms=DurationMs(0))
    with pytest.raises(NoWeekday):
        DayLimit(frozenset())


def test_a_place_of_unknown_kind_has_a_name_too() -> None:
    assert place_name("school") == ("trường học", "school")
    assert place_name("market") == place_name("other")


@given(
    st.sets(st.sampled_from(["school", "clinic", "church", "communal_house", "other"])),
    st.sampled_from(["school", "clinic", "church", "communal_house", "other"]),
    st.times(),
)
def test_one_more_place_never_makes_it_louder(places: set[str], more: str, wall: time) -> None:
    near = frozenset(places)
    law = replace(
        LAW,
        places=(PlaceRule("school", gain_db=GainDb(-20)), PlaceRule("church", gain_db=GainDb(0))),
    )
    assert gain_at(law, wall, near | {more}) <= gain_at(law, wall, near)
    assert gain_at(law, wall, NOWHERE) == gain_at(LAW, wall)


@given(
    st.datetimes(datetime(2026, 8, 1), datetime(2026, 8, 31)),
    st.integers(1, 180),
    st.booleans(),
)
def test_a_session_keeps_the_law_exactly_where_the_air_is_open_to_its_end(
    start: datetime, minutes: int, by_school: bool
) -> None:
    law = replace(LAW, places=NEAR_A_SCHOOL.places)
    near = SCHOOL if by_school else NOWHERE
    end = start + timedelta(minutes=minutes)
    broken = breaks(law, start.replace(tzinfo=UTC), DurationMs(minutes * MINUTE), near)
    assert (open_until(law, start, end, near) == end) is (broken == ())
