"""Contacts between a pin of the board and ground: a key, a button, a kill switch."""

import logging
from typing import Any

from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.pins")

AGAIN_MS = 60_000
"""A pin that cannot be read is tried again after this time."""


class Contact:
    """One pin, pulled up by the board: a cut wire reads as open.

    `fault` says why it cannot be read, "" if it can; it counts as open then.
    """

    def __init__(self, pin: int) -> None:
        self._pin = pin
        self._device: Any = None
        self._failed_at_ms: int | None = None
        self.fault = ""

    def closed(self, mono_ms: int) -> bool:
        """Whether the pin is joined to ground now."""
        failed = self._failed_at_ms
        if failed is not None and mono_ms - failed < AGAIN_MS:
            return False
        try:
            if self._device is None:
                # Few boxes have pins, and each library that reads them brings its own thread.
                from gpiozero import InputDevice

                self._device = InputDevice(self._pin, pull_up=True)
            closed = bool(self._device.value)
        # Each pin library of gpiozero has errors of its own, without a common base.
        except Exception as e:
            self._fail(str(e) or type(e).__name__, mono_ms)
            return False
        self._failed_at_ms, self.fault = None, ""
        return closed

    def close(self) -> None:
        """Let go of the pin."""
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def _fail(self, fault: str, mono_ms: int) -> None:
        self.close()
        self._failed_at_ms = mono_ms
        if fault != self.fault:
            self.fault = fault
            note(log, "pin_unreadable", level=logging.ERROR, pin=self._pin, error=fault)
