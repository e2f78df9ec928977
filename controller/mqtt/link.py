"""The controller's connection to the broker: MQTT 3.1.1, QoS 1, clean start, full jitter."""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from edge_agent.contract import topics
from edge_agent.contract.state import ControllerState
from edge_agent.contract.types import encode

log = structlog.get_logger()

PUBLISH_TIMEOUT_S = 10.0
BACKOFF_CAP_S = 30.0
MOST_WAITING = 200_000
"""Messages read and not yet sorted: 9,000 boxes that come back at once say 65,000."""

Receive = Callable[[str, bytes], Awaitable[None]]


class Offline(OSError):
    """The broker did not take the message; it stays in the outbox."""


class Link:
    """Keep one connection alive; hand every message to `receive`."""

    def __init__(self, url: str, receive: Receive, *, epoch: int) -> None:
        at = urlsplit(url)
        if at.scheme not in ("mqtt", "mqtts") or not at.hostname:
            raise ValueError("broker address must be mqtt(s)://user:password@host:port")
        self._host = at.hostname
        self._port = at.port or (8883 if at.scheme == "mqtts" else 1883)
        self._user = unquote(at.username) if at.username else None
        self._password = unquote(at.password) if at.password else None
        self._tls = ssl.create_default_context() if at.scheme == "mqtts" else None
        self._receive = receive
        self._epoch = epoch
        self._client: aiomqtt.Client | None = None
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self.connections = 0

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool) -> None:
        """Publish; for QoS 1 wait until the broker has it. Raises `Offline`."""
        client = self._client
        if client is None:
            raise Offline
        try:
            await client.publish(topic, payload, qos=qos, retain=retain, timeout=PUBLISH_TIMEOUT_S)
        except aiomqtt.MqttError as e:
            raise Offline from e

    async def run(self) -> None:
        """Connect, listen, and come back after every loss, until cancelled."""
        failures = 0
        while True:
            try:
                async with self._new_client() as client:
                    failures = 0
                    await self._say(client, online=True)
                    await client.subscribe(topics.FROM_ALL_DEVICES, qos=1, timeout=10)
                    self._client = client
                    self.connections += 1
                    self.lost.clear()
                    self.connected.set()
                    log.info("link_online", host=self._host, port=self._port)
                    try:
                        await self._listen(client)
                    finally:
                        self._client = None
                        self.connected.clear()
                        self.lost.set()
            except aiomqtt.MqttError as e:
                failures += 1
                log.warning("link_lost", why=str(e)[:200], failures=failures)
            await asyncio.sleep(random.uniform(0, min(BACKOFF_CAP_S, 0.25 * 2**failures)))

    async def _listen(self, client: aiomqtt.Client) -> None:
        try:
            async for message in client.messages:
                if isinstance(message.payload, bytes | bytearray):
                    await self._receive(message.topic.value, bytes(message.payload))
        except asyncio.CancelledError:
            # A clean DISCONNECT sends no will: say it first.
            await self._say(client, online=False)
            raise

    def _new_client(self) -> aiomqtt.Client:
        client = aiomqtt.Client(
            self._host,
            self._port,
            identifier=self._user,
            username=self._user,
            password=self._password,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=30,
            timeout=10,
            tls_context=self._tls,
            will=aiomqtt.Will(topics.CONTROLLER_STATE, self._state(online=False), 1, True),
            max_inflight_messages=100,
            max_queued_incoming_messages=MOST_WAITING,
        )
        client.pending_calls_threshold = 10_000
        return client

    async def _say(self, client: aiomqtt.Client, *, online: bool) -> None:
        await client.publish(
            topics.CONTROLLER_STATE, self._state(online=online), 1, True, timeout=5
        )

    def _state(self, *, online: bool) -> bytes:
        return encode(ControllerState(online=online, epoch=self._epoch))
