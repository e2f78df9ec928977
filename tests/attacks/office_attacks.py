"""Somebody holds the broker's password of a box, without its key: what the office believes then."""

import asyncio
import random
import threading
import time
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from sqlmodel import SQLModel, func, select

from controller.cli.village_boxes import start_box
from controller.mqtt import child
from controller.storage import tables
from controller.storage.alert_tables import AlertStep as AlertStepRow
from controller.storage.trust_tables import BoxRun
from edge_agent.contract import topics
from edge_agent.contract.alert import AlertStatus, AlertStep
from edge_agent.contract.commands import AckStatus, CommandAck
from edge_agent.contract.envelope import seal
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import EventKind, PlaybackEvent, Report
from edge_agent.contract.state import (
    CacheState,
    Clock,
    ClockSource,
    Hello,
    Presence,
    Proof,
    SpoolRange,
    State,
    Telemetry,
)
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.attacks.rows import Attempt
from tests.faults.stage import now_ms
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

BELIEVED: tuple[type[SQLModel], ...] = (
    tables.PlaybackEvent,
    tables.QuarantinedEvent,
    tables.AsRun,
    tables.CommandStep,
    tables.SpoolMark,
    AlertStepRow,
    BoxRun,
)
"""Where a fraud would show."""


def stolen_password(folder: Path, messages: int, seed: int) -> Attempt:
    """The thief logs in as the box and forges reports, steps and proofs; then the box is back."""
    return asyncio.run(_stolen(folder, messages, random.Random(seed)))


async def _stolen(folder: Path, messages: int, dice: random.Random) -> Attempt:
    async with staged(folder, virtual(folder), villages=2) as stage:
        box, other = stage.boxes
        order = await stage.call(stage.api.post, f"/boxes/{box.did}/tone", {"seconds": 1})
        await until(lambda: _said_done(stage))
        await child.stop(box.process)
        before = _rows(stage)
        thief = _Thief(folder / "boxes" / box.village.village_id, box.did)
        for _ in range(messages):
            thief.say(*_forged(box.did, other.did, str(order["command"]), dice))
        await asyncio.to_thread(thief.done)
        heard_elsewhere = thief.overheard
        after = _rows(stage)
        believed = sum(after[name] != count for name, count in before.items())
    kinds = ", ".join(name for name, count in before.items() if after[name] != count)
    note = "reports, steps, proofs, presence; it reads the plan and can take the box's place"
    lost = len(heard_elsewhere)
    return Attempt("a stolen broker password forges", messages, believed, lost, kinds or note)


def forged_birth(folder: Path, rounds: int) -> Attempt:
    """The thief says that the box died, by counters that it never reaches; then it is back."""
    return asyncio.run(_born(folder, rounds))


async def _born(folder: Path, rounds: int) -> Attempt:
    took, believed = [], 0
    async with staged(folder, virtual(folder)) as stage:
        (box,) = stage.boxes
        running = box.process
        for number in range(rounds):
            await child.stop(running)
            thief = _Thief(folder / "boxes" / box.village.village_id, box.did)
            for topic, message in _births(box.did, number):
                thief.say(topic, encode(message), retain=True)
            await asyncio.to_thread(thief.done)
            await until(lambda: _away(stage))
            begun = time.monotonic()
            running = (await start_box(box.did, box.village, box.folder, {})).process
            try:
                await until(lambda: _on_duty(stage), 20)
            except TimeoutError:
                believed += 1
            took.append(time.monotonic() - begun)
        await child.stop(running)
    note = f"the office shows the true box again after {max(took):.0f} s at most; until then, away"
    return Attempt("forged births and deaths, retained", 3 * rounds, believed, 0, note)


def _births(did: str, number: int) -> list[tuple[str, msgspec.Struct]]:
    """What nobody signs of a box that comes and goes, by the greatest counters that there are."""
    most = (1 << 53) - number
    clock, empty = Clock(ClockSource.NTP), CacheState(1, 0, "0" * 64)
    hello = Hello(most, most, "9.9.9", 99, (), most, most, empty, SpoolRange("s", 1, 0), clock)
    return [
        (topics.up(did, "hello"), hello),
        (topics.up(did, "tele"), Telemetry(most, now_ms(), most, 0, 1, 1)),
        (topics.up(did, "state"), State(most, most, False)),
    ]


async def _away(stage: Stage) -> bool:
    return [cluster["status"] for cluster in await stage.clusters()] == ["mat"]


async def _on_duty(stage: Stage) -> bool:
    return [cluster["status"] for cluster in await stage.clusters()] == ["san"]


async def _said_done(stage: Stage) -> bool:
    with stage.controller.database.read() as session:
        rows = session.exec(select(tables.CommandStep.status)).all()
    return AckStatus.DONE.value in rows


def _rows(stage: Stage) -> dict[str, int]:
    with stage.controller.database.read() as session:
        return {
            table.__name__: session.exec(select(func.count()).select_from(table)).one()
            for table in BELIEVED
        }


class _Thief:
    """A client with the password of one box."""

    def __init__(self, folder: Path, did: str) -> None:
        config: dict[str, Any] = tomllib.loads((folder / "agent.toml").read_text())
        broker = config["brokers"][0]
        at = urlsplit(broker["url"])
        self.overheard: list[str] = []
        self._did = did
        self._last = threading.Event()
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="thief", protocol=MQTTv311)
        self._client.username_pw_set(did, broker["password"])
        self._client.on_message = self._hear
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect(str(at.hostname), at.port or 1883)
        self._client.subscribe([(f"{topics.PREFIX}/#", 1), ("#", 1)])
        self._client.loop_start()
        self._ready.wait(10)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        parsed = topics.parse_down(message.topic)
        if (parsed is not None and parsed.device != self._did) or topics.parse_up(message.topic):
            self.overheard.append(message.topic)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._sent = self._client.publish(topic, payload, qos=1, retain=retain)

    def done(self) -> None:
        """Wait until the broker has taken the last word, and the office has had its time."""
        self._sent.wait_for_publish(30)
        threading.Event().wait(2)
        self._client.disconnect()
        self._client.loop_stop()


def _forged(did: str, other: str, command: str, dice: random.Random) -> tuple[str, bytes]:
    """A word that only the box itself, or another one, could say."""
    now, thief = now_ms(), Ed25519PrivateKey.generate()
    event = PlaybackEvent(
        seq=dice.randrange(1, 1 << 40),
        kind=dice.choice((EventKind.STARTED, EventKind.ENDED)),
        play=f"gia-{dice.randrange(1 << 30)}",
        cue="gia",
        asset_sha256="a" * 64,
        wall=now,
        mono=1,
        boot=1,
        clock=Clock(ClockSource.NTP),
        planned=now,
        duration_ms=1_000,
        rank=Rank.PROGRAMME,
        rules=4,
        desired=1,
        gain_db=0.0,
        title="giả",
        language="vi",
    )
    words: tuple[tuple[str, Kind, msgspec.Struct], ...] = (
        ("report", Kind.REPORT, Report(f"s{dice.randrange(99)}", (msgspec.Raw(encode(event)),))),
        ("ack", Kind.STEP, CommandAck(command, AckStatus.FAILED, now, "giả")),
        ("alert", Kind.ALERT_STEP, AlertStep("gia", 1, AlertStatus.DONE, now, 1)),
        ("ready", Kind.PROOF, Proof(1, now, 1, now, ("a" * 64,), ())),
        ("here", Kind.PRESENCE, Presence(9, 9, f"r{dice.randrange(99)}", now)),
    )
    word, kind, message = dice.choice(words)
    payload = encode(message)
    ways = (
        payload,
        seal(payload, kind=kind, kid=did, key=thief),
        seal(payload, kind=kind, kid=other, key=thief),
        seal(payload, kind=Kind.COMMAND, kid=did, key=thief),
    )
    return topics.up(dice.choice((did, did, other)), word), dice.choice(ways)
