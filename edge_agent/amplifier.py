"""Switches the amplifier: on before sound, off a while after the last."""

import logging
import subprocess
import threading
from typing import Any, Protocol

from edge_agent.log_setup import note
from edge_agent.settings import AmplifierSettings, Argv

log = logging.getLogger("edge_agent.amplifier")

AGAIN_MS, AGAIN_AT_MOST_MS = 5_000, 300_000
"""A switching that failed is tried again after the first, then less and less often."""

_WITHIN_S = 5.0


class Switch(Protocol):
    """What can be switched."""

    @property
    def fault(self) -> str:
        """Why the last switching failed, "" if it did not."""

    def set(self, on: bool) -> None:
        """Switch; returns at once."""


def switch_for(settings: AmplifierSettings) -> "Switch":
    """The switch that the settings name: a pin, or programs, which may be none."""
    if settings.gpio is not None:
        return GpioSwitch(settings.gpio, active_high=settings.active_high)
    return CommandSwitch(settings)


class CommandSwitch:
    """Runs a program for on and one for off, one at a time, without holding up the agent."""

    def __init__(self, settings: AmplifierSettings) -> None:
        self._argv = {True: settings.on, False: settings.off}
        self._lock = threading.Lock()
        self._wanted = False
        self._busy = False
        self.fault = ""

    def set(self, on: bool) -> None:
        """Bring the amplifier to `on`, after what is running now."""
        if not self._argv[True] and not self._argv[False]:
            return
        with self._lock:
            self._wanted = on
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._work, name="amplifier").start()

    def _work(self) -> None:
        reached: bool | None = None
        while True:
            with self._lock:
                if reached is self._wanted:
                    self._busy = False
                    return
                reached = self._wanted
            self.fault = _run(self._argv[reached], reached)


class GpioSwitch:
    """A relay at one pin of the board, which gpiozero reaches by the library that it finds."""

    def __init__(self, pin: int, *, active_high: bool) -> None:
        self._pin = pin
        self._active_high = active_high
        self._device: Any = None
        self.fault = ""

    def set(self, on: bool) -> None:
        """Set the pin; a board that does not let it leaves the sound without a switch."""
        try:
            if self._device is None:
                from gpiozero import DigitalOutputDevice

                self._device = DigitalOutputDevice(
                    self._pin, active_high=self._active_high, initial_value=on
                )
            else:
                self._device.value = on
        # Each pin library of gpiozero has errors of its own, without a common base.
        except Exception as e:
            self.fault = _tell(on, e)
        else:
            self.fault = _tell(on, None)


def _run(argv: Argv, on: bool) -> str:
    """Run a switch's program; gives why it failed, "" if it did not."""
    if not argv:
        return ""
    try:
        subprocess.run(argv, check=True, timeout=_WITHIN_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as e:
        return _tell(on, e)
    return _tell(on, None)


def _tell(on: bool, error: Exception | None) -> str:
    if error is None:
        note(log, "amplifier_switched", on=on)
        return ""
    fault = str(error) or type(error).__name__
    note(log, "amplifier_failed", level=logging.ERROR, on=on, error=fault)
    return fault


class Amplifier:
    """Knows since when the amplifier is on; times are ms of the monotonic clock."""

    def __init__(self, switch: Switch, *, lead_ms: int, hold_ms: int) -> None:
        self._switch = switch
        self._lead_ms = lead_ms
        self._hold_ms = hold_ms
        self._on_since: int | None = None
        self._idle_since: int | None = None
        self._tried_at = 0
        self._again_ms = AGAIN_MS

    @property
    def fault(self) -> str:
        """Why it could not be switched the last time, "" if it could."""
        return self._switch.fault

    def begin(self) -> None:
        """Switch off whatever the last run left on."""
        self._switch.set(False)

    def need(self, mono_ms: int) -> int:
        """Switch on for coming or present sound; gives how long it still needs to wake up."""
        self._idle_since = None
        if self._on_since is None:
            self._on_since = mono_ms
            self._try(mono_ms, on=True)
        else:
            self._mend(mono_ms, on=True)
        return max(0, self._on_since + self._lead_ms - mono_ms)

    def rest(self, mono_ms: int) -> int | None:
        """Nothing sounds: switch off when that has lasted; gives the ms until then."""
        if self._on_since is None:
            self._mend(mono_ms, on=False)
            return None
        if self._idle_since is None:
            self._idle_since = mono_ms
        left = self._idle_since + self._hold_ms - mono_ms
        if left > 0:
            return left
        self._on_since = self._idle_since = None
        self._try(mono_ms, on=False)
        return None

    def off(self) -> None:
        """Switch off now if it is on."""
        if self._on_since is not None:
            self._on_since = self._idle_since = None
            self._switch.set(False)

    def _try(self, mono_ms: int, *, on: bool, again_ms: int = AGAIN_MS) -> None:
        self._tried_at, self._again_ms = mono_ms, min(again_ms, AGAIN_AT_MOST_MS)
        self._switch.set(on)

    def _mend(self, mono_ms: int, *, on: bool) -> None:
        """A switch that failed once must not leave a whole session silent."""
        if self._switch.fault and mono_ms - self._tried_at >= self._again_ms:
            self._try(mono_ms, on=on, again_ms=2 * self._again_ms)
