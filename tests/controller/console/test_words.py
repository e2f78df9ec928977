"""How instants, lengths and errors are said."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.bulletin import State
from audio_library.wording.spoken_form import spoken_form
from controller.console.places_heard import SOONEST, sensible_start
from controller.console.reading import pieces
from controller.console.words import (
    OUTCOME_LOOKS,
    STATE_LOOKS,
    STATUS_LOOKS,
    WallClock,
    length,
    size,
    start_error,
)
from controller.fleet.status import Status
from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.as_run import Outcome
from tests.controller.office import NOW

CLOCK = WallClock(ZoneInfo("Asia/Ho_Chi_Minh"), NOW)


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, ""),
        (0, "đúng giờ"),
        (4, "trễ 4 ms"),
        (-12, "sớm 12 ms"),
        (1_450, "trễ 1,4 s"),
        (252_000, "trễ 4:12"),
    ],
)
def test_start_errors(ms: int | None, said: str) -> None:
    assert start_error(ms) == said


def test_lengths_and_sizes() -> None:
    assert [length(ms) for ms in (None, -5, 38_400, 600_000)] == ["0:00", "0:00", "0:38", "10:00"]
    assert [size(n) for n in (0, 70_400, 1_750_000)] == ["0 kB", "70 kB", "1,8 MB"]


def test_instants_are_told_in_the_stations_time() -> None:
    assert CLOCK.heading == "Thứ Hai, 10/08/2026"
    assert CLOCK.moment(NOW) == "08:00 hôm nay"
    assert CLOCK.moment(NOW + timedelta(hours=16)) == "00:00 mai"
    assert CLOCK.day(NOW - timedelta(days=1)) == "hôm qua"
    assert CLOCK.day(NOW + timedelta(days=4)) == "14/08/2026"
    assert CLOCK.offset == "+07:00"


def test_every_state_has_its_own_look() -> None:
    assert set(STATUS_LOOKS) == set(Status)
    assert set(STATE_LOOKS) == set(State)
    assert set(OUTCOME_LOOKS) == set(Outcome)
    for looks in (STATUS_LOOKS, STATE_LOOKS, OUTCOME_LOOKS):
        shown = [(look.icon, look.word) for look in looks.values()]
        assert len(set(shown)) == len(shown)


@pytest.mark.parametrize(
    ("now", "suggested"),
    [
        ("2026-08-10T08:00", "2026-08-10T11:00"),
        ("2026-08-10T17:02", "2026-08-10T17:15"),
        ("2026-08-10T18:21", "2026-08-11T05:30"),
        ("2026-08-10T23:59", "2026-08-11T05:30"),
    ],
)
def test_the_suggested_start_is_the_next_that_the_law_allows(now: str, suggested: str) -> None:
    start = sensible_start(DEFAULT_AIRTIME_LAW, datetime.fromisoformat(now))
    assert start == datetime.fromisoformat(suggested)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_the_suggested_start_leaves_time_to_fetch(now: datetime) -> None:
    start = sensible_start(replace(DEFAULT_AIRTIME_LAW, windows=()), now)
    assert SOONEST <= start - now < SOONEST + timedelta(minutes=5)
    assert (start.minute % 5, start.second, start.microsecond) == (0, 0, 0)


@given(st.text("ab 17h/0.,%", max_size=40))
def test_the_pieces_of_a_reading_are_the_reading(text: str) -> None:
    spoken = spoken_form(text)
    assert "".join(heard for heard, _ in pieces(spoken, text)) == spoken.text
