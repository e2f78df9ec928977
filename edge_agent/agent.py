"""The agent: observe, reconcile, act. Built in one place; the only reader of the clock."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from edge_agent import durable, memory
from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import BoxClock
from edge_agent.commands import CommandLog
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Alert, AlertList
from edge_agent.contract.commands import AckStatus, Command
from edge_agent.contract.desired import Desired
from edge_agent.contract.state import ControllerState, TimeAnswer
from edge_agent.contract.trust import KeySet
from edge_agent.decide import RULES, Decision, Policy, Situation, active_alerts, decide
from edge_agent.desk import Call, Desk
from edge_agent.download import Fetched, Request
from edge_agent.errors import AgentError, StateUnwritable, UnknownOperation
from edge_agent.held import HeldStore
from edge_agent.inbox import Dropped, Inbox
from edge_agent.link import Inbound, LinkChanged, LinkState
from edge_agent.log_setup import note
from edge_agent.orders import Orders
from edge_agent.player import Ended, Player, Position, Ready, Started
from edge_agent.playout import Playout
from edge_agent.proof import Hashed, Prover
from edge_agent.reconcile import (
    Action,
    AskTime,
    Fetch,
    Forget,
    Observed,
    SayHello,
    SayTelemetry,
    SendReports,
    Verify,
    Wants,
    is_short,
    reconcile,
)
from edge_agent.self_report import SelfReport, Sources
from edge_agent.settings import Settings
from edge_agent.spool import Spool
from edge_agent.streams import Asked, Streams
from edge_agent.supply import STATE_BYTES, Supply
from edge_agent.uplink import Outlet, Uplink
from edge_agent.version import VERSION

log = logging.getLogger("edge_agent.agent")

TICK_MS = 1_000
"""Switches on the machine, and whether the parent lives, are looked at this often."""

FAREWELL_MS = 3_000
PRUNE_EVERY_MS = 3_600_000
FIRST_PRUNE_MS = 5_000
NEAR_STATION_MS = 600_000
"""A station that died is remembered and asked again while a relay of it is this near."""

ASK_AGAIN_MS = 10_000
"""What is retained and could not be kept is asked for again after this time, if there is room."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Somebody wants the agent to end."""


Event = (
    Inbound
    | LinkChanged
    | Ready
    | Started
    | Position
    | Ended
    | Fetched
    | Asked
    | Hashed
    | Call
    | StopAsked
)
"""Whatever wakes the agent."""

Events = SimpleQueue[Event]


class Connection(Outlet, Protocol):
    """What the agent needs of the link."""

    def start(self) -> None:
        """Begin connecting."""

    def subscribe(self, filters: tuple[str, ...]) -> None:
        """Listen to these topics and be given again what is retained there."""

    def close(self) -> None:
        """Say good-bye."""

    @property
    def broken(self) -> bool:
        """Whether it can never connect again."""


class Fetcher(Protocol):
    """What the agent needs of the downloader."""

    def submit(self, request: Request) -> None:
        """Fetch in the background and wake the agent with `Fetched`."""

    def close(self) -> None:
        """Stop fetching."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the agent works with."""

    settings: Settings
    inbox: Inbox
    held: HeldStore
    clock: BoxClock
    spool: Spool
    cache: Cache
    fetcher: Fetcher
    player: Player
    amplifier: Amplifier
    link: Connection
    uplink: Uplink
    streams: Streams
    prover: Prover
    commands: CommandLog
    desk: Desk
    boot: int
    losses: tuple[str, ...]
    events: Events


class Agent:
    """One box at work; everything happens in the thread that calls `run`."""

    def __init__(self, parts: Parts) -> None:
        self._p = parts
        self._settings = parts.settings
        self._supply = Supply(parts.cache)
        self._orders = Orders(
            parts.commands, parts.uplink, Path(parts.settings.state_dir) / "volume"
        )
        self._playout = Playout(
            player=parts.player,
            amplifier=parts.amplifier,
            spool=parts.spool,
            cache=parts.cache,
            streams=parts.streams,
            boot=parts.boot,
            progress=self._progress,
        )
        self._report = SelfReport(
            Sources(
                boot=parts.boot,
                losses=parts.losses,
                held=parts.held,
                cache=parts.cache,
                spool=parts.spool,
                supply=self._supply,
                playout=self._playout,
                player=parts.player,
                prover=parts.prover,
                uplink=parts.uplink,
            )
        )
        self._handlers: Mapping[str, Callable[[Call], None]] = {}
        self._online = False
        self._disk_short = False
        self._ask_again_at_mono_ms: int | None = None
        self._said: tuple[str, ...] = ()
        self._now = parts.clock.read()
        self._prune_at_mono_ms = self._now.mono_ms + FIRST_PRUNE_MS

    def run(self, *, alive: Callable[[], bool]) -> bool:
        """Work until asked to stop, or until `alive` says that the parent is gone.

        False if it had to end because its link can never come back.
        """
        self._begin()
        wait_s = 0.0
        asked = False
        while not asked and alive() and not self._p.link.broken:
            events = self._collect(wait_s)
            self._now = self._p.clock.read()
            for event in events:
                if isinstance(event, StopAsked):
                    asked = True
                else:
                    self._handle(event)
            wait_s = self._step()
        in_order = not self._p.link.broken
        self._farewell()
        return in_order

    def _begin(self) -> None:
        """Report what the last run left open, and connect."""
        note(
            log,
            "agent_started",
            did=self._settings.did,
            version=VERSION,
            rules=RULES,
            boot=self._p.boot,
            losses=self._p.losses,
        )
        recovered = self._p.spool.recover(self._now, boot=self._p.boot, reason="agent_died")
        for event in recovered:
            note(log, "play_interrupted", cue=event.cue, play=event.play)
            self._orders.interrupted(event.cue, self._now)
        self._p.desk.start()
        self._p.link.start()

    def _collect(self, wait_s: float) -> list[Event]:
        """Wait for an event, and take all that have come."""
        events: list[Event] = []
        try:
            events.append(self._p.events.get(timeout=wait_s))
            while True:
                events.append(self._p.events.get_nowait())
        except Empty:
            return events

    def _handle(self, event: Event) -> None:
        match event:
            case Inbound():
                try:
                    self._receive(event)
                except OSError as e:
                    self._drop(event.topic, durable.why_unwritable(e), str(e))
                    self._ask_again_at_mono_ms = self._now.mono_ms + ASK_AGAIN_MS
                event.done()
            case LinkChanged():
                self._online = event.state is LinkState.ONLINE
                if self._online:
                    self._report.conn = event.conn
                    self._p.uplink.reconnected()
                    self._p.prover.reconnected()
            case Fetched():
                self._supply.fetched(event, self._now)
            case Asked():
                self._p.streams.answered(event, self._now)
            case Hashed():
                self._report.prove(event, self._now)
            case Call():
                self._answer(event)
            case Ready() | Started() | Position() | Ended():
                self._playout.heard(event, self._now)

    def _step(self) -> float:
        """Observe, reconcile, act; gives the seconds until there is something to do."""
        now, desired = self._now, self._p.held.held.desired
        self._supply.read(desired, now)
        self._orders.carry_out(self._playout, self._supply.plan.cues, now)
        self._p.streams.look(self._stations(), now)
        decision = decide(self._situation())
        self._note_decision(decision)
        self._playout.desired_serial = desired.serial if desired else 0
        self._playout.apply(decision, now)
        wants = self._wants()
        for action in reconcile(wants, self._observe(wants), now.utc_ms, now.mono_ms):
            self._act(action, wants)
        if self._online:
            self._p.prover.look(self._supply.plan.cues, self._p.cache.shelves[Shelf.AUDIO], now)
        self._retry()
        self._prune()
        waits = [TICK_MS, decision.next_deadline_ms - now.utc_ms]
        waits += self._playout.waits_ms(decision, now)
        return max(1, min(waits)) / 1000

    def _farewell(self) -> None:
        """End in order: what sounds is cut and spooled, the broker told, the files closed."""
        note(log, "agent_stopping")
        self._p.desk.close()
        self._playout.begin_farewell(self._now)
        until_ms = self._now.mono_ms + FAREWELL_MS
        while not self._playout.idle and self._now.mono_ms < until_ms:
            for event in self._collect((until_ms - self._now.mono_ms) / 1000):
                self._now = self._p.clock.read()
                if not isinstance(event, Inbound | Call):
                    self._handle(event)
        self._now = self._p.clock.read()
        self._playout.end_farewell(self._now)
        if self._online:
            self._p.uplink.reports(self._p.uplink.sent_upto, self._now.mono_ms)
        self._p.fetcher.close()
        self._p.link.close()
        self._p.clock.save()
        self._p.spool.close()
        self._p.commands.close()
        note(log, "agent_stopped")

    def _receive(self, inbound: Inbound) -> None:
        now, held = self._now, self._p.held
        trusted_ms = now.utc_ms if now.trusted else None
        message = self._p.inbox.read(inbound.topic, inbound.payload, held.held, trusted_ms)
        match message:
            case Dropped(why, detail):
                self._drop(inbound.topic, why, detail)
            case KeySet():
                held.take_keys(message)
                note(log, "keys_accepted", serial=message.serial)
                # What came before its key was known is retained, and is given again.
                self._p.link.subscribe(self._filters())
            case Desired():
                self._take_desired(message)
            case AlertList():
                held.take_alerts(message)
                self._p.clock.lift_floor(message.issued)
                note(log, "alerts_accepted", issuer=message.issuer, active=len(message.alerts))
            case Command():
                self._p.clock.lift_floor(message.issued)
                if not self._orders.take(message, now):
                    self._drop(inbound.topic, "replayed_id", message.id)
            case ReportAck():
                if self._p.spool.forget(message.spool, message.upto):
                    note(log, "report_acknowledged", upto=message.upto)
            case TimeAnswer():
                if not self._p.clock.answer(message):
                    self._drop(inbound.topic, "late_or_unasked", "")
            case ControllerState():
                note(log, "controller_seen", online=message.online)

    def _answer(self, call: Call) -> None:
        """Do what is asked at the desk."""
        handler = self._handlers.get(call.op)
        try:
            if handler is None:
                raise UnknownOperation(
                    f"Thiết bị không biết việc {call.op!r}.", f"Nothing is known of {call.op!r}."
                )
            handler(call)
        except AgentError as e:
            call.failed(e)
        except OSError as e:
            why = durable.why_unwritable(e)
            call.failed(StateUnwritable(f"Không làm được: {e} ({why}).", f"Not done: {e} ({why})."))

    def _drop(self, topic: str, why: str, detail: str) -> None:
        self._report.dropped += 1
        note(log, "message_dropped", level=logging.WARNING, topic=topic, reason=why, detail=detail)

    def _take_desired(self, desired: Desired) -> None:
        before = self._filters()
        self._p.held.take_desired(desired)
        self._p.clock.lift_floor(desired.issued)
        self._supply.changed()
        note(log, "desired_accepted", serial=desired.serial, pages=len(desired.manifest.pages))
        if _version(desired.minimum_agent) > _version(VERSION):
            note(log, "agent_too_old", level=logging.WARNING, minimum=desired.minimum_agent)
        if self._filters() != before:
            self._p.link.subscribe(self._filters())

    def _situation(self) -> Situation:
        return Situation(
            now_ms=self._now.utc_ms,
            clock_trusted=self._now.trusted,
            cues=self._supply.plan.cues,
            held=self._p.cache.shelves[Shelf.AUDIO].keys(),
            history=self._p.spool.history,
            orders=self._orders.candidates,
            alerts=self._alerts(),
            current=self._playout.current(self._now),
            policy=self._policy(),
            dead_streams=self._p.streams.dead,
        )

    def _stations(self) -> frozenset[str]:
        """Streams of cues whose time is or comes near."""
        soon_ms = self._now.utc_ms + NEAR_STATION_MS
        return frozenset(
            cue.stream.url
            for cue in self._supply.plan.cues
            if cue.stream is not None and cue.start <= soon_ms and cue.latest_end > self._now.utc_ms
        )

    def _policy(self) -> Policy:
        desired = self._p.held.held.desired
        policy = Policy(
            silenced=self._silenced(),
            time_zone=self._supply.plan.time_zone,
            command_gain_db=self._orders.volume_db,
            can_seek=self._p.player.can_seek,
            history_from_ms=self._p.spool.history_from_ms,
        )
        if desired is None:
            return policy
        return replace(
            policy,
            withdrawn=frozenset(desired.withdrawn),
            quiet_hours=desired.quiet_hours,
            volume=desired.volume,
        )

    def _silenced(self) -> str:
        switches = {
            "kill_switch": self._settings.kill_switch,
            "maintenance": self._settings.maintenance_switch,
        }
        return next((name for name, file in switches.items() if file and Path(file).exists()), "")

    def _alerts(self) -> tuple[Alert, ...]:
        """All alerts that are for this box."""
        held = self._p.held.held
        mine = {self._settings.did, *self._p.inbox.scopes(held)}
        every = (alert for alerts in held.alerts.values() for alert in alerts.alerts)
        return tuple(alert for alert in every if not alert.areas or mine & set(alert.areas))

    def _wants(self) -> Wants:
        desired = self._p.held.held.desired
        alerts = active_alerts(self._alerts(), self._now.utc_ms)
        urgent = [asset for a in alerts for spoken in a.spoken for asset in spoken.assets]
        urgent += [candidate.cue.asset for candidate in self._orders.candidates]
        current = self._playout.current(self._now)
        heartbeat_s = self._settings.heartbeat_s
        if desired is not None:
            heartbeat_s = min(heartbeat_s, desired.report.heartbeat_s)
        return self._supply.wants(
            desired,
            urgent=urgent,
            pinned=frozenset((current.candidate.asset.sha256,) if current else ()),
            heartbeat_ms=heartbeat_s * 1000,
        )

    def _observe(self, wants: Wants) -> Observed:
        p, uplink, supply = self._p, self._p.uplink, self._supply
        pages, audio = p.cache.shelves[Shelf.PAGES], p.cache.shelves[Shelf.AUDIO]
        lacking = self._report.lacking(wants)
        unacknowledged = p.spool.range
        seen = Observed(
            online=self._online,
            pages=dict(pages),
            audio=dict(audio),
            fetching=supply.fetching.keys(),
            not_before=supply.not_before,
            verified=supply.verified,
            free_bytes=p.cache.free_bytes(),
            reserve_bytes=max(STATE_BYTES, self._settings.disk_reserve_mb * 1_000_000),
            hello=self._report.hello_facts(wants, self._now),
            telemetry=self._report.telemetry_facts(wants),
            acked=unacknowledged.first - 1,
            last_seq=unacknowledged.last,
            has_keys=p.held.held.keys is not None,
            time_measured=p.clock.measured,
            time_asks=uplink.asks,
            player_idle=self._playout.idle,
            said_hello=uplink.said_hello,
            hello_at=uplink.hello_at,
            said_telemetry=uplink.said_telemetry,
            telemetry_at=uplink.telemetry_at,
            sent_upto=uplink.sent_upto,
            sent_at=uplink.sent_at,
            asked_at=uplink.asked_at,
        )
        short = bool(lacking) and is_short(seen, lacking[0].size)
        if short and not self._disk_short:
            note(log, "disk_full", level=logging.ERROR, free=seen.free_bytes, refused=len(lacking))
        self._disk_short = short
        return seen

    def _act(self, action: Action, wants: Wants) -> None:
        mono = self._now.mono_ms
        match action:
            case Fetch():
                request = self._supply.fetch(action, self._p.held.held.desired)
                if request is not None:
                    self._p.fetcher.submit(request)
            case Forget():
                self._supply.forget(action)
            case Verify():
                self._supply.verify(action)
            case SayHello(reason):
                self._report.say_hello(wants, self._now, reason)
            case SayTelemetry():
                self._report.say_telemetry(wants, self._now)
            case SendReports(after, reason):
                note(log, "reports_due", after=after, reason=reason)
                self._p.uplink.reports(after, mono)
            case AskTime():
                self._p.uplink.ask_time(self._p.clock.ask(), mono)

    def _progress(self, cue: str, status: AckStatus, reason: str) -> None:
        self._orders.progress(cue, status, reason, self._now)

    def _note_decision(self, decision: Decision) -> None:
        cue = decision.play.cue.id if decision.play else ""
        said = (decision.act, decision.reason, cue)
        if said != self._said:
            self._said = said
            note(log, "decided", act=decision.act, reason=decision.reason, cue=cue)

    def _retry(self) -> None:
        """Take up again what a full disk did not allow."""
        self._p.spool.flush()
        again = self._ask_again_at_mono_ms
        if again is None or self._now.mono_ms < again or self._p.cache.free_bytes() < STATE_BYTES:
            return
        self._ask_again_at_mono_ms = None
        self._p.link.subscribe(self._filters())

    def _prune(self) -> None:
        """Forget what no plan can ask for any more, and keep the process small."""
        if self._now.mono_ms < self._prune_at_mono_ms or not self._playout.idle:
            return
        self._prune_at_mono_ms = self._now.mono_ms + PRUNE_EVERY_MS
        if self._now.trusted:
            self._p.spool.prune(self._now.utc_ms)
            self._orders.forget(self._now.utc_ms)
        memory.give_back()

    def _filters(self) -> tuple[str, ...]:
        return topics.subscriptions(self._settings.did, self._p.inbox.scopes(self._p.held.held))


def _version(text: str) -> tuple[int, ...]:
    """Read "1.2.3" for comparison; what is no number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))
