"""Commands: judged by their own life and the ids seen before; each step remembered on disk."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    REMEMBERED_MS,
    AckStatus,
    Command,
    CommandAck,
    CommandKind,
    Diagnose,
    Play,
    Reboot,
    Stop,
    TestTone,
    Update,
    Volume,
)
from edge_agent.contract.types import Unreadable, decode
from edge_agent.database import open_checked, writing

ORDERED_KINDS = (CommandKind.STOP, CommandKind.VOLUME)
"""Kinds of which only the newest counts; a stop of one cue says nothing of another."""

MAX_SKEW_MS = 60_000
"""A command issued further in the future than this is a fault of a clock."""

Body = Play | Stop | Volume | TestTone | Diagnose | Reboot | Update
"""What a command that is obeyed asks for."""

_BODIES: dict[str, type[Body]] = {
    CommandKind.PLAY: Play,
    CommandKind.STOP: Stop,
    CommandKind.VOLUME: Volume,
    CommandKind.TEST_TONE: TestTone,
    CommandKind.DIAGNOSE: Diagnose,
    CommandKind.REBOOT: Reboot,
    CommandKind.UPDATE: Update,
}
_SCHEMA = """
create table if not exists seen (
    id text primary key, kind text not null, issued integer not null, expires integer not null,
    status text not null, at integer not null, reason text not null, stops text);
create table if not exists blind (
    one integer primary key check (one = 1), before integer not null)
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The id was seen: answer with the last step again."""

    ack: CommandAck


@dataclass(frozen=True, slots=True)
class Refused:
    """Not obeyed: refused or superseded, with the reason."""

    status: AckStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Obeyed:
    """To be carried out now."""

    body: Body


Verdict = Known | Refused | Obeyed


class CommandLog:
    """Seen command ids with their last step, kept until expires + 24 h; one thread only.

    If the file is lost, no command issued before `now_ms` is obeyed: it may have been before.
    """

    def __init__(self, path: Path, now_ms: int, *, expected: bool = False) -> None:
        self._db, loss = open_checked(path, _SCHEMA, expected=expected)
        self.losses = (loss,) if loss else ()
        with writing(self._db):
            self._db.execute("insert or ignore into blind values (1, ?)", (now_ms if loss else 0,))
        self._blind_before_ms: int = self._db.execute("select before from blind").fetchone()[0]

    def judge(self, command: Command, now_ms: int) -> Verdict:
        """Say whether `command` is obeyed at trusted time `now_ms`; remembers nothing."""
        known = self.last_step(command.id)
        if known is not None:
            return Known(known)
        if not 0 < command.expires - command.issued <= MAX_LIFE_MS:
            return Refused(AckStatus.REFUSED, "life_too_long")
        if command.issued > now_ms + MAX_SKEW_MS:
            return Refused(AckStatus.REFUSED, "issued_in_future")
        if command.issued <= self._blind_before_ms:
            return Refused(AckStatus.REFUSED, "history_lost")
        if now_ms > command.expires:
            return Refused(AckStatus.REFUSED, "expired")
        body = _BODIES.get(command.kind)
        if body is None:
            return Refused(AckStatus.REFUSED, "unsupported")
        try:
            said = decode(bytes(command.body), body)
        except Unreadable as e:
            return Refused(AckStatus.REFUSED, f"unreadable: {str(e)[:200]}")
        if command.kind in ORDERED_KINDS and command.issued < self._newest(command):
            return Refused(AckStatus.SUPERSEDED, "a newer one came first")
        return Obeyed(said)

    def step(self, command: Command, ack: CommandAck) -> None:
        """Remember how far `command` has come. Raises OSError if the disk does not take it."""
        with writing(self._db):
            self._db.execute(
                "insert into seen values (?,?,?,?,?,?,?,?) on conflict (id) do update set "
                "status = excluded.status, at = excluded.at, reason = excluded.reason",
                (
                    command.id,
                    command.kind,
                    command.issued,
                    command.expires,
                    ack.status,
                    ack.at,
                    ack.reason,
                    _stops(command),
                ),
            )

    def update(self, ack: CommandAck) -> None:
        """Remember another step of a command that is known. Raises OSError like `step`."""
        with writing(self._db):
            self._db.execute(
                "update seen set status = ?, at = ?, reason = ? where id = ?",
                (ack.status, ack.at, ack.reason, ack.id),
            )

    def last_step(self, command: str) -> CommandAck | None:
        """Give the last step of the command with this id, None if it was never seen."""
        row = self._db.execute(
            "select status, at, reason from seen where id = ?", (command,)
        ).fetchone()
        return CommandAck(command, AckStatus(row[0]), row[1], row[2]) if row else None

    def forget(self, now_ms: int) -> None:
        """Drop ids that no replay can use any more. Raises OSError like `step`."""
        with writing(self._db):
            self._db.execute("delete from seen where expires < ?", (now_ms - REMEMBERED_MS,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _newest(self, command: Command) -> int:
        """When the newest was issued that makes `command` void if that is older."""
        row = self._db.execute(
            "select max(issued) from seen where kind = ? and status != ? "
            "and (stops is null or stops = ?)",
            (command.kind, AckStatus.REFUSED, _stops(command)),
        ).fetchone()
        return int(row[0] or 0)


def _stops(command: Command) -> str | None:
    """The cue that `command` stops; None if it stops whatever sounds, or is no stop."""
    if command.kind != CommandKind.STOP:
        return None
    try:
        return decode(bytes(command.body), Stop).cue
    except Unreadable:
        return None
