"""What each box knows that it did, beside what the controller's database says: play by play."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from controller.simulator.spool import Deed
from controller.storage.tables import (
    AsRun,
    PlannedPlay,
    PlaybackEvent,
    QuarantinedEvent,
    ReportedState,
    UnplannedPlay,
)
from edge_agent.contract.report import EventKind


class Written(NamedTuple):
    """One event as the controller's database has it."""

    spool: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class Record:
    """What the database says of some boxes, by their ids."""

    written: Mapping[str, Sequence[Written]]
    as_run: Mapping[str, Collection[str]]
    """Plays that have a row in the as-run log."""
    planned: Mapping[str, Collection[str]]
    """Cues that each box was told to play in the time looked at, and not told otherwise."""
    refused: Counter[str]
    """Events that were set aside as unreadable."""
    online: Collection[str]
    """Boxes that the controller takes to be there."""


@dataclass(frozen=True, slots=True)
class BoxVerdict:
    """One box: events lost and doubled, and what became of the plays that were expected.

    `doubled` counts events of the database that the box never made, and occurrences that sounded
    whole more than once. `untold` are planned plays of which the box said nothing at all.
    """

    expected: int
    made: int
    recorded: int
    lost: int
    doubled: int
    refused: int
    untold: int

    @property
    def sound(self) -> bool:
        """Nothing lost and nothing doubled."""
        return not (self.lost or self.doubled or self.refused)


def judge(did: str, spool: str, deeds: Sequence[Deed], record: Record) -> BoxVerdict:
    """Compare what a box did with what is written of it."""
    mine = Counter(Written(spool, deed) for deed in deeds)
    found = Counter(record.written.get(did, ()))
    whole = Counter(deed.cue for deed in deeds if deed.kind is EventKind.ENDED)
    plays = {deed.play for deed in deeds}
    planned = set(record.planned.get(did, ()))
    return BoxVerdict(
        expected=len(planned),
        made=len(planned & {deed.cue for deed in deeds if deed.kind is EventKind.STARTED}),
        recorded=len(plays & set(record.as_run.get(did, ()))),
        lost=(mine - found).total(),
        doubled=(found - mine).total() + sum(count - 1 for count in whole.values()),
        refused=record.refused[did],
        untold=len(planned - {deed.cue for deed in deeds}),
    )


def read_record(session: Session, dids: Collection[str], from_ms: int, until_ms: int) -> Record:
    """Read everything about these boxes; planned plays are those that start in [from, until)."""
    mine = set(dids)

    def rows(*columns: Any, where: tuple[Any, ...] = ()) -> Iterator[Any]:
        found = session.execute(sa.select(*map(col, columns)).where(*where))
        return (row for row in found if row[0] in mine)

    event, told, gone = PlaybackEvent, PlannedPlay, UnplannedPlay
    written: dict[str, list[Written]] = {}
    for did, spool, seq, kind, play, cue in rows(
        event.device_id, event.spool, event.seq, event.kind, event.play, event.cue
    ):
        written.setdefault(did, []).append(Written(spool, Deed(seq, EventKind(kind), play, cue)))
    as_run: dict[str, set[str]] = {}
    for did, play in rows(AsRun.device_id, AsRun.play):
        as_run.setdefault(did, set()).add(play)
    taken_back = set(map(tuple, rows(gone.device_id, gone.cue_id)))
    planned: dict[str, set[str]] = {}
    within = (
        col(told.start_ms) >= from_ms,
        col(told.start_ms) < until_ms,
        col(told.programme_id) != "",
    )
    for did, cue in rows(told.device_id, told.cue_id, where=within):
        if (did, cue) not in taken_back:
            planned.setdefault(did, set()).add(cue)
    refused = Counter(did for (did,) in rows(QuarantinedEvent.device_id))
    there = {did for did, online in rows(ReportedState.device_id, ReportedState.online) if online}
    return Record(written, as_run, planned, refused, there)
