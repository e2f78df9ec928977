"""Time of the box: who says so, whether it is believed, and since when."""

import logging
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_agent import durable
from edge_agent.contract.state import Clock, ClockSource, TimeAnswer
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.clock")

BUILD_FLOOR_MS = 1_751_302_800_000
"""2025-07-01 in Viet Nam: no true clock that meets this software shows less."""

ANSWER_WITHIN_MS = 10_000
SAMPLES = 3
STEP_MS = 1_000
NOISE_MS = 50
"""A disagreement below this plus half the way of an exchange is none."""

DETECT_EVERY_MS = 60_000
SAVE_EVERY_MS = 600_000
CONTRADICTED_MS = 300_000
"""A system clock this far from the signed answers is wrong, whoever set it."""

MAX_UNPROVED_MS = 31 * 24 * 3_600_000
"""The system's clock lifts the floor this far beyond the time that the controller last proved.

A plan reaches 14 days, so a higher floor would guard nothing; a lower one would leave the box
open to its own past while the controller is away.
"""

MAX_LIFT_MS = 24 * 3_600_000
"""A signed message issued later than this after trusted time says nothing about the time."""

_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_RTC = Path("/sys/class/rtc/rtc0/hctosys")


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks, in ms.

    `utc_ms` is the best knowledge of UTC, `system_ms` what the system's clock says,
    `offset_ms` what that would have to add to agree with the controller.
    """

    utc_ms: int
    system_ms: int
    offset_ms: int
    mono_ms: int
    source: ClockSource

    @property
    def trusted(self) -> bool:
        """Whether anything may be scheduled by it."""
        return self.source is not ClockSource.UNTRUSTED

    @property
    def clock(self) -> Clock:
        """The wire's word for it."""
        return Clock(self.source, self.offset_ms)


def detect_source() -> ClockSource | None:
    """Ask the machine who set its clock; None if nobody trustworthy did."""
    if _TIMESYNCD.exists():
        return ClockSource.NTP
    chronyc = shutil.which("chronyc")
    if chronyc is not None:
        try:
            answer = subprocess.run(
                [chronyc, "-n", "tracking"], capture_output=True, text=True, timeout=5, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if any(
            line.startswith("Leap status") and line.endswith("Normal")
            for line in answer.stdout.splitlines()
        ):
            return ClockSource.NTP
    try:
        from_rtc = _RTC.read_text().strip() == "1"
    except OSError:
        return None
    return ClockSource.RTC if from_rtc else None


class BoxClock:
    """Reads the clocks handed to it and says whether they are to be believed."""

    def __init__(
        self,
        floor_file: Path,
        *,
        system_ms: Callable[[], int],
        mono_ms: Callable[[], int],
        source: Callable[[], ClockSource | None],
    ) -> None:
        self._file = floor_file
        self._system_ms = system_ms
        self._mono_ms = mono_ms
        self._find_source = source
        self.losses: tuple[str, ...] = ()
        floor, proved = self._read_floor()
        self._proved_ms = max(BUILD_FLOOR_MS, proved)
        self._floor_ms = max(self._proved_ms, floor)
        self._saved_ms = self._floor_ms
        self._asked: dict[str, int] = {}
        # Each exchange: UTC at monotonic zero, and how long it took.
        self._samples: list[tuple[int, int]] = []
        self._found: ClockSource | None = None
        self._found_at_ms: int | None = None
        self._last: Reading | None = None

    @property
    def floor_ms(self) -> int:
        """No time before this is believed, unless three signed answers agree on one."""
        return self._floor_ms

    def read(self) -> Reading:
        """Look at the clocks once; steps of the system's clock are logged and looked into."""
        system, mono = self._system_ms(), self._mono_ms()
        if self._last is not None:
            step = (system - self._last.system_ms) - (mono - self._last.mono_ms)
            if abs(step) > STEP_MS:
                note(log, "clock_stepped", level=logging.WARNING, step_ms=step)
                self._found_at_ms = None
        if self._found_at_ms is None or mono - self._found_at_ms >= DETECT_EVERY_MS:
            self._found, self._found_at_ms = self._find_source(), mono
        reading, system_clock = self._judge(system, mono, self._measured_utc(mono))
        if self._last is None or reading.source is not self._last.source:
            note(
                log,
                "clock_source",
                source=reading.source,
                offset_ms=reading.offset_ms,
                system_clock=system_clock,
            )
        self._last = reading
        if reading.trusted:
            highest = self._proved_ms + MAX_UNPROVED_MS
            self._floor_ms = max(self._floor_ms, min(reading.utc_ms, highest))
            if self._floor_ms - self._saved_ms >= SAVE_EVERY_MS:
                self.save()
        return reading

    def ask(self) -> str:
        """Begin an exchange of authenticated time; gives the nonce to send."""
        now = self._mono_ms()
        self._asked = {
            nonce: sent for nonce, sent in self._asked.items() if now - sent <= ANSWER_WITHIN_MS
        }
        nonce = secrets.token_hex(16)
        self._asked[nonce] = now
        return nonce

    def answer(self, answer: TimeAnswer) -> bool:
        """Take a verified answer to one's own nonce; False if it is late, unasked or too old.

        When enough of them agree, they prove the time: a floor above it came from a wrong clock.
        """
        sent = self._asked.pop(answer.nonce, None)
        now = self._mono_ms()
        if sent is None or now - sent > ANSWER_WITHIN_MS:
            return False
        if answer.utc_ms < self._proved_ms - ANSWER_WITHIN_MS:
            note(
                log,
                "time_answer_below_proved",
                level=logging.WARNING,
                behind_ms=self._proved_ms - answer.utc_ms,
            )
            return False
        sample = (answer.utc_ms - (sent + now) // 2, now - sent)
        self._samples = [*self._samples, sample][-SAMPLES:]
        proved = self._measured_utc(now)
        if proved is not None:
            self._prove(proved)
        return True

    @property
    def measured(self) -> bool:
        """Whether enough exchanges have been had in this run."""
        return len(self._samples) >= SAMPLES

    def lift_floor(self, issued_ms: int) -> None:
        """Learn from a verified message that it is at least `issued_ms`."""
        last = self._last
        if last is not None and last.trusted and issued_ms > last.utc_ms + MAX_LIFT_MS:
            return
        self._proved_ms = max(self._proved_ms, issued_ms)
        self._floor_ms = max(self._floor_ms, issued_ms)

    def save(self) -> None:
        """Bring the floor to the disk; if that takes no more, it is tried again when it rises."""
        self._saved_ms = self._floor_ms
        try:
            durable.write_checked(self._file, f"{self._floor_ms} {self._proved_ms}".encode())
        except OSError as e:
            durable.note_unwritten(log, self._file, e)

    def _prove(self, utc_ms: int) -> None:
        self._proved_ms = max(self._proved_ms, utc_ms)
        if self._floor_ms > utc_ms + CONTRADICTED_MS:
            note(
                log,
                "time_floor_lowered",
                level=logging.WARNING,
                reason="signed_answers",
                by_ms=self._floor_ms - self._proved_ms,
            )
            self._floor_ms = self._proved_ms
            self.save()

    def _judge(self, system: int, mono: int, measured: int | None) -> tuple[Reading, str]:
        """Read what is believed, and why the system's clock is not ("believed" if it is)."""
        offset = 0 if measured is None else measured - system
        if self._found is None:
            doubt = "nobody_vouches"
        elif abs(offset) > CONTRADICTED_MS:
            doubt = "contradicted"
        elif system < self._floor_ms - STEP_MS:
            doubt = "below_floor"
        else:
            noise = NOISE_MS + max((way for _, way in self._samples), default=0) // 2
            shown = offset if abs(offset) > noise else 0
            return Reading(system, system, shown, mono, self._found), "believed"
        if measured is not None:
            return Reading(measured, system, offset, mono, ClockSource.CONTROLLER), doubt
        return Reading(system, system, 0, mono, ClockSource.UNTRUSTED), doubt

    def _measured_utc(self, mono: int) -> int | None:
        if not self.measured:
            return None
        return sorted(base for base, _ in self._samples)[SAMPLES // 2] + mono

    def _read_floor(self) -> tuple[int, int]:
        """The floor, and how much of it the controller proved."""
        try:
            stored = durable.read_checked(self._file)
            if stored is None:
                return 0, 0
            floor, proved = stored.split()
            return int(floor), int(proved)
        except (durable.Damaged, ValueError) as e:
            kept = durable.set_aside(self._file)
            self.losses = (f"{self._file.name} damaged",)
            note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=str(e))
            return 0, 0
