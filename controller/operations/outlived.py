"""What has outlived its keeping period, kind by kind: how it is found, and how its rows go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from audio_library.bulletin import Kind as BulletinKind
from audio_library.bulletin import State
from controller.operations.asked_work import RENDER
from controller.operations.keeping import Kind
from controller.operations.phrase_audio import PHRASE
from controller.operations.still_wanted import EMERGENCY_RANKS, still_wanted, wanted_words
from controller.storage.instants import to_utc
from controller.storage.library_tables import BulletinWords, Purge, Take
from controller.storage.schedule_tables import Cart, ProgrammeBulletin
from controller.storage.tables import (
    AsRun,
    Asset,
    Bulletin,
    Event,
    PlannedPlay,
    PlaybackEvent,
    QuarantinedEvent,
    Rendition,
    Script,
    UnplannedPlay,
    WorkItem,
)

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Old:
    """One thing, or one UTC day of small ones; `key` finds it again within the transaction."""

    key: Any
    subject: str
    bytes: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Outlived:
    """`find(session, before_ms, now)` looks, oldest first; `drop(session, keys, before_ms)` acts.

    At most `at_once` go in one transaction.
    """

    find: Callable[[Session, int, datetime], Sequence[Old]]
    drop: Callable[[Session, Sequence[Any], int], None]
    at_once: int = 500


# --- audio ---------------------------------------------------------------------------------------


def _old_audio(session: Session, before_ms: int, now: datetime) -> Sequence[Old]:
    query = (
        select(Asset.sha256, Asset.bytes)
        .where(col(Asset.created_ms) < before_ms)
        .order_by(col(Asset.created_ms), col(Asset.sha256))
    )
    old: dict[str, int] = dict(session.exec(query).all())
    if not old:
        return ()
    heard = (
        (PlannedPlay.asset_sha256, PlannedPlay.start_ms),
        (AsRun.asset_sha256, AsRun.planned_ms),
    )
    for sha256, at_ms in heard:
        for used in session.exec(select(sha256).where(col(at_ms) >= before_ms).distinct()):
            old.pop(used, None)
    kept = still_wanted(session, now) if old else frozenset()
    return [Old(sha256, sha256, size) for sha256, size in old.items() if sha256 not in kept]


def _drop_audio(session: Session, keys: Sequence[str], before_ms: int) -> None:
    query = select(Rendition).where(col(Rendition.asset_sha256).in_(keys))
    for rendition in session.exec(query):
        # Its making is no longer done: who wants the audio again finds it missing, and asks.
        made = sa.delete(WorkItem).where(
            col(WorkItem.kind).in_((RENDER, PHRASE)),
            col(WorkItem.key) == f"{rendition.language}:{rendition.spoken_sha256}",
            col(WorkItem.state) == "done",
        )
        session.execute(made)
        session.delete(rendition)
    session.flush()
    # Removed ones: the audio of the others is still wanted.
    session.execute(sa.delete(Cart).where(col(Cart.asset_sha256).in_(keys)))
    session.execute(sa.delete(Asset).where(col(Asset.sha256).in_(keys)))


# --- recordings ----------------------------------------------------------------------------------


def _old_recordings(session: Session, before_ms: int, now: datetime) -> Sequence[Old]:
    """Sounds, each named by takes that are all old and wanted for nothing."""
    kept = takes_kept(session)
    words = wanted_words(session, now)
    old = {t.sound_sha256 for t in kept if _may_go(t, before_ms, words)}
    old -= {t.sound_sha256 for t in kept if not _may_go(t, before_ms, words)}
    return [Old(sha256, sha256) for sha256 in sorted(old)]


def _may_go(take: Take, before_ms: int, words: set[str]) -> bool:
    if take.brought_ms >= before_ms:
        return False
    return take.state == "refused" or (take.phrase is None and take.spoken_sha256 not in words)


def _drop_recordings(session: Session, keys: Sequence[str], before_ms: int) -> None:
    """A take stays on record: that its sound was purged lets the file go."""


def takes_kept(session: Session) -> Sequence[Take]:
    """Takes whose sound was not purged after they were brought."""
    purged = select(Purge.id).where(
        col(Purge.kind) == Kind.RECORDINGS.value,
        col(Purge.subject) == col(Take.sound_sha256),
        col(Purge.at_ms) > col(Take.brought_ms),
    )
    return session.exec(select(Take).where(~purged.exists())).all()


# --- the playback log, by day --------------------------------------------------------------------

_emergencies = select(Bulletin.id).where(col(Bulletin.kind) == BulletinKind.EMERGENCY.value)


def _planned(row: Any, cue: Any) -> sa.Select[Any]:
    """The planned play that a row is of."""
    return sa.select(col(PlannedPlay.cue_id)).where(
        col(PlannedPlay.device_id) == col(row.device_id), col(PlannedPlay.cue_id) == col(cue)
    )


_LOG: tuple[tuple[Any, Any, sa.ColumnElement[bool]], ...] = (
    (
        AsRun,
        AsRun.planned_ms,
        col(AsRun.rank).not_in(EMERGENCY_RANKS) & col(AsRun.bulletin_id).not_in(_emergencies),
    ),
    (
        PlaybackEvent,
        PlaybackEvent.planned_ms,
        col(PlaybackEvent.rank).not_in(EMERGENCY_RANKS)
        & ~_planned(PlaybackEvent, PlaybackEvent.cue)
        .where(col(PlannedPlay.bulletin_id).in_(_emergencies))
        .exists(),
    ),
    (
        PlannedPlay,
        PlannedPlay.start_ms,
        col(PlannedPlay.rank).not_in(EMERGENCY_RANKS)
        & col(PlannedPlay.bulletin_id).not_in(_emergencies),
    ),
)
_DONE = ((WorkItem, WorkItem.updated_ms, col(WorkItem.state).in_(("done", "failed", "stopped"))),)
_NEWS = ((Event, Event.at_ms, sa.true()),)
_QUARANTINED = ((QuarantinedEvent, QuarantinedEvent.received_ms, sa.true()),)


def _by_day(rows: tuple[tuple[Any, Any, sa.ColumnElement[bool]], ...]) -> Outlived:
    """Rows without a name of their own: each day of them is one thing."""

    def find(session: Session, before_ms: int, now: datetime) -> Sequence[Old]:
        days: dict[int, int] = {}
        for table, at_ms, may_go in rows:
            day = col(at_ms) - col(at_ms) % DAY_MS
            query = (
                sa.select(day, func.count())
                .select_from(table)
                .where(col(at_ms) < before_ms, may_go)
                .group_by(sa.literal_column("1"))
            )
            for start_ms, count in session.execute(query):
                days[start_ms] = days.get(start_ms, 0) + count
        return [
            Old(start_ms, f"{to_utc(start_ms):%Y-%m-%d}: {count} rows", 0, count)
            for start_ms, count in sorted(days.items())
        ]

    def drop(session: Session, keys: Sequence[int], before_ms: int) -> None:
        for table, at_ms, may_go in rows:
            for start_ms in keys:
                end_ms = min(start_ms + DAY_MS, before_ms)
                within = (col(at_ms) >= start_ms) & (col(at_ms) < end_ms)
                _delete(session, table, within & may_go)

    return Outlived(find, drop, at_once=10)


def _drop_log(session: Session, keys: Sequence[int], before_ms: int) -> None:
    _by_day(_LOG).drop(session, keys, before_ms)
    planned = _planned(UnplannedPlay, UnplannedPlay.cue_id)
    # Only with its play: taken back no longer, the play would seem to stand again.
    _delete(session, UnplannedPlay, col(UnplannedPlay.at_ms) < before_ms, ~planned.exists())


# --- drafts --------------------------------------------------------------------------------------


def _old_drafts(session: Session, before_ms: int, now: datetime) -> Sequence[Old]:
    """Never approved as far as anybody can tell: nothing planned, played or recorded it."""
    traces = (
        (ProgrammeBulletin, ProgrammeBulletin.bulletin_id),
        (PlannedPlay, PlannedPlay.bulletin_id),
        (AsRun, AsRun.bulletin_id),
        (Take, Take.bulletin_id),
    )
    query = (
        sa.select(col(Bulletin.id), col(Bulletin.title), func.sum(func.length(Script.text)))
        .join(Script, col(Script.bulletin_id) == col(Bulletin.id))
        .where(
            col(Bulletin.state).in_((State.DRAFT.value, State.SUBMITTED.value)),
            col(Bulletin.kind) != BulletinKind.EMERGENCY.value,
            col(Bulletin.approved_ms).is_(None),
            col(Bulletin.valid_until_ms) < before_ms,
            *(
                ~sa.select(col(bulletin_id)).where(col(bulletin_id) == col(Bulletin.id)).exists()
                for _, bulletin_id in traces
            ),
        )
        .group_by(col(Bulletin.id), col(Bulletin.title), col(Bulletin.created_ms))
        .order_by(col(Bulletin.created_ms), col(Bulletin.id))
    )
    return [
        Old(bulletin_id, f"{bulletin_id} {title}", int(size))
        for bulletin_id, title, size in session.execute(query)
    ]


def _drop_drafts(session: Session, keys: Sequence[str], before_ms: int) -> None:
    session.execute(sa.delete(BulletinWords).where(col(BulletinWords.bulletin_id).in_(keys)))
    session.execute(sa.delete(Script).where(col(Script.bulletin_id).in_(keys)))
    session.execute(sa.delete(Bulletin).where(col(Bulletin.id).in_(keys)))


def _delete(session: Session, table: Any, *where: sa.ColumnElement[bool]) -> None:
    gone = sa.delete(table).where(*where)
    session.execute(gone.execution_options(synchronize_session=False))


OUTLIVED: Mapping[Kind, Outlived] = MappingProxyType(
    {
        Kind.AUDIO: Outlived(_old_audio, _drop_audio),
        Kind.RECORDINGS: Outlived(_old_recordings, _drop_recordings),
        Kind.PLAYBACK_LOG: replace(_by_day(_LOG), drop=_drop_log),
        Kind.QUARANTINED_EVENTS: _by_day(_QUARANTINED),
        Kind.DRAFTS: Outlived(_old_drafts, _drop_drafts),
        Kind.WORK_ITEMS: _by_day(_DONE),
        Kind.NEWS: _by_day(_NEWS),
    }
)
"""In this order: audio is judged before the log forgets what was aired."""
