"""When the box believes its clock, how far, and what moves it."""

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent import durable
from edge_agent.clock import (
    ASK_AGAIN_MS,
    ASK_MORE_MS,
    ASK_MS,
    ASK_SLOWLY_MS,
    ASK_TO_COMPARE_MS,
    BUILD_FLOOR_MS,
    EAGER_ASKS,
    ENOUGH,
    STEP_MS,
    WITHIN_MS,
    BoxClock,
)
from edge_agent.contract.state import Clock, ClockSource, TimeAnswer
from edge_agent.contract.types import MAX_CLOCK_MS
from edge_agent.exchanges import ANSWER_WITHIN_MS, KEPT, SAMPLES
from edge_agent.time_source import RTC_ERROR_MS, Vouched, drift_ms
from tests.edge_agent.fakes import FakeTime

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NTP = Vouched(ClockSource.NTP, 100)
CHIP = Vouched(ClockSource.RTC, RTC_ERROR_MS)


class Bench:
    """A clock on a fake machine, whose clock `vouched` speaks for."""

    def __init__(self, folder: Path, vouched: Vouched | None = None) -> None:
        self.time = FakeTime()
        self.vouched = vouched
        self.file = folder / "floor"
        self.clock = self.again()

    def again(self) -> BoxClock:
        """What the box knows after a power cut."""
        return BoxClock(
            self.file,
            system_ms=lambda: self.time.system_ms,
            mono_ms=lambda: self.time.mono_ms,
            vouch=lambda _system_ms: self.vouched,
        )

    def exchange(self, true_ms: int, way_ms: int = 40) -> bool:
        """Ask, and be answered by a controller whose clock says `true_ms` half way."""
        nonce = self.clock.ask()
        self.time.pass_ms(way_ms)
        return self.clock.answer(TimeAnswer(nonce, true_ms))

    def measure(self, true_ms: int, times: int = SAMPLES) -> None:
        """Be told the same time at once, often enough."""
        for _ in range(times):
            assert self.exchange(true_ms, way_ms=0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_clock_that_nobody_vouches_for_is_not_believed(bench: Bench) -> None:
    reading = bench.clock.read()
    assert (reading.source, reading.trusted) == (ClockSource.UNTRUSTED, False)
    assert reading.error_ms is None


def test_ntp_is_believed_unless_below_the_floor(bench: Bench) -> None:
    bench.vouched = NTP
    assert bench.clock.read().trusted
    bench.clock.lift_floor(bench.time.system_ms + HOUR_MS)
    assert not bench.again().read().utc_ms < BUILD_FLOOR_MS
    below = bench.again()
    below.lift_floor(bench.time.system_ms + HOUR_MS)
    assert not below.read().trusted


def test_the_floor_is_kept_over_a_restart(bench: Bench) -> None:
    bench.vouched = NTP
    bench.clock.lift_floor(bench.time.system_ms - DAY_MS)
    bench.clock.read()
    bench.clock.save()
    bench.time.step_ms(-HOUR_MS)
    assert not bench.again().read().trusted


def test_before_the_build_no_clock_is_right(bench: Bench) -> None:
    bench.vouched = NTP
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
    assert (reading.utc_ms, reading.error_ms) == (true, 0)
    assert reading.clock.utc_ms(reading.system_ms) == reading.utc_ms


def test_one_liar_among_the_answers_is_outvoted(bench: Bench) -> None:
    right = bench.time.system_ms + 1_000
    assert bench.exchange(right, 0)
    assert bench.exchange(right + 3_600_000, 0)
    assert bench.exchange(right, 0)
    assert bench.clock.read().utc_ms == right


def test_answers_with_short_ways_count_more_than_those_that_were_held_up(bench: Bench) -> None:
    for way_ms, off_ms in ((40, 0), (60, 5), (50, -5), (9_000, 4_000), (8_000, -4_000)) * 3:
        true = bench.time.system_ms + way_ms // 2
        assert bench.exchange(true + off_ms, way_ms)
    reading = bench.clock.read()
    assert abs(reading.utc_ms - bench.time.system_ms) <= 5
    assert reading.error_ms is not None
    assert 20 <= reading.error_ms < 40


@given(st.lists(st.integers(0, 3_000), min_size=SAMPLES, max_size=2 * KEPT), st.data())
def test_the_bound_holds_whatever_the_ways_are_and_wherever_they_were_slow(
    tmp_path_factory: pytest.TempPathFactory, ways: list[int], data: st.DataObject
) -> None:
    bench = Bench(tmp_path_factory.mktemp("clock"))
    for way_ms in ways:
        there_ms = data.draw(st.integers(0, way_ms))
        assert bench.exchange(bench.time.system_ms + there_ms, way_ms)
    reading = bench.clock.read()
    used_ms = sorted(ways[-KEPT:])[SAMPLES - 1]
    assert reading.error_ms is not None
    assert abs(reading.utc_ms - bench.time.system_ms) <= max(2 * min(ways) + 20, used_ms) // 2 + 1


def test_when_the_controller_corrects_its_own_clock_the_box_follows_at_once(bench: Bench) -> None:
    bench.measure(bench.time.system_ms + 5_000, times=KEPT)
    true = bench.time.system_ms + 60_000
    bench.measure(true)
    assert bench.clock.read().utc_ms == true


def test_what_was_measured_grows_uncertain_until_it_is_not_believed(bench: Bench) -> None:
    bench.measure(bench.time.system_ms + 7_200_000)
    assert bench.clock.read().error_ms == 0
    bench.time.pass_ms(DAY_MS)
    assert bench.clock.read().error_ms == drift_ms(DAY_MS) == 4_320
    assert not bench.clock.read(within_ms=4_000).trusted
    bench.time.pass_ms(30 * DAY_MS)
    reading = bench.clock.read()
    assert (reading.source, reading.trusted) == (ClockSource.CONTROLLER, False)
    assert reading.error_ms is not None
    assert reading.error_ms > WITHIN_MS


def test_how_often_the_time_is_asked(bench: Bench) -> None:
    assert bench.clock.ask_every_ms(0) == ASK_MS
    assert bench.clock.ask_every_ms(EAGER_ASKS) == ASK_SLOWLY_MS
    bench.measure(bench.time.system_ms)
    bench.clock.read()
    assert bench.clock.ask_every_ms(3) == ASK_MORE_MS
    bench.measure(bench.time.system_ms, times=ENOUGH - SAMPLES)
    assert bench.clock.ask_every_ms(ENOUGH) == ASK_AGAIN_MS
    bench.time.pass_ms(DAY_MS)
    bench.clock.read()
    assert bench.clock.ask_every_ms(0) == ASK_MS


def test_where_ntp_agrees_the_time_is_hardly_asked(bench: Bench) -> None:
    bench.vouched = NTP
    bench.clock.read()
    assert bench.clock.ask_every_ms(0) == ASK_MS
    bench.measure(bench.time.system_ms)
    bench.clock.read()
    assert bench.clock.ask_every_ms(3) == ASK_TO_COMPARE_MS
    bench.measure(bench.time.system_ms + 60_000)
    bench.clock.read()
    assert bench.clock.ask_every_ms(6) == ASK_AGAIN_MS


def test_late_unasked_and_ancient_answers_are_not_believed(bench: Bench) -> None:
    now = bench.time.system_ms
    assert not bench.exchange(now, way_ms=ANSWER_WITHIN_MS + 1)
    assert not bench.clock.answer(TimeAnswer("made-up", now))
    assert not bench.exchange(BUILD_FLOOR_MS - 60_000)
    nonce = bench.clock.ask()
    assert bench.clock.answer(TimeAnswer(nonce, now))
    assert not bench.clock.answer(TimeAnswer(nonce, now))


def test_a_small_disagreement_with_ntp_is_noise_and_a_large_one_is_told(bench: Bench) -> None:
    bench.vouched = NTP
    for _ in range(SAMPLES):
        bench.exchange(bench.time.system_ms + 20 + 30, way_ms=40)
    assert (bench.clock.read().offset_ms, bench.clock.read().error_ms) == (0, 100)
    for _ in range(SAMPLES):
        bench.exchange(bench.time.system_ms + 20 + 3_000, way_ms=40)
    reading = bench.clock.read()
    assert (reading.offset_ms, reading.utc_ms) == (3_000, bench.time.system_ms)
    assert reading.error_ms == 3_000


def test_a_signed_message_lifts_the_floor_but_not_into_the_far_future(bench: Bench) -> None:
    bench.vouched = NTP
    now = bench.clock.read().utc_ms
    bench.clock.lift_floor(now + 60_000)
    assert bench.clock.floor_ms == now + 60_000
    bench.clock.lift_floor(now + 400 * DAY_MS)
    assert bench.clock.floor_ms == now + 60_000


# A clock chip


def test_a_clock_chip_is_believed_as_far_as_it_can_have_drifted(bench: Bench) -> None:
    bench.vouched = NTP
    bench.clock.read()
    bench.clock.save()
    bench.vouched = CHIP
    bench.time.pass_ms(14 * DAY_MS)
    after_weeks = bench.again().read()
    assert (after_weeks.source, after_weeks.trusted) == (ClockSource.RTC, True)
    assert after_weeks.error_ms == RTC_ERROR_MS + drift_ms(14 * DAY_MS)
    bench.time.pass_ms(30 * DAY_MS)
    assert not bench.again().read().trusted
    assert bench.again().read(within_ms=HOUR_MS).trusted


def test_a_clock_chip_that_was_never_compared_is_not_believed(bench: Bench) -> None:
    bench.vouched = CHIP
    assert not bench.clock.read().trusted


def test_a_clock_chip_is_as_wrong_as_it_was_when_the_controller_saw_it_last(bench: Bench) -> None:
    bench.vouched = CHIP
    bench.measure(bench.time.system_ms + 90_000)
    assert bench.clock.read().source is ClockSource.CONTROLLER
    bench.clock.save()
    bench.time.pass_ms(DAY_MS)
    without_network = bench.again().read()
    assert without_network.source is ClockSource.RTC
    assert without_network.error_ms == RTC_ERROR_MS + 90_000 + drift_ms(DAY_MS - 90_000)


def test_a_floor_of_before_is_read_and_its_chip_was_never_compared(bench: Bench) -> None:
    proved = bench.time.system_ms - HOUR_MS
    durable.write_checked(bench.file, f"{proved + 60_000} {proved}".encode())
    assert bench.again().floor_ms == proved + 60_000
    assert bench.again().losses == ()


# Steps


STEPS = [-90 * 60_000, 90 * 60_000, 25 * HOUR_MS, -5_000, 5_000]


@pytest.mark.parametrize("step_ms", STEPS)
def test_a_step_that_nobody_vouches_for_changes_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture, step_ms: int
) -> None:
    bench.vouched = NTP
    true = bench.clock.read().utc_ms
    bench.time.step_ms(step_ms)
    bench.time.pass_ms(10)
    with caplog.at_level(logging.WARNING):
        stepped = bench.clock.read()
    assert "clock_stepped" in [record.message for record in caplog.records]
    assert (stepped.source, stepped.utc_ms) == (ClockSource.KEPT, true + 10)
    assert stepped.clock.utc_ms(stepped.system_ms) == true + 10
    bench.time.pass_ms(DAY_MS)
    later = bench.clock.read()
    assert (later.utc_ms, later.trusted) == (true + 10 + DAY_MS, True)
    assert later.error_ms == 100 + drift_ms(DAY_MS + 10)
    bench.time.step_ms(-step_ms)
    back = bench.clock.read()
    assert (back.source, back.utc_ms) == (ClockSource.NTP, true + 10 + DAY_MS)


def test_into_1970_and_back_it_counts_on(bench: Bench) -> None:
    bench.vouched = NTP
    true = bench.clock.read().utc_ms
    bench.time.step_ms(-bench.time.system_ms)
    bench.time.pass_ms(60_000)
    assert bench.clock.read().utc_ms == true + 60_000
    bench.time.step_ms(true)
    assert bench.clock.read().source is ClockSource.NTP


def test_what_was_set_by_ntp_is_followed(bench: Bench) -> None:
    bench.vouched = CHIP
    bench.measure(bench.time.system_ms)
    bench.clock.read()
    bench.clock.save()
    alone = Bench(bench.file.parent, CHIP)
    alone.clock.read()
    alone.time.step_ms(100_000)
    alone.time.pass_ms(30_000)
    alone.vouched = Vouched(ClockSource.NTP, 20, age_ms=200)
    followed = alone.clock.read()
    assert (followed.source, followed.utc_ms) == (ClockSource.NTP, alone.time.system_ms)


@pytest.mark.parametrize("age_ms", [None, -90 * 60_000, 40 * 60_000])
def test_ntp_that_compared_nothing_since_the_step_does_not_vouch_for_it(
    bench: Bench, age_ms: int | None
) -> None:
    bench.vouched = NTP
    true = bench.clock.read().utc_ms
    bench.vouched = Vouched(ClockSource.NTP, 100, age_ms)
    bench.time.step_ms(-90 * 60_000)
    assert bench.clock.read().utc_ms == true


def test_the_controller_decides_between_the_step_and_what_was_before(bench: Bench) -> None:
    bench.vouched = NTP
    true = bench.clock.read().utc_ms
    bench.time.step_ms(-200_000)
    bench.measure(true)
    kept = bench.clock.read()
    assert (kept.utc_ms, kept.source) == (true, ClockSource.CONTROLLER)
    bench.time.step_ms(200_000)
    assert bench.clock.read().source is ClockSource.NTP


def test_a_wrong_time_is_corrected_by_the_controller_after_a_step(bench: Bench) -> None:
    bench.vouched = NTP
    bench.clock.read()
    bench.time.step_ms(100_000)
    assert bench.clock.read().source is ClockSource.KEPT
    bench.measure(bench.time.system_ms)
    assert (bench.clock.read().source, bench.clock.read().utc_ms) == (
        ClockSource.NTP,
        bench.time.system_ms,
    )


def test_a_correction_waits_for_the_end_of_what_sounds(bench: Bench) -> None:
    bench.vouched = NTP
    wrong = bench.clock.read().utc_ms
    right = wrong - 90 * 60_000
    bench.measure(right)
    bench.time.pass_ms(1_000)
    sounding = bench.clock.read(steady=True)
    assert (sounding.utc_ms, sounding.source) == (wrong + 1_000, ClockSource.NTP)
    assert bench.clock.read().utc_ms == right + 1_000


def test_a_clock_that_was_never_trusted_does_not_wait(bench: Bench) -> None:
    bench.clock.read(steady=True)
    bench.measure(bench.time.system_ms + HOUR_MS)
    assert bench.clock.read(steady=True).utc_ms == bench.time.system_ms + HOUR_MS


def test_ntp_that_is_lost_is_counted_on_with_a_growing_bound(bench: Bench) -> None:
    bench.vouched = NTP
    bench.clock.read()
    bench.vouched = None
    bench.time.pass_ms(DAY_MS)
    lost = bench.clock.read()
    assert (lost.source, lost.utc_ms) == (ClockSource.NTP, bench.time.system_ms)
    assert lost.error_ms == 100 + drift_ms(DAY_MS)
    bench.time.pass_ms(60 * DAY_MS)
    assert not bench.clock.read().trusted


def test_a_correction_by_little_slews_is_followed(bench: Bench) -> None:
    bench.vouched = NTP
    for _ in range(60):
        bench.time.pass_ms(1_000)
        bench.time.step_ms(STEP_MS // 2)
        reading = bench.clock.read()
        assert (reading.source, reading.utc_ms) == (ClockSource.NTP, bench.time.system_ms)


@given(st.lists(st.tuples(st.integers(1, 600_000), st.integers(-DAY_MS, DAY_MS)), max_size=30))
def test_the_boxs_own_time_never_runs_back_while_nobody_vouches_for_steps(
    tmp_path_factory: pytest.TempPathFactory, course: list[tuple[int, int]]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("clock"), NTP)
    true = bench.clock.read().utc_ms
    for passed_ms, step_ms in course:
        bench.time.pass_ms(passed_ms)
        bench.time.step_ms(step_ms)
        true += passed_ms
        reading = bench.clock.read()
        assert reading.trusted
        # A step that is smaller than anything looked at may be followed, once a look.
        if abs(step_ms) > STEP_MS and reading.source is ClockSource.KEPT:
            assert reading.error_ms is not None
        assert abs(reading.utc_ms - true) <= STEP_MS * (len(course) + 1) + drift_ms(DAY_MS)


def test_the_wires_word_gives_utc_back() -> None:
    for source in (ClockSource.CONTROLLER, ClockSource.KEPT):
        assert Clock(source, -500).utc_ms(2_000) == 1_500
        assert Clock(source, -(1 << 53)).utc_ms(2_000) == 0
        assert Clock(source, 1 << 53).utc_ms(2_000) == MAX_CLOCK_MS
    for source in (ClockSource.NTP, ClockSource.RTC, ClockSource.UNTRUSTED):
        assert Clock(source, -500).utc_ms(2_000) == 2_000


# Power


def test_a_damaged_floor_is_no_floor(bench: Bench) -> None:
    bench.file.write_bytes(b"damaged")
    assert bench.again().floor_ms == BUILD_FLOOR_MS


WRITER = """
import sys
from pathlib import Path
from edge_agent.clock import BoxClock
clock = BoxClock(Path(sys.argv[1]), system_ms=lambda: 0, mono_ms=lambda: 0, vouch=lambda _: None)
print(flush=True)
issued = clock.floor_ms
while True:
    issued += 1
    clock.lift_floor(issued)
    clock.save()
"""


def test_a_power_cut_at_any_write_of_the_floor_leaves_a_whole_one(bench: Bench) -> None:
    floors = [bench.clock.floor_ms]
    for cut in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(bench.file)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.003 * cut)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        again = bench.again()
        assert again.losses == ()
        floors.append(again.floor_ms)
    assert floors == sorted(floors)
    assert floors[-1] > floors[0]
