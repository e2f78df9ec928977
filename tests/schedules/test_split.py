"""“This and all following”: a timing cut in two loses nothing and airs nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.lunar import LunarRule
from schedules.recurrence import expand
from schedules.split import before, following
from schedules.timing import Change, OnHolidays, Timing

HANOI = "Asia/Ho_Chi_Minh"
START = datetime(2026, 8, 10, 5, 30)
SINCE, UNTIL = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def walls(timing: Timing | None) -> list[datetime]:
    """Wall times at which it airs in the three months that the tests look at."""
    return [] if timing is None else [airing.wall for airing in expand(timing, SINCE, UNTIL)]


TIMINGS = (
    Timing(START, HANOI, rules=("FREQ=DAILY",)),
    Timing(START, HANOI, rules=("FREQ=DAILY;COUNT=20",)),
    Timing(START, HANOI, rules=("FREQ=DAILY;BYHOUR=5,11,17;COUNT=40",)),
    Timing(START, HANOI, rules=("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=DAILY;INTERVAL=3")),
    Timing(START, HANOI, rules=("FREQ=MONTHLY;BYDAY=-1FR",), dates=(datetime(2026, 9, 3, 9),)),
    Timing(START, HANOI, lunar=(LunarRule(1), LunarRule(15))),
    Timing(START, HANOI, rules=("FREQ=DAILY",), on_holidays=OnHolidays.SKIP),
    Timing(START, HANOI, dates=tuple(START + timedelta(days=n) for n in (3, 9, 27))),
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(TIMINGS), st.data())
def test_before_and_following_together_are_the_whole(timing: Timing, data: st.DataObject) -> None:
    whole = walls(timing)
    of = data.draw(st.sampled_from(whole))

    assert walls(before(timing, of)) == [wall for wall in whole if wall < of]
    assert walls(following(timing, of)) == [wall for wall in whole if wall >= of]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 19), st.integers(-300, 300).map(lambda minutes: timedelta(minutes=minutes)))
def test_a_later_hour_moves_all_that_follow_by_as_much(index: int, shift: timedelta) -> None:
    timing = Timing(START, HANOI, rules=("FREQ=DAILY;COUNT=20",))
    of = START + timedelta(days=index)

    moved = walls(following(timing, of, of + shift))

    assert moved == [START + timedelta(days=n) + shift for n in range(index, 20)]


def test_another_weekday_moves_a_weekly_programme_whose_rule_names_none() -> None:
    timing = Timing(START, HANOI, rules=("FREQ=WEEKLY;COUNT=4",))
    of = START + timedelta(weeks=2)

    moved = walls(following(timing, of, of + timedelta(days=2)))

    assert moved == [of + timedelta(days=2), of + timedelta(days=9)]


def test_what_a_person_changed_stays_on_its_side() -> None:
    day = timedelta(days=1)
    changes = (
        Change(START + day, START + day + timedelta(hours=1)),
        Change(START + 5 * day, None),
    )
    timing = Timing(START, HANOI, rules=("FREQ=DAILY;COUNT=7",), changes=changes)
    of = START + 3 * day

    earlier, later = before(timing, of), following(timing, of, of + timedelta(minutes=10))

    assert walls(earlier) == [START, START + day + timedelta(hours=1), START + 2 * day]
    ten = timedelta(minutes=10)
    assert walls(later) == [of + ten, of + day + ten, of + 3 * day + ten]


@pytest.mark.parametrize("timing", TIMINGS)
def test_nothing_is_before_the_first(timing: Timing) -> None:
    assert before(timing, walls(timing)[0]) is None
