"""Commands to a simulated box: judged by trusted time, carried out, each step acknowledged."""

import hashlib

from controller.simulator.clock import Reading
from controller.simulator.counts import Counts
from controller.simulator.stage import Stage
from controller.simulator.uplink import Uplink
from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    REMEMBERED_MS,
    AckStatus,
    Command,
    CommandAck,
    CommandKind,
    Diagnose,
    Play,
    Stop,
    TestTone,
    Volume,
)
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank
from edge_agent.contract.state import Check, CheckState, Diagnosis
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import Unreadable, decode
from edge_agent.decide import ordered

TONE = Asset(hashlib.sha256(b"tone").hexdigest(), 1, 30_000, "audio/wav")
"""Made on the box itself."""

_FINAL = (AckStatus.DONE, AckStatus.FAILED, AckStatus.REFUSED, AckStatus.SUPERSEDED)


class Orders:
    """The commands that a box has taken."""

    def __init__(self, stage: Stage, uplink: Uplink, counts: Counts) -> None:
        self._stage = stage
        self._uplink = uplink
        self._counts = counts
        self._waiting: list[Command] = []
        self._seen: dict[str, tuple[int, CommandAck]] = {}
        self.volume_db = 0.0

    def take(self, command: Command, now: Reading) -> None:
        """Receive a command; of one that was seen the last step is said again."""
        known = self._seen.get(command.id)
        if known is not None or any(waiting.id == command.id for waiting in self._waiting):
            self._counts.dropped["replayed_id"] += 1
            if known is not None:
                self._uplink.acknowledge(known[1])
            return
        self._counts.heard["cmd"] += 1
        self._uplink.acknowledge(CommandAck(command.id, AckStatus.RECEIVED, now.system_ms))
        self._waiting.append(command)

    def carry_out(self, cues: tuple[Cue, ...], serial: int, now: Reading) -> None:
        """Judge what waits, and do it; without a clock it goes on waiting."""
        if not now.trusted:
            return
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            alive = 0 < command.expires - command.issued <= MAX_LIFE_MS
            if not alive or now.utc_ms > command.expires:
                self._refuse(command, "expired", now)
                continue
            try:
                self._obey(command, cues, serial, now)
            except Unreadable:
                self._refuse(command, "unreadable", now)

    def progress(self, cue: str, status: AckStatus, reason: str, now: Reading) -> None:
        """Take word about a play; cues that nobody ordered are none of ours."""
        if cue in self._seen:
            self._step(cue, status, now, reason=reason)

    def power_cut(self) -> None:
        """What was not judged is forgotten."""
        self._waiting.clear()

    def interrupted(self, now: Reading) -> None:
        """After a boot: what was begun has failed."""
        for command, (_, last) in list(self._seen.items()):
            if last.status not in _FINAL:
                self._step(command, AckStatus.FAILED, now, reason="interrupted")

    def forget(self, now: Reading) -> None:
        """Drop ids that no replay can use any more."""
        for command in [c for c, (until, _) in self._seen.items() if until < now.system_ms]:
            del self._seen[command]

    def _obey(self, command: Command, cues: tuple[Cue, ...], serial: int, now: Reading) -> None:
        body = bytes(command.body)
        match command.kind:
            case CommandKind.PLAY:
                self._order(command, decode(body, Play), now)
            case CommandKind.TEST_TONE:
                self._order(command, _tone(decode(body, TestTone)), now)
            case CommandKind.STOP:
                stop = decode(body, Stop)
                self._accept(command, now)
                found = self._stage.stop(stop.cue, cues, serial, now)
                reason = "" if found else "nothing to stop"
                self._step(command.id, AckStatus.DONE, now, reason=reason)
            case CommandKind.VOLUME:
                volume = decode(body, Volume)
                self._accept(command, now)
                self.volume_db = volume.gain_db
                self._step(command.id, AckStatus.DONE, now)
            case CommandKind.DIAGNOSE:
                decode(body, Diagnose)
                self._accept(command, now)
                good = Check("simulated", CheckState.GOOD, "hộp mô phỏng", "a simulated box")
                found_out = Diagnosis(command.id, self._stage.boot, max(0, now.system_ms), (good,))
                self._uplink.say_sealed("diag", found_out, Kind.DIAGNOSIS)
                self._step(command.id, AckStatus.DONE, now)
            case _:
                self._refuse(command, "unsupported", now)

    def _order(self, command: Command, play: Play, now: Reading) -> None:
        self._accept(command, now)
        self._stage.orders[command.id] = ordered(command, play, now.utc_ms)

    def _accept(self, command: Command, now: Reading) -> None:
        self._step(command.id, AckStatus.ACCEPTED, now, command.expires)

    def _refuse(self, command: Command, why: str, now: Reading) -> None:
        self._step(command.id, AckStatus.REFUSED, now, command.expires, why)

    def _step(
        self,
        command: str,
        status: AckStatus,
        now: Reading,
        expires_ms: int | None = None,
        reason: str = "",
    ) -> None:
        ack = CommandAck(command, status, max(0, now.system_ms), reason)
        known = self._seen.get(command)
        until = known[0] if known else (expires_ms or now.system_ms) + REMEMBERED_MS
        self._seen[command] = (until, ack)
        self._uplink.acknowledge(ack)


def _tone(asked: TestTone) -> Play:
    return Play(
        asset=TONE,
        rank=Rank.FILLER,
        enter=Enter.AFTER_ITEM,
        leave=Leave.DROP,
        gain_db=asked.gain_db,
        max_play_ms=asked.seconds * 1000,
        title="Âm thử",
        language="vi",
    )
