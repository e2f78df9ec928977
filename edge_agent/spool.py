"""Playback events on disk from before the sound until the controller has them.

The same file remembers what was on air, so that no occurrence plays twice.
"""

import logging
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edge_agent.clock import Reading
from edge_agent.contract.report import (
    MAX_EVENTS,
    MAX_REPORT_BYTES,
    EventHead,
    EventKind,
    PlaybackEvent,
)
from edge_agent.contract.types import Unreadable, decode, encode
from edge_agent.database import Journal, Statement, open_checked, writing
from edge_agent.log_setup import note
from edge_agent.past import Past, PastState

log = logging.getLogger("edge_agent.spool")

_SCHEMA = """
create table if not exists meta (
    one integer primary key check (one = 1), spool text not null, last_seq integer not null,
    acked integer not null, history_from integer not null);
create table if not exists event (seq integer primary key, payload blob not null);
create table if not exists occurrence (
    cue text primary key, state text not null, played_ms integer not null, at integer not null,
    starts integer not null, keep_until integer not null);
create table if not exists sounding (
    play text primary key, event blob not null, told integer not null,
    keep_until integer not null, from_ms integer not null, played_ms integer not null);
"""


@dataclass(frozen=True, slots=True)
class Range:
    """Sequence numbers not yet acknowledged; `first` > `last` when there are none."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Events for one report, as stored bytes; `last` is the number of the last of them."""

    last: int
    events: tuple[bytes, ...]


class Spool:
    """One file of events and history; `id` is drawn anew whenever the file is begun anew.

    Used by one thread only. What writes has written to the disk when it returns, or keeps it
    in memory until a full disk has room again, so that a village is not silent for it. The spool
    gives each event its number: the `seq` of an event handed in means nothing. If its file is
    lost, what was on air before `now_ms` is not known; a box of old is `expected` to have one.
    """

    def __init__(self, path: Path, now_ms: int, *, expected: bool = False) -> None:
        self._db, loss = open_checked(path, _SCHEMA, expected=expected, check=_check)
        self.losses = (loss,) if loss else ()
        self._journal = Journal(self._db, path)
        with writing(self._db):
            self._db.execute(
                "insert or ignore into meta values (1, ?, 0, 0, ?)",
                (secrets.token_hex(8), now_ms if loss else 0),
            )
        row = self._db.execute("select spool, last_seq, acked, history_from from meta").fetchone()
        self.id: str = row[0]
        self._last: int = row[1]
        self._found_last = self._last
        self._acked: int = row[2]
        self.history_from_ms: int = row[3]
        self.history = _history(self._db)

    @property
    def range(self) -> Range:
        """What is on the disk and still to be acknowledged."""
        last = self._last
        if self._journal.waiting:
            last = self._db.execute("select last_seq from meta").fetchone()[0]
        return Range(self._acked + 1, last)

    @property
    def is_unwritable(self) -> bool:
        """Whether events stand in memory alone, and not because the disk is full."""
        return self._journal.fault == "state_unwritable"

    def release(self, event: PlaybackEvent, keep_until_ms: int, *, from_ms: int = 0) -> None:
        """Remember, before any sound, that the player is let go with the play of `event`.

        It begins `from_ms` into the audio.
        """
        self._journal.write(
            (
                "insert into sounding values (?, ?, 0, ?, ?, 0)",
                (event.play, encode(event), keep_until_ms, from_ms),
            )
        )

    def sounded(self, play: str, played_ms: int) -> None:
        """Remember how much of a play has sounded, in case that its end is not lived to see."""
        if not self._journal.waiting:
            self._journal.write(
                ("update sounding set played_ms = ? where play = ?", (played_ms, play))
            )

    def started(self, event: PlaybackEvent) -> None:
        """Spool that a released play sounds; `event` holds its true start."""
        self._journal.write(
            *self._append(event),
            (
                "update sounding set event = ?, told = 1 where play = ?",
                (encode(event), event.play),
            ),
        )

    def over(
        self,
        event: PlaybackEvent,
        state: PastState,
        *,
        position_ms: int,
        at_ms: int,
        keep_until_ms: int,
        begun: PlaybackEvent | None = None,
    ) -> None:
        """Spool how a play ended, or that its cue is given up, and what may still come of it.

        A start that is only known now is `begun`: it is told with the end, or neither is.
        `position_ms` is how far into the audio the occurrence has come in all its plays;
        that was at `at_ms` UTC; the occurrence is remembered until `keep_until_ms`.
        """
        before = self.history.get(event.cue)
        skipped = event.kind is EventKind.SKIPPED
        starts = (before.starts if before else 0) + (0 if skipped else 1)
        past = Past(state, position_ms, at_ms, starts)
        self._journal.write(
            *(() if begun is None else self._append(begun)),
            *self._append(event),
            ("delete from sounding where play = ?", (event.play,)),
            (
                "insert or replace into occurrence values (?, ?, ?, ?, ?, ?)",
                (event.cue, past.state, past.played_ms, past.at_ms, past.starts, keep_until_ms),
            ),
        )
        self.history[event.cue] = past

    def recover(self, now: Reading, *, boot: int, reason: str) -> tuple[PlaybackEvent, ...]:
        """Report as interrupted what was released and never ended; give those events."""
        found = self._db.execute(
            "select event, told, keep_until, from_ms, played_ms from sounding"
        ).fetchall()
        interrupted = []
        for payload, told, keep_until, from_ms, played_ms in found:
            try:
                event = decode(payload, PlaybackEvent)
            except Unreadable as e:
                note(log, "play_unreadable", level=logging.ERROR, error=str(e)[:200])
                self._journal.write(("delete from sounding where event = ?", (payload,)))
                continue
            end = replace(
                event,
                kind=EventKind.INTERRUPTED,
                wall=now.system_ms,
                mono=now.mono_ms,
                boot=boot,
                clock=now.clock,
                played_ms=played_ms,
                reason=reason,
            )
            self.over(
                end,
                PastState.INTERRUPTED,
                position_ms=from_ms + played_ms,
                at_ms=now.utc_ms,
                keep_until_ms=keep_until,
                begun=None if told else event,
            )
            interrupted.append(end)
        return tuple(interrupted)

    def batch(self, after: int) -> Batch | None:
        """Give the next events above number `after`, as many as one report may hold.

        Of an event that has rotten on the disk only its number is told.
        """
        last, size = after, 0
        events: list[bytes] = []
        for seq, payload in self._db.execute(
            "select seq, payload from event where seq > ? order by seq limit ?",
            (after, MAX_EVENTS),
        ):
            size += len(payload) + 1
            if events and size > MAX_REPORT_BYTES - _ENVELOPE_BYTES:
                break
            events.append(_readable(seq, payload))
            last = seq
        return Batch(last, tuple(events)) if events else None

    def forget(self, spool: str, upto: int) -> bool:
        """Drop acknowledged events; False if the receipt is for another spool or says no news.

        A receipt for more than was ever written tells that the disk has gone back in time: the
        numbers given since then were used before, so what they name begins another spool.
        """
        if spool != self.id or upto <= self._acked:
            return False
        if upto > self._last:
            note(log, "spool_rolled_back", level=logging.ERROR, found=self._found_last)
            self.begin_another(self._found_last)
            return True
        self._journal.write(
            ("delete from event where seq <= ?", (upto,)),
            ("update meta set acked = ?", (upto,)),
        )
        self._acked = upto
        self._journal.settle()
        return True

    def begin_another(self, after: int) -> None:
        """Go on as another spool with the events above number `after`, counted from 1.

        For a disk that went back in time, and for a box that goes by another id.
        """
        self._journal.flush()
        if self._journal.waiting:
            return
        mine = self._db.execute("select payload from event where seq > ? order by seq", (after,))
        events = [event for (payload,) in mine if (event := _event(payload)) is not None]
        self.id, self._last, self._acked = secrets.token_hex(8), len(events), 0
        self._journal.write(
            ("delete from event", ()),
            *(
                ("insert into event values (?, ?)", (seq, encode(replace(event, seq=seq))))
                for seq, event in enumerate(events, start=1)
            ),
            ("update meta set spool = ?, last_seq = ?, acked = 0", (self.id, self._last)),
        )
        self._found_last = 0

    def prune(self, now_ms: int) -> None:
        """Forget occurrences that can sound no more at trusted time `now_ms`."""
        gone = [
            row[0]
            for row in self._db.execute(
                "select cue from occurrence where keep_until < ?", (now_ms,)
            )
        ]
        self._journal.write(("delete from occurrence where keep_until < ?", (now_ms,)))
        for cue in gone:
            self.history.pop(cue, None)

    def flush(self) -> None:
        """Write what a full disk did not take before."""
        self._journal.flush()

    def close(self) -> None:
        """Close the file."""
        self._journal.flush()
        self._db.close()

    def _append(self, event: PlaybackEvent) -> tuple[Statement, Statement]:
        self._last += 1
        return (
            (
                "insert into event values (?, ?)",
                (self._last, encode(replace(event, seq=self._last))),
            ),
            ("update meta set last_seq = ?", (self._last,)),
        )


def _history(db: sqlite3.Connection) -> dict[str, Past]:
    """What became of occurrences. Raises ValueError for what nobody wrote so."""
    rows = db.execute("select cue, state, played_ms, at, starts from occurrence")
    return {
        cue: Past(PastState(state), played_ms, at, starts)
        for cue, state, played_ms, at, starts in rows
    }


def _check(db: sqlite3.Connection) -> None:
    """Look whether what was read whole also makes sense. Raises ValueError."""
    _history(db)


def _event(payload: bytes) -> PlaybackEvent | None:
    try:
        return decode(payload, PlaybackEvent)
    except Unreadable as e:
        note(log, "event_unreadable", level=logging.ERROR, error=str(e)[:200])
        return None


def _readable(seq: int, payload: bytes) -> bytes:
    """The event as it was stored, or its number alone: one bad one must not spoil a report."""
    try:
        decode(payload, PlaybackEvent)
    except Unreadable as e:
        note(log, "event_unreadable", level=logging.ERROR, seq=seq, error=str(e)[:200])
        return encode(EventHead(seq))
    return payload


_ENVELOPE_BYTES = 100
"""What a report says besides its events: spool id and JSON around them."""
