"""The connection to the broker: its own thread, named states, a back-off for each failure."""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.contract.types import MAX_PAYLOAD_BYTES
from edge_agent.log_setup import note
from edge_agent.settings import BrokerAddress
from edge_agent.tls import Tls

log = logging.getLogger("edge_agent.link")

CONNECT_WITHIN_S = 10.0
STABLE_AFTER_S = 30.0
"""A connection that lived shorter than this counts as one more failure."""

MIN_BACKOFF_S = 1.0
MAX_BACKOFF_S = 300.0
CARRIER_BYTES = 90
"""Of TCP, IP and MQTT around a message, and of its receipt: an estimate."""

STUCK_AFTER_S = 300.0
"""A name server may take minutes to say no; a thread that turned longer ago hangs for ever."""

_LOOP_S = 0.5
_FAREWELL_S = 1.0


class LinkState(StrEnum):
    """Where the connection stands."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    BACKOFF = "backoff"
    CLOSED = "closed"


class Failure(StrEnum):
    """Why a connection could not be had or was lost."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNTRUSTED = "untrusted"
    SILENT = "silent"
    LOST = "lost"
    RENEWED = "renewed"


FIRST_BACKOFF_S = {
    Failure.LOST: 2.0,
    Failure.RENEWED: 2.0,
    Failure.UNREACHABLE: 2.0,
    Failure.SILENT: 4.0,
    Failure.REFUSED: 30.0,
    Failure.UNTRUSTED: 60.0,
}
"""Where each failure's back-off begins; it doubles with each failure in a row."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from the broker; `done` must be called when it has been handled."""

    topic: str
    payload: bytes
    done: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The connection is in another state; `conn` counts connections since ever.

    `failure` says why there is none, in the state of back-off.
    """

    state: LinkState
    conn: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Birth:
    """What one connection says when it begins and, as last will, when it dies."""

    conn: int
    topic: str
    alive: bytes
    dead: bytes
    filters: tuple[str, ...]
    keepalive_s: int = 30


def _cost(topic: str, payload: bytes | bytearray) -> int:
    return len(topic) + len(payload) + CARRIER_BYTES


def backoff_s(failure: Failure, in_a_row: int) -> float:
    """Draw the wait before the next try: full jitter below a bound that doubles."""
    bound = min(MAX_BACKOFF_S, FIRST_BACKOFF_S[failure] * 2 ** min(in_a_row, 16))
    return random.uniform(MIN_BACKOFF_S, max(MIN_BACKOFF_S, bound))


class Link:
    """Keeps one connection to the first broker that takes it.

    `emit` gets `Inbound` and `LinkChanged` from the link's thread; at most `backlog` inbound
    messages are open, then the link stops reading. `birth` is asked before each connection.
    """

    def __init__(
        self,
        did: str,
        brokers: tuple[BrokerAddress, ...],
        *,
        birth: Callable[[], Birth],
        emit: Callable[[Inbound | LinkChanged], None],
        backlog: int = 64,
        tls: Tls | None = None,
    ) -> None:
        self._did = did
        self._brokers = brokers
        self._birth = birth
        self._emit = emit
        self._tls = tls or Tls()
        self._room = threading.BoundedSemaphore(backlog)
        self._stopping = threading.Event()
        self._renewing = threading.Event()
        self._lock = threading.Lock()
        self._online: Client | None = None
        self._farewell: Birth | None = None
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._turns_by = time.monotonic() + STUCK_AFTER_S
        self._sent_bytes = self._received_bytes = 0
        self.state = LinkState.OFFLINE

    @property
    def traffic_bytes(self) -> int:
        """What messages have cost in this run, in both directions, with what carries them."""
        return self._sent_bytes + self._received_bytes

    @property
    def broken(self) -> bool:
        """Whether its thread hangs, or is gone without having been told to go."""
        gone = self.state is LinkState.CLOSED and not self._stopping.is_set()
        return gone or time.monotonic() > self._turns_by

    def start(self) -> None:
        """Begin connecting."""
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        """Hand a message to the broker; False if there is no connection, then it is not kept."""
        with self._lock:
            if self._online is None:
                return False
            self._sent_bytes += _cost(topic, payload)
            sent = self._online.publish(topic, payload, qos=qos, retain=retain)
            return sent.rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def subscribe(self, filters: tuple[str, ...]) -> None:
        """Listen to further topics on the present connection."""
        with self._lock:
            if self._online is not None and filters:
                self._online.subscribe([(topic, 1) for topic in filters])

    def renew(self) -> None:
        """Connect anew and now, because what a connection is begun with has changed."""
        self._renewing.set()

    def close(self) -> None:
        """Say good-bye to the broker and end the thread."""
        with self._lock:
            client, farewell = self._online, self._farewell
            if client is not None and farewell is not None:
                last = client.publish(farewell.topic, farewell.dead, qos=1, retain=True)
            else:
                last = None
        if last is not None and last.rc is MQTTErrorCode.MQTT_ERR_SUCCESS:
            last.wait_for_publish(_FAREWELL_S)
        self._stopping.set()
        self._renewing.set()
        if self._thread.is_alive():
            self._thread.join(CONNECT_WITHIN_S)

    def _run(self) -> None:
        try:
            self._keep_connected()
        finally:
            self._change(LinkState.CLOSED, 0)

    def _keep_connected(self) -> None:
        in_a_row = 0
        turn = 0
        while not self._stopping.is_set():
            broker = self._brokers[turn % len(self._brokers)]
            failure, lived_s = self._connect_and_serve(broker)
            if self._stopping.is_set():
                break
            in_a_row = 0 if lived_s >= STABLE_AFTER_S else in_a_row + 1
            stays = failure is Failure.RENEWED or (failure is Failure.LOST and in_a_row <= 1)
            turn += 0 if stays else 1
            wait_s = backoff_s(failure, max(0, in_a_row - 1))
            self._change(LinkState.BACKOFF, 0, failure)
            note(log, "link_backoff", failure=failure, wait_s=round(wait_s, 1))
            self._turned(wait_s)
            self._renewing.wait(wait_s)
            self._turned()

    def _connect_and_serve(self, broker: BrokerAddress) -> tuple[Failure, float]:
        """Serve one connection to its end; gives why it ended and how long it lived."""
        self._renewing.clear()
        birth = self._birth()
        session = _Session(
            self._did,
            broker,
            birth,
            taken=self._take,
            online=self._went_online,
            turned=self._turned,
            tls=self._tls,
        )
        self._change(LinkState.CONNECTING, birth.conn)
        note(log, "link_connecting", host=broker.host, port=broker.port)
        try:
            failure = session.serve(self._stopping, self._renewing)
        except ssl.SSLError as e:
            failure = Failure.UNTRUSTED
            self._tls.distrusted()
            note(log, "link_failed", level=logging.WARNING, failure=failure, error=str(e))
        except OSError as e:
            failure = Failure.UNREACHABLE
            note(log, "link_failed", level=logging.WARNING, failure=failure, error=str(e))
        finally:
            with self._lock:
                self._online = self._farewell = None
            session.end()
        if not self._stopping.is_set():
            note(log, "link_down", level=logging.WARNING, failure=failure)
        return failure, session.lived_s()

    def _turned(self, rests_s: float = 0.0) -> None:
        """The thread lives, and may be silent for so long."""
        self._turns_by = time.monotonic() + rests_s + STUCK_AFTER_S

    def _went_online(self, client: Client, birth: Birth) -> None:
        with self._lock:
            self._online, self._farewell = client, birth
        self._tls.believed()
        note(log, "link_online", conn=birth.conn)
        self._change(LinkState.ONLINE, birth.conn)

    def _take(self, message: MQTTMessage) -> None:
        """Pass a message on, waiting for room."""
        self._received_bytes += _cost(message.topic, message.payload)
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            note(
                log,
                "message_dropped",
                level=logging.WARNING,
                topic=message.topic,
                reason="too_large",
            )
            return
        while not self._room.acquire(timeout=_LOOP_S):
            self._turned()
            if self._stopping.is_set():
                return
        self._emit(Inbound(message.topic, bytes(message.payload), self._room.release))

    def _change(self, state: LinkState, conn: int, failure: Failure | None = None) -> None:
        self.state = state
        self._emit(LinkChanged(state, conn, failure))


class _Session:
    """One connection from CONNECT to its end."""

    def __init__(
        self,
        did: str,
        broker: BrokerAddress,
        birth: Birth,
        *,
        taken: Callable[[MQTTMessage], None],
        online: Callable[[Client, Birth], None],
        turned: Callable[[], None],
        tls: Tls,
    ) -> None:
        self._tls = tls
        self._broker = broker
        self._birth = birth
        self._taken = taken
        self._online = online
        self._turned = turned
        self._since: float | None = None
        self._refused = ""
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=did,
            clean_session=True,
            protocol=MQTTv311,
            reconnect_on_failure=False,
        )
        # An exception that left a callback would end the loop and leave the box deaf for ever.
        client.suppress_exceptions = True
        client.enable_logger(log)
        client.username_pw_set(did, broker.password)
        client.will_set(birth.topic, birth.dead, qos=1, retain=True)
        client.connect_timeout = CONNECT_WITHIN_S
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = lambda _client, _data, message: self._taken(message)
        # Without it whoever publishes writes to the socket while the link's thread reads from it,
        # which TLS does not bear; with it he only wakes the link's thread.
        client.on_socket_register_write = lambda _client, _data, _socket: None
        self._client = client

    def lived_s(self) -> float:
        """How long it has been online."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def serve(self, stopping: threading.Event, renewing: threading.Event) -> Failure:
        """Drive the connection until it ends. Raises OSError if there is no way to the broker."""
        client = self._client
        if self._broker.tls:
            client.tls_set_context(self._tls.for_broker(self._broker.ca_file))
        client.connect(self._broker.host, self._broker.port, keepalive=self._birth.keepalive_s)
        self._tls.check(client.socket())
        patience_ends = time.monotonic() + CONNECT_WITHIN_S
        while not stopping.is_set():
            self._turned()
            if client.loop(_LOOP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            if self._since is None and time.monotonic() > patience_ends:
                return Failure.SILENT
            if renewing.is_set():
                self._leave()
                return Failure.RENEWED
        if stopping.is_set():
            self._leave()
        if self._refused:
            note(log, "link_refused", level=logging.WARNING, answer=self._refused)
            return Failure.REFUSED
        return Failure.LOST

    def _leave(self) -> None:
        self._client.disconnect()
        self._client.loop_write()

    def end(self) -> None:
        """Let go of the connection; its handles are closed with it, and not some day."""
        client = self._client
        # They lead back here: such a circle would be kept until memory is short.
        client.on_connect = client.on_subscribe = client.on_message = None

    def _connected(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        answer: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if answer.is_failure:
            self._refused = str(answer)
            return
        client.publish(self._birth.topic, self._birth.alive, qos=1, retain=True)
        client.subscribe([(topic, 1) for topic in self._birth.filters])

    def _subscribed(
        self,
        client: Client,
        _data: object,
        _message: int,
        _answers: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Now it listens: who answers what the box says from here on will be heard."""
        if self._since is None:
            self._since = time.monotonic()
            self._online(client, self._birth)


def knock(did: str, broker: BrokerAddress, tls: Tls) -> Failure | None:
    """Log in at `broker` and leave at once without a word; gives why that does not work."""
    answers: list[bool] = []
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=did, protocol=MQTTv311, reconnect_on_failure=False
    )
    client.username_pw_set(did, broker.password)
    client.connect_timeout = CONNECT_WITHIN_S
    client.on_connect = lambda _client, _data, _flags, code, _properties: answers.append(
        not code.is_failure
    )
    try:
        if broker.tls:
            client.tls_set_context(tls.for_broker(broker.ca_file))
        client.connect(broker.host, broker.port)
        tls.check(client.socket())
        until_s = time.monotonic() + CONNECT_WITHIN_S
        while not answers and time.monotonic() < until_s:
            if client.loop(_LOOP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
        client.disconnect()
    except ssl.SSLError:
        return Failure.UNTRUSTED
    except OSError:
        return Failure.UNREACHABLE
    if not answers:
        return Failure.SILENT
    return None if answers[0] else Failure.REFUSED
