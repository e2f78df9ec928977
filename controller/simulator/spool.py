"""Playback events of a simulated box, kept until the controller has them; in memory only."""

import secrets
from collections import deque
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Raw
from msgspec.structs import replace

from edge_agent.contract.envelope import seal
from edge_agent.contract.report import (
    MAX_EVENTS,
    MAX_REPORT_BYTES,
    EventKind,
    PlaybackEvent,
    Report,
)
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode

ENVELOPE_BYTES = 100
"""What a report says besides its events."""


class Deed(NamedTuple):
    """What a box knows that it did, whatever becomes of its reports."""

    seq: int
    kind: EventKind
    play: str
    cue: str


class Spool:
    """Numbers events, packs them into signed reports, forgets what is acknowledged."""

    def __init__(self, spool_id: str | None = None) -> None:
        self.id = spool_id or secrets.token_hex(8)
        self._events: deque[bytes] = deque()
        self.deeds: list[Deed] = []
        """Everything that was ever kept here, in order."""
        self.acknowledged = 0
        self.packed = 0
        """Greatest number that was put into a report since the last rewind."""

    @property
    def last(self) -> int:
        """Number of the newest event."""
        return self.acknowledged + len(self._events)

    def add(self, event: PlaybackEvent) -> None:
        """Keep an event under the next number, whatever number it came with."""
        seq = self.last + 1
        self._events.append(encode(replace(event, seq=seq)))
        self.deeds.append(Deed(seq, event.kind, event.play, event.cue))

    def pack(self, did: str, key: Ed25519PrivateKey, *, at_most: int = MAX_EVENTS) -> bytes | None:
        """Give the next signed report, None when all is packed."""
        size = 0
        batch: list[Raw] = []
        for place in range(self.packed - self.acknowledged, len(self._events)):
            event = self._events[place]
            size += len(event) + 1
            full = len(batch) == at_most or size > MAX_REPORT_BYTES - ENVELOPE_BYTES
            if batch and full:
                break
            batch.append(Raw(event))
        if not batch:
            return None
        self.packed += len(batch)
        report = encode(Report(self.id, tuple(batch)))
        return seal(report, kind=Kind.REPORT, kid=did, key=key)

    def rewind(self) -> None:
        """Pack everything that is not acknowledged once more."""
        self.packed = self.acknowledged

    def forget(self, upto: int) -> int:
        """Drop events up to number `upto`; gives how many were dropped."""
        gone = max(0, min(upto, self.last) - self.acknowledged)
        for _ in range(gone):
            self._events.popleft()
        self.acknowledged += gone
        self.packed = max(self.packed, self.acknowledged)
        return gone
