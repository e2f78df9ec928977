"""The office's own TLS: who comes in by which door, and who is put out at once."""

import asyncio
import http.client
import ssl
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlmodel import col, select

from controller.cli.village_boxes import Loudspeaker
from controller.operations.box_certificates import issue_certificate, revoke_certificates
from controller.operations.enrol_device import enrol_device
from controller.operations.load_sample import load_sample
from controller.storage import outbox, tables
from edge_agent.contract import topics
from edge_agent.contract.trust import public_to_text
from edge_agent.uplink import state_payload
from tests.flows.stage import Stage, staged, until

pytestmark = pytest.mark.needs("mosquitto")

NO_PLAYER = Loudspeaker("command", ("true",))


def on_stage(folder: Path, play: Callable[[Stage, Path], Coroutine[Any, Any, None]]) -> None:
    """Play it before a running office with TLS of its own."""

    async def run() -> None:
        async with staged(folder, NO_PLAYER, villages=0, tls=True) as stage:
            await play(stage, folder)

    asyncio.run(run())


@dataclass
class Certified:
    """A box that holds nothing but its key and certificate."""

    did: str
    folder: Path
    stage: Stage
    heard: list[str] = field(default_factory=list)

    def context(self) -> ssl.SSLContext:
        assert self.stage.controller.services.ca is not None
        context = ssl.create_default_context(cadata=self.stage.controller.services.ca.pem)
        context.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        return context

    def connect(self) -> Client:
        """A connection to the broker, which listens to its own orders."""
        at = urlsplit(self.stage.controller.addresses().brokers[0])
        client = Client(CallbackAPIVersion.VERSION2, client_id=self.did)
        client.tls_set_context(self.context())
        client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        client.on_connect = lambda client, *_: client.subscribe(topics.down(self.did, "#"), 1)
        client.on_subscribe = lambda *_: self.heard.append("listens")
        client.connect(at.hostname or "", at.port or 0)
        client.loop_start()
        return client


def certified(stage: Stage, folder: Path) -> list[Certified]:
    """Two boxes of two villages that were given certificates."""
    database, services = stage.controller.database, stage.controller.services
    assert services.ca is not None
    boxes = []
    for village in load_sample(database, 2, law=None):
        key = Ed25519PrivateKey.generate()
        public, now = public_to_text(key.public_key()), datetime.now(UTC)
        did = enrol_device(database, services.authority, village.cluster_id, public, now).did
        place = folder / did
        place.mkdir()
        with database.write() as session:
            session.get_one(tables.Device, did).password_hash = ""
            pem = issue_certificate(session, services.ca, did, now)
        (place / "certificate.pem").write_text(pem)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (place / "key.pem").write_bytes(secret)
        boxes.append(Certified(did, place, stage))
    stage.controller.let_boxes_in()
    return boxes


def fetched(address: str, path: str, context: ssl.SSLContext) -> int:
    at = urlsplit(address)
    connection = http.client.HTTPSConnection(at.hostname or "", at.port, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_boxes_have_a_door_of_their_own_and_who_is_revoked_is_deaf_and_dumb_at_once(
    tmp_path: Path,
) -> None:
    async def play(stage: Stage, folder: Path) -> None:
        box, other = certified(stage, folder)
        await doors_apart(stage, box)
        await put_out(stage, box, other)

    on_stage(tmp_path, play)


async def doors_apart(stage: Stage, box: Certified) -> None:
    """People come by HTTPS, and boxes where nothing else answers."""
    assert stage.controller.services.ca is not None
    told = stage.controller.addresses()
    stranger = ssl.create_default_context(cadata=stage.controller.services.ca.pem)
    no_such = f"/audio/{'0' * 64}.opus"

    assert await asyncio.to_thread(fetched, told.offices[0], "/healthz", stranger) == 200
    assert await asyncio.to_thread(fetched, told.sources[0], no_such, box.context()) == 404
    for path in ("/healthz", "/", "/api/v1/clusters", "/api/v1/box/certificate"):
        assert await asyncio.to_thread(fetched, told.sources[0], path, box.context()) == 404
    with pytest.raises((ConnectionResetError, ssl.SSLError)):
        await asyncio.to_thread(fetched, told.sources[0], no_such, stranger)
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.to_thread(fetched, told.offices[0], "/", ssl.create_default_context())


async def put_out(stage: Stage, out: Certified, stays: Certified) -> None:
    """Also on a connection that is open, which mosquitto leaves as it is."""
    controller = stage.controller
    open_ones = [await asyncio.to_thread(box.connect) for box in (out, stays)]

    async def listen() -> bool:
        return all("listens" in box.heard for box in (out, stays))

    await until(listen)
    with controller.database.write() as session:
        revoke_certificates(session, out.did, "stolen", datetime.now(UTC))
    await asyncio.to_thread(controller.let_boxes_in)

    def tell_both(word: str) -> None:
        with controller.database.write() as session:
            for box in (out, stays):
                topic = topics.down(box.did, word)
                outbox.put(session, topic, b"x", retain=False, now_ms=0)

    def both_say() -> None:
        for box, client in zip((out, stays), open_ones, strict=True):
            born = state_payload(1, 1, online=True)
            client.publish(topics.up(box.did, "state"), born, 1).wait_for_publish(5)

    def online() -> set[str]:
        with controller.database.read() as session:
            seen = col(tables.ReportedState.online)
            return set(session.exec(select(tables.ReportedState.device_id).where(seen)))

    async def stays_heard(word: str) -> bool:
        return topics.down(stays.did, word) in stays.heard

    async def is_seen() -> bool:
        return stays.did in await asyncio.to_thread(online)

    # The broker takes its files up when its loop comes round: within a tenth of a second.
    orders = (f"order{number}" for number in count())
    began = time.monotonic()
    while True:
        order = next(orders)
        await asyncio.to_thread(tell_both, order)
        await until(partial(stays_heard, order))
        if topics.down(out.did, order) not in out.heard:
            break
    assert time.monotonic() - began < 2.0
    before = list(out.heard)
    await asyncio.to_thread(both_say)
    await asyncio.to_thread(tell_both, "last")
    await until(partial(stays_heard, "last"))
    await until(is_seen)
    assert out.heard == before
    assert await asyncio.to_thread(online) == {stays.did}

    for client in open_ones:
        client.loop_stop()
    with pytest.raises((ConnectionResetError, ssl.SSLError)):
        await asyncio.to_thread(fetched, controller.addresses().sources[0], "/", out.context())
    again = await asyncio.to_thread(out.connect)
    assert await asyncio.to_thread(fetched, controller.addresses().sources[0], "/", stays.context())
    again.loop_stop()
    assert out.heard == before
