"""What boxes say: checked, counted, handed on. Nothing here acknowledges a report."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import Counter

from controller.operations.observe_devices import Observation, Said
from controller.operations.record_playback import BadEvent, Received
from edge_agent.contract import envelope, topics
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.report import MAX_EVENTS, EventHead, PlaybackEvent, Report
from edge_agent.contract.state import Hello, State, Telemetry, TimeRequest
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode

log = structlog.get_logger()

RECEIVED = Counter("loalang_messages_received_total", "Messages from boxes", ["word"])
DROPPED = Counter("loalang_messages_dropped_total", "Messages not believed", ["reason"])

MAX_BODY_KEPT = 4096

_SAID: dict[str, type[Said]] = {
    "state": State,
    "hello": Hello,
    "tele": Telemetry,
    "ack": CommandAck,
}


class KeyBook(Protocol):
    """Public keys of enrolled boxes."""

    def public_key(self, device_id: str) -> Ed25519PublicKey | None:
        """Give the key of a box, or None for a stranger."""


class Inbound:
    """Sort messages of boxes into the two queues that the work loops empty."""

    def __init__(
        self,
        keys: KeyBook,
        reports: "asyncio.Queue[Received]",
        observations: "asyncio.Queue[Observation]",
        answer_time: Callable[[str, str, datetime], Awaitable[None]],
        clock: Callable[[], datetime],
    ) -> None:
        self._keys = keys
        self._reports = reports
        self._observations = observations
        self._answer_time = answer_time
        self._clock = clock

    async def receive(self, topic: str, payload: bytes) -> None:
        """Take one message; a bad one is dropped, counted and logged, and hurts no other."""
        at = topics.parse_up(topic)
        if at is None:
            self._drop(topic, "unknown topic")
            return
        RECEIVED.labels(at.word).inc()
        if not payload:
            return
        if len(payload) > MAX_PAYLOAD_BYTES:
            self._drop(topic, "too large")
            return
        try:
            if at.word == "report":
                await self._reports.put(self._read_report(at.device, payload))
            elif at.word == "time":
                request = decode(payload, TimeRequest)
                await self._answer_time(at.device, request.nonce, self._clock())
            else:
                said = decode(payload, _SAID[at.word])
                await self._observations.put(Observation(at.device, said))
        except envelope.Untrusted as e:
            self._drop(topic, "untrusted", str(e))
        except Unreadable as e:
            self._drop(topic, "unreadable", str(e))

    def _read_report(self, device_id: str, payload: bytes) -> Received:
        def key_for(kid: str) -> Ed25519PublicKey | None:
            return self._keys.public_key(device_id) if kid == device_id else None

        opened = envelope.open_sealed(payload, kind=Kind.REPORT, key_for=key_for)
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
                log.error("event_quarantined", device=device_id, seq=seq, why=str(e)[:200])
                if seq is not None:
                    bad.append(BadEvent(seq, bytes(raw)[:MAX_BODY_KEPT], str(e)[:300]))
        return Received(device_id, report.spool, tuple(good), tuple(bad))

    def _drop(self, topic: str, reason: str, why: str = "") -> None:
        DROPPED.labels(reason).inc()
        log.warning("message_dropped", topic=topic[:200], reason=reason, why=why[:200])


def _sequence(raw: bytes) -> int | None:
    try:
        return decode(raw, EventHead).seq
    except Unreadable:
        return None
