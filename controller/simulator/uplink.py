"""What a simulated box says: birth, hello, telemetry, reports, proofs, questions about the time.

Remembers what was said on this connection; without one, only answers to commands are kept.
"""

import hashlib
import secrets
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from controller.simulator.clock import BoxClock, Reading
from controller.simulator.counts import Counts
from controller.simulator.faults import FaultKind
from controller.simulator.pairing import Pairing
from controller.simulator.plan import Plan
from controller.simulator.proving import Prover
from controller.simulator.spool import Spool
from edge_agent.contract import topics
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import seal
from edge_agent.contract.state import (
    CacheState,
    HeldAlerts,
    Hello,
    OnAir,
    Proof,
    SpoolRange,
    State,
    Telemetry,
    TimeRequest,
)
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from edge_agent.decide import RULES

AGENT = "loalang-simulate"
RESEND_MS = 15_000
REPORTS_AT_ONCE = 20
HELLO_EVERY_MS = TELEMETRY_EVERY_MS = 1_000
HEARTBEAT_MS = 30_000
ASK_TIME_MS, ASK_TIME_SLOWLY_MS, ASK_TIME_AGAIN_MS = 1_000, 30_000, 15 * 60_000
EAGER_ASKS = 6
ACKS_KEPT = 200
DISK_BYTES = 8_000_000_000
NEVER = 1 << 60


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the box wants to say."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say of the box now; `held` are bytes by hash."""

    desired: Desired | None
    keys: int
    alerts: tuple[HeldAlerts, ...]
    plan: Plan
    held: Mapping[str, int]
    lacking: int
    on_air: OnAir | None
    silenced: str

    @property
    def serial(self) -> int:
        """Of the desired state, 0 before there is one."""
        return self.desired.serial if self.desired is not None else 0


class Uplink:
    """Speaks for one box; `faults` is what is being done to it."""

    def __init__(
        self,
        pairing: Pairing,
        counts: Counts,
        spool: Spool,
        clock: BoxClock,
        faults: Counter[FaultKind],
    ) -> None:
        self.conn = 0
        self.online = False
        self._did, self._key = pairing.did, pairing.key
        self._counts = counts
        self._spool = spool
        self._clock = clock
        self._faults = faults
        self._prover = Prover(pairing.did)
        self._acks: deque[CommandAck] = deque(maxlen=ACKS_KEPT)
        self._out: list[Outgoing] = []
        self._said_hello: tuple[object, ...] = ()
        self._said_telemetry: tuple[object, ...] = ()
        self._hello_ms = self._telemetry_ms = self._sent_ms = -NEVER
        self._asked_ms, self._asks = -NEVER, 0

    def connected(self, boot: int) -> None:
        """A connection stands: say so; nothing said before counts."""
        self.conn += 1
        self.online = True
        self._spool.rewind()
        self._prover.reconnected()
        self._said_hello, self._said_telemetry = (), ()
        self._telemetry_ms = self._asked_ms = self._sent_ms = -NEVER
        self._asks = 0
        self.say("state", State(boot, self.conn, online=True), qos=1, retain=True)
        waiting, self._acks = self._acks, deque(maxlen=ACKS_KEPT)
        for ack in waiting:
            self.acknowledge(ack)

    def started(self) -> None:
        """The box was switched on, and its monotonic clock begins anew."""
        self._prover.started()

    def take(self) -> list[Outgoing]:
        """What is to be sent now."""
        out, self._out = self._out, []
        return out

    def state(self, boot: int, conn: int) -> Outgoing:
        """The word that the box is gone."""
        return self._message("state", encode(State(boot, conn, online=False)), qos=1, retain=True)

    def say(self, word: str, message: msgspec.Struct, *, qos: int, retain: bool = False) -> None:
        """Say something; without a connection it is lost."""
        self._put(word, encode(message), qos=qos, retain=retain)

    def say_sealed(self, word: str, message: msgspec.Struct, kind: Kind) -> None:
        """Say something under the box's own key."""
        sealed = seal(encode(message), kind=kind, kid=self._did, key=self._key)
        self._put(word, sealed, qos=1)

    def acknowledge(self, ack: CommandAck) -> None:
        """Say how far a command has come; kept for the next connection if there is none."""
        if self.online:
            self.say_sealed("ack", ack, Kind.STEP)
        else:
            self._acks.append(ack)

    def speak(self, facts: Facts, boot: int, now_ms: int, now: Reading) -> int:
        """Say what is due; gives when more is. Call it only with a connection."""
        return min(
            self._hello(facts, boot, now_ms, now),
            self._telemetry(facts, boot, now_ms, now),
            self._reports(now_ms),
            self._ask_time(facts, now_ms),
            self._proof(facts, boot, now_ms, now),
        )

    def _hello(self, facts: Facts, boot: int, now_ms: int, now: Reading) -> int:
        digest = hashlib.sha256("\n".join(sorted(facts.held)).encode()).hexdigest()
        said = (
            self.conn,
            facts.serial,
            facts.keys,
            facts.lacking,
            digest,
            now.source,
            facts.alerts,
        )
        if said == self._said_hello:
            return NEVER
        if self._said_hello and now_ms - self._hello_ms < HELLO_EVERY_MS:
            return self._hello_ms + HELLO_EVERY_MS
        self._said_hello, self._hello_ms = said, now_ms
        hello = Hello(
            boot=boot,
            conn=self.conn,
            agent=AGENT,
            rules=RULES,
            capabilities=("play", "stop", "volume", "resume"),
            desired=facts.serial,
            keys=facts.keys,
            cache=CacheState(len(facts.held), facts.lacking, digest),
            spool=SpoolRange(self._spool.id, self._spool.acknowledged + 1, self._spool.last),
            clock=now.clock,
            alerts=facts.alerts,
        )
        self.say("hello", hello, qos=1)
        return NEVER

    def _telemetry(self, facts: Facts, boot: int, now_ms: int, now: Reading) -> int:
        heartbeat_ms = HEARTBEAT_MS
        if facts.desired is not None:
            heartbeat_ms = facts.desired.report.heartbeat_s * 1000
        play = facts.on_air.play if facts.on_air else ""
        said = (self.conn, facts.serial, facts.lacking, play, facts.silenced)
        since_ms, changed = now_ms - self._telemetry_ms, said != self._said_telemetry
        if since_ms >= heartbeat_ms or (changed and since_ms >= TELEMETRY_EVERY_MS):
            self._said_telemetry, self._telemetry_ms = said, now_ms
            self.say("tele", self._condition(facts, boot, now), qos=0)
        elif changed:
            return self._telemetry_ms + TELEMETRY_EVERY_MS
        return self._telemetry_ms + heartbeat_ms

    def _condition(self, facts: Facts, boot: int, now: Reading) -> Telemetry:
        needed = facts.plan.needed
        return Telemetry(
            boot=boot,
            at=max(0, now.system_ms),
            desired=facts.serial,
            lacking=facts.lacking,
            bytes_wanted=sum(asset.bytes for asset in needed),
            bytes_held=sum(facts.held.get(asset.sha256, 0) for asset in needed),
            on_air=facts.on_air,
            disk_free_bytes=0 if FaultKind.DISK_FULL in self._faults else DISK_BYTES,
            silenced=facts.silenced,
            clock=now.clock,
            uptime_s=max(0, now.mono_ms // 1000),
            spooled=self._spool.last - self._spool.acknowledged,
        )

    def _reports(self, now_ms: int) -> int:
        """Send what is in no report yet; all again what is not acknowledged in time."""
        spool = self._spool
        if spool.last == spool.acknowledged:
            return NEVER
        again = spool.packed == spool.last and now_ms - self._sent_ms >= RESEND_MS
        if again:
            spool.rewind()
        sent = 0
        while sent < REPORTS_AT_ONCE:
            sealed = spool.pack(self._did, self._key)
            if sealed is None:
                break
            sent += 1
            self._report(sealed)
        if sent:
            self._sent_ms = now_ms
            self._counts.reports += sent
            self._counts.reports_again += sent if again else 0
        return now_ms + 1 if spool.packed < spool.last else self._sent_ms + RESEND_MS

    def _report(self, sealed: bytes) -> None:
        if FaultKind.CORRUPT_REPORT in self._faults:
            self._counts.reports_spoilt += 1
            head, dot, rest = sealed.partition(b".")
            sealed = head + dot + rest[::-1]
        for _ in range(2 if FaultKind.DUPLICATE_REPORTS in self._faults else 1):
            self._put("report", sealed, qos=1)

    def _ask_time(self, facts: Facts, now_ms: int) -> int:
        if not facts.keys:
            return NEVER
        wait_ms = ASK_TIME_MS if self._asks < EAGER_ASKS else ASK_TIME_SLOWLY_MS
        due_ms = self._asked_ms + (ASK_TIME_AGAIN_MS if self._clock.measured else wait_ms)
        if now_ms < due_ms:
            return due_ms
        nonce = secrets.token_hex(16)
        self._clock.ask(nonce, now_ms)
        self._asked_ms, self._asks = now_ms, self._asks + 1
        self.say("time", TimeRequest(nonce), qos=0)
        return now_ms + ASK_TIME_MS

    def _proof(self, facts: Facts, boot: int, now_ms: int, now: Reading) -> int:
        cues = facts.plan.cues
        proved = self._prover.look(cues, facts.held.keys(), now)
        if proved is not None:
            proof = Proof(
                boot=boot,
                at=max(0, now.system_ms),
                desired=facts.serial,
                until=proved.until_ms,
                held=tuple(sorted(proved.held)),
                lacking=tuple(sorted(proved.lacking)),
                mono=now.mono_ms,
            )
            self.say_sealed("ready", proof, Kind.PROOF)
        return now_ms + self._prover.wait_ms(cues, now)

    def _put(self, word: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        if self.online:
            self._counts.said[word] += 1
            self._out.append(self._message(word, payload, qos=qos, retain=retain))

    def _message(self, word: str, payload: bytes, *, qos: int, retain: bool = False) -> Outgoing:
        return Outgoing(topics.up(self._did, word), payload, qos, retain)
