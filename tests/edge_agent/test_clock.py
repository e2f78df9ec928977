"""When the box believes its clock."""

import logging
from pathlib import Path

import pytest

from edge_agent.clock import ANSWER_WITHIN_MS, BUILD_FLOOR_MS, SAMPLES, BoxClock
from edge_agent.contract.state import ClockSource, TimeAnswer
from tests.edge_agent.fakes import FakeTime


class Bench:
    """A clock on a fake machine."""

    def __init__(self, folder: Path, source: ClockSource | None = None) -> None:
        self.time = FakeTime()
        self.source = source
        self.file = folder / "floor"
        self.clock = self.again()

    def again(self) -> BoxClock:
        return BoxClock(
            self.file,
            system_ms=lambda: self.time.system_ms,
            mono_ms=lambda: self.time.mono_ms,
            source=lambda: self.source,
        )

    def exchange(self, true_ms: int, way_ms: int = 40) -> bool:
        """Ask, and be answered by a controller whose clock says `true_ms` half way."""
        nonce = self.clock.ask()
        self.time.pass_ms(way_ms)
        return self.clock.answer(TimeAnswer(nonce, true_ms))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_clock_that_nobody_vouches_for_is_not_believed(bench: Bench) -> None:
    assert bench.clock.read().source is ClockSource.UNTRUSTED


def test_ntp_is_believed_unless_below_the_floor(bench: Bench) -> None:
    bench.source = ClockSource.NTP
    bench.clock.lift_floor(bench.time.system_ms - 86_400_000)
    assert bench.clock.read().trusted
    bench.time.step_ms(-10 * 3_600_000)
    assert not bench.clock.read().trusted


def test_the_floor_is_kept_over_a_restart(bench: Bench) -> None:
    bench.source = ClockSource.RTC
    bench.clock.lift_floor(bench.time.system_ms - 86_400_000)
    bench.clock.read()
    bench.clock.save()
    bench.time.step_ms(-3_600_000)
    assert not bench.again().read().trusted


def test_before_the_build_no_clock_is_right(bench: Bench) -> None:
    bench.source = ClockSource.NTP
    bench.time.system_ms = BUILD_FLOOR_MS - 60_000
    assert not bench.clock.read().trusted


def test_the_controllers_time_counts_after_several_exchanges(bench: Bench) -> None:
    true = bench.time.system_ms + 7_200_000
    for _ in range(SAMPLES - 1):
        assert bench.exchange(true, way_ms=0)
        assert not bench.clock.read().trusted
    assert bench.exchange(true, way_ms=0)
    reading = bench.clock.read()
    assert (reading.source, reading.offset_ms) == (ClockSource.CONTROLLER, 7_200_000)
    assert reading.utc_ms == true
    assert reading.system_ms + reading.offset_ms == reading.utc_ms


def test_one_liar_among_the_answers_is_outvoted(bench: Bench) -> None:
    right = bench.time.system_ms + 1_000
    assert bench.exchange(right, 0)
    assert bench.exchange(right + 3_600_000, 0)
    assert bench.exchange(right, 0)
    assert bench.clock.read().utc_ms == right


def test_after_that_a_step_of_the_system_clock_changes_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    true = bench.time.system_ms + 5_000
    for _ in range(SAMPLES):
        bench.exchange(true, 0)
    before = bench.clock.read().utc_ms
    bench.time.step_ms(-86_400_000)
    bench.time.pass_ms(10)
    with caplog.at_level(logging.WARNING):
        assert bench.clock.read().utc_ms == before + 10
    assert "clock_stepped" in [record.message for record in caplog.records]


def test_late_unasked_and_ancient_answers_are_not_believed(bench: Bench) -> None:
    now = bench.time.system_ms
    assert not bench.exchange(now, way_ms=ANSWER_WITHIN_MS + 1)
    assert not bench.clock.answer(TimeAnswer("made-up", now))
    assert not bench.exchange(BUILD_FLOOR_MS - 60_000)
    nonce = bench.clock.ask()
    assert bench.clock.answer(TimeAnswer(nonce, now))
    assert not bench.clock.answer(TimeAnswer(nonce, now))


def test_a_small_disagreement_with_ntp_is_noise_and_a_large_one_is_told(bench: Bench) -> None:
    bench.source = ClockSource.NTP
    for _ in range(SAMPLES):
        bench.exchange(bench.time.system_ms + 20 + 30, way_ms=40)
    assert bench.clock.read().offset_ms == 0
    for _ in range(SAMPLES):
        bench.exchange(bench.time.system_ms + 20 + 3_000, way_ms=40)
    reading = bench.clock.read()
    assert (reading.offset_ms, reading.utc_ms) == (3_000, bench.time.system_ms)


def test_a_signed_message_lifts_the_floor_but_not_into_the_far_future(bench: Bench) -> None:
    bench.source = ClockSource.NTP
    now = bench.clock.read().utc_ms
    bench.clock.lift_floor(now + 60_000)
    assert bench.clock.floor_ms == now + 60_000
    bench.clock.lift_floor(now + 400 * 86_400_000)
    assert bench.clock.floor_ms == now + 60_000


def test_a_damaged_floor_is_no_floor(bench: Bench) -> None:
    bench.file.write_bytes(b"damaged")
    assert bench.again().floor_ms == BUILD_FLOOR_MS
