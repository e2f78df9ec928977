"""The agent: observe, reconcile, act. Built in one place; the only reader of the clock."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

import msgspec

from edge_agent import durable, memory
from edge_agent.alert_steps import AlertSteps
from edge_agent.alerts import Alerts
from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.clock import WITHIN_MS, BoxClock, Reading
from edge_agent.commands import CommandLog
from edge_agent.contract import topics
from edge_agent.contract.alert import AlertStep
from edge_agent.contract.commands import AckStatus, Command, CommandKind, TestTone, Update
from edge_agent.contract.desired import Desired, ReportPolicy
from edge_agent.contract.report import Source
from edge_agent.contract.state import ControllerState, TimeAnswer
from edge_agent.contract.trust import KeySet, Placement
from edge_agent.data_meter import DataMeter
from edge_agent.decide import RULES, Candidate, Decision, Policy, Situation, decide
from edge_agent.desk import Call, Desk
from edge_agent.download import Fetched, Request
from edge_agent.errand import Returned, Send
from edge_agent.errors import AgentError, StateUnwritable, UnknownOperation
from edge_agent.hardware import Presenter
from edge_agent.health import Vitals
from edge_agent.held import HeldStore
from edge_agent.inbox import Accepted, Dropped, Inbox, Why
from edge_agent.intake import Intake
from edge_agent.link import Inbound, LinkChanged, LinkState
from edge_agent.log_setup import note
from edge_agent.logbook import LogBook
from edge_agent.machine import machine_run
from edge_agent.orders import Orders, Progress
from edge_agent.player import Ended, Player, Position, Ready, Started
from edge_agent.playout import Playout
from edge_agent.proof import Hashed, Prover
from edge_agent.reconcile import (
    Action,
    AskTime,
    Observed,
    SayHello,
    SayTelemetry,
    SendReports,
    Verify,
    reconcile,
)
from edge_agent.self_report import SelfReport, Sources
from edge_agent.settings import Settings
from edge_agent.silence import silenced
from edge_agent.spool import Spool
from edge_agent.status.status import Status
from edge_agent.stock import AskNeighbours, Fetch, Forget, Stock, Wait, Wants
from edge_agent.streams import Asked, Streams
from edge_agent.supply import STATE_BYTES, Supply
from edge_agent.tls import Moment, Tls
from edge_agent.tone import keep_tone
from edge_agent.upkeep import Upkeep
from edge_agent.uplink import Outlet, Uplink
from edge_agent.version import VERSION
from edge_agent.voice import Voice
from edge_agent.watchdog import ThreadDied, Watchdog

if TYPE_CHECKING:
    from edge_agent.credentials import Credentials
    from edge_agent.horn import Horn
    from edge_agent.local.post import Panel, Post
    from edge_agent.pins import Contact
    from edge_agent.sticks.watch import Sticks
    from edge_agent.update.box_update import BoxUpdate
    from edge_agent.update.words import Word

log = logging.getLogger("edge_agent.agent")

TICK_MS = 1_000
"""Switches on the machine, and whether the parent lives, are looked at this often."""

FAREWELL_MS = 3_000
PRUNE_EVERY_MS = 3_600_000
FIRST_PRUNE_MS = 5_000
NEAR_STATION_MS = 600_000
"""A station that died is remembered and asked again while a relay of it is this near."""

LAME_MS = 600_000
"""With a broken part it works on so long where it sounds all the time, then it starts anew."""

UNWRITABLE_MS = 600_000
"""So long after its card went read-only it starts anew, to go on from memory."""

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
    | Returned
    | ThreadDied
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

    def renew(self) -> None:
        """Connect anew, because what a connection is begun with has changed."""

    def close(self) -> None:
        """Say good-bye."""

    @property
    def traffic_bytes(self) -> int:
        """What it has carried in this run, in both directions."""

    @property
    def broken(self) -> bool:
        """Whether it can never connect again."""


class Fetcher(Protocol):
    """What the agent needs of the downloader."""

    def submit(self, request: Request) -> None:
        """Fetch in the background and wake the agent with `Fetched`."""

    def close(self) -> None:
        """Stop fetching."""


class Neighbours(Protocol):
    """What the agent needs of the boxes near by: see `edge_agent.neighbours`."""

    @property
    def near(self) -> Collection[str]:
        """Hashes that somebody near by has."""

    @property
    def asked(self) -> Mapping[str, int]:
        """When each hash was asked about."""

    def start(self) -> None:
        """Begin to serve and to listen."""

    def close(self) -> None:
        """Stop serving and listening."""

    def ask(self, hashes: tuple[str, ...], mono_ms: int) -> None:
        """Ask who has these."""

    def who_has(self, wanted: Wanted) -> tuple[str, ...]:
        """Addresses to try."""

    def fetched(self, fetched: Fetched, *, mono_ms: int) -> None:
        """Learn from the end of a fetch."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the agent works with."""

    settings: Settings
    inbox: Inbox
    held: HeldStore
    clock: BoxClock
    spool: Spool
    cache: Cache
    meter: DataMeter
    fetcher: Fetcher
    neighbours: Neighbours | None
    player: Player
    amplifier: Amplifier
    horn: "Horn | None"
    kill_pin: "Contact | None"
    panel: "Panel | None"
    link: Connection
    tls: Tls
    credentials: "Credentials | None"
    uplink: Uplink
    streams: Streams
    prover: Prover
    commands: CommandLog
    desk: Desk
    send: Send
    vitals: Vitals
    watchdog: Watchdog
    book: LogBook
    boot: int
    presenter: Presenter
    losses: tuple[str, ...]
    events: Events


class Agent:
    """One box at work; everything happens in the thread that calls `run`.

    It looks around every `tick_ms` at the latest.
    """

    def __init__(self, parts: Parts, *, tick_ms: int = TICK_MS) -> None:
        self._p = parts
        self._tick_ms = tick_ms
        self._settings = parts.settings
        self._supply = Supply(
            parts.cache,
            parts.meter,
            did=parts.settings.did,
            max_spread_s=parts.settings.max_spread_s,
        )
        self._voice = Voice(parts.cache, parts.send, lambda: self._supply.clips)
        self._alerts = Alerts(self._voice, parts.cache.shelves[Shelf.AUDIO])
        self._alert_steps = AlertSteps(self._say_alert_step, boot=parts.boot)
        self._intake = Intake(parts.inbox, parts.held, parts.clock, parts.spool, self._supply)
        self._orders = Orders(
            parts.commands,
            parts.uplink,
            Path(parts.settings.state_dir) / "volume",
            partial(keep_tone, parts.cache),
            can_reboot=bool(parts.settings.reboot),
            can_update=bool(parts.settings.update.folder),
        )
        self._upkeep = Upkeep(
            boot=parts.boot,
            orders=self._orders,
            uplink=parts.uplink,
            book=parts.book,
            check=self._test_itself,
            reboot=parts.settings.reboot,
            update=self._take_update,
            state_dir=Path(parts.settings.state_dir),
        )
        self._playout = Playout(
            player=parts.player,
            amplifier=parts.amplifier,
            spool=parts.spool,
            cache=parts.cache,
            streams=parts.streams,
            boot=parts.boot,
            progress=self._progress,
            preroll_ms=parts.settings.player.preroll_ms,
        )
        self._post = self._stand_post()
        self._report = SelfReport(
            Sources(
                did=parts.settings.did,
                can_reboot=bool(parts.settings.reboot),
                can_update=bool(parts.settings.update.folder),
                reserve_bytes=parts.settings.disk_reserve_mb * 1_000_000,
                boot=parts.boot,
                presenter=parts.presenter,
                losses=(*parts.losses, *(self._post.losses if self._post else ())),
                held=parts.held,
                cache=parts.cache,
                spool=parts.spool,
                supply=self._supply,
                meter=parts.meter,
                playout=self._playout,
                player=parts.player,
                amplifier=parts.amplifier,
                horn=parts.horn,
                vitals=parts.vitals,
                credentials=parts.credentials,
                prover=parts.prover,
                uplink=parts.uplink,
            )
        )
        self._handlers: Mapping[str, Callable[[Call], None]] = {
            "import": self._at_stick,
            "export": self._at_stick,
            "status": self._tell_status,
            "log": self._tell_log,
            "selftest": self._test_itself,
        }
        if self._post is not None:
            self._handlers = {**self._handlers, "local": self._at_post}
        self._sticks: Sticks | None = None
        self._update: BoxUpdate | None = None
        self._update_order: tuple[str, bytes] = ("", b"")
        self._online = False
        self._dead_threads = False
        self._broken_since_mono_ms: int | None = None
        self._unwritable_since_mono_ms: int | None = None
        self._ask_again_at_mono_ms: int | None = None
        self._said: tuple[str, ...] = ()
        self._now = self._look()
        self._prune_at_mono_ms = self._now.mono_ms + FIRST_PRUNE_MS

    def run(self, *, alive: Callable[[], bool]) -> bool:
        """Work until asked to stop, or until `alive` says that the parent is gone.

        False if it had to end because a part of it is broken that only a new start can mend.
        """
        self._begin()
        wait_s = 0.0
        asked = False
        while not asked and alive() and not self._ends_broken():
            events = self._collect(wait_s)
            self._now = self._look()
            for event in events:
                if isinstance(event, StopAsked):
                    asked = True
                else:
                    self._handle(event)
            wait_s = self._step()
            self._p.watchdog.turned(self._now.mono_ms, self._word())
        self._farewell()
        return self._broken_since_mono_ms is None

    def _ends_broken(self) -> bool:
        """Whether a broken part ends the run now: at the next silence, or soon without one."""
        if not (self._p.link.broken or self._dead_threads or self._disk_gave_up()):
            return False
        if self._broken_since_mono_ms is None:
            self._broken_since_mono_ms = self._now.mono_ms
        return self._playout.idle or self._now.mono_ms - self._broken_since_mono_ms > LAME_MS

    def _disk_gave_up(self) -> bool:
        """Whether the card has taken nothing for so long that only a refuge in memory helps."""
        if not self._p.spool.is_unwritable:
            self._unwritable_since_mono_ms = None
            return False
        if self._unwritable_since_mono_ms is None:
            self._unwritable_since_mono_ms = self._now.mono_ms
        return self._now.mono_ms - self._unwritable_since_mono_ms > UNWRITABLE_MS

    def _word(self) -> str:
        """One line for whoever looks at the service."""
        link = "trực tuyến / online" if self._online else "mất mạng / offline"
        sounds = "đang phát / on air" if self._playout.on_air() else "im lặng / silent"
        return f"{link}; {sounds}"

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
        self._upkeep.begin(self._now)
        if self._settings.update.folder and (self._update_folder / "wanted").exists():
            self._update = self._make_update()
        if self._settings.sticks:
            self._sticks = self._look_for_sticks()
        self._p.amplifier.begin()
        self._p.desk.start()
        self._p.link.start()
        if self._post is not None:
            self._post.start()
        self._p.watchdog.ready()
        if self._p.neighbours is not None:
            self._p.neighbours.start()

    def _look(self) -> Reading:
        """Read the clocks; a correction waits for the end of what sounds."""
        desired = self._p.held.held.desired
        within_ms = WITHIN_MS if desired is None else desired.clock_within_s * 1000
        now = self._p.clock.read(within_ms=within_ms, steady=not self._playout.idle)
        self._p.tls.moment = Moment.of(now, self._p.clock.floor_ms)
        return now

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
                    self._receive(event.topic, event.payload)
                except OSError as e:
                    self._drop(event.topic, durable.why_unwritable(e), str(e))
                    self._ask_again_at_mono_ms = self._now.mono_ms + ASK_AGAIN_MS
                event.done()
            case LinkChanged():
                online = event.state is LinkState.ONLINE
                if online != self._online:
                    self._report.link_since_ms = self._now.utc_ms
                self._online = self._report.online = online
                if self._p.credentials is not None:
                    self._p.credentials.link_changed(event)
                if self._online:
                    self._report.conn = event.conn
                    self._report.say_presence(self._now)
                    self._p.uplink.reconnected()
                    self._supply.reconnected()
                    self._p.prover.reconnected()
                    self._alert_steps.reconnected()
                    if self._post is not None:
                        self._post.reconnected(self._now)
            case Fetched() if self._update is not None and self._update.ordered(event):
                self._p.meter.count(event.cost_bytes)
                self._update.fetched(event, self._now)
            case Fetched():
                self._supply.fetched(event, self._now)
                if self._p.neighbours is not None:
                    self._p.neighbours.fetched(event, mono_ms=self._now.mono_ms)
                if self._sticks is not None:
                    self._sticks.fetched(event)
            case Asked():
                self._p.streams.answered(event, self._now)
            case Hashed():
                self._report.prove(event, self._now)
            case Call():
                self._answer(event)
            case Returned(then):
                then()
            case ThreadDied():
                self._dead_threads = True
            case Ready() | Started() | Position() | Ended():
                self._playout.heard(event, self._air_time())

    def _step(self) -> float:
        """Observe, reconcile, act; gives the seconds until there is something to do."""
        now, desired = self._now, self._p.held.held.desired
        self._supply.read(desired, now)
        self._report.silenced = self._silenced(desired, now)
        planned = self._supply.plan.cues
        self._orders.carry_out(self._playout, planned, self._policy(), now)
        self._upkeep.look(planned, now, idle=self._playout.idle)
        if self._update is not None:
            self._update.look(desired.sources if desired else (), now)
        if self._p.credentials is not None:
            self._p.credentials.look(desired.offices if desired else (), now)
        self._p.streams.look(self._stations(), now)
        air = self._air_time()
        self._look_at_alerts(desired, air)
        decision = decide(self._situation(air))
        self._note_decision(decision)
        self._playout.desired_serial = desired.serial if desired else 0
        self._playout.delay_ms = desired.delay_ms if desired else 0
        self._playout.apply(decision, air)
        self._tell_of_alerts(air)
        if self._sticks is not None:
            self._sticks.look(now)
        wants = self._wants()
        actions = reconcile(wants, self._observe(wants), now.utc_ms, now.mono_ms)
        for action in actions:
            self._act(action, wants)
        self._supply.wait(action for action in actions if isinstance(action, Wait))
        self._p.meter.count_link(self._p.link.traffic_bytes)
        self._p.meter.look(desired.data if desired else None, now)
        if self._online:
            self._p.prover.look(self._supply.plan.cues, self._p.cache.shelves[Shelf.AUDIO], now)
        self._retry()
        self._prune()
        waits = [self._tick_ms, decision.next_deadline_ms - air.utc_ms]
        waits += self._playout.waits_ms(decision, air)
        if self._post is not None and self._post.waits_ms is not None:
            waits.append(self._post.waits_ms)
        return max(1, min(waits)) / 1000

    def _farewell(self) -> None:
        """End in order: what sounds is cut and spooled, the broker told, the files closed."""
        note(log, "agent_stopping")
        self._p.watchdog.stopping()
        self._p.desk.close()
        if self._post is not None:
            self._post.close()
        self._playout.begin_farewell(self._now)
        until_ms = self._now.mono_ms + FAREWELL_MS
        while not self._playout.idle and self._now.mono_ms < until_ms:
            for event in self._collect((until_ms - self._now.mono_ms) / 1000):
                self._now = self._look()
                if not isinstance(event, Inbound | Call):
                    self._handle(event)
        self._now = self._look()
        self._playout.end_farewell(self._now)
        if self._p.horn is not None:
            self._p.horn.close()
        if self._online:
            self._p.uplink.reports(self._p.uplink.sent_upto, self._now.mono_ms)
        self._p.fetcher.close()
        if self._p.neighbours is not None:
            self._p.neighbours.close()
        self._p.link.close()
        self._p.clock.save()
        self._p.meter.save()
        self._p.spool.close()
        self._p.commands.close()
        note(log, "agent_stopped")

    def _receive(self, topic: str, payload: bytes) -> Accepted | Dropped:
        """Obey a message, by whatever way it came. Raises OSError."""
        before, kept_alive = self._filters(), self._reported().keepalive_s
        message = self._intake.receive(topic, payload, self._now)
        match message:
            case Dropped(why, detail):
                if why is Why.STALE_SERIAL and topic == topics.CONTROLLER_KEYS:
                    # The root's word all the same: a box that was updated may have kept none.
                    self._keep_word("keys", payload, anew=False)
                self._drop(topic, why, detail)
            case KeySet() | Placement():
                self._keep_word("keys" if isinstance(message, KeySet) else "placement", payload)
                # What came before its key, or its place, was known is retained and given again.
                self._p.link.subscribe(self._filters())
            case Desired():
                if self._reported().keepalive_s != kept_alive:
                    self._p.link.renew()
                elif self._filters() != before:
                    self._p.link.subscribe(self._filters())
            case Command():
                self._p.clock.lift_floor(message.issued)
                if message.kind == CommandKind.UPDATE:
                    self._update_order = (message.id, payload)
                if not self._orders.take(message, self._now):
                    self._drop(topic, "replayed_id", message.id)
            case TimeAnswer():
                if not self._p.clock.answer(message):
                    self._drop(topic, "late_or_unasked", "")
            case ControllerState():
                note(log, "controller_seen", online=message.online)
                if message.online:
                    self._p.uplink.controller_came()
        return message

    def _tell_status(self, call: Call) -> None:
        call.done(msgspec.to_builtins(self._status()))

    def _status(self) -> Status:
        status = self._report.status(self._wants(), self._p.book.faults(), self._now)
        offices, hardware = self._settings.offices, self._p.presenter.hardware
        return msgspec.structs.replace(status, offices=offices, hardware=hardware)

    def _tell_log(self, call: Call) -> None:
        most = call.body.get("lines")
        lines = self._p.book.lines(most) if isinstance(most, int) else self._p.book.lines()
        call.done({"lines": list(lines)})

    def _test_itself(self, call: Call) -> None:
        # Rarely asked for: its modules are loaded when it is.
        from edge_agent.selftest.call import TONE_ID, SelfTest

        def sound(asked: TestTone, progress: Progress) -> str:
            ident = f"{TONE_ID}-{self._now.mono_ms}"
            return self._orders.sound_tone(ident, asked, progress, self._policy(), self._now)

        SelfTest(
            settings=self._settings,
            status=self._status,
            amplifier_fault=lambda: self._p.amplifier.fault,
            horn=self._p.horn,
            sound=sound,
            send=self._p.send,
        ).answer(call)

    @property
    def _update_folder(self) -> Path:
        return Path(self._settings.state_dir) / "update"

    def _keep_word(self, word: "Word", sealed: bytes, *, anew: bool = True) -> None:
        """Keep what the root said for the updater, or only where nothing was kept."""
        if self._settings.update.folder and (anew or not (self._update_folder / word).exists()):
            from edge_agent.update.words import keep_word

            keep_word(self._update_folder, word, sealed)

    def _make_update(self) -> "BoxUpdate":
        # Most runs see no order to update: its modules are loaded when one comes.
        from edge_agent.update.box_update import BoxUpdate

        return BoxUpdate(
            orders=self._orders,
            submit=self._p.fetcher.submit,
            free_bytes=self._p.cache.free_bytes,
            paired=self._settings.placement,
            folder=self._update_folder,
            records=Path(self._settings.update.folder),
        )

    def _take_update(self, command: Command, body: Update) -> None:
        ident, sealed = self._update_order
        if ident != command.id:
            self._orders.step(command, AckStatus.FAILED, "superseded", self._now)
            return
        if self._update is None:
            self._update = self._make_update()
        self._update.take(command, body, sealed, self._now)

    def _silenced(self, desired: Desired | None, now: Reading) -> str:
        pin = self._p.kill_pin
        is_switched = pin is not None and pin.closed(now.mono_ms)
        return silenced(self._settings, desired, now.utc_ms, is_switched=is_switched)

    def _stand_post(self) -> "Post | None":
        panel = self._p.panel
        if panel is None:
            return None
        # Few boxes have buttons or a page of their own.
        from edge_agent.local.local_alert import LocalAlerts
        from edge_agent.local.post import ClipSayings, Post

        chosen = self._settings.local_alert
        sayings = ClipSayings(self._voice, chosen.siren_s)
        alerts = LocalAlerts(
            Path(self._settings.state_dir),
            chosen,
            sayings,
            self._say_alert_step,
            boot=self._p.boot,
            machine=machine_run(),
            now=self._look(),
        )
        return Post(self._settings.did, chosen, sayings, alerts, panel)

    def _at_post(self, call: Call) -> None:
        if self._post is not None:
            self._post.answer(call, self._now)

    def _at_stick(self, call: Call) -> None:
        """Take from a folder or give to it, as a person asks."""
        if self._sticks is None:
            self._sticks = self._look_for_sticks()
        self._sticks.asked(call, self._now)

    def _look_for_sticks(self) -> "Sticks":
        # Most boxes never see a stick: its modules are loaded when one is looked for.
        from edge_agent.sticks.watch import Box, Sticks

        box = Box(
            intake=self._intake,
            receive=self._receive,
            supply=self._supply,
            cache=self._p.cache,
            spool=self._p.spool,
            uplink=self._p.uplink,
            wants=self._wants,
            submit=self._p.fetcher.submit,
            reserve_bytes=max(STATE_BYTES, self._settings.disk_reserve_mb * 1_000_000),
        )
        return Sticks(self._settings.did, box, self._p.send, watched=self._settings.sticks)

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
        # What is retained comes again with each connection, and is no fault.
        level = logging.INFO if why == Why.STALE_SERIAL else logging.WARNING
        note(log, "message_dropped", level=level, topic=topic, reason=why, detail=detail)

    def _air_time(self) -> Reading:
        """The clock that sounds go by: slow by the delay, so that each begins so much later."""
        desired = self._p.held.held.desired
        delay_ms = desired.delay_ms if desired else 0
        return replace(self._now, utc_ms=self._now.utc_ms - delay_ms)

    def _situation(self, air: Reading) -> Situation:
        return Situation(
            now_ms=air.utc_ms,
            clock_trusted=air.trusted,
            cues=self._supply.plan.cues,
            held=self._p.cache.shelves[Shelf.AUDIO].keys(),
            history=self._p.spool.history,
            orders=self._orders.candidates,
            alerts=self._alerts.voiced,
            current=self._playout.current(air),
            policy=self._policy(),
            dead_streams=self._p.streams.dead,
            under=self._playout.under(air),
            known_sound_ms=self._playout.known_sound_ms,
            local=self._raised_here(air),
        )

    def _raised_here(self, air: Reading) -> tuple[Candidate, ...]:
        """What alerts that were raised at this box say now."""
        if self._post is None:
            return ()
        current = self._playout.current(air)
        on_air = current.candidate if current is not None else None
        hazard = ""
        if on_air is not None and on_air.source is Source.ALERT:
            hazard = next((a.hazard for a in self._alerts.active if a.id == on_air.alert), "")
        return self._post.look(
            self._p.spool.history,
            air,
            silenced=self._report.silenced,
            on_air=on_air,
            hazard_on_air=hazard,
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
            silenced=self._report.silenced,
            time_zone=self._supply.plan.time_zone,
            command_gain_db=self._orders.volume_db,
            can_seek=self._p.player.can_seek,
            can_mix=self._p.player.can_mix,
            history_from_ms=self._p.spool.history_from_ms,
        )
        if desired is None:
            return policy
        return replace(
            policy,
            withdrawn=frozenset(desired.withdrawn),
            quiet_hours=desired.quiet_hours,
            volume=desired.volume,
            fallback=desired.fallback,
        )

    def _look_at_alerts(self, desired: Desired | None, air: Reading) -> None:
        """Find the alerts that are for this box, and what it can say of each."""
        held = self._p.held.held
        self._voice.look(desired, air.mono_ms)
        self._alerts.look(held, {self._settings.did, *self._p.inbox.scopes(held)}, air)

    def _tell_of_alerts(self, air: Reading) -> None:
        on_air = self._playout.on_air()
        self._alert_steps.look(
            self._alerts.voiced,
            self._p.spool.history,
            self._p.cache.shelves[Shelf.AUDIO].keys(),
            air,
            on_air=on_air.cue if on_air is not None else "",
            silenced=self._report.silenced,
        )

    def _say_alert_step(self, step: AlertStep) -> bool:
        return self._online and self._p.uplink.alert_step(step)

    def _wants(self) -> Wants:
        desired = self._p.held.held.desired
        urgent = list(self._alerts.named)
        urgent += [candidate.cue.asset for candidate in self._orders.candidates]
        report = self._reported()
        return self._supply.wants(
            desired,
            urgent=urgent,
            pinned=self._playout.audio | self._voice.made,
            heartbeat_ms=min(self._settings.heartbeat_s, report.heartbeat_s) * 1000,
        )

    def _reported(self) -> ReportPolicy:
        """How often the box is to speak."""
        desired = self._p.held.held.desired
        return ReportPolicy() if desired is None else desired.report

    def _observe(self, wants: Wants) -> Observed:
        p, uplink = self._p, self._p.uplink
        unacknowledged = p.spool.range
        return Observed(
            online=self._online,
            stock=self._stock(wants),
            verified=self._supply.verified,
            hello=self._report.hello_facts(wants, self._now),
            telemetry=self._report.telemetry_facts(wants, self._now),
            acked=unacknowledged.first - 1,
            last_seq=unacknowledged.last,
            has_keys=p.held.held.keys is not None,
            ask_time_ms=p.clock.ask_every_ms(uplink.asks),
            player_idle=self._playout.idle,
            said_hello=uplink.said_hello,
            hello_at=uplink.hello_at,
            said_telemetry=uplink.said_telemetry,
            telemetry_at=uplink.telemetry_at,
            sent_upto=uplink.sent_upto,
            sent_at=uplink.sent_at,
            repeats=uplink.repeats,
            asked_at=uplink.asked_at,
        )

    def _stock(self, wants: Wants) -> Stock:
        reserve_bytes = max(STATE_BYTES, self._settings.disk_reserve_mb * 1_000_000)
        neighbours = self._p.neighbours
        return self._supply.stock(
            wants,
            self._p.held.held.desired,
            self._now,
            reserve_bytes,
            near=neighbours.near if neighbours else (),
            asked=neighbours.asked if neighbours else None,
        )

    def _act(self, action: Action, wants: Wants) -> None:
        mono = self._now.mono_ms
        match action:
            case Fetch():
                near = self._p.neighbours.who_has(action.wanted) if self._p.neighbours else ()
                request = self._supply.fetch(action, self._p.held.held.desired, near)
                if request is not None:
                    self._p.fetcher.submit(request)
            case AskNeighbours(hashes):
                if self._p.neighbours is not None:
                    self._p.neighbours.ask(hashes, mono)
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
        if self._post is not None:
            self._post.progress(cue, status, self._now)

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
