"""What a simulated box believes of the time."""

from hypothesis import given
from hypothesis import strategies as st

from controller.simulator.clock import ANSWER_WITHIN_MS, CONTRADICTED_MS, NOISE_MS, BoxClock
from edge_agent.contract.state import ClockSource

NOW = 1_790_000_000_000


def measured(clock: BoxClock, way_ms: int = 40) -> BoxClock:
    for number in range(3):
        clock.ask(f"n{number}", NOW)
        assert clock.answer(f"n{number}", NOW + way_ms // 2, NOW + way_ms)
    return clock


def test_a_clock_that_somebody_sets_is_believed() -> None:
    reading = BoxClock(NOW).read(NOW + 5)

    assert (reading.utc_ms, reading.mono_ms, reading.source) == (NOW + 5, 5, ClockSource.NTP)


def test_a_box_that_was_switched_on_without_network_knows_no_time() -> None:
    clock = measured(BoxClock(NOW - 1_000))
    clock.started(NOW)

    assert not clock.read(NOW).trusted
    assert clock.read(NOW + 7).mono_ms == 7


@given(step_ms=st.integers(-(10**12), 10**12), later_ms=st.integers(0, 10**8))
def test_a_measured_box_is_never_far_from_the_truth(step_ms: int, later_ms: int) -> None:
    """Law: however the system's clock jumps, what is trusted is within the bound of a doubt."""
    clock = measured(BoxClock(NOW))
    clock.step_ms = step_ms
    reading = clock.read(NOW + later_ms)

    assert reading.trusted
    assert abs(reading.utc_ms - (NOW + later_ms)) <= CONTRADICTED_MS + NOISE_MS
    assert reading.mono_ms == later_ms


def test_late_and_unasked_answers_are_not_taken() -> None:
    clock = BoxClock(NOW)
    clock.ask("n", NOW)

    assert not clock.answer("m", NOW, NOW + 1)
    assert not clock.answer("n", NOW, NOW + ANSWER_WITHIN_MS + 1)
    assert not clock.measured
