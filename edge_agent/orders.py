"""Commands at work: waiting for a clock, judged, carried out, each step acknowledged."""

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

from edge_agent import durable
from edge_agent.clock import Reading
from edge_agent.commands import Body, CommandLog, Known, Obeyed, Refused
from edge_agent.contract.commands import (
    AckStatus,
    Command,
    CommandAck,
    Diagnose,
    Play,
    Reboot,
    Stop,
    TestTone,
    Update,
    Volume,
)
from edge_agent.contract.manifest import Asset, Cue
from edge_agent.decide import Candidate, Policy, Skip, is_quiet, length_on_air, ordered
from edge_agent.log_setup import note
from edge_agent.playout import Playout
from edge_agent.tone import tone_cue
from edge_agent.uplink import Uplink

log = logging.getLogger("edge_agent.orders")

MAX_WAITING = 16
TONE_WAITS_MS = 60_000
"""A tone that somebody at the box asked for waits so long for what sounds."""

Chore = Diagnose | Reboot | Update
"""What is asked of the box itself; nothing of it sounds."""

Progress = Callable[[AckStatus, str], None]
"""Told how far a tone has come, and why."""

FINAL = (AckStatus.DONE, AckStatus.FAILED, AckStatus.REFUSED, AckStatus.SUPERSEDED)


class Orders:
    """The commands that this box has taken and not finished.

    Only a machine that `can_reboot`, or `can_update` its agent, takes an order to.
    `make_tone` puts a tone of so many seconds on the disk. Raises OSError.
    """

    def __init__(
        self,
        seen: CommandLog,
        uplink: Uplink,
        volume_file: Path,
        make_tone: Callable[[int], Asset],
        *,
        can_reboot: bool = False,
        can_update: bool = False,
    ) -> None:
        self._seen = seen
        self._uplink = uplink
        self._volume_file = volume_file
        self._make_tone = make_tone
        self._can_reboot = can_reboot
        self._can_update = can_update
        self._chores: list[tuple[Command, Chore]] = []
        self._tones: dict[str, tuple[Candidate, Progress]] = {}
        self._waiting: deque[Command] = deque()
        self._plays: dict[str, tuple[Command, Candidate]] = {}
        self.volume_db = _read_volume(volume_file)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Plays that were ordered, from afar or at the box, and are not over."""
        ordered_here = (candidate for candidate, _ in self._tones.values())
        return (*(candidate for _, candidate in self._plays.values()), *ordered_here)

    def take(self, command: Command, now: Reading) -> bool:
        """Receive a verified command; False if its id was seen: then its last step is said again.

        Of too many that wait for a clock the newest are refused as `busy`.
        """
        known = self._seen.last_step(command.id)
        if known is not None:
            self._uplink.acknowledge(known)
            return False
        if any(waiting.id == command.id for waiting in self._waiting):
            return False
        if len(self._waiting) >= MAX_WAITING:
            note(log, "command_refused", command=command.id, reason="busy")
            self.step(command, AckStatus.REFUSED, "busy", now)
            return True
        self._uplink.acknowledge(CommandAck(command.id, AckStatus.RECEIVED, now.system_ms))
        self._waiting.append(command)
        return True

    def carry_out(
        self, playout: Playout, planned: tuple[Cue, ...], policy: Policy, now: Reading
    ) -> None:
        """Judge what waits by trusted time, and do it; without a clock it goes on waiting."""
        while self._waiting and now.trusted:
            command = self._waiting.popleft()
            match self._seen.judge(command, now.utc_ms):
                case Known(ack):
                    self._uplink.acknowledge(ack)
                case Refused(status, reason):
                    note(log, "command_refused", command=command.id, reason=reason)
                    self.step(command, status, reason, now)
                case Obeyed(body) if self._is_beyond(body):
                    note(log, "command_refused", command=command.id, reason="unsupported")
                    self.step(command, AckStatus.REFUSED, "unsupported", now)
                case Obeyed(TestTone() as asked) if why := unsuited(asked, policy, now.utc_ms):
                    note(log, "command_refused", command=command.id, reason=why)
                    self.step(command, AckStatus.REFUSED, why, now)
                case Obeyed(body):
                    if self._accept(command, body, now):
                        self._obey(command, body, playout, planned, now)

    def _is_beyond(self, body: Body) -> bool:
        """Whether this machine has nothing that could do it."""
        lacks_reboot = isinstance(body, Reboot) and not self._can_reboot
        return lacks_reboot or (isinstance(body, Update) and not self._can_update)

    def progress(self, cue: str, status: AckStatus, reason: str, now: Reading) -> None:
        """Take word from the playout about the play of an order; other cues are none of ours."""
        if cue in self._tones:
            _, told = self._tones[cue]
            if status in FINAL:
                del self._tones[cue]
            told(status, reason)
        if cue not in self._plays:
            return
        command, _ = self._plays[cue]
        self.step(command, status, reason, now)
        if status in FINAL:
            del self._plays[cue]

    def interrupted(self, cue: str, now: Reading) -> None:
        """Fail an order whose play was cut by the end of the agent's last run."""
        self.ended(cue, AckStatus.FAILED, "interrupted", now)

    def ended(self, command: str, status: AckStatus, reason: str, now: Reading) -> None:
        """Say what became of an order of the agent's last run, unless that is known."""
        last = self._seen.last_step(command)
        if last is not None and last.status not in FINAL:
            ack = CommandAck(command, status, now.system_ms, reason)
            self._keep(lambda: self._seen.update(ack))
            self._uplink.acknowledge(ack)

    def take_chores(self) -> tuple[tuple[Command, Chore], ...]:
        """The orders about the box itself that were accepted since this was asked last."""
        taken = tuple(self._chores)
        self._chores.clear()
        return taken

    def step(self, command: Command, status: AckStatus, reason: str, now: Reading) -> None:
        """Remember how far `command` has come, and say so."""
        ack = CommandAck(command.id, status, now.system_ms, reason)
        self._keep(lambda: self._seen.step(command, ack))
        self._uplink.acknowledge(ack)

    def sound_tone(
        self, ident: str, asked: TestTone, progress: Progress, policy: Policy, now: Reading
    ) -> str:
        """Sound a tone for somebody at the box; gives why not, "" if it will. Raises OSError.

        It waits `TONE_WAITS_MS` for what sounds now.
        """
        why = unsuited(asked, policy, now.utc_ms) if now.trusted else "clock_untrusted"
        if not why:
            until_ms = now.utc_ms + TONE_WAITS_MS
            asset = self._make_tone(asked.seconds)
            tone = tone_cue(ident, asset, asked, now_ms=now.utc_ms, until_ms=until_ms)
            self._tones[ident] = (tone, progress)
        return why

    def forget(self, now_ms: int) -> None:
        """Drop ids that no replay can use any more."""
        self._keep(lambda: self._seen.forget(now_ms))

    def _accept(self, command: Command, body: Body, now: Reading) -> bool:
        """Remember that `command` is obeyed; what cannot be could be replayed, and is refused.

        A stop does no harm when it is replayed, so it is obeyed also on a full disk.
        """
        accepted = CommandAck(command.id, AckStatus.ACCEPTED, now.system_ms)
        unkept = self._keep(lambda: self._seen.step(command, accepted))
        if unkept and not isinstance(body, Stop):
            note(log, "command_refused", command=command.id, reason=unkept)
            refused = CommandAck(command.id, AckStatus.REFUSED, now.system_ms, unkept)
            self._uplink.acknowledge(refused)
            return False
        note(log, "command_accepted", command=command.id, kind=command.kind)
        self._uplink.acknowledge(accepted)
        return True

    def _obey(
        self,
        command: Command,
        body: Body,
        playout: Playout,
        planned: tuple[Cue, ...],
        now: Reading,
    ) -> None:
        match body:
            case Play():
                self._plays[command.id] = (command, ordered(command, body, now.utc_ms))
            case TestTone():
                self._order_tone(command, body, now)
            case Diagnose() | Reboot() | Update():
                self._chores.append((command, body))
            case Volume():
                self.volume_db = body.gain_db
                stored = str(body.gain_db).encode()
                self._keep(lambda: durable.write_checked(self._volume_file, stored))
                self.step(command, AckStatus.DONE, "", now)
            case Stop():
                stopped = playout.stop(body.cue, "stopped_by_command", now)
                if not stopped and body.cue is not None:
                    stopped = self._give_up(body.cue, playout, planned, now)
                self.step(command, AckStatus.DONE, "" if stopped else "nothing to stop", now)

    def _order_tone(self, command: Command, asked: TestTone, now: Reading) -> None:
        try:
            asset = self._make_tone(asked.seconds)
        except OSError as e:
            durable.note_unwritten(log, self._volume_file.parent, e)
            self.step(command, AckStatus.FAILED, durable.why_unwritable(e), now)
            return
        until_ms = command.expires
        tone = tone_cue(command.id, asset, asked, now_ms=now.utc_ms, until_ms=until_ms)
        self._plays[command.id] = (command, tone)

    def _give_up(self, cue: str, playout: Playout, planned: tuple[Cue, ...], now: Reading) -> bool:
        """Give up a play that has not begun: an order, or a cue of the plan."""
        order = self._plays.get(cue)
        found = [Candidate(c, length_on_air(c)) for c in planned if c.id == cue]
        candidate = order[1] if order else next(iter(found), None)
        if candidate is None:
            return False
        return playout.give_up(Skip(candidate, "stopped_by_command"), now)

    def _keep(self, write: Callable[[], None]) -> str:
        """Bring something to the disk; gives why that was not possible, "" if it was."""
        try:
            write()
        except OSError as e:
            durable.note_unwritten(log, self._volume_file.parent, e)
            return durable.why_unwritable(e)
        return ""


def unsuited(asked: TestTone, policy: Policy, now_ms: int) -> str:
    """Why no tone may sound now, "" if one may."""
    quiet = is_quiet(now_ms, now_ms + asked.seconds * 1000, policy)
    return policy.silenced or ("quiet_hours" if quiet else "")


def _read_volume(file: Path) -> float:
    try:
        stored = durable.read_checked(file)
        return min(0.0, float(stored)) if stored else 0.0
    except (durable.Damaged, ValueError):
        return 0.0
