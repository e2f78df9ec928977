"""The key set as the root signed it: signed anew only when it says something new."""

import hashlib
from datetime import datetime

from sqlmodel import Session, col, select

from controller.fleet.authority import Authority
from controller.storage import outbox, tables
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from controller.storage.trust_tables import SignedWord
from edge_agent.contract import topics
from edge_agent.contract.types import encode

KEYS = "keys"


def current_key_set(session: Session, authority: Authority, now: datetime) -> bytes | None:
    """The key set for boxes under every unit at the top; None if there is no unit yet.

    A set that is new is queued for the boxes. While the root is locked it is the last one that
    was signed; raises `RootLocked` if there never was one.
    """
    tops = _tops(session)
    if not tops:
        return None
    said = _said(authority, tops)
    word = session.get(SignedWord, KEYS, with_for_update=True)
    if word is not None and (word.said_sha256 == said or authority.root is None):
        return word.sealed
    now_ms = to_ms(now)
    serial = next_serial(session, KEYS, now_ms)
    sealed = authority.key_set(serial, tops)
    session.merge(
        SignedWord(name=KEYS, serial=serial, said_sha256=said, sealed=sealed, issued_ms=now_ms)
    )
    outbox.put(session, topics.CONTROLLER_KEYS, sealed, retain=True, now_ms=now_ms)
    return sealed


def is_signed(session: Session, authority: Authority) -> bool:
    """Whether boxes are told what the ring holds."""
    tops = _tops(session)
    word = session.get(SignedWord, KEYS)
    return not tops or (word is not None and word.said_sha256 == _said(authority, tops))


def signed_serial(session: Session) -> int:
    """Serial of the key set that boxes are told; 0 if there is none."""
    word = session.get(SignedWord, KEYS)
    return 0 if word is None else word.serial


def _tops(session: Session) -> tuple[str, ...]:
    found = session.exec(select(tables.Unit.id).where(col(tables.Unit.parent_id).is_(None)))
    return tuple(sorted(found))


def _said(authority: Authority, tops: tuple[str, ...]) -> str:
    """Digest of all that a key set says but its serial."""
    return hashlib.sha256(encode(authority.told_keys(tops, 1))).hexdigest()
