"""What the box says: hello, telemetry, reports, acknowledgements. Remembers what was said."""

import logging
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.contract import topics
from edge_agent.contract.alert import AlertStep
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.envelope import seal
from edge_agent.contract.report import Report
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
from edge_agent.contract.types import encode
from edge_agent.log_setup import note
from edge_agent.reconcile import HelloFacts, TelemetryFacts
from edge_agent.spool import Spool

log = logging.getLogger("edge_agent.uplink")

BATCHES_AT_ONCE = 20
ACKS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed report of the events `first`…`last` of one spool."""

    spool: str
    first: int
    last: int
    payload: bytes


class Outlet(Protocol):
    """The part of the link that is needed to speak."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        """Hand over a message; False if there is no connection."""


class Uplink:
    """Speaks for one box; times are ms of the monotonic clock."""

    def __init__(self, did: str, key: Ed25519PrivateKey, outlet: Outlet, spool: Spool) -> None:
        self._did = did
        self._key = key
        self._outlet = outlet
        self._spool = spool
        self._acks: deque[CommandAck] = deque(maxlen=ACKS_KEPT)
        self.said_hello: HelloFacts | None = None
        self.hello_at: int | None = None
        self.said_telemetry: TelemetryFacts | None = None
        self.telemetry_at: int | None = None
        self.sent_upto = 0
        self.sent_at: int | None = None
        self.asked_at: int | None = None
        self.asks = 0
        self._repeats = 0
        self._repeated_after = 0

    @property
    def repeats(self) -> int:
        """How often reports were sent again since the last receipt."""
        return self._repeats if self._repeated_after == self._spool.range.first - 1 else 0

    def reconnected(self) -> None:
        """Nothing said before counts on a new connection."""
        self.said_hello = self.said_telemetry = None
        self.telemetry_at = self.asked_at = None
        self.sent_upto = self.asks = self._repeats = 0
        waiting, self._acks = self._acks, deque(maxlen=ACKS_KEPT)
        for ack in waiting:
            self.acknowledge(ack)

    def controller_came(self) -> None:
        """Whoever gives receipts is there again: what it missed is said at once."""
        if self.repeats:
            self.sent_upto = self._repeats = 0

    def hello(self, hello: Hello, facts: HelloFacts, mono_ms: int) -> None:
        """Say what the box holds."""
        if self._say("hello", hello, qos=1):
            self.said_hello, self.hello_at = facts, mono_ms

    def telemetry(self, telemetry: Telemetry, facts: TelemetryFacts, mono_ms: int) -> None:
        """Say how the box is."""
        if self._say("tele", telemetry, qos=0):
            self.said_telemetry, self.telemetry_at = facts, mono_ms

    def ask_time(self, nonce: str, mono_ms: int) -> None:
        """Ask for the time."""
        if self._say("time", TimeRequest(nonce), qos=0):
            self.asked_at, self.asks = mono_ms, self.asks + 1

    def acknowledge(self, ack: CommandAck) -> None:
        """Say, signed, how far a command has come; kept while there is no connection."""
        if not self._say_sealed("ack", ack, Kind.STEP):
            self._acks.append(ack)

    def reports(self, after: int, mono_ms: int) -> None:
        """Send spooled events above number `after`, signed, some reports at a time.

        What is sent again is one report, until somebody acknowledges it.
        """
        if after < self.sent_upto:
            self._repeats, self._repeated_after = self.repeats + 1, after
            self.sent_upto = after
        for _ in range(1 if self.repeats else BATCHES_AT_ONCE):
            report = self.sealed(after)
            if report is None:
                return
            if not self._outlet.publish(topics.up(self._did, "report"), report.payload, qos=1):
                return
            note(log, "report_sent", first=report.first, last=report.last)
            after = report.last
            self.sent_upto, self.sent_at = max(self.sent_upto, report.last), mono_ms

    def sealed(self, after: int) -> Sealed | None:
        """The next spooled events above number `after` as one signed report; None if none are."""
        batch = self._spool.batch(after)
        if batch is None:
            return None
        report = Report(self._spool.id, tuple(msgspec.Raw(event) for event in batch.events))
        payload = seal(encode(report), kind=Kind.REPORT, kid=self._did, key=self._key)
        return Sealed(report.spool, after + 1, batch.last, payload)

    def prove(self, proof: Proof) -> bool:
        """Say, signed, what is held of what plays soon; False if nobody listens."""
        return self._say_sealed("ready", proof, Kind.PROOF)

    def present(self, presence: Presence) -> bool:
        """Say, signed, which run of which machine speaks; False if nobody listens."""
        return self._say_sealed("here", presence, Kind.PRESENCE)

    def diagnose(self, found: Diagnosis) -> bool:
        """Say, signed, what was found in every part; False if nobody listens."""
        return self._say_sealed("diag", found, Kind.DIAGNOSIS)

    def alert_step(self, step: AlertStep) -> bool:
        """Say, signed, how far an alert has come; False if nobody listens."""
        return self._say_sealed("alert", step, Kind.ALERT_STEP)

    def _say_sealed(self, word: str, message: msgspec.Struct, kind: Kind) -> bool:
        sealed = seal(encode(message), kind=kind, kid=self._did, key=self._key)
        return self._outlet.publish(topics.up(self._did, word), sealed, qos=1)

    def _say(self, word: str, message: msgspec.Struct, *, qos: int) -> bool:
        return self._outlet.publish(topics.up(self._did, word), encode(message), qos=qos)


def state_payload(boot: int, conn: int, *, online: bool) -> bytes:
    """The retained word on whether the box is there."""
    return encode(State(boot, conn, online))
