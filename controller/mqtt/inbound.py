"""What boxes say: sorted, counted, handed on. Nothing here acknowledges a report."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import Counter

from controller.operations.alert_steps import SealedStep
from controller.operations.observations import Observations
from controller.operations.observe_devices import Observation, Said
from controller.operations.own_word import read_own
from controller.operations.read_reports import SealedReport, drop
from edge_agent.contract import topics
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.envelope import Untrusted
from edge_agent.contract.state import (
    Diagnosis,
    Hello,
    Presence,
    Proof,
    State,
    Telemetry,
    TimeRequest,
)
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode

RECEIVED = Counter("loalang_messages_received_total", "Messages from boxes", ["word"])
_SAID: dict[str, type[Said]] = {
    "state": State,
    "hello": Hello,
    "tele": Telemetry,
}
_SEALED: dict[str, tuple[Kind, type[Said]]] = {
    "ack": (Kind.STEP, CommandAck),
    "ready": (Kind.PROOF, Proof),
    "diag": (Kind.DIAGNOSIS, Diagnosis),
    "here": (Kind.PRESENCE, Presence),
}
"""What people act on is signed by the box."""


class KeyBook(Protocol):
    """Public keys of enrolled boxes."""

    def public_key(self, device_id: str) -> Ed25519PublicKey | None:
        """Give the key of a box, or None for a stranger."""


class Inbound:
    """Sort messages of boxes: reports and steps of alerts into queues; of the rest the newest.

    Nothing here waits. What finds no room in a queue is said again by its box.
    """

    def __init__(
        self,
        keys: KeyBook,
        reports: "asyncio.Queue[SealedReport]",
        observations: Observations,
        alert_steps: "asyncio.Queue[SealedStep]",
        ask_time: Callable[[str, str], None],
    ) -> None:
        self._keys = keys
        self._reports = reports
        self._alert_steps = alert_steps
        self._observations = observations
        self._ask_time = ask_time

    async def receive(self, topic: str, payload: bytes) -> None:
        """Take one message; a bad one is dropped, counted and logged, and hurts no other."""
        at = topics.parse_up(topic)
        if at is None:
            drop(topic, "unknown topic")
            return
        RECEIVED.labels(at.word).inc()
        if not payload:
            return
        if len(payload) > MAX_PAYLOAD_BYTES:
            drop(topic, "too large")
            return
        try:
            if at.word == "report":
                key = self._keys.public_key(at.device)
                self._reports.put_nowait(SealedReport(at.device, key, payload))
            elif at.word == "alert":
                key = self._keys.public_key(at.device)
                self._alert_steps.put_nowait(SealedStep(at.device, key, payload))
            elif at.word in _SEALED:
                key = self._keys.public_key(at.device)
                own = read_own(at.device, key, payload, *_SEALED[at.word])
                self._observations.put(Observation(at.device, own))
            elif at.word == "time":
                request = decode(payload, TimeRequest)
                self._ask_time(at.device, request.nonce)
            else:
                said = decode(payload, _SAID[at.word])
                self._observations.put(Observation(at.device, said))
        except asyncio.QueueFull:
            # Waiting would make the client throw away births as well; a report is said again.
            drop(topic, "busy")
        except Untrusted as e:
            drop(topic, "untrusted", str(e))
        except Unreadable as e:
            drop(topic, "unreadable", str(e))
