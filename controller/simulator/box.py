"""A simulated box: the true contract and the true decision, its audio and its disk by a model.

Knows no socket: messages, files and instants in; messages and wishes for files out. Instants are
true ms UTC; what the box itself believes of the time is its `BoxClock`'s matter.
"""

import random
from collections import Counter
from dataclasses import dataclass, replace

from controller.simulator.alerts import Alerts
from controller.simulator.clock import BoxClock, Reading
from controller.simulator.counts import Counts
from controller.simulator.door import Door, Dropped
from controller.simulator.faults import NO_AUDIO, NO_FETCH, Fault, FaultKind
from controller.simulator.orders import TONE, Orders
from controller.simulator.pairing import Pairing
from controller.simulator.plan import Plan, read_plan
from controller.simulator.shelf import BYTES_PER_S, Shelf
from controller.simulator.spool import Spool
from controller.simulator.stage import Scene, Stage
from controller.simulator.uplink import NEVER, Facts, Outgoing, Uplink
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import AlertList, AlertStep
from edge_agent.contract.commands import AckStatus, Command
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import Asset, DayPage
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.state import ControllerState, HeldAlerts, State, TimeAnswer
from edge_agent.contract.trust import KeySet, Kind
from edge_agent.decide import Policy

REREAD_MS = 3_600_000
STEPS_AGAIN_MS = 1_000
TIDY_MS = 600_000
FETCHES_AT_ONCE = 2
MAX_RETRY_S = 300.0


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
        self._counts = counts
        self._powered = True
        self._real_audio = rate is None
        self._faults: Counter[FaultKind] = Counter()
        self._door = Door(pairing)
        self._shelf = Shelf(rate)
        self._stage = Stage(boot, self._note, self._progress)
        self._uplink = Uplink(pairing, counts, self.spool, self.clock, self._faults)
        self._orders = Orders(self._stage, self._uplink, counts)
        self._alerts = Alerts(self._say_alert_step, boot)
        self._steps: list[tuple[str, AckStatus, str]] = []
        self._plan = Plan()
        self._read_at_mono: int | None = None
        self._tidied_mono = 0
        self._pages: dict[str, DayPage] = {}
        self._fetching: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._not_before: dict[str, int] = {}
        self._wishes: list[Wish] = []
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
        return self._stage.boot, self._uplink.conn

    @property
    def will(self) -> Outgoing:
        """What the broker is to say if the coming connection breaks."""
        return self._uplink.state(self._stage.boot, self._uplink.conn + 1)

    @property
    def keepalive_s(self) -> int | None:
        """What its desired state asks of the next connection; None before there is one."""
        desired = self._door.held.desired
        return desired.report.keepalive_s if desired is not None else None

    def subscriptions(self) -> tuple[str, ...]:
        """All filters that the box listens to."""
        return topics.subscriptions(self.did, self._door.scopes)

    def connected(self, now_ms: int) -> list[Outgoing]:
        """A connection stands: birth, hello, heartbeat, and every report not acknowledged."""
        if FaultKind.CLOCK_LOST not in self._faults:
            # Where there is a network, somebody tells the time.
            self.clock.vouched = True
        self._uplink.connected(self._stage.boot)
        self._alerts.reconnected()
        return self.tick(now_ms)

    def lost(self, now_ms: int) -> None:
        """The connection is gone; what goes on needs none."""
        self._uplink.online = False
        self.tick(now_ms)

    def farewell(self) -> Outgoing:
        """The word before leaving in order, since no will follows it."""
        return self._uplink.state(self._stage.boot, self._uplink.conn)

    def receive(self, topic: str, payload: bytes, now_ms: int) -> list[Outgoing]:
        """Take a message; what is not signed, granted, new and for this box is dropped."""
        now = self.clock.read(now_ms)
        message = self._door.read(topic, payload, now.utc_ms if now.trusted else None)
        heard = self._counts.heard
        match message:
            case Dropped(why):
                self._counts.dropped[why] += 1
                return []
            case ControllerState():
                heard["state"] += 1
                return []
            case ReportAck():
                heard["ack"] += 1
                if message.spool == self.spool.id:
                    self._counts.acknowledged += self.spool.forget(message.upto)
            case TimeAnswer():
                heard["time"] += 1
                self.clock.answer(message.nonce, message.utc_ms, now_ms)
            case KeySet():
                heard["keys"] += 1
            case Desired():
                heard["desired"] += 1
                self._read_at_mono = None
                self._failures.clear()
                self._not_before.clear()
            case AlertList():
                heard["alert"] += 1
                self._alerts.take(message, self._door.held.alerts.values())
            case Command():
                self._orders.take(message, now)
        return self.tick(now_ms)

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
            self._read_at_mono = None
        return self.tick(now_ms)

    def missed(self, wish: Wish, now_ms: int) -> list[Outgoing]:
        """A file did not come; it is tried again later."""
        self._fetching.discard(wish.sha256)
        self._failures[wish.sha256] += 1
        bound = min(MAX_RETRY_S, 2.0 ** min(self._failures[wish.sha256], 10))
        self._not_before[wish.sha256] = now_ms + round(random.uniform(0.5, bound) * 1000)
        return self.tick(now_ms)

    def begin(self, fault: Fault, now_ms: int) -> list[Outgoing]:
        """Something is done to the box."""
        self._faults[fault.kind] += 1
        match fault.kind:
            case FaultKind.POWER_CUT:
                self._stage.power_cut(self.clock.read(now_ms))
                self._orders.power_cut()
                self._fetching.clear()
                self._powered = self._uplink.online = False
            case FaultKind.CLOCK_STEP:
                self.clock.step_ms += fault.by_ms
            case FaultKind.CLOCK_LOST:
                self.clock.vouched = False
            case FaultKind.AUDIO_MISSING:
                self._shelf.lose()
            case FaultKind.SLOW:
                self._shelf.slowness *= fault.factor
            case FaultKind.LYING_WILL:
                older = State(self._stage.boot, max(0, self._uplink.conn - 1), online=False)
                self._uplink.say("state", older, qos=1, retain=True)
        return self.tick(now_ms)

    def end(self, fault: Fault, now_ms: int) -> list[Outgoing]:
        """It is over; a box that was dark boots."""
        self._faults[fault.kind] -= 1
        still = self._faults[fault.kind] > 0
        if not still:
            del self._faults[fault.kind]
        match fault.kind:
            case FaultKind.CLOCK_STEP:
                self.clock.step_ms -= fault.by_ms
            case FaultKind.SLOW:
                self._shelf.slowness /= fault.factor
            case FaultKind.CLOCK_LOST if not still:
                self.clock.vouched = self._uplink.online
            case FaultKind.POWER_CUT if not still:
                self._boot(now_ms)
        return self.tick(now_ms)

    def tick(self, now_ms: int) -> list[Outgoing]:
        """Observe, reconcile, act; then say when to look again."""
        if not self._powered:
            self.due_ms = NEVER
            self._uplink.take()
            return []
        now, held = self.clock.read(now_ms), self._door.held
        self._read(now)
        self._orders.carry_out(self._plan.cues, self._serial, now)
        self._look_at_alerts(now)
        self._supply(now_ms)
        self._play(now)
        due = [now_ms + self._stage.due_mono - now.mono_ms]
        if self._alerts.is_waiting:
            due.append(now_ms + STEPS_AGAIN_MS)
        due += [at for at in (self._shelf.due_ms, *self._not_before.values()) if at]
        if self._uplink.online:
            listed = (HeldAlerts(*by, said.serial) for by, said in held.alerts.items())
            facts = Facts(
                held.desired,
                held.keys.serial if held.keys is not None else 0,
                tuple(listed),
                self._plan,
                self._shelf.held,
                self.lacking,
                self._stage.position(now.mono_ms),
                self._silenced(now),
            )
            due.append(self._uplink.speak(facts, self._stage.boot, now_ms, now))
        self.due_ms = min((at for at in due if at > now_ms), default=now_ms + 1)
        return self._uplink.take()

    def _boot(self, now_ms: int) -> None:
        self._powered = True
        self.clock.started(now_ms)
        self._uplink.started()
        self._read_at_mono, self._tidied_mono = None, 0
        now = self.clock.read(now_ms)
        self._stage.recover(self._stage.boot + 1, now)
        self._alerts.restarted(self._stage.boot)
        self._orders.interrupted(now)
        self._steps.clear()

    def _read(self, now: Reading) -> None:
        """Read the plan anew if something changed or an hour has passed."""
        desired = self._door.held.desired
        if now.mono_ms - self._tidied_mono >= TIDY_MS:
            self._tidied_mono = now.mono_ms
            self._orders.forget(now)
            self._stage.forget(now.utc_ms)
        if desired is None:
            return
        if self._read_at_mono is not None and now.mono_ms - self._read_at_mono < REREAD_MS:
            return
        named = {ref.sha256 for ref in desired.manifest.pages}
        self._pages = {sha: page for sha, page in self._pages.items() if sha in named}
        self._plan = read_plan(desired, self._pages, now.utc_ms)
        self._read_at_mono = now.mono_ms

    def _supply(self, now_ms: int) -> None:
        """Take what has come, and begin the fetches that are due."""
        desired = self._door.held.desired
        sources = desired.sources if desired is not None else ()
        self._not_before = {sha: at for sha, at in self._not_before.items() if at > now_ms}
        self._shelf.advance(now_ms)
        wanted = self._wanted()
        held_back = not NO_AUDIO.isdisjoint(self._faults) or any(
            asset.sha256 in self._not_before for asset in wanted
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
            if ref.sha256 not in self._fetching and ref.sha256 not in self._not_before:
                self._fetching.add(ref.sha256)
                self._wishes.append(Wish(ref.sha256, ref.bytes, sources))

    def _wanted(self) -> dict[Asset, None]:
        """All audio that has to be held, most urgent first."""
        desired = self._door.held.desired
        active = self._alerts.active
        urgent = [a for alert in active for said in alert.spoken for a in said.assets]
        urgent += [order.asset for order in self._stage.orders.values() if order.asset != TONE]
        if desired is None:
            return dict.fromkeys(urgent)
        if desired.fallback is not None:
            urgent.append(desired.fallback)
        every = (*urgent, *self._plan.needed)
        return dict.fromkeys(a for a in every if a.sha256 not in desired.withdrawn)

    def _play(self, now: Reading) -> None:
        desired = self._door.held.desired
        policy = Policy(
            silenced=self._silenced(now),
            time_zone=self._plan.time_zone,
            command_gain_db=self._orders.volume_db,
        )
        if desired is not None:
            policy = replace(
                policy,
                withdrawn=frozenset(desired.withdrawn),
                quiet_hours=desired.quiet_hours,
                volume=desired.volume,
                fallback=desired.fallback,
            )
        held = frozenset(self._shelf.held.keys() | {TONE.sha256} | self._alerts.made)
        delay_ms = desired.delay_ms if desired is not None else 0
        voiced = self._alerts.voiced
        scene = Scene(self._plan.cues, held, voiced, policy, self._serial, delay_ms)
        self._stage.step(scene, now)
        on_air = self._stage.position(now.mono_ms)
        self._alerts.tell(
            self._stage.history,
            held,
            now,
            on_air=on_air.cue if on_air is not None else "",
            silenced=policy.silenced,
        )
        steps, self._steps = self._steps, []
        for cue, status, reason in steps:
            self._orders.progress(cue, status, reason, now)

    @property
    def _serial(self) -> int:
        desired = self._door.held.desired
        return desired.serial if desired is not None else 0

    def _silenced(self, now: Reading) -> str:
        if FaultKind.MAINTENANCE in self._faults:
            return "maintenance"
        desired = self._door.held.desired
        until = desired.maintenance.until if desired and desired.maintenance else 0
        return "maintenance" if now.trusted and now.utc_ms < until else ""

    def _look_at_alerts(self, now: Reading) -> None:
        held = self._door.held
        refs = held.desired.phrases if held.desired is not None else ()
        mine = {self.did, *self._door.scopes}
        self._alerts.look(held.alerts.values(), mine, {ref.language for ref in refs}, now)

    def _say_alert_step(self, step: AlertStep) -> bool:
        self._uplink.say_sealed("alert", step, Kind.ALERT_STEP)
        return self._uplink.online

    def _note(self, event: PlaybackEvent) -> None:
        self.spool.add(event)
        self._counts.plays[event.kind] += 1

    def _progress(self, cue: str, status: AckStatus, reason: str) -> None:
        self._steps.append((cue, status, reason))
