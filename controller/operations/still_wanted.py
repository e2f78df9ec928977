"""Which audio files must not go: what any box may still play, and what is still to be heard."""

import gzip
import re
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from audio_library.bulletin import Kind, State
from audio_library.rendition import spoken_sha256
from controller.operations.hazard_clips import clip_assets
from controller.operations.publish_phrases import bank_assets
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Cart
from schedules.precedence import Rank

EMERGENCY_RANKS = tuple(rank.name.lower() for rank in Rank if rank.is_emergency)
HORIZON_BACK = timedelta(days=2)
"""A plan begins at its midnight, and a box may still play what was due a moment ago."""

_HASH = re.compile(rb"\b[0-9a-f]{64}\b")


def still_wanted(session: Session, now: datetime) -> frozenset[str]:
    """What is on any box's horizon, valid approved words, emergencies, phrases, clips, carts."""
    return frozenset().union(
        _told(session, now),
        _on_pages(session),
        _pinned(session, now),
        _phrases(session, now),
        clip_assets(session),
        _carts(session),
    )


def _told(session: Session, now: datetime) -> set[str]:
    """Whatever a box was told to play from now on, and every emergency that ever was."""
    query = select(tables.PlannedPlay.asset_sha256).where(
        or_(
            col(tables.PlannedPlay.start_ms) > to_ms(now - HORIZON_BACK),
            col(tables.PlannedPlay.rank).in_(EMERGENCY_RANKS),
        )
    )
    return set(session.exec(query.distinct()))


def _on_pages(session: Session) -> set[str]:
    """Every hash that a kept page names: a box that was offline may still hold an older page."""
    bodies = session.exec(select(tables.Page.body).execution_options(yield_per=200))
    return {found.decode() for body in bodies for found in _HASH.findall(gzip.decompress(body))}


def wanted_words(session: Session, now: datetime) -> set[str]:
    """Digests of words that are approved and valid, and of all emergency bulletins."""
    query = (
        select(tables.Script.language, tables.Script.pinned_spoken)
        .join(tables.Bulletin, col(tables.Bulletin.id) == col(tables.Script.bulletin_id))
        .where(
            col(tables.Script.pinned_spoken).is_not(None),
            or_(
                (col(tables.Bulletin.state) == State.APPROVED.value)
                & (col(tables.Bulletin.valid_until_ms) > to_ms(now)),
                col(tables.Bulletin.kind) == Kind.EMERGENCY.value,
            ),
        )
    )
    return {spoken_sha256(language, said or "") for language, said in session.exec(query)}


def _pinned(session: Session, now: datetime) -> set[str]:
    words = wanted_words(session, now)
    rows = session.exec(select(tables.Rendition.spoken_sha256, tables.Rendition.asset_sha256))
    return {asset for spoken, asset in rows if spoken in words}


def _carts(session: Session) -> set[str]:
    """Of every cart that nobody removed: a programme may ask for it any day."""
    return set(session.exec(select(Cart.asset_sha256).where(col(Cart.removed_ms).is_(None))))


def _phrases(session: Session, now: datetime) -> set[str]:
    """Of today and tomorrow: the day of the commune may have begun before that of UTC."""
    today = now.date()
    return {
        sha256 for day in (today, today + timedelta(days=1)) for sha256 in bank_assets(session, day)
    }
