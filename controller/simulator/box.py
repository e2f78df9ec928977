"""A simulated box: the true contract and the true decision, without player, disk and clock.

Knows no socket: messages and instants in, messages out. It is taken to hold the audio of every
order; day pages it does not fetch, and says so as `lacking` and by proofs that name nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controller.simulator.counts import Counts
from controller.simulator.pairing import Pairing
from controller.simulator.spool import Spool
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    REMEMBERED_MS,
    AckStatus,
    Command,
    CommandAck,
    CommandKind,
    Play,
    Stop,
)
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import Untrusted, open_sealed, seal
from edge_agent.contract.report import EventKind, PlaybackEvent
from edge_agent.contract.state import (
    CacheState,
    Clock,
    ClockSource,
    ControllerState,
    Hello,
    OnAir,
    Proof,
    SpoolRange,
    State,
    Telemetry,
)
from edge_agent.contract.trust import ROOT_KID, KeySet, Kind, granted
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode, encode
from edge_agent.decide import (
    RULES,
    Act,
    Candidate,
    Current,
    Decision,
    Past,
    PastState,
    Situation,
    decide,
    ordered,
)

AGENT = "loalang-simulate"
RESEND_MS = 15_000
HEARTBEAT_MS = 30_000
PROVE_MS = 15 * 60_000
PROVED_AHEAD_MS = 75 * 60_000
NTP = Clock(ClockSource.NTP)
NOTHING = "0" * 64


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the box wants to say."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Playing:
    """What sounds now, as the report tells it."""

    candidate: Candidate
    started: PlaybackEvent
    ends_ms: int


class Box:
    """One box; every method takes the instant and gives what there is to say."""

    def __init__(self, pairing: Pairing, counts: Counts, *, boot: int) -> None:
        self._pairing = pairing
        self._counts = counts
        self._boot = boot
        self._conn = 0
        self._keys: KeySet | None = None
        self._desired: Desired | None = None
        self._seen: dict[str, tuple[int, CommandAck]] = {}
        self._orders: dict[str, Candidate] = {}
        self._history: dict[str, Past] = {}
        self._playing: Playing | None = None
        self._plays = 0
        self.spool = Spool()
        self._resend_ms = self._heartbeat_ms = self._decide_ms = 0
        self._prove_ms: int | None = None

    @property
    def on_air(self) -> bool:
        """Whether something sounds now."""
        return self._playing is not None

    @property
    def will(self) -> Outgoing:
        """What the broker is to say if the coming connection breaks."""
        gone = State(self._boot, self._conn + 1, online=False)
        return self._say("state", gone, qos=1, retain=True)

    def subscriptions(self) -> tuple[str, ...]:
        """All filters that the box listens to."""
        return topics.subscriptions(self._pairing.did, self._pairing.placement.units)

    def connected(self, now_ms: int) -> list[Outgoing]:
        """A connection stands: birth, hello, heartbeat, and every report not acknowledged."""
        self._conn += 1
        self.spool.rewind()
        birth = State(self._boot, self._conn, online=True)
        return [
            self._say("state", birth, qos=1, retain=True),
            self._hello(),
            self._telemetry(now_ms),
            *self._reports(now_ms),
        ]

    def farewell(self) -> Outgoing:
        """The word before leaving in order, since no will follows it."""
        return self._say("state", State(self._boot, self._conn, online=False), qos=1, retain=True)

    def receive(self, topic: str, payload: bytes, now_ms: int) -> list[Outgoing]:
        """Take a message; what is not signed, granted, new and for this box is dropped."""
        try:
            if len(payload) > MAX_PAYLOAD_BYTES:
                raise Unreadable("too large")
            return self._obey(topic, payload, now_ms)
        except Untrusted:
            return self._drop("untrusted")
        except Unreadable:
            return self._drop("unreadable")

    @property
    def due_ms(self) -> int:
        """When `tick` has something to do again."""
        due = [self._heartbeat_ms]
        if self._prove_ms is not None:
            due.append(self._prove_ms)
        if self.spool.last > self.spool.acknowledged:
            due.append(self._resend_ms)
        if self._playing is not None:
            due.append(self._playing.ends_ms)
        if self._playing is not None or self._orders:
            due.append(self._decide_ms)
        return min(due)

    def tick(self, now_ms: int) -> list[Outgoing]:
        """Do what has come due: end a play, decide, resend, heartbeat."""
        out = self._end_play(now_ms)
        if (self._orders or self._playing) and now_ms >= self._decide_ms:
            out += self._decide(now_ms)
        if self.spool.last > self.spool.acknowledged and now_ms >= self._resend_ms:
            self.spool.rewind()
            again = self._reports(now_ms)
            self._counts.reports_again += len(again)
            out += again
        if self._prove_ms is not None and now_ms >= self._prove_ms:
            out.append(self._proof(now_ms))
        if now_ms >= self._heartbeat_ms:
            out.append(self._telemetry(now_ms))
        return out

    def _obey(self, topic: str, payload: bytes, now_ms: int) -> list[Outgoing]:
        if topic == topics.CONTROLLER_STATE:
            decode(payload, ControllerState)
            self._counts.heard["state"] += 1
            return []
        if topic == topics.CONTROLLER_KEYS:
            return self._take_keys(payload)
        at, group = topics.parse_down(topic), topics.parse_group(topic)
        if at is not None and at.device == self._pairing.did:
            if at.word == "desired":
                return self._take_desired(self._open(payload, Kind.DESIRED, now_ms), now_ms)
            if at.word == "cmd":
                # A command to a unit may be resent to one box, as the same bytes.
                mine = (at.device, *self._pairing.placement.units)
                return self._take_command(payload, mine, now_ms)
            if at.word == "ack":
                return self._take_receipt(self._open(payload, Kind.ACK, now_ms))
        elif group is not None and group.word == "cmd":
            return self._take_command(payload, (group.scope,), now_ms)
        return self._drop("unknown_topic")

    def _take_keys(self, payload: bytes) -> list[Outgoing]:
        root = self._pairing.root
        opened = open_sealed(
            payload, kind=Kind.KEYS, key_for=lambda kid: root if kid == ROOT_KID else None
        )
        keys = decode(opened.payload, KeySet)
        if self._keys is not None and keys.serial <= self._keys.serial:
            return self._drop("stale_serial")
        self._keys = keys
        self._counts.heard["keys"] += 1
        return [self._hello()]

    def _take_desired(self, payload: bytes, now_ms: int) -> list[Outgoing]:
        desired = decode(payload, Desired)
        if desired.did != self._pairing.did:
            return self._drop("wrong_audience")
        if self._desired is not None and desired.serial <= self._desired.serial:
            return self._drop("stale_serial")
        if not desired.manifest.pages and not desired.empty_because:
            return self._drop("empty_without_reason")
        self._desired = desired
        self._counts.heard["desired"] += 1
        return [self._hello(), self._telemetry(now_ms), self._proof(now_ms)]

    def _take_receipt(self, payload: bytes) -> list[Outgoing]:
        receipt = decode(payload, ReportAck)
        if receipt.spool == self.spool.id:
            self._counts.acknowledged += self.spool.forget(receipt.upto)
            self._counts.heard["ack"] += 1
        return []

    def _take_command(
        self, payload: bytes, audiences: Collection[str], now_ms: int
    ) -> list[Outgoing]:
        command = decode(self._open(payload, Kind.COMMAND, now_ms), Command)
        if command.audience not in audiences:
            return self._drop("wrong_audience")
        known = self._seen.get(command.id)
        if known is not None:
            self._drop("replayed_id")
            return [self._say("ack", known[1], qos=1)]
        self._counts.heard["cmd"] += 1
        out = [self._step(command.id, AckStatus.RECEIVED, now_ms, command.expires)]
        alive = 0 < command.expires - command.issued <= MAX_LIFE_MS and now_ms <= command.expires
        if not alive:
            return [*out, self._step(command.id, AckStatus.REFUSED, now_ms, reason="expired")]
        match command.kind:
            case CommandKind.PLAY:
                play = decode(bytes(command.body), Play)
                self._orders[command.id] = ordered(command, play, now_ms)
                out.append(self._step(command.id, AckStatus.ACCEPTED, now_ms))
                return out + self._decide(now_ms)
            case CommandKind.STOP:
                stop = decode(bytes(command.body), Stop)
                out.append(self._step(command.id, AckStatus.ACCEPTED, now_ms))
                out += self._stop(stop.cue, now_ms)
                return [*out, self._step(command.id, AckStatus.DONE, now_ms)]
        return [*out, self._step(command.id, AckStatus.REFUSED, now_ms, reason="unsupported")]

    def _decide(self, now_ms: int) -> list[Outgoing]:
        current = None
        if self._playing is not None:
            sounded = max(0, now_ms - self._playing.started.wall)
            current = Current(self._playing.candidate, sounded)
        orders = tuple(self._orders.values())
        decision = decide(
            Situation(
                now_ms=now_ms,
                clock_trusted=True,
                cues=(),
                held={order.cue.asset.sha256 for order in orders},
                history=self._history,
                orders=orders,
                current=current,
            )
        )
        self._decide_ms = decision.next_deadline_ms
        out: list[Outgoing] = []
        for skip in decision.skipped:
            out += self._skip(skip.candidate, skip.reason, now_ms)
        if decision.cut_at_ms is not None and self._playing is not None:
            out += self._over(EventKind.CUT, now_ms, decision.reason)
        if decision.act is Act.PLAY:
            out += self._start(decision, now_ms)
        return out

    def _start(self, decision: Decision, now_ms: int) -> list[Outgoing]:
        candidate = decision.play
        if candidate is None:
            return []
        started = self._event(candidate, EventKind.STARTED, max(now_ms, decision.at_ms))
        self._playing = Playing(candidate, started, started.wall + candidate.length_ms)
        self._note(started)
        return [
            self._step(candidate.cue.id, AckStatus.STARTED, now_ms),
            *self._reports(now_ms),
            self._telemetry(now_ms),
        ]

    def _end_play(self, now_ms: int) -> list[Outgoing]:
        if self._playing is None or now_ms < self._playing.ends_ms:
            return []
        return [*self._over(EventKind.ENDED, self._playing.ends_ms, ""), self._telemetry(now_ms)]

    def _stop(self, cue: str | None, now_ms: int) -> list[Outgoing]:
        if self._playing is not None and cue in (None, self._playing.candidate.cue.id):
            return self._over(EventKind.CUT, now_ms, "stopped_by_command")
        waiting = self._orders.get(cue) if cue else None
        return self._skip(waiting, "stopped_by_command", now_ms) if waiting else []

    def _over(self, kind: EventKind, at_ms: int, reason: str) -> list[Outgoing]:
        """End what sounds now, wholly or cut short."""
        playing = self._playing
        if playing is None:
            return []
        self._playing, self._decide_ms = None, at_ms
        candidate, sounded = playing.candidate, max(0, at_ms - playing.started.wall)
        done = kind is EventKind.ENDED or reason == "stopped_by_command"
        before = self._history.get(candidate.cue.id)
        self._history[candidate.cue.id] = Past(
            PastState.DONE if done else PastState.INTERRUPTED,
            candidate.from_ms + sounded,
            at_ms,
            (before.starts if before else 0) + 1,
        )
        self._note(
            msgspec.structs.replace(
                playing.started, kind=kind, wall=at_ms, mono=at_ms, played_ms=sounded, reason=reason
            )
        )
        out = self._reports(at_ms)
        if done:
            self._orders.pop(candidate.cue.id, None)
            status = AckStatus.DONE if kind is EventKind.ENDED else AckStatus.FAILED
            out.append(self._step(candidate.cue.id, status, at_ms, reason=reason))
        return out

    def _skip(self, candidate: Candidate, reason: str, now_ms: int) -> list[Outgoing]:
        self._orders.pop(candidate.cue.id, None)
        self._history[candidate.cue.id] = Past(PastState.DONE, at_ms=now_ms, starts=0)
        self._note(self._event(candidate, EventKind.SKIPPED, now_ms, reason))
        return [
            self._step(candidate.cue.id, AckStatus.FAILED, now_ms, reason=reason),
            *self._reports(now_ms),
        ]

    def _note(self, event: PlaybackEvent) -> None:
        self.spool.add(event)
        self._counts.plays[event.kind] += 1

    def _event(
        self, candidate: Candidate, kind: EventKind, at_ms: int, reason: str = ""
    ) -> PlaybackEvent:
        self._plays += 1
        cue = candidate.cue
        return PlaybackEvent(
            seq=1,
            kind=kind,
            play=f"{self._boot}-{self._plays}",
            cue=cue.id,
            asset_sha256=cue.asset.sha256,
            wall=at_ms,
            mono=at_ms,
            boot=self._boot,
            clock=NTP,
            planned=cue.start,
            duration_ms=cue.asset.duration_ms,
            rank=cue.rank,
            rules=RULES,
            desired=self._desired.serial if self._desired else 0,
            gain_db=cue.gain_db,
            title=cue.title,
            language=cue.language,
            reason=reason,
        )

    def _reports(self, now_ms: int) -> list[Outgoing]:
        """Every event that is in no report yet."""
        out: list[Outgoing] = []
        while (sealed := self.spool.pack(self._pairing.did, self._pairing.key)) is not None:
            out.append(Outgoing(topics.up(self._pairing.did, "report"), sealed, 1))
        if out:
            self._resend_ms = now_ms + RESEND_MS
            self._counts.reports += len(out)
        return out

    def _step(
        self,
        command: str,
        status: AckStatus,
        now_ms: int,
        expires_ms: int | None = None,
        reason: str = "",
    ) -> Outgoing:
        ack = CommandAck(command, status, now_ms, reason)
        known = self._seen.get(command)
        until = known[0] if known else (expires_ms or now_ms) + REMEMBERED_MS
        self._seen[command] = (until, ack)
        return self._say("ack", ack, qos=1)

    def _hello(self) -> Outgoing:
        hello = Hello(
            boot=self._boot,
            conn=self._conn,
            agent=AGENT,
            rules=RULES,
            capabilities=("play", "stop"),
            desired=self._desired.serial if self._desired else 0,
            keys=self._keys.serial if self._keys else 0,
            cache=CacheState(0, self._lacking, NOTHING),
            spool=SpoolRange(self.spool.id, self.spool.acknowledged + 1, self.spool.last),
            clock=NTP,
        )
        return self._say("hello", hello, qos=1)

    def _telemetry(self, now_ms: int) -> Outgoing:
        self._heartbeat_ms = now_ms + HEARTBEAT_MS
        for command in [c for c, (until, _) in self._seen.items() if until < now_ms]:
            del self._seen[command]
            self._history.pop(command, None)
        telemetry = Telemetry(
            boot=self._boot,
            at=now_ms,
            desired=self._desired.serial if self._desired else 0,
            lacking=self._lacking,
            bytes_wanted=0,
            bytes_held=0,
            on_air=self._position(now_ms),
        )
        return self._say("tele", telemetry, qos=0)

    def _proof(self, now_ms: int) -> Outgoing:
        """It knows no cue, so it proves none: signed and said as true boxes do."""
        self._prove_ms = now_ms + PROVE_MS
        proof = Proof(
            boot=self._boot,
            at=now_ms,
            desired=self._desired.serial if self._desired else 0,
            until=now_ms + PROVED_AHEAD_MS,
            held=(),
            lacking=(),
        )
        did, key = self._pairing.did, self._pairing.key
        sealed = seal(encode(proof), kind=Kind.PROOF, kid=did, key=key)
        return Outgoing(topics.up(did, "ready"), sealed, 1)

    @property
    def _lacking(self) -> int:
        return len(self._desired.manifest.pages) if self._desired else 0

    def _position(self, now_ms: int) -> OnAir | None:
        if self._playing is None:
            return None
        event = self._playing.started
        position = max(0, now_ms - event.wall) + self._playing.candidate.from_ms
        return OnAir(event.play, event.cue, position, event.duration_ms)

    def _open(self, payload: bytes, kind: Kind, now_ms: int) -> bytes:
        def find(kid: str) -> Ed25519PublicKey | None:
            if self._keys is None:
                return None
            return granted(self._keys, kid, kind, self._pairing.placement, now_ms)

        return open_sealed(payload, kind=kind, key_for=find).payload

    def _say(
        self, word: str, message: msgspec.Struct, *, qos: int, retain: bool = False
    ) -> Outgoing:
        return Outgoing(topics.up(self._pairing.did, word), encode(message), qos, retain)

    def _drop(self, reason: str) -> list[Outgoing]:
        self._counts.dropped[reason] += 1
        return []
