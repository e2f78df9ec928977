"""Time of the box: who says so, how wrong it may be, and whether anything is scheduled by it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent import durable
from edge_agent.contract.state import Clock, ClockSource, TimeAnswer
from edge_agent.exchanges import ANSWER_WITHIN_MS, SAMPLES, Exchanges, Measured
from edge_agent.log_setup import note
from edge_agent.time_source import Vouched, drift_ms

log = logging.getLogger("edge_agent.clock")

BUILD_FLOOR_MS = 1_751_302_800_000
"""2025-07-01 in Viet Nam: no true clock that meets this software shows less."""

WITHIN_MS = 120_000
"""A clock that may be further off than this schedules nothing, unless the office says otherwise."""

STEP_MS = 1_000
RENEWED_WITHIN_MS = 5_000
NOISE_MS = 50
"""A disagreement below this plus the bound of an exchange is none."""

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

ASK_MS = 1_000
ASK_SLOWLY_MS = 30_000
ASK_MORE_MS = 20_000
ASK_AGAIN_MS = 15 * 60_000
ASK_TO_COMPARE_MS = 6 * 3_600_000
EAGER_ASKS = 6
ENOUGH = 9
"""Answers after which the median of an undisturbed line gets no better."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks, in ms.

    `utc_ms` is the best knowledge of UTC, `system_ms` what the system's clock says,
    `offset_ms` what that would have to add to agree with the controller. `utc_ms` is wrong by
    `error_ms` at most, None if nobody can say; more than `within_ms` is not believed.
    """

    utc_ms: int
    system_ms: int
    offset_ms: int
    mono_ms: int
    source: ClockSource
    error_ms: int | None = 0
    within_ms: int = WITHIN_MS

    @property
    def trusted(self) -> bool:
        """Whether anything may be scheduled by it."""
        known = self.source is not ClockSource.UNTRUSTED and self.error_ms is not None
        return known and (self.error_ms or 0) <= self.within_ms

    @property
    def clock(self) -> Clock:
        """The wire's word for it."""
        return Clock(self.source, self.offset_ms)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The last trusted time: UTC at monotonic zero, who said so, and how wrong it was then."""

    base_ms: int
    error_ms: int
    mono_ms: int
    source: ClockSource


@dataclass(frozen=True, slots=True)
class _Floor:
    """What is known of the past, as it stands on the disk.

    `floor_ms` is never believed below, `proved_ms` of it the controller proved. At
    `compared_ms` the system's clock was last held against a better one and was `off_ms` away.
    """

    floor_ms: int = BUILD_FLOOR_MS
    proved_ms: int = BUILD_FLOOR_MS
    compared_ms: int = BUILD_FLOOR_MS
    off_ms: int = 0


class BoxClock:
    """Reads the clocks handed to it and says whether they are to be believed.

    Between two proofs it counts on by the monotonic clock: a step of the system's clock that
    nobody vouches for changes nothing. `vouch` is asked who set the clock that shows so much.
    """

    def __init__(
        self,
        floor_file: Path,
        *,
        system_ms: Callable[[], int],
        mono_ms: Callable[[], int],
        vouch: Callable[[int], Vouched | None],
    ) -> None:
        self._file = floor_file
        self._system_ms = system_ms
        self._mono_ms = mono_ms
        self._vouch = vouch
        self.losses: tuple[str, ...] = ()
        self._known = self._read_floor()
        self._saved_ms = self._known.floor_ms
        self._exchanges = Exchanges()
        self._found: Vouched | None = None
        self._found_at_ms: int | None = None
        self._anchor: _Anchor | None = None
        self._last: Reading | None = None
        self._doubt = ""

    @property
    def floor_ms(self) -> int:
        """No time before this is believed, unless three signed answers agree on one."""
        return self._known.floor_ms

    def read(self, *, within_ms: int = WITHIN_MS, steady: bool = False) -> Reading:
        """Look at the clocks once; steps of the system's clock are logged and looked into.

        While `steady`, a correction of trusted time waits: what sounds ends as it began.
        """
        system, mono = self._system_ms(), self._mono_ms()
        self._notice_step(system, mono)
        if self._found_at_ms is None or mono - self._found_at_ms >= DETECT_EVERY_MS:
            self._found, self._found_at_ms = self._vouch(system), mono
        measured, kept = self._exchanges.measured(mono), self._kept(system, mono, within_ms)
        doubt = self._doubt_of_system(system, mono, measured, kept)
        if doubt == "below_floor" and self._is_compared_anew(mono):
            # Whoever set the clock ahead takes it back: what was counted on from it is void.
            self._anchor = kept = None
        machine = None if doubt else self._of_machine(system, mono, measured, within_ms)
        answers = _of_answers(system, mono, measured, within_ms)
        reading = _best(machine, answers, kept) or Reading(
            system, system, 0, mono, ClockSource.UNTRUSTED, None, within_ms
        )
        if steady and kept is not None and kept.trusted:
            reading = kept if abs(reading.utc_ms - kept.utc_ms) > STEP_MS else reading
        self._note(reading, doubt)
        if reading.trusted:
            self._learn(reading, measured, anew=reading is not kept)
        return reading

    def ask(self) -> str:
        """Begin an exchange of authenticated time; gives the nonce to send."""
        return self._exchanges.ask(self._mono_ms())

    def answer(self, answer: TimeAnswer) -> bool:
        """Take a verified answer to one's own nonce; False if it is late, unasked or too old.

        When enough of them agree, they prove the time: a floor above it came from a wrong clock.
        """
        now = self._mono_ms()
        asked = self._exchanges.expects(answer.nonce, now)
        if asked is None:
            return False
        behind_ms = self._known.proved_ms - answer.utc_ms
        if behind_ms > ANSWER_WITHIN_MS:
            note(log, "time_answer_below_proved", level=logging.WARNING, behind_ms=behind_ms)
            return False
        self._exchanges.take(answer, asked, now)
        measured = self._exchanges.measured(now)
        if measured is not None:
            self._prove(measured.utc_ms)
        return True

    def ask_every_ms(self, asks: int) -> int:
        """How long to wait between two questions after `asks` on this connection."""
        had = self._exchanges.fresh(self._mono_ms())
        by_ntp = self._last is not None and self._last.source is ClockSource.NTP
        measured = self._exchanges.measured(self._mono_ms()) is not None
        if by_ntp and measured and self._last is not None:
            agreed = abs(self._last.offset_ms) <= STEP_MS
            return ASK_TO_COMPARE_MS if agreed else ASK_AGAIN_MS
        if had < SAMPLES:
            return ASK_MS if asks < EAGER_ASKS else ASK_SLOWLY_MS
        return ASK_MORE_MS if had < ENOUGH else ASK_AGAIN_MS

    def lift_floor(self, issued_ms: int) -> None:
        """Learn from a verified message that it is at least `issued_ms`."""
        last = self._last
        if last is not None and last.trusted and issued_ms > last.utc_ms + MAX_LIFT_MS:
            return
        self._known = replace(
            self._known,
            proved_ms=max(self._known.proved_ms, issued_ms),
            floor_ms=max(self._known.floor_ms, issued_ms),
        )

    def save(self) -> None:
        """Bring the floor to the disk; if that takes no more, it is tried again when it rises."""
        known = self._known
        self._saved_ms = known.floor_ms
        said = f"{known.floor_ms} {known.proved_ms} {known.compared_ms} {known.off_ms}"
        try:
            durable.write_checked(self._file, said.encode())
        except OSError as e:
            durable.note_unwritten(log, self._file, e)

    def _notice_step(self, system: int, mono: int) -> None:
        if self._last is None:
            return
        step = (system - self._last.system_ms) - (mono - self._last.mono_ms)
        if abs(step) > STEP_MS:
            note(log, "clock_stepped", level=logging.WARNING, step_ms=step)
            self._found_at_ms = None

    def _kept(self, system: int, mono: int, within_ms: int) -> Reading | None:
        """What was trusted, counted on; by the system's clock while that has not moved apart."""
        anchor = self._anchor
        if anchor is None:
            return None
        utc = anchor.base_ms + mono
        error_ms = anchor.error_ms + drift_ms(mono - anchor.mono_ms)
        if anchor.source is not ClockSource.CONTROLLER and abs(system - utc) <= STEP_MS:
            return Reading(system, system, 0, mono, anchor.source, error_ms, within_ms)
        return Reading(utc, system, utc - system, mono, ClockSource.KEPT, error_ms, within_ms)

    def _doubt_of_system(
        self, system: int, mono: int, measured: Measured | None, kept: Reading | None
    ) -> str:
        """Why the system's clock is not believed, "" if it is."""
        if self._found is None:
            return "nobody_vouches"
        if measured is not None and abs(measured.utc_ms - system) > CONTRADICTED_MS:
            return "contradicted"
        if system < self._known.floor_ms - STEP_MS:
            return "below_floor"
        if kept is None or kept.source is not ClockSource.KEPT or self._is_compared_anew(mono):
            return ""
        if measured is not None:
            nearer = abs(system - measured.utc_ms) <= abs(kept.utc_ms - measured.utc_ms)
            return "" if nearer else "stepped"
        return "stepped"

    def _is_compared_anew(self, mono: int) -> bool:
        """Whether the system's clock was set or compared since it was last trusted."""
        if self._found is None or self._found.age_ms is None or self._anchor is None:
            return False
        since_ms = mono - self._anchor.mono_ms
        return -STEP_MS <= self._found.age_ms <= since_ms + RENEWED_WITHIN_MS

    def _of_machine(
        self, system: int, mono: int, measured: Measured | None, within_ms: int
    ) -> Reading | None:
        if self._found is None:
            return None
        offset_ms, error_ms = 0, self._found.error_ms
        if self._found.source is ClockSource.RTC:
            error_ms += self._known.off_ms + drift_ms(system - self._known.compared_ms)
        if measured is not None:
            offset_ms = measured.utc_ms - system
            offset_ms = offset_ms if abs(offset_ms) > NOISE_MS + measured.error_ms else 0
        error_ms = max(error_ms, abs(offset_ms))
        return Reading(system, system, offset_ms, mono, self._found.source, error_ms, within_ms)

    def _note(self, reading: Reading, doubt: str) -> None:
        last = self._last
        if (
            last is None
            or (last.source, last.trusted) != (reading.source, reading.trusted)
            or doubt != self._doubt
        ):
            note(
                log,
                "clock_source",
                source=reading.source,
                offset_ms=reading.offset_ms,
                error_ms=reading.error_ms,
                trusted=reading.trusted,
                system_clock=doubt or "believed",
            )
        self._last, self._doubt = reading, doubt

    def _learn(self, reading: Reading, measured: Measured | None, *, anew: bool) -> None:
        """Take what is trusted, if it is told `anew`, as the ground for what comes."""
        if anew:
            self._anchor = _Anchor(
                reading.utc_ms - reading.mono_ms,
                reading.error_ms or 0,
                reading.mono_ms,
                reading.source,
            )
        highest = self._known.proved_ms + MAX_UNPROVED_MS
        floor_ms = max(self._known.floor_ms, min(reading.utc_ms, highest))
        self._known = replace(self._known, floor_ms=floor_ms)
        if measured is not None:
            off_ms = abs(measured.utc_ms - reading.system_ms)
            self._known = replace(self._known, compared_ms=measured.utc_ms, off_ms=off_ms)
        elif reading.source is ClockSource.NTP and anew:
            self._known = replace(self._known, compared_ms=reading.utc_ms, off_ms=0)
        if self._known.floor_ms - self._saved_ms >= SAVE_EVERY_MS:
            self.save()

    def _prove(self, utc_ms: int) -> None:
        proved_ms = max(self._known.proved_ms, utc_ms)
        self._known = replace(self._known, proved_ms=proved_ms)
        if self._known.floor_ms > utc_ms + CONTRADICTED_MS:
            note(
                log,
                "time_floor_lowered",
                level=logging.WARNING,
                reason="signed_answers",
                by_ms=self._known.floor_ms - proved_ms,
            )
            self._known = replace(self._known, floor_ms=proved_ms)
            self.save()

    def _read_floor(self) -> _Floor:
        try:
            stored = durable.read_checked(self._file)
            if stored is None:
                return _Floor()
            floor, proved, *compared = (int(part) for part in stored.split())
        except (durable.Damaged, ValueError) as e:
            kept = durable.set_aside(self._file)
            self.losses = (f"{self._file.name} damaged",)
            note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=str(e))
            return _Floor()
        proved = max(BUILD_FLOOR_MS, proved)
        compared_ms, off_ms = compared if len(compared) == 2 else (BUILD_FLOOR_MS, 0)
        return _Floor(max(proved, floor), proved, compared_ms, off_ms)


def _of_answers(
    system: int, mono: int, measured: Measured | None, within_ms: int
) -> Reading | None:
    if measured is None:
        return None
    return Reading(
        measured.utc_ms,
        system,
        measured.utc_ms - system,
        mono,
        ClockSource.CONTROLLER,
        measured.error_ms,
        within_ms,
    )


def _best(machine: Reading | None, answers: Reading | None, kept: Reading | None) -> Reading | None:
    """NTP, the signed answers, a clock chip, what was counted on: the first that is trusted."""
    by_ntp = machine is not None and machine.source is ClockSource.NTP
    order = (machine, answers, kept) if by_ntp else (answers, machine, kept)
    there = [reading for reading in order if reading is not None]
    sure = next((reading for reading in there if reading.trusted), None)
    return sure or min(there, key=lambda reading: reading.error_ms or 0, default=None)
