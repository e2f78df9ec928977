"""A clock that was wrong once does not mute the box for ever."""

import logging
from pathlib import Path

import pytest

from edge_agent.clock import BUILD_FLOOR_MS, CONTRADICTED_MS, MAX_UNPROVED_MS
from edge_agent.contract.state import ClockSource
from edge_agent.exchanges import SAMPLES
from edge_agent.time_source import Vouched
from tests.edge_agent.test_clock import NTP, Bench

YEAR_MS = 365 * 86_400_000
JUST_SET = Vouched(ClockSource.NTP, 100, age_ms=0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, JUST_SET)
    bench.clock.lift_floor(bench.time.system_ms - 60_000)
    return bench


def jump_and_back(bench: Bench) -> int:
    """Let NTP be 20 years ahead once; gives the true time."""
    true = bench.time.system_ms
    bench.time.step_ms(20 * YEAR_MS)
    bench.clock.read()
    bench.clock.save()
    bench.time.step_ms(-20 * YEAR_MS)
    return true


def test_signed_answers_lower_a_floor_that_a_wrong_clock_lifted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    true = jump_and_back(bench)
    assert not bench.clock.read().trusted
    with caplog.at_level(logging.WARNING):
        for _ in range(SAMPLES):
            assert bench.exchange(true, way_ms=0)
    assert "time_floor_lowered" in [record.message for record in caplog.records]
    assert bench.clock.floor_ms == true
    reading = bench.clock.read()
    assert (reading.source, reading.utc_ms) == (ClockSource.NTP, true)
    assert bench.again().read().trusted


def test_without_a_controller_a_wrong_clock_mutes_for_a_month_at_most(bench: Bench) -> None:
    true = jump_and_back(bench)
    assert bench.clock.floor_ms == true - 60_000 + MAX_UNPROVED_MS
    bench.time.pass_ms(MAX_UNPROVED_MS)
    assert bench.again().read().trusted


def test_before_any_word_of_a_controller_the_date_of_the_build_is_what_is_proved(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, NTP)
    bench.clock.read()
    assert bench.clock.floor_ms == BUILD_FLOOR_MS + MAX_UNPROVED_MS


def test_what_the_controller_once_proved_is_never_taken_back(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    proved = bench.time.system_ms - 60_000
    with caplog.at_level(logging.WARNING):
        assert not bench.exchange(proved - 3_600_000)
    assert "time_answer_below_proved" in [record.message for record in caplog.records]
    assert bench.clock.floor_ms == proved


@pytest.mark.parametrize("way", [1, -1])
def test_signed_answers_outweigh_a_system_clock_that_is_plainly_wrong(
    bench: Bench, way: int
) -> None:
    true = bench.time.system_ms
    bench.time.step_ms(way * (CONTRADICTED_MS + 1_000))
    for _ in range(SAMPLES):
        bench.exchange(true, way_ms=0)
    reading = bench.clock.read()
    assert (reading.source, reading.utc_ms) == (ClockSource.CONTROLLER, true)
    assert bench.clock.floor_ms == true


def test_a_jump_of_the_clock_changes_nothing_once_the_time_is_proved(bench: Bench) -> None:
    for _ in range(SAMPLES):
        bench.exchange(bench.time.system_ms, way_ms=0)
    before = bench.clock.read().utc_ms
    bench.time.step_ms(20 * YEAR_MS)
    bench.time.pass_ms(10)
    assert bench.clock.read().utc_ms == before + 10
    assert bench.clock.floor_ms == before + 10
