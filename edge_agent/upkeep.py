"""Orders about the box itself: look at every part and tell, or start the machine anew."""

import logging
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent import durable
from edge_agent.clock import Reading
from edge_agent.contract.commands import AckStatus, Command, Diagnose, Reboot, Update
from edge_agent.contract.manifest import Cue
from edge_agent.contract.state import Check, Diagnosis
from edge_agent.contract.types import encode
from edge_agent.desk import Call
from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.logbook import LogBook
from edge_agent.machine import BOOT_ID, machine_run
from edge_agent.orders import Orders
from edge_agent.settings import Argv
from edge_agent.uplink import Uplink

log = logging.getLogger("edge_agent.upkeep")

MAX_DIAGNOSIS_BYTES = 145_000
"""Signed and in base64 that is below 200 KB."""

STILL_BEFORE_MS = 120_000
"""The machine is not started anew so near before a planned start."""

REBOOT_WITHIN_MS = 300_000


class _Asked(msgspec.Struct, frozen=True):
    """The order to start anew, on the disk until it is known what became of it."""

    command: str
    begun: bool
    machine: str
    """Which run of the machine took the order."""


@dataclass(slots=True)
class _Rebooting:
    """The program that starts the machine anew is at work."""

    command: Command
    program: "subprocess.Popen[bytes]"
    since_mono_ms: int


class Upkeep:
    """Works in the agent's thread; `check` answers a call by `checks`, later and elsewhere.

    `update` begins what an order to install another version asks for.
    """

    def __init__(
        self,
        *,
        boot: int,
        orders: Orders,
        uplink: Uplink,
        book: LogBook,
        check: Callable[[Call], None],
        reboot: Argv,
        update: Callable[[Command, Update], None],
        state_dir: Path,
        boot_id: Path = BOOT_ID,
    ) -> None:
        self._boot = boot
        self._orders = orders
        self._uplink = uplink
        self._book = book
        self._check = check
        self._argv = reboot
        self._update = update
        self._file = state_dir / "reboot"
        self._machine = machine_run(boot_id)
        self._diagnosing = False
        self._reboot: Command | None = None
        self._rebooting: _Rebooting | None = None

    def begin(self, now: Reading) -> None:
        """Say what became of an order to start anew that the last run took."""
        try:
            stored = durable.read_checked(self._file)
            asked = msgspec.json.decode(stored, type=_Asked) if stored else None
        except (durable.Damaged, msgspec.MsgspecError) as e:
            note(log, "reboot_forgotten", level=logging.WARNING, error=str(e))
            asked = None
        if asked is None:
            return
        anew = asked.begun and asked.machine != self._machine
        status = AckStatus.DONE if anew else AckStatus.FAILED
        self._orders.ended(asked.command, status, "" if anew else "interrupted", now)
        self._file.unlink(missing_ok=True)

    def look(self, planned: Iterable[Cue], now: Reading, *, idle: bool) -> None:
        """Take the orders that have come, and go on with those that wait."""
        for command, body in self._orders.take_chores():
            match body:
                case Diagnose():
                    self._diagnose(command, body, now)
                case Reboot():
                    self._take_reboot(command, now)
                case Update():
                    self._update(command, body)
        soon = (0 <= cue.start - now.utc_ms < STILL_BEFORE_MS for cue in planned)
        if self._reboot is not None and idle and not any(soon):
            self._begin_reboot(self._reboot, now)
        if self._rebooting is not None:
            self._watch_reboot(self._rebooting, now)

    def _diagnose(self, command: Command, asked: Diagnose, now: Reading) -> None:
        if self._diagnosing:
            self._orders.step(command, AckStatus.FAILED, "busy", now)
            return
        self._diagnosing = True
        self._orders.step(command, AckStatus.STARTED, "", now)

        def done(found: dict[str, object]) -> None:
            self._diagnosing = False
            checks = msgspec.convert(found["checks"], tuple[Check, ...])
            told = self._tell(command, asked, checks, now)
            status = AckStatus.DONE if told else AckStatus.FAILED
            self._orders.step(command, status, "" if told else "offline", now)

        def failed(error: AgentError) -> None:
            self._diagnosing = False
            self._orders.step(command, AckStatus.FAILED, str(error)[:500], now)

        self._check(Call("selftest", {}, lambda _vi, _en: None, done, failed))

    def _tell(
        self, command: Command, asked: Diagnose, checks: tuple[Check, ...], now: Reading
    ) -> bool:
        lines = self._book.lines(asked.lines)
        found = Diagnosis(command.id, self._boot, now.system_ms, checks, lines)
        while len(encode(found)) > MAX_DIAGNOSIS_BYTES:
            lines = lines[len(lines) // 4 + 1 :]
            found = Diagnosis(command.id, self._boot, now.system_ms, checks, lines)
        return self._uplink.diagnose(found)

    def _take_reboot(self, command: Command, now: Reading) -> None:
        if self._reboot is not None or self._rebooting is not None:
            self._orders.step(command, AckStatus.FAILED, "busy", now)
        elif self._remember(command, now, begun=False):
            self._reboot = command

    def _begin_reboot(self, command: Command, now: Reading) -> None:
        self._reboot = None
        if not self._remember(command, now, begun=True):
            return
        self._orders.step(command, AckStatus.STARTED, "", now)
        note(log, "reboot_begun", command=command.id)
        try:
            program = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL)
        except OSError as e:
            self._give_up(command, str(e), now)
            return
        self._rebooting = _Rebooting(command, program, now.mono_ms)

    def _watch_reboot(self, at_work: _Rebooting, now: Reading) -> None:
        """It ends with the machine; where it does not, that is a failure."""
        code = at_work.program.poll()
        late = now.mono_ms - at_work.since_mono_ms > REBOOT_WITHIN_MS
        if not code and not late:
            return
        if code is None:
            at_work.program.kill()
            at_work.program.wait()
        self._rebooting = None
        self._give_up(at_work.command, f"exit {code}" if code else "nothing happened", now)

    def _give_up(self, command: Command, why: str, now: Reading) -> None:
        note(log, "reboot_failed", level=logging.ERROR, command=command.id, error=why)
        self._file.unlink(missing_ok=True)
        self._orders.step(command, AckStatus.FAILED, why[:500], now)

    def _remember(self, command: Command, now: Reading, *, begun: bool) -> bool:
        """What could not be remembered could be repeated, and is not done."""
        try:
            durable.write_checked(self._file, encode(_Asked(command.id, begun, self._machine)))
        except OSError as e:
            durable.note_unwritten(log, self._file, e)
            self._orders.step(command, AckStatus.FAILED, durable.why_unwritable(e), now)
            return False
        return True
