"""What a SIM's month has cost: counted on disk, turned by a trusted clock only."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.clock import Reading
from edge_agent.contract.desired import DataBudget, OffPeak
from edge_agent.contract.state import ClockSource
from edge_agent.data_meter import SAVE_EVERY_MS, DataMeter, is_cheap, month_of

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
BUDGET = DataBudget(10_000_000, "Asia/Ho_Chi_Minh", resets_on=15)


def ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=HERE).timestamp() * 1000)


def at(utc_ms: int, mono_ms: int = 0, source: ClockSource = ClockSource.NTP) -> Reading:
    return Reading(utc_ms, utc_ms, 0, mono_ms, source)


NOVEMBER = ms(2026, 11, 20)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data_used"


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (ms(2026, 11, 15), date(2026, 11, 15)),
        (ms(2026, 11, 14, 23, 59), date(2026, 10, 15)),
        (ms(2026, 1, 3), date(2025, 12, 15)),
        (ms(2024, 2, 29), date(2024, 2, 15)),
    ],
)
def test_a_month_begins_on_its_day_of_its_zone(now: int, since: date) -> None:
    assert month_of(BUDGET, now) == since


def test_without_a_budget_the_calendar_counts() -> None:
    assert month_of(None, int(datetime(2026, 11, 30, tzinfo=UTC).timestamp() * 1000)) == date(
        2026, 11, 1
    )


def test_what_was_used_outlives_a_restart(file: Path) -> None:
    meter = DataMeter(file)
    meter.look(BUDGET, at(NOVEMBER))
    meter.count(400)
    meter.save()
    again = DataMeter(file)
    again.look(BUDGET, at(NOVEMBER))
    assert (again.used, again.left(BUDGET)) == (400, 9_999_600)


def test_a_new_month_begins_at_nothing_and_an_older_day_changes_nothing(file: Path) -> None:
    meter = DataMeter(file)
    meter.look(BUDGET, at(NOVEMBER))
    meter.count(11_000_000)
    assert meter.left(BUDGET) == 0
    meter.look(BUDGET, at(ms(2026, 10, 1)))
    assert meter.used == 11_000_000
    meter.look(BUDGET, at(ms(2026, 12, 14, 23, 59)))
    assert meter.used == 11_000_000
    meter.look(BUDGET, at(ms(2026, 12, 15)))
    assert (meter.used, DataMeter(file).used) == (0, 0)


def test_a_clock_that_nobody_trusts_turns_no_month(file: Path) -> None:
    meter = DataMeter(file)
    meter.look(BUDGET, at(NOVEMBER))
    meter.count(500)
    meter.look(BUDGET, at(ms(2027, 5, 1), source=ClockSource.UNTRUSTED))
    assert meter.used == 500


def test_another_day_of_reset_forgets_nothing(file: Path) -> None:
    meter = DataMeter(file)
    meter.look(None, at(NOVEMBER))
    meter.count(500)
    meter.look(BUDGET, at(NOVEMBER))
    assert meter.used == 500
    meter.look(BUDGET, at(ms(2026, 12, 20)))
    assert meter.used == 0


def test_at_most_a_megabyte_or_ten_minutes_are_lost(file: Path) -> None:
    meter = DataMeter(file)
    meter.look(BUDGET, at(NOVEMBER))
    meter.count(999_999)
    meter.look(BUDGET, at(NOVEMBER, SAVE_EVERY_MS - 1))
    assert DataMeter(file).used == 0
    meter.look(BUDGET, at(NOVEMBER, SAVE_EVERY_MS))
    assert DataMeter(file).used == 999_999
    meter.count(1_000_000)
    meter.look(BUDGET, at(NOVEMBER, SAVE_EVERY_MS + 1))
    assert DataMeter(file).used == 1_999_999


def test_the_disk_is_left_alone_while_nothing_is_spent(file: Path) -> None:
    meter = DataMeter(file)
    for mono in (0, SAVE_EVERY_MS, 9 * SAVE_EVERY_MS):
        meter.look(BUDGET, at(NOVEMBER, mono))
    assert not file.exists()


def test_the_link_says_what_it_carried_since_its_start(file: Path) -> None:
    meter = DataMeter(file)
    for total in (100, 250, 250):
        meter.count_link(total)
    assert meter.used == 250


@pytest.mark.parametrize("content", [b"", b"nonsense", b"{}", b"0" * 64 + b'\n{"used": 1}'])
def test_a_damaged_count_begins_anew_and_says_so(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    meter = DataMeter(file)
    assert (meter.used, meter.losses) == (0, ("data_used damaged",))


NIGHT = OffPeak("22:00", "05:00")
NOON = OffPeak("11:30", "12:30")


@pytest.mark.parametrize(
    ("hour", "minute", "cheap"),
    [
        (21, 59, False),
        (22, 0, True),
        (23, 59, True),
        (0, 0, True),
        (4, 59, True),
        (5, 0, False),
        (11, 30, True),
        (12, 30, False),
    ],
)
def test_cheap_hours_may_go_over_midnight(hour: int, minute: int, cheap: bool) -> None:
    budget = DataBudget(10_000_000, "Asia/Ho_Chi_Minh", off_peak=(NIGHT, NOON))
    assert is_cheap(budget, ms(2026, 11, 20, hour, minute)) is cheap


def test_all_hours_are_cheap_where_none_are_named() -> None:
    assert is_cheap(None, NOVEMBER)
    assert is_cheap(BUDGET, NOVEMBER)
