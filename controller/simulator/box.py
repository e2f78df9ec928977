"""A simulated box: the true contract and the true decision, its audio and its disk by a model.

Knows no socket: messages, files and instants in; messages and wishes for files out. Instants are
true ms UTC; what the box itself believes of the time is its `BoxClock`'s matter.
"""

import hashlib
import random
import secrets
from collections import Counter, deque
from collections.abc import Set
from dataclasses import dataclass, replace

import msgspec

from controller.simulator.clock import BoxClock, Reading
from controller.simulator.counts import Counts
from controller.simulator.door import Door, Dropped
from controller.simulator.faults import NO_AUDIO, NO_FETCH, Fault, FaultKind
from controller.simulator.pairing import Pairing
from controller.simulator.plan import Plan, read_plan
from controller.simulator.proving import Prover
from controller.simulator.shelf import BYTES_PER_S, Shelf
from controller.simulator.spool import Spool
from controller.simulator.stage import Scene, Stage
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Alert, AlertList
from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    REMEMBERED_MS,
    AckStatus,
    Command,
    CommandAck,
    CommandKind,
    Diagnose,
    Play,
    Stop,
    TestTone,
    Volume,
)
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import seal
from edge_agent.contract.manifest import Asset, DayPage, Enter, Leave, Rank
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.state import (
    CacheState,
    Check,
    CheckState,
    ControllerState,
    Diagnosis,
    HeldAlerts,
    Hello,
    OnAir,
    Proof,
    SpoolRange,
    State,
    Telemetry,
    TimeAnswer,
    TimeRequest,
)
from edge_agent.contract.trust import KeySet, Kind
from edge_agent.contract.types import Unreadable, decode, encode
from edge_agent.decide import RULES, Policy, ordered

AGENT = "loalang-simulate"
RESEND_MS = 15_000
REPORTS_AT_ONCE = 20
HELLO_EVERY_MS = TELEMETRY_EVERY_MS = 1_000
HEARTBEAT_MS = 30_000
ASK_TIME_MS, ASK_TIME_SLOWLY_MS, ASK_TIME_AGAIN_MS = 1_000, 30_000, 15 * 60_000
EAGER_ASKS = 6
REREAD_MS = 3_600_000
FETCHES_AT_ONCE = 2
MAX_RETRY_S = 300.0
ACKS_KEPT = 200
NEVER = 1 << 60

TONE = Asset(hashlib.sha256(b"tone").hexdigest(), 1, 30_000, "audio/wav")
"""Made on the box itself."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the box wants to say."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """A file that the box fetches now: a day page, or audio where real files are asked for."""

    sha256: str
    bytes: int
    sources: tuple[str, ...]
    audio: Asset | None = None


class Box:
    """One box; every method takes the instant and gives what there is to say."""

    def __init__(
        self,
        pairing: Pairing,
        counts: Counts,
        *,
        boot: int,
        started_ms: int = 0,
        rate: int | None = BYTES_PER_S,
    ) -> None:
        self.did = pairing.did
        self.clock = BoxClock(started_ms)
        self.spool = Spool()
        self._pairing = pairing
        self._counts = counts
        self._conn = 0
        self._online = False
        self._powered = True
        self._real_audio = rate is None
        self._faults: Counter[FaultKind] = Counter()
        self._door = Door(pairing)
        self._shelf = Shelf(rate)
        self._stage = Stage(boot, self._note, self._progress)
        self._prover = Prover(pairing.did)
        self._plan = Plan()
        self._read_at_ms: int | None = None
        self._pages: dict[str, DayPage] = {}
        self._fetching: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._not_before: dict[str, int] = {}
        self._wishes: list[Wish] = []
        self._volume_db = 0.0
        self._waiting: list[Command] = []
        self._seen: dict[str, tuple[int, CommandAck]] = {}
        self._steps: list[tuple[str, AckStatus, str]] = []
        self._acks: deque[CommandAck] = deque(maxlen=ACKS_KEPT)
        self._out: list[Outgoing] = []
        self._said_hello: tuple[object, ...] = ()
        self._said_telemetry: tuple[object, ...] = ()
        self._hello_ms = self._telemetry_ms = self._sent_ms = -NEVER
        self._asked_ms, self._asks = -NEVER, 0
        self.due_ms = 0
        """When `tick` has something to do again."""

    @property
    def on_air(self) -> bool:
        """Whether something sounds now."""
        return self._stage.on_air

    @property
    def lacking(self) -> int:
        """Pages and audio files that its plan needs and it does not hold."""
        return self._shelf.lacking + len(self._plan.lacking)

    @property
    def conn(self) -> tuple[int, int]:
        """Boot and connection, as its newest birth says them."""
        return self._stage.boot, self._conn

    @property
    def will(self) -> Outgoing:
        """What the broker is to say if the coming connection breaks."""
        gone = State(self._stage.boot, self._conn + 1, online=False)
        return self._message("state", encode(gone), qos=1, retain=True)

    @property
    def keepalive_s(self) -> int | None:
        """What its desired state asks of the next connection; None before there is one."""
        desired = self._door.held.desired
        return desired.report.keepalive_s if desired is not None else None

    def subscriptions(self) -> tuple[str, ...]:
        """All filters that the box listens to."""
        return topics.subscriptions(self._pairing.did, self._door.scopes)

    def connected(self, now_ms: int) -> list[Outgoing]:
        """A connection stands: birth, hello, heartbeat, and every report not acknowledged."""
        self._conn += 1
        self._online = True
        if FaultKind.CLOCK_LOST not in self._faults:
            self.clock.vouched = True
        self.spool.rewind()
        self._prover.reconnected()
        self._said_hello, self._said_telemetry = (), ()
        self._telemetry_ms = self._asked_ms = self._sent_ms = -NEVER
        self._asks = 0
        birth = State(self._stage.boot, self._conn, online=True)
        self._say("state", encode(birth), qos=1, retain=True)
        waiting, self._acks = self._acks, deque(maxlen=ACKS_KEPT)
        for ack in waiting:
            self._acknowledge(ack)
        return self._turn(now_ms)

    def lost(self, now_ms: int) -> None:
        """The connection is gone; what goes on needs none."""
        self._online = False
        self._turn(now_ms)

    def farewell(self) -> Outgoing:
        """The word before leaving in order, since no will follows it."""
        gone = State(self._stage.boot, self._conn, online=False)
        return self._message("state", encode(gone), qos=1, retain=True)

    def receive(self, topic: str, payload: bytes, now_ms: int) -> list[Outgoing]:
        """Take a message; what is not signed, granted, new and for this box is dropped."""
        now = self.clock.read(now_ms)
        message = self._door.read(topic, payload, now.utc_ms if now.trusted else None)
        match message:
            case Dropped(why):
                self._counts.dropped[why] += 1
                return []
            case ControllerState():
                self._counts.heard["state"] += 1
                return []
            case ReportAck():
                self._counts.heard["ack"] += 1
                if message.spool == self.spool.id:
                    self._counts.acknowledged += self.spool.forget(message.upto)
            case TimeAnswer():
                self._counts.heard["time"] += 1
                self.clock.answer(message.nonce, message.utc_ms, now_ms)
            case KeySet():
                self._counts.heard["keys"] += 1
            case Desired():
                self._counts.heard["desired"] += 1
                self._take_desired(message)
            case AlertList():
                self._counts.heard["alert"] += 1
            case Command():
                self._take_command(message, now)
        return self._turn(now_ms)

    def tick(self, now_ms: int) -> list[Outgoing]:
        """Do what has come due."""
        return self._turn(now_ms)

    def wishes(self) -> list[Wish]:
        """Files whose fetch begins now; each is answered by `fetched` or `missed`."""
        wishes, self._wishes = self._wishes, []
        return wishes

    def fetched(self, wish: Wish, page: DayPage | None, now_ms: int) -> list[Outgoing]:
        """A file has come; of a page, what it says."""
        self._fetching.discard(wish.sha256)
        self._failures.pop(wish.sha256, None)
        if wish.audio is not None:
            self._shelf.arrived(wish.audio)
        elif page is not None:
            self._pages[wish.sha256] = page
            self._read_at_ms = None
        return self._turn(now_ms)

    def missed(self, wish: Wish, now_ms: int) -> list[Outgoing]:
        """A file did not come; it is tried again later."""
        self._fetching.discard(wish.sha256)
        self._failures[wish.sha256] += 1
        bound = min(MAX_RETRY_S, 2.0 ** min(self._failures[wish.sha256], 10))
        wait_s = random.uniform(0.5, bound)
        self._not_before[wish.sha256] = now_ms + round(wait_s * 1000)
        return self._turn(now_ms)

    def begin(self, fault: Fault, now_ms: int) -> list[Outgoing]:
        """Something is done to the box."""
        self._faults[fault.kind] += 1
        match fault.kind:
            case FaultKind.POWER_CUT:
                self._stage.power_cut(self.clock.read(now_ms))
                self._powered = self._online = False
                self._waiting.clear()
                self._fetching.clear()
            case FaultKind.CLOCK_STEP:
                self.clock.step_ms += fault.by_ms
            case FaultKind.CLOCK_LOST:
                self.clock.vouched = False
            case FaultKind.AUDIO_MISSING:
                self._shelf.lose()
            case FaultKind.SLOW:
                self._shelf.slowness *= fault.factor
            case FaultKind.LYING_WILL:
                old = State(self._stage.boot, max(0, self._conn - 1), online=False)
                self._say("state", encode(old), qos=1, retain=True)
        return self._turn(now_ms)

    def end(self, fault: Fault, now_ms: int) -> list[Outgoing]:
        """It is over; a box that was dark boots."""
        self._faults -= Counter((fault.kind,))
        still = fault.kind in self._faults
        match fault.kind:
            case FaultKind.CLOCK_STEP:
                self.clock.step_ms -= fault.by_ms
            case FaultKind.SLOW:
                self._shelf.slowness /= fault.factor
            case FaultKind.CLOCK_LOST if not still:
                self.clock.vouched = self._online
            case FaultKind.POWER_CUT if not still:
                self._boot(now_ms)
        return self._turn(now_ms)

    def _boot(self, now_ms: int) -> None:
        self._powered = True
        self.clock.started(now_ms)
        self._prover.started()
        self._read_at_ms = None
        self._stage.recover(self._stage.boot + 1, self.clock.read(now_ms))
        self._stage.due_mono = 0
        final = (AckStatus.DONE, AckStatus.FAILED, AckStatus.REFUSED, AckStatus.SUPERSEDED)
        for command, (_, last) in list(self._seen.items()):
            if last.status not in final:
                self._step(command, AckStatus.FAILED, now_ms, reason="interrupted")

    def _turn(self, now_ms: int) -> list[Outgoing]:
        """Observe, reconcile, act; then say when to look again."""
        if not self._powered:
            self.due_ms = NEVER
            self._out.clear()
            return []
        now = self.clock.read(now_ms)
        desired = self._door.held.desired
        self._read(desired, now)
        self._judge_waiting(now)
        alerts = self._alerts()
        self._supply(alerts, now_ms)
        self._play(desired, alerts, now)
        due = [now_ms + max(1, self._stage.due_mono - now.mono_ms)]
        if self._shelf.due_ms is not None:
            due.append(self._shelf.due_ms)
        due += [at for at in self._not_before.values() if at > now_ms]
        if self._online:
            due += self._speak(desired, now_ms, now)
        self.due_ms = max(now_ms + 1, min(due))
        said, self._out = self._out, []
        return said

    def _read(self, desired: Desired | None, now: Reading) -> None:
        if desired is None:
            return
        if self._read_at_ms is not None and now.mono_ms - self._read_at_ms < REREAD_MS:
            return
        named = {ref.sha256 for ref in desired.manifest.pages}
        self._pages = {sha: page for sha, page in self._pages.items() if sha in named}
        self._plan = read_plan(desired, self._pages, now.utc_ms)
        self._read_at_ms = now.mono_ms

    def _supply(self, alerts: tuple[Alert, ...], now_ms: int) -> None:
        """Begin the fetches that are due."""
        desired = self._door.held.desired
        sources = desired.sources if desired is not None else ()
        self._shelf.advance(now_ms)
        urgent = [a for alert in alerts for said in alert.spoken for a in said.assets]
        urgent += [order.asset for order in self._stage.orders.values() if order.asset != TONE]
        if desired is not None and desired.fallback is not None:
            urgent.append(desired.fallback)
        banned = frozenset(desired.withdrawn) if desired is not None else frozenset[str]()
        wanted = dict.fromkeys(a for a in (*urgent, *self._plan.needed) if a.sha256 not in banned)
        held_back = not NO_AUDIO.isdisjoint(self._faults) or any(
            self._not_before.get(a.sha256, 0) > now_ms for a in wanted
        )
        coming = self._shelf.want(wanted, now_ms, can_fetch=not held_back)
        if coming is not None and self._real_audio and coming.sha256 not in self._fetching:
            self._fetching.add(coming.sha256)
            self._wishes.append(Wish(coming.sha256, coming.bytes, sources, coming))
        if not NO_FETCH.isdisjoint(self._faults):
            return
        for ref in self._plan.lacking:
            if len(self._fetching) >= FETCHES_AT_ONCE:
                return
            if ref.sha256 in self._fetching or self._not_before.get(ref.sha256, 0) > now_ms:
                continue
            self._fetching.add(ref.sha256)
            self._wishes.append(Wish(ref.sha256, ref.bytes, sources))

    def _play(self, desired: Desired | None, alerts: tuple[Alert, ...], now: Reading) -> None:
        policy = Policy(
            silenced=self._silenced(desired, now),
            time_zone=self._plan.time_zone,
            command_gain_db=self._volume_db,
        )
        if desired is not None:
            policy = replace(
                policy,
                withdrawn=frozenset(desired.withdrawn),
                quiet_hours=desired.quiet_hours,
                volume=desired.volume,
                fallback=desired.fallback,
            )
        scene = Scene(
            self._plan.cues,
            self._held(),
            alerts,
            policy,
            desired.serial if desired is not None else 0,
            desired.delay_ms if desired is not None else 0,
        )
        self._stage.step(scene, now)
        steps, self._steps = self._steps, []
        for cue, status, reason in steps:
            if cue in self._seen:
                self._step(cue, status, now.system_ms, reason=reason)

    def _held(self) -> Set[str]:
        return self._shelf.held.keys() | {TONE.sha256}

    def _silenced(self, desired: Desired | None, now: Reading) -> str:
        if FaultKind.MAINTENANCE in self._faults:
            return "maintenance"
        ordered_until = desired.maintenance.until if desired and desired.maintenance else 0
        return "maintenance" if now.trusted and now.utc_ms < ordered_until else ""

    def _alerts(self) -> tuple[Alert, ...]:
        if not self._door.held.alerts:
            return ()
        mine = {self.did, *self._door.scopes}
        every = (alert for said in self._door.held.alerts.values() for alert in said.alerts)
        return tuple(alert for alert in every if not alert.areas or mine & set(alert.areas))

    def _take_desired(self, desired: Desired) -> None:
        self._read_at_ms = None
        self._failures.clear()
        self._not_before.clear()

    def _take_command(self, command: Command, now: Reading) -> None:
        known = self._seen.get(command.id)
        if known is not None or any(waiting.id == command.id for waiting in self._waiting):
            self._counts.dropped["replayed_id"] += 1
            if known is not None:
                self._acknowledge(known[1])
            return
        self._counts.heard["cmd"] += 1
        self._acknowledge(CommandAck(command.id, AckStatus.RECEIVED, now.system_ms))
        self._waiting.append(command)

    def _judge_waiting(self, now: Reading) -> None:
        """Judge what waits by trusted time, and do it; without a clock it goes on waiting."""
        if not now.trusted:
            return
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            alive = 0 < command.expires - command.issued <= MAX_LIFE_MS
            if alive and now.utc_ms <= command.expires:
                self._obey(command, now)
            else:
                self._refuse(command, "expired", now)

    def _obey(self, command: Command, now: Reading) -> None:
        try:
            match command.kind:
                case CommandKind.PLAY:
                    self._order(command, decode(bytes(command.body), Play), now)
                case CommandKind.TEST_TONE:
                    self._order(command, _tone(decode(bytes(command.body), TestTone)), now)
                case CommandKind.STOP:
                    stop = decode(bytes(command.body), Stop)
                    self._accept(command, now)
                    serial = self._door.held.desired.serial if self._door.held.desired else 0
                    found = self._stage.stop(stop.cue, self._plan.cues, serial, now)
                    self._done(command, now, "" if found else "nothing to stop")
                case CommandKind.VOLUME:
                    volume = decode(bytes(command.body), Volume)
                    self._accept(command, now)
                    self._volume_db = volume.gain_db
                    self._done(command, now)
                case CommandKind.DIAGNOSE:
                    decode(bytes(command.body), Diagnose)
                    self._accept(command, now)
                    self._diagnose(command, now)
                    self._done(command, now)
                case _:
                    self._refuse(command, "unsupported", now)
        except Unreadable:
            self._refuse(command, "unreadable", now)

    def _order(self, command: Command, play: Play, now: Reading) -> None:
        self._accept(command, now)
        self._stage.orders[command.id] = ordered(command, play, now.utc_ms)

    def _accept(self, command: Command, now: Reading) -> None:
        self._step(command.id, AckStatus.ACCEPTED, now.system_ms, command.expires)

    def _done(self, command: Command, now: Reading, reason: str = "") -> None:
        self._step(command.id, AckStatus.DONE, now.system_ms, reason=reason)

    def _refuse(self, command: Command, why: str, now: Reading) -> None:
        self._step(command.id, AckStatus.REFUSED, now.system_ms, command.expires, why)

    def _step(
        self,
        command: str,
        status: AckStatus,
        at_ms: int,
        expires_ms: int | None = None,
        reason: str = "",
    ) -> None:
        ack = CommandAck(command, status, max(0, at_ms), reason)
        known = self._seen.get(command)
        until = known[0] if known else (expires_ms or at_ms) + REMEMBERED_MS
        self._seen[command] = (until, ack)
        self._acknowledge(ack)

    def _acknowledge(self, ack: CommandAck) -> None:
        if self._online:
            self._say("ack", encode(ack), qos=1)
        else:
            self._acks.append(ack)

    def _progress(self, cue: str, status: AckStatus, reason: str) -> None:
        self._steps.append((cue, status, reason))

    def _note(self, event: PlaybackEvent) -> None:
        self.spool.add(event)
        self._counts.plays[event.kind] += 1

    def _diagnose(self, command: Command, now: Reading) -> None:
        good = Check("simulated", CheckState.GOOD, "hộp mô phỏng", "a simulated box")
        found = Diagnosis(command.id, self._stage.boot, max(0, now.system_ms), (good,))
        self._say_sealed("diag", found, Kind.DIAGNOSIS)

    def _speak(self, desired: Desired | None, now_ms: int, now: Reading) -> list[int]:
        """Say what there is to say; gives the instants at which more is due."""
        return [
            self._speak_hello(now_ms, now),
            self._speak_telemetry(desired, now_ms, now),
            self._speak_reports(now_ms),
            self._ask_time(now_ms),
            self._speak_proof(now_ms, now),
        ]

    def _speak_hello(self, now_ms: int, now: Reading) -> int:
        held = self._door.held
        digest = hashlib.sha256("\n".join(sorted(self._shelf.held)).encode()).hexdigest()
        facts = (
            self._conn,
            held.desired.serial if held.desired else 0,
            held.keys.serial if held.keys else 0,
            self.lacking,
            digest,
            now.source,
            tuple(HeldAlerts(*source, said.serial) for source, said in held.alerts.items()),
        )
        if facts == self._said_hello:
            return NEVER
        if self._said_hello and now_ms - self._hello_ms < HELLO_EVERY_MS:
            return self._hello_ms + HELLO_EVERY_MS
        self._said_hello, self._hello_ms = facts, now_ms
        conn, serial, keys, lacking, _, _, alerts = facts
        hello = Hello(
            boot=self._stage.boot,
            conn=conn,
            agent=AGENT,
            rules=RULES,
            capabilities=("play", "stop", "volume", "resume"),
            desired=serial,
            keys=keys,
            cache=CacheState(len(self._shelf.held), lacking, digest),
            spool=SpoolRange(self.spool.id, self.spool.acknowledged + 1, self.spool.last),
            clock=now.clock,
            alerts=alerts,
        )
        self._say("hello", encode(hello), qos=1)
        return NEVER

    def _speak_telemetry(self, desired: Desired | None, now_ms: int, now: Reading) -> int:
        heartbeat = HEARTBEAT_MS
        if desired is not None:
            heartbeat = desired.report.heartbeat_s * 1000
        on_air = self._stage.position(now.mono_ms)
        serial = desired.serial if desired is not None else 0
        facts = (self._conn, serial, self.lacking, on_air.play if on_air else "")
        since = now_ms - self._telemetry_ms
        if (facts != self._said_telemetry and since >= TELEMETRY_EVERY_MS) or since >= heartbeat:
            self._said_telemetry, self._telemetry_ms = facts, now_ms
            self._tidy(now)
            self._say("tele", encode(self._telemetry(serial, on_air, now)), qos=0)
        elif facts != self._said_telemetry:
            return self._telemetry_ms + TELEMETRY_EVERY_MS
        return self._telemetry_ms + heartbeat

    def _telemetry(self, serial: int, on_air: OnAir | None, now: Reading) -> Telemetry:
        wanted = sum(asset.bytes for asset in self._plan.needed)
        held = sum(self._shelf.held.get(asset.sha256, 0) for asset in self._plan.needed)
        return Telemetry(
            boot=self._stage.boot,
            at=max(0, now.system_ms),
            desired=serial,
            lacking=self.lacking,
            bytes_wanted=wanted,
            bytes_held=held,
            on_air=on_air,
            disk_free_bytes=0 if FaultKind.DISK_FULL in self._faults else 8_000_000_000,
            silenced=self._silenced(self._door.held.desired, now),
            clock=now.clock,
            uptime_s=max(0, now.mono_ms // 1000),
            spooled=self.spool.last - self.spool.acknowledged,
        )

    def _tidy(self, now: Reading) -> None:
        for command in [c for c, (until, _) in self._seen.items() if until < now.system_ms]:
            del self._seen[command]
        self._stage.forget(now.utc_ms)

    def _speak_reports(self, now_ms: int) -> int:
        """Send what is in no report yet; all again what is not acknowledged in time."""
        spool = self.spool
        if spool.last == spool.acknowledged:
            return NEVER
        again = spool.packed == spool.last and now_ms - self._sent_ms >= RESEND_MS
        if again:
            spool.rewind()
        sent = 0
        while sent < REPORTS_AT_ONCE:
            sealed = spool.pack(self.did, self._pairing.key)
            if sealed is None:
                break
            sent += 1
            self._send_report(sealed)
        if sent:
            self._sent_ms = now_ms
            self._counts.reports += sent
            self._counts.reports_again += sent if again else 0
        return now_ms + 1 if spool.packed < spool.last else self._sent_ms + RESEND_MS

    def _send_report(self, sealed: bytes) -> None:
        if FaultKind.CORRUPT_REPORT in self._faults:
            self._counts.reports_spoilt += 1
            head, dot, rest = sealed.partition(b".")
            sealed = head + dot + rest[::-1]
        for _ in range(2 if FaultKind.DUPLICATE_REPORTS in self._faults else 1):
            self._say("report", sealed, qos=1)

    def _ask_time(self, now_ms: int) -> int:
        if self._door.held.keys is None:
            return NEVER
        wait = ASK_TIME_MS if self._asks < EAGER_ASKS else ASK_TIME_SLOWLY_MS
        due = self._asked_ms + (ASK_TIME_AGAIN_MS if self.clock.measured else wait)
        if now_ms < due:
            return due
        nonce = secrets.token_hex(16)
        self.clock.ask(nonce, now_ms)
        self._asked_ms, self._asks = now_ms, self._asks + 1
        self._say("time", encode(TimeRequest(nonce)), qos=0)
        return now_ms + ASK_TIME_MS

    def _speak_proof(self, now_ms: int, now: Reading) -> int:
        cues = self._plan.cues
        proved = self._prover.look(cues, self._shelf.held.keys(), now)
        if proved is not None:
            desired = self._door.held.desired
            proof = Proof(
                boot=self._stage.boot,
                at=max(0, now.system_ms),
                desired=desired.serial if desired is not None else 0,
                until=proved.until_ms,
                held=tuple(sorted(proved.held)),
                lacking=tuple(sorted(proved.lacking)),
                mono=now.mono_ms,
            )
            self._say_sealed("ready", proof, Kind.PROOF)
        return now_ms + self._prover.wait_ms(cues, now)

    def _say_sealed(self, word: str, message: msgspec.Struct, kind: Kind) -> None:
        sealed = seal(encode(message), kind=kind, kid=self.did, key=self._pairing.key)
        self._say(word, sealed, qos=1)

    def _say(self, word: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        if self._online:
            self._counts.said[word] += 1
            self._out.append(self._message(word, payload, qos=qos, retain=retain))

    def _message(self, word: str, payload: bytes, *, qos: int, retain: bool = False) -> Outgoing:
        return Outgoing(topics.up(self.did, word), payload, qos, retain)


def _tone(asked: TestTone) -> Play:
    return Play(
        asset=TONE,
        rank=Rank.FILLER,
        enter=Enter.AFTER_ITEM,
        leave=Leave.DROP,
        gain_db=asked.gain_db,
        max_play_ms=asked.seconds * 1000,
        title="Âm thử",
        language="vi",
    )
