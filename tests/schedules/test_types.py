from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from schedules.errors import NaiveTime, UnknownTimeZone
from schedules.types import elapsed_ms, later, time_zone, utc_instant, wall_clock, wall_instant

VIETNAM = timezone(timedelta(hours=7))


def test_an_instant_is_kept_and_told_in_utc() -> None:
    told = utc_instant(datetime(2026, 8, 15, 7, 30, tzinfo=VIETNAM))
    assert told == datetime(2026, 8, 15, 0, 30, tzinfo=UTC)
    assert told.tzinfo is UTC


def test_a_naive_time_is_refused_in_two_languages() -> None:
    with pytest.raises(NaiveTime) as refused:
        utc_instant(datetime(2026, 8, 15, 7, 30))
    assert refused.value.code == "naive_time"
    assert "múi giờ" in refused.value.vi
    assert "time zone" in refused.value.en
    assert str(refused.value) == f"{refused.value.vi} / {refused.value.en}"


@pytest.mark.parametrize(
    "name",
    ["", "Asia/Hanoi!", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "America", "x" * 999],
)
def test_a_zone_that_is_not_in_the_register_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        time_zone(name)


def test_later_and_elapsed_are_each_others_inverse() -> None:
    start = utc_instant(datetime(2026, 8, 15, tzinfo=UTC))
    assert elapsed_ms(start, later(start, 1_234)) == 1_234
    assert elapsed_ms(start, later(start, -5)) == -5


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        (datetime(2026, 3, 29, 1, 59), datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        # 02:00–03:00 does not exist: read with the winter offset, heard one hour later by the wall.
        (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 3, 29, 3, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # 02:00–03:00 occurs twice: the first of the two, in summer time.
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_wall_times_round_a_change_of_clocks_in_berlin(wall: datetime, utc: datetime) -> None:
    assert wall_instant(wall, ZoneInfo("Europe/Berlin")) == utc


def test_a_wall_clock_shows_local_time_without_a_zone() -> None:
    at = utc_instant(datetime(2026, 8, 15, tzinfo=UTC))
    assert wall_clock(at, ZoneInfo("Asia/Ho_Chi_Minh")) == datetime(2026, 8, 15, 7)
