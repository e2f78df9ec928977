"""Reports as they came in: signature first, then the words, each event on its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import Counter

from controller.operations.record_playback import BadEvent, Received
from edge_agent.contract import envelope, topics
from edge_agent.contract.report import MAX_EVENTS, EventHead, PlaybackEvent, Report
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import Unreadable, decode

log = structlog.get_logger()

DROPPED = Counter("loalang_messages_dropped_total", "Messages not believed", ["reason"])

MAX_BODY_KEPT = 4096


@dataclass(frozen=True, slots=True)
class SealedReport:
    """One report of one box, not yet verified; `key` is None for a stranger."""

    device_id: str
    key: Ed25519PublicKey | None
    payload: bytes


def read_reports(sealed: Sequence[SealedReport]) -> list[Received]:
    """Verify and read reports; a bad one is dropped, counted and logged, and hurts no other."""
    return [report for one in sealed if (report := _read_or_drop(one)) is not None]


def drop(topic: str, reason: str, why: str = "") -> None:
    """Count and log a message that is not believed."""
    DROPPED.labels(reason).inc()
    log.warning("message_dropped", topic=topic[:200], reason=reason, why=why[:200])


def _read_or_drop(sealed: SealedReport) -> Received | None:
    try:
        return _read(sealed)
    except envelope.Untrusted as e:
        drop(topics.up(sealed.device_id, "report"), "untrusted", str(e))
    except Unreadable as e:
        drop(topics.up(sealed.device_id, "report"), "unreadable", str(e))
    return None


def _read(sealed: SealedReport) -> Received:
    def key_for(kid: str) -> Ed25519PublicKey | None:
        return sealed.key if kid == sealed.device_id else None

    opened = envelope.open_sealed(sealed.payload, kind=Kind.REPORT, key_for=key_for)
    report = decode(opened.payload, Report)
    if len(report.events) > MAX_EVENTS:
        raise Unreadable(f"{len(report.events)} events in one report")
    good: list[PlaybackEvent] = []
    bad: list[BadEvent] = []
    for raw in report.events:
        try:
            good.append(decode(bytes(raw), PlaybackEvent))
        except Unreadable as e:
            seq = _sequence(bytes(raw))
            log.error("event_quarantined", device=sealed.device_id, seq=seq, why=str(e)[:200])
            if seq is not None:
                bad.append(BadEvent(seq, bytes(raw)[:MAX_BODY_KEPT], str(e)[:300]))
    return Received(sealed.device_id, report.spool, tuple(good), tuple(bad))


def _sequence(raw: bytes) -> int | None:
    try:
        return decode(raw, EventHead).seq
    except Unreadable:
        return None
