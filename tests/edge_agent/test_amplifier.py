"""The amplifier is on before sound and off after it, by a pin or by programs, whatever breaks."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from edge_agent.amplifier import Amplifier, CommandSwitch, GpioSwitch, switch_for
from edge_agent.settings import AmplifierSettings
from tests.edge_agent.fakes import FakeSwitch
from tests.edge_agent.real_parts import wait_for

gpiozero = pytest.importorskip("gpiozero", reason="extra pi is not installed")
PIN = 17


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A board without wires, as gpiozero itself makes it."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    factory = gpiozero.Device._default_pin_factory()
    gpiozero.Device.pin_factory = factory
    yield factory
    factory.reset()


@pytest.mark.parametrize("active_high", [True, False])
def test_a_pin_is_off_from_the_start_and_follows(board: object, active_high: bool) -> None:
    switch = switch_for(AmplifierSettings(gpio=PIN, active_high=active_high))
    amplifier = Amplifier(switch, lead_ms=2_000, hold_ms=5_000)
    amplifier.begin()
    pin = board.pin(PIN)  # type: ignore[attr-defined]
    assert pin.state is not active_high
    assert amplifier.need(0) == 2_000
    assert pin.state is active_high
    assert amplifier.need(1_500) == 500
    assert amplifier.rest(10_000) == 5_000
    assert pin.state is active_high
    amplifier.rest(15_000)
    assert pin.state is not active_high
    assert amplifier.fault == ""


def test_a_board_that_does_not_let_its_pin_leaves_the_sound_without_a_switch(
    board: object,
) -> None:
    taken = gpiozero.OutputDevice(PIN)
    switch = GpioSwitch(PIN, active_high=True)
    switch.set(True)
    assert "GPIO17" in switch.fault
    taken.close()
    switch.set(True)
    assert switch.fault == ""


def test_a_machine_without_pins_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no-such-factory")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    switch = GpioSwitch(PIN, active_high=True)
    switch.set(True)
    assert switch.fault


def test_gpiozero_is_read_only_where_a_pin_is_named() -> None:
    assert isinstance(switch_for(AmplifierSettings()), CommandSwitch)
    look = "import sys, edge_agent.wiring; raise SystemExit('gpiozero' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


def test_a_program_that_fails_is_told_and_mended_by_the_next() -> None:
    broken = (sys.executable, "-c", "raise SystemExit(3)")
    switch = CommandSwitch(AmplifierSettings(on=broken, off=(sys.executable, "-c", "")))
    switch.set(True)
    wait_for(lambda: switch.fault, "the fault")
    switch.set(False)
    wait_for(lambda: not switch.fault, "the next switching")


def test_what_the_last_run_left_on_is_switched_off() -> None:
    switch = FakeSwitch()
    Amplifier(switch, lead_ms=0, hold_ms=0).begin()
    assert switch.switched == [False]


def test_a_switch_that_failed_once_does_not_leave_the_session_silent() -> None:
    switch = FakeSwitch(fault="bus is busy")
    amplifier = Amplifier(switch, lead_ms=0, hold_ms=1_000)
    amplifier.need(0)
    for mono_ms in range(1_000, 60_001, 1_000):
        amplifier.need(mono_ms)
    assert switch.switched == [True] * 4, "at once, and after 5, 15 and 35 s"
    switch.fault = ""
    amplifier.need(999_000)
    assert switch.switched == [True] * 4


def test_an_amplifier_that_stayed_on_is_switched_off_again() -> None:
    switch = FakeSwitch()
    amplifier = Amplifier(switch, lead_ms=0, hold_ms=0)
    amplifier.need(0)
    switch.fault = "bus is busy"
    for mono_ms in range(1_000, 8_001, 1_000):
        amplifier.rest(mono_ms)
    assert switch.switched == [True, False, False]
