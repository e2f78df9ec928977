"""Delete what nobody must keep any longer: look first, write down each deletion, then delete.

A row goes in the transaction that writes down why. Its file goes after the commit: whatever
happens between, the next run finds a file that no row names, and finishes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, func, select

from audio_library.errors import AudioLibraryError
from audio_library.store.asset_store import Held, Shelf
from controller.operations.keeping import Kind, Rule, keeping_rules
from controller.operations.outlived import OUTLIVED, Old, Outlived, takes_kept
from controller.operations.restore_audio import restore_audio
from controller.storage import tables, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import Purge, Take

log = structlog.get_logger()

PURGE = "purge"
BY_ITSELF = "loalang"
STRAY_AFTER = timedelta(days=1)
"""Long after whoever stored a file has written the row that names it."""
FEW_FILES = 20
"""So many stray files are believed; more only while they are the smaller part of the store."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where the files lie that rows name."""

    audio: Shelf
    recordings: Shelf


@dataclass(frozen=True, slots=True)
class Gone:
    """So many things of one kind went, or would go; rows of a log count no bytes."""

    kind: Kind
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What one run did, or with `dry_run` would do.

    `doubtful` stray files were left: when most of a store is named by no row, it is the database
    that is not the right one.
    """

    at: datetime
    dry_run: bool
    gone: tuple[Gone, ...]
    doubtful: int


@dataclass(frozen=True, slots=True)
class _Run:
    now: datetime
    by: str
    dry_run: bool

    def note(self, session: Session, rule: Rule, subject: str, size: int) -> None:
        """Write down one deletion."""
        session.add(
            Purge(
                kind=rule.of.kind.value,
                subject=subject,
                bytes=size,
                why=rule.why,
                by=self.by,
                at_ms=to_ms(self.now),
            )
        )


def purge(
    database: Database,
    shelves: Shelves,
    now: datetime,
    *,
    by: str = BY_ITSELF,
    dry_run: bool = False,
) -> Purged:
    """Apply every keeping rule once; `dry_run` only counts what would go.

    Raises the errors of a store: what was written down by then is finished at the next run.
    """
    run = _Run(now, by, dry_run)
    with database.read() as session:
        rules = {rule.of.kind: rule for rule in keeping_rules(session)}
    # Rows know how large an asset is, but not how large a recording.
    asked = rules[Kind.RECORDINGS].days is not None
    sizes = {h.sha256: h.bytes for h in shelves.recordings.held()} if asked else {}
    gone = [_drop(database, run, rules[kind], what, sizes) for kind, what in OUTLIVED.items()]
    swept = [
        _sweep(database, run, rules[Kind.STRAY_FILES], shelf, named)
        for shelf, named in ((shelves.audio, _assets), (shelves.recordings, _recordings))
    ]
    strays = Gone(Kind.STRAY_FILES, sum(s.count for s in swept), sum(s.bytes for s in swept))
    purged = Purged(now, dry_run, (*gone, strays), sum(s.doubtful for s in swept))
    counts = {g.kind.value: g.count for g in purged.gone if g.count}
    log.info("purged", by=by, dry_run=dry_run, doubtful=purged.doubtful, **counts)
    return purged


def ask_for_purge(session: Session, now: datetime) -> None:
    """Want every keeping rule applied, once, however often it is asked for."""
    work_items.ask(session, PURGE, "all", {}, to_ms(now))


def do_purge(database: Database, shelves: Shelves, work: work_items.Claimed, now: datetime) -> None:
    """Clear up as a claimed piece of work; a store out of reach is tried again.

    What should be there and is not is made again first.
    """
    try:
        restore_audio(database, shelves.audio, now)
        purge(database, shelves, now)
    except AudioLibraryError as e:
        with database.write() as session:
            work_items.fail(session, work.id, (e.code, e.vi, e.en), to_ms(now), final=False)
        return
    with database.write() as session:
        work_items.finish(session, work.id, to_ms(now))


def _drop(
    database: Database, run: _Run, rule: Rule, what: Outlived, sizes: Mapping[str, int]
) -> Gone:
    """All of one kind, some in each transaction: nobody waits long behind it."""
    kind, count, size = rule.of.kind, 0, 0
    if rule.days is None:
        return Gone(kind, 0, 0)

    def bytes_of(one: Old) -> int:
        return sizes.get(one.subject, one.bytes)

    before_ms = to_ms(run.now - timedelta(days=rule.days))
    if run.dry_run:
        with database.read() as session:
            found = what.find(session, before_ms, run.now)
            return Gone(kind, sum(o.count for o in found), sum(map(bytes_of, found)))
    while True:
        with database.write() as session:
            # Looked for again in each transaction: meanwhile it may have come to be wanted.
            old = what.find(session, before_ms, run.now)[: what.at_once]
            for one in old:
                run.note(session, rule, one.subject, bytes_of(one))
            what.drop(session, [one.key for one in old], before_ms)
        if not old:
            return Gone(kind, count, size)
        count, size = count + sum(o.count for o in old), size + sum(map(bytes_of, old))


@dataclass(frozen=True, slots=True)
class _Swept:
    count: int
    bytes: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class _Named:
    """Files that rows name: those to be kept, and with them those whose purge is on record."""

    kept: frozenset[str]
    on_record: frozenset[str]


def _sweep(
    database: Database,
    run: _Run,
    rule: Rule,
    shelf: Shelf,
    named: Callable[[Session], _Named],
) -> _Swept:
    """Files that no row names: those of rows dropped just now or before a crash, and strays.

    One that is younger than a day may be waiting for its row.
    """
    with database.read() as session:
        known = named(session)
    if not run.dry_run:
        shelf.forget_unfinished(run.now - STRAY_AFTER)
    held = list(shelf.held())
    unnamed = [
        h for h in held if h.sha256 not in known.kept and h.stored_at < run.now - STRAY_AFTER
    ]
    with database.read() as session:
        expected = _written_down(session, unnamed)
    strays = [h for h in unnamed if h.sha256 not in expected | known.on_record]
    if len(strays) > FEW_FILES and len(strays) * 2 > len(held):
        strays, doubtful = [], len(strays)
    else:
        doubtful = 0
    if not run.dry_run:
        with database.write() as session:
            for stray in strays:
                run.note(session, rule, stray.sha256, stray.bytes)
        with database.read() as session:
            # Looked at again: a file may have been made, stored and named anew meanwhile.
            kept = named(session).kept
        for gone in (*(h for h in unnamed if h.sha256 in expected), *strays):
            if gone.sha256 not in kept:
                shelf.delete(gone.sha256)
    return _Swept(len(strays), sum(h.bytes for h in strays), doubtful)


def _written_down(session: Session, files: Sequence[Held]) -> set[str]:
    """Those whose deletion was written down after they were stored."""
    rows = session.exec(select(Purge.subject, func.max(Purge.at_ms)).group_by(col(Purge.subject)))
    last: dict[str, int] = dict(rows.all())
    return {h.sha256 for h in files if last.get(h.sha256, -1) >= to_ms(h.stored_at)}


def _assets(session: Session) -> _Named:
    kept = frozenset(session.exec(select(tables.Asset.sha256)))
    return _Named(kept, kept)


def _recordings(session: Session) -> _Named:
    """A sound that was purged and brought again is no stray: its take still names it."""
    kept = frozenset(take.sound_sha256 for take in takes_kept(session))
    return _Named(kept, frozenset(session.exec(select(Take.sound_sha256))))
