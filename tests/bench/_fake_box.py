"""The true agent in a world where time jumps, before the true operations of a controller.

Real are the agent's loop and every part of it that decides, keeps, fetches and reports, the
controller's plans, signatures and books, and HTTP over sockets. Made up are the clocks, the
player, and the line to the broker, which counts what MQTT would have carried.
"""

import hashlib
import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, func, select

from audio_library.rendition import spoken_sha256
from controller.fleet.authority import open_authority
from controller.operations import publish_plans
from controller.operations.asked_work import NIGHT
from controller.operations.enrol_device import enrol_device
from controller.operations.load_sample import AT_ANY_HOUR, load_sample
from controller.operations.read_reports import SealedReport, read_reports
from controller.operations.record_playback import record_playback
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.schedule_programme import Repeat, Slot, schedule_programme
from controller.operations.signed_keys import current_key_set
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.zone_inputs import PlanRules
from controller.storage import bulletins, tables, work_items
from controller.storage.database import open_database
from controller.storage.instants import to_ms
from edge_agent import identity
from edge_agent.agent import Agent, Event, Parts
from edge_agent.amplifier import Amplifier, switch_for
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import BoxClock
from edge_agent.commands import CommandLog
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.state import ControllerState, TimeAnswer, TimeRequest
from edge_agent.contract.trust import Kind, public_from_text, public_to_text
from edge_agent.contract.types import decode, encode
from edge_agent.data_meter import DataMeter
from edge_agent.desk import Desk
from edge_agent.download import Downloader, Fetched, Request
from edge_agent.errand import Send, sender
from edge_agent.hardware import Presenter
from edge_agent.health import Vitals, read_health
from edge_agent.held import HeldStore
from edge_agent.inbox import Inbox, open_placement
from edge_agent.link import Inbound, LinkChanged, LinkState
from edge_agent.logbook import LogBook
from edge_agent.player import Ended, Position, Ready, Started
from edge_agent.proof import Prover, Reader
from edge_agent.settings import AmplifierSettings, BrokerAddress, PlayerSettings, Settings
from edge_agent.spool import Spool
from edge_agent.streams import Asker, Streams
from edge_agent.time_source import Vouched
from edge_agent.tls import Tls
from edge_agent.uplink import Uplink, state_payload
from edge_agent.watchdog import Watchdog

T = TypeVar("T")

ZONE = "Asia/Ho_Chi_Minh"
WAY_MS = 150
"""From box to controller, one way: a poor mobile line."""

RENEWS_MS = 1_500
OPENS_MS = 20
POSITION_EVERY_MS = 10_000


class PowerCut(Exception):
    """The box loses its power in the middle of whatever it does."""


class World:
    """True time (UTC) of a village; it passes only while the agent waits and nothing else works."""

    def __init__(self, now: datetime) -> None:
        self.now_ms = to_ms(now)
        self.mono_ms = 60_000
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._working = 0
        self._lock = threading.Lock()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def at(self, at_ms: int, do: Callable[[], None]) -> None:
        """Do this when true time has come to `at_ms`."""
        heapq.heappush(self._due, (at_ms, next(self._count), do))

    def after(self, ms: int, do: Callable[[], None]) -> None:
        self.at(self.now_ms + ms, do)

    def begin_work(self) -> None:
        """Something works in a thread: time waits for it."""
        with self._lock:
            self._working += 1

    def end_work(self) -> None:
        with self._lock:
            self._working -= 1

    @property
    def works(self) -> bool:
        with self._lock:
            return self._working > 0

    def pass_to(self, until_ms: int) -> bool:
        """Let time pass until then, or until the next thing is due; whether one was."""
        due = self._due and self._due[0][0] <= until_ms
        at_ms = max(self.now_ms, self._due[0][0] if due else until_ms)
        self.mono_ms += at_ms - self.now_ms
        self.now_ms = at_ms
        if due:
            heapq.heappop(self._due)[2]()
        return bool(due)


class JumpingQueue:
    """Wakes the agent as its queue does, but waits in the world's time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: SimpleQueue[Event] = SimpleQueue()

    def put(self, event: Event) -> None:
        self._events.put(event)

    def put_from_work(self, event: Event) -> None:
        """What began with `begin_work` is over."""
        self._events.put(event)
        self._world.end_work()

    def get_nowait(self) -> Event:
        return self._events.get_nowait()

    def get(self, timeout: float) -> Event:
        until_ms = self._world.now_ms + round(timeout * 1000)
        while True:
            works = self._world.works
            try:
                return self._events.get(timeout=0.005) if works else self._events.get_nowait()
            except Empty:
                if works:
                    continue
            if self._world.now_ms >= until_ms:
                raise Empty
            self._world.pass_to(until_ms)


@dataclass
class Fetching:
    """The true downloader; time waits while it fetches."""

    world: World
    events: JumpingQueue

    def __post_init__(self) -> None:
        self._downloader = Downloader(self._done)

    def _done(self, fetched: Fetched) -> None:
        self.events.put_from_work(fetched)

    def submit(self, request: Request) -> None:
        self.world.begin_work()
        self._downloader.submit(request)

    def close(self) -> None:
        self._downloader.close()


@dataclass
class TimedPlayer:
    """Sounds in the world's time whatever it is told, and keeps what it made: cue by play."""

    world: World
    events: JumpingQueue
    lengths_ms: dict[str, int]
    can_seek: bool = True
    can_mix: bool = False
    restarts: int = 0
    whole: list[tuple[str, int]] = field(default_factory=list)
    broken_off: list[str] = field(default_factory=list)
    _held: str = ""
    _path: str = ""
    _begun_ms: int | None = None

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        self._held, self._path, self._begun_ms = play, path.stem, None
        length_ms = self.lengths_ms[path.stem] - from_ms
        self.world.after(OPENS_MS, partial(self._if_held, play, Ready(play, length_ms)))

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        raise NotImplementedError

    def play_at(self, play: str, at_unix: float) -> None:
        self.world.at(round(at_unix * 1000), partial(self._begin, play))

    def stop(self, play: str) -> None:
        self._over(play, "stopped")

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        pass

    def abandon(self, play: str) -> None:
        self._held = ""

    def close(self) -> None:
        self._held = ""

    def lose_power(self) -> None:
        if self._begun_ms is not None:
            self.broken_off.append(self._path)
        self._held, self._begun_ms = "", None

    def _if_held(self, play: str, event: Event) -> None:
        if self._held == play:
            self.events.put(event)

    def _begin(self, play: str) -> None:
        if self._held != play:
            return
        self._begun_ms = self.world.now_ms
        self.events.put(Started(play, self.world.now_ms / 1000))
        self.world.after(self.lengths_ms[self._path], partial(self._over, play, "eof"))
        self.world.after(POSITION_EVERY_MS, partial(self._position, play))

    def _position(self, play: str) -> None:
        if self._held == play and self._begun_ms is not None:
            self.events.put(Position(play, self.world.now_ms - self._begun_ms))
            self.world.after(POSITION_EVERY_MS, partial(self._position, play))

    def _over(self, play: str, reason: str) -> None:
        if self._held != play:
            return
        played_ms = 0 if self._begun_ms is None else self.world.now_ms - self._begun_ms
        if reason == "eof" and self._begun_ms is not None:
            self.whole.append((self._path, self._begun_ms))
        self._held, self._begun_ms = "", None
        self.events.put(Ended(play, played_ms, reason))


@dataclass(frozen=True)
class Enrolled:
    """A box that the office knows."""

    did: str
    key: Ed25519PrivateKey
    zone_id: str
    placement: str


class TrueOffice:
    """The controller's operations on a real database, with audio that truly exists."""

    def __init__(self, folder: Path, files: Path, source: str, *, horizon_days: int) -> None:
        path = folder / "loalang.sqlite3"
        self.database = open_database(f"sqlite:///{path}", path)
        self.authority = open_authority(folder / "keys", datetime.now(UTC))
        self.rules = PlanRules(ZONE, horizon_days, (source,))
        self.files = files
        self.lengths_ms: dict[str, int] = {}
        for shelf in ("audio", "pages"):
            (files / shelf).mkdir(parents=True, exist_ok=True)

    def enrol(self, now: datetime) -> Enrolled:
        """One village with one box."""
        (village,) = load_sample(self.database, 1, law=AT_ANY_HOUR)
        key = Ed25519PrivateKey.generate()
        public = public_to_text(key.public_key())
        box = enrol_device(self.database, self.authority, village.cluster_id, public, now)
        zone_id = village.cluster_id.replace("cum-", "vung-")
        return Enrolled(box.did, key, zone_id, box.placement)

    def bulletin(
        self,
        text: str,
        data: bytes,
        duration_ms: int,
        now: datetime,
        *,
        valid_until: datetime | None = None,
    ) -> str:
        """An approved bulletin with this audio; gives its id."""
        sha256 = hashlib.sha256(data).hexdigest()
        (self.files / "audio" / f"{sha256}.opus").write_bytes(data)
        self.lengths_ms[sha256] = duration_ms
        draft = submit_bulletin(
            self.database, Written({"vi": text}, valid_until=valid_until), "Y Hạnh", now
        )
        approve_bulletin(self.database, draft.id, "Cô Lan", now, four_eyes=False)
        with self.database.write() as session:
            (pin,) = bulletins.load(session, draft.id).pins
            session.merge(
                tables.Asset(
                    sha256=sha256,
                    bytes=len(data),
                    duration_ms=duration_ms,
                    media_type="audio/ogg",
                    lufs=-16.0,
                    true_peak_dbtp=-2.5,
                    created_ms=to_ms(now),
                )
            )
            session.flush()
            session.merge(
                tables.Rendition(
                    language=pin.language,
                    spoken_sha256=spoken_sha256(pin.language, pin.spoken),
                    asset_sha256=sha256,
                    voice="espeak-ng/vi",
                    engine="espeak-ng",
                    created_ms=to_ms(now),
                )
            )
        return draft.id

    def airs(
        self,
        bulletin_ids: tuple[str, ...],
        box: Enrolled,
        at: datetime,
        now: datetime,
        *,
        daily: bool = False,
    ) -> None:
        """Put these bulletins, one after another, into the plan of the box."""
        local = at + timedelta(hours=7)
        kind = Repeat.DAILY if daily else Repeat.ONCE
        chosen = Slot(bulletin_ids, (box.zone_id,), local.date(), local.time(), kind)
        schedule_programme(self.database, chosen, "Cô Lan", now, self.rules)

    def plan(self, now: datetime, *, whole: bool) -> None:
        """Plan what is due, `whole` as in each night, and bring the pages where boxes fetch."""
        if whole:
            with self.database.write() as session:
                zones = session.exec(select(tables.Zone.id)).all()
                work_items.ask_all(session, NIGHT, zones, to_ms(now))
        while claimed := publish_plans.claim_plans(self.database, now):
            for work in claimed:
                publish_plans.do_plan(self.database, self.authority, self.rules, work, now)
        with self.database.read() as session:
            for page in session.exec(select(tables.Page)):
                file = self.files / "pages" / f"{page.sha256}.json.gz"
                if not file.exists():
                    file.write_bytes(page.body)

    def sealed_keys(self, now: datetime) -> bytes:
        with self.database.write() as session:
            keys = current_key_set(session, self.authority, now)
        assert keys is not None
        return keys

    def sealed_desired(self, did: str) -> bytes:
        with self.database.read() as session:
            return session.get_one(tables.DesiredState, did).sealed

    def plays_planned(self, did: str, since: datetime, until: datetime) -> list[tuple[str, int]]:
        """(audio, start) of what the box was told to air between these instants."""
        row = tables.PlannedPlay
        query = select(row.asset_sha256, row.start_ms).where(
            row.device_id == did, row.start_ms >= to_ms(since), row.start_ms < to_ms(until)
        )
        with self.database.read() as session:
            return sorted(session.exec(query).all(), key=lambda play: play[1])

    def as_run(self, did: str) -> dict[str, int]:
        """How many plays of each outcome stand in the book."""
        row = tables.AsRun
        query = (
            select(row.outcome, func.count()).where(row.device_id == did).group_by(col(row.outcome))
        )
        with self.database.read() as session:
            return dict(session.exec(query).all())


@dataclass
class Carried:
    """What one connection over MQTT carried: bytes of the packets, and their number."""

    bytes: int = 0
    packets: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str, size: int) -> None:
        self.bytes += size
        self.packets += 1
        self.by_kind[kind] = self.by_kind.get(kind, 0) + size

    def with_tcp(self) -> int:
        """With 40 bytes of TCP and IP around each packet, and around a receipt for each."""
        return self.bytes + 80 * self.packets


def packet_bytes(rest: int) -> int:
    """Size of an MQTT packet whose remaining length is `rest`."""
    digits = 1
    while rest >= 128**digits:
        digits += 1
    return 1 + digits + rest


def publish_bytes(topic: str, payload: bytes, qos: int) -> int:
    return packet_bytes(2 + len(topic.encode()) + (2 if qos else 0) + len(payload))


ACK_BYTES = 4
PING_BYTES = 2


class CountingLink:
    """A line to the broker and to the office behind it, up or down as it is told."""

    def __init__(
        self,
        world: World,
        events: JumpingQueue,
        seat: "Seat",
        *,
        did: str,
        carrier: bool,
        birth: Callable[[], tuple[int, bytes, bytes, tuple[str, ...], int]],
    ) -> None:
        self._world = world
        self._events = events
        self._seat = seat
        self._did = did
        self._birth = birth
        self._online = False
        self._carrier = carrier
        self._connection = 0
        self._last_out_ms = self._last_in_ms = 0
        self._keepalive_ms = 30_000
        self.carried = Carried()
        self.broken = False

    @property
    def traffic_bytes(self) -> int:
        return self.carried.with_tcp()

    def start(self) -> None:
        self._seat.link = self
        self._connect()

    def close(self) -> None:
        self._online = False

    def cut(self) -> None:
        """The network is gone."""
        self._carrier = False
        if self._online:
            self._online = False
            self._events.put(LinkChanged(LinkState.BACKOFF, 0))

    def renew(self) -> None:
        """End this connection and begin another."""
        if self._online:
            self._out("disconnect", 2)
            self.cut()
            self._world.after(RENEWS_MS, self.mend)

    def die(self) -> None:
        """The box is dead: nothing reaches it any more."""
        self._online = self._carrier = False

    def mend(self) -> None:
        """The network is there again."""
        self._carrier = True
        self._connect()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        if not self._online:
            return False
        self._out(topic.rsplit("/", 1)[-1], publish_bytes(topic, payload, qos))
        if qos:
            self._in("puback", ACK_BYTES)
        self._world.after(WAY_MS, partial(self._seat.hear, topic, payload))
        return True

    def subscribe(self, filters: tuple[str, ...]) -> None:
        """Ask for topics; everything that is retained there comes."""
        if not self._online:
            return
        self._out("subscribe", packet_bytes(2 + sum(3 + len(f) for f in filters)))
        self._in("suback", packet_bytes(2 + len(filters)))
        for topic, payload in self._seat.retained():
            if any(_matches(f, topic) for f in filters):
                self.deliver(topic, payload, qos=1)

    def deliver(self, topic: str, payload: bytes, *, qos: int) -> None:
        """Something comes down, if the line is up."""
        connection = self._connection

        def arrive() -> None:
            if self._online and connection == self._connection:
                self._in(f"dn/{topic.rsplit('/', 1)[-1]}", publish_bytes(topic, payload, qos))
                if qos:
                    self._out("puback", ACK_BYTES)
                self._events.put(Inbound(topic, payload, lambda: None))

        self._world.after(WAY_MS, arrive)

    def _connect(self) -> None:
        if not self._carrier:
            return
        conn, alive, dead, filters, keepalive_s = self._birth()
        self._connection = conn
        self._keepalive_ms = keepalive_s * 1000
        topic = topics.up(self._did, "state")
        will = 2 + len(topic) + 2 + len(dead)
        login = 2 + len(self._did) + 2 + 32
        self._out("connect", packet_bytes(10 + 2 + len(self._did) + will + login))
        self._in("connack", 4)
        self._online = True
        self._out("state", publish_bytes(topic, alive, 1))
        self._in("puback", ACK_BYTES)
        self.subscribe(filters)
        self._events.put(LinkChanged(LinkState.ONLINE, conn))
        self._world.after(self._keepalive_ms, partial(self._keep_alive, conn))

    def _keep_alive(self, conn: int) -> None:
        """As paho does: a ping when either direction was silent for so long."""
        if not self._online or conn != self._connection:
            return
        silent_since = min(self._last_out_ms, self._last_in_ms)
        if self._world.now_ms - silent_since >= self._keepalive_ms:
            self._out("ping", PING_BYTES)
            self._in("ping", PING_BYTES)
            silent_since = self._world.now_ms
        self._world.at(silent_since + self._keepalive_ms, partial(self._keep_alive, conn))

    def _out(self, kind: str, size: int) -> None:
        self._last_out_ms = self._world.now_ms
        self.carried.count(kind, size)

    def _in(self, kind: str, size: int) -> None:
        self._last_in_ms = self._world.now_ms
        self.carried.count(kind, size)


def _matches(filter_: str, topic: str) -> bool:
    return topic == filter_ or (filter_.endswith("/#") and topic.startswith(filter_[:-1]))


class Seat:
    """The controller's side of one line: hears a box, answers as its loops do."""

    def __init__(self, world: World, office: TrueOffice, box: Enrolled) -> None:
        self._world = world
        self._office = office
        self._box = box
        self._keys = office.sealed_keys(world.now)
        self._told = b""
        self.link: CountingLink | None = None

    def retained(self) -> Iterator[tuple[str, bytes]]:
        """What the broker holds for this box."""
        yield topics.CONTROLLER_KEYS, self._keys
        yield topics.CONTROLLER_STATE, encode(ControllerState(online=True, epoch=1))
        self._told = self._office.sealed_desired(self._box.did)
        yield topics.down(self._box.did, "desired"), self._told

    def tell_what_is_new(self) -> None:
        """Send the newest desired state if it was not sent before."""
        sealed = self._office.sealed_desired(self._box.did)
        if sealed != self._told and self.link is not None:
            self._told = sealed
            self.link.deliver(topics.down(self._box.did, "desired"), sealed, qos=1)

    def hear(self, topic: str, payload: bytes) -> None:
        sign, did = self._office.authority.sign, self._box.did
        assert self.link is not None
        match topic.rsplit("/", 1)[-1]:
            case "time":
                answer = TimeAnswer(decode(payload, TimeRequest).nonce, self._world.now_ms)
                self.link.deliver(topics.down(did, "time"), sign(answer, Kind.TIME), qos=0)
            case "report":
                for receipt in self.take(payload):
                    ack = sign(receipt, Kind.ACK)
                    self.link.deliver(topics.down(did, "ack"), ack, qos=0)

    def take(self, sealed: bytes) -> list[ReportAck]:
        """Put a report into the books; gives the receipts."""
        report = SealedReport(self._box.did, self._box.key.public_key(), sealed)
        receipts = record_playback(self._office.database, read_reports([report]), self._world.now)
        return [ReportAck(receipt.spool, receipt.upto) for receipt in receipts]


class FakeBox:
    """One box in its world; `boot` starts its agent as wiring does, on what the last one left."""

    def __init__(self, world: World, office: TrueOffice, box: Enrolled, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._world = world
        self._seat = Seat(world, office, box)
        self._key = box.key
        self.vouched: Vouched | None = None
        self.has_network = True
        self.events = JumpingQueue(world)
        self.player = TimedPlayer(world, self.events, office.lengths_ms)
        self.settings = Settings(
            did=box.did,
            state_dir=str(folder),
            root_public_key=office.authority.root_public,
            placement=box.placement,
            brokers=(BrokerAddress("mqtt://127.0.0.1", "x" * 32),),
            player=PlayerSettings("mpv"),
        )
        self.carried = Carried()

    @property
    def link(self) -> CountingLink:
        assert self._seat.link is not None
        return self._seat.link

    @property
    def seat(self) -> Seat:
        return self._seat

    def lose_power(self) -> None:
        """Now: nothing that runs in the box goes on. Raises `PowerCut`."""
        self.player.lose_power()
        self.link.die()
        raise PowerCut

    def live(self, until: datetime, *, tick_ms: int) -> None:
        """Start the agent, and end it in order at that instant. Raises `PowerCut` out of it."""
        until_ms = to_ms(until)
        agent = self._boot(tick_ms)
        agent.run(alive=lambda: self._world.now_ms < until_ms)

    def _boot(self, tick_ms: int) -> Agent:
        # The queue of a dead agent is gone with it.
        world = self._world
        events = self.events = self.player.events = JumpingQueue(world)
        state_dir = Path(self.settings.state_dir)
        world.mono_ms = 60_000
        root = public_from_text(self.settings.root_public_key)
        inbox = Inbox(root, open_placement(self.settings.placement, self.settings.did, root))
        clock = BoxClock(
            state_dir / "time_floor",
            system_ms=lambda: world.now_ms,
            mono_ms=lambda: world.mono_ms,
            vouch=lambda _system_ms: self.vouched,
        )
        held, cache = HeldStore(state_dir), Cache(state_dir)
        boots = identity.Counter(state_dir / "boot", world.now_ms // 1000)
        connections = identity.Counter(state_dir / "connections", world.now_ms // 1000)
        boot = boots.next()
        spool = Spool(state_dir / "spool.sqlite", world.now_ms, expected=boot > 1)

        def birth() -> tuple[int, bytes, bytes, tuple[str, ...], int]:
            conn = connections.next()
            desired = held.held.desired
            return (
                conn,
                state_payload(boot, conn, online=True),
                state_payload(boot, conn, online=False),
                topics.subscriptions(self.settings.did, inbox.scopes(held.held)),
                desired.report.keepalive_s if desired else 30,
            )

        link = CountingLink(
            world,
            events,
            self._seat,
            did=self.settings.did,
            carrier=self.has_network,
            birth=birth,
        )
        link.carried = self.carried
        send = _WaitingSender(world, sender(events.put_from_work))
        read = Reader(partial(cache.path, Shelf.AUDIO), events.put_from_work)

        def prove(asked: tuple[str, ...]) -> None:
            world.begin_work()
            read(asked)

        return Agent(
            Parts(
                settings=self.settings,
                inbox=inbox,
                held=held,
                clock=clock,
                spool=spool,
                commands=CommandLog(state_dir / "commands.sqlite", world.now_ms, expected=boot > 1),
                desk=Desk(state_dir, events.put),
                send=send,
                vitals=Vitals(read_health, send),
                watchdog=Watchdog({}),
                book=LogBook([]),
                cache=cache,
                meter=DataMeter(state_dir / "data_used"),
                fetcher=Fetching(world, events),
                neighbours=None,
                player=self.player,
                horn=None,
                amplifier=Amplifier(switch_for(AmplifierSettings()), lead_ms=0, hold_ms=5_000),
                link=link,
                tls=Tls(),
                credentials=None,
                streams=Streams(Asker(events.put)),
                prover=Prover(self.settings.did, prove),
                uplink=Uplink(self.settings.did, self._key, link, spool),
                boot=boot,
                presenter=Presenter("fake", ""),
                losses=(),
                events=events,  # type: ignore[arg-type]
            ),
            tick_ms=tick_ms,
        )


@dataclass(frozen=True)
class _WaitingSender:
    """Errands as the agent sends them; time waits for each."""

    world: World
    send: Send

    def __call__(self, work: Callable[[], T], then: Callable[[T | OSError], None]) -> None:
        self.world.begin_work()
        self.send(work, then)
