"""The broker as a child: real mosquitto, and amqtt where mosquitto is not wanted.

What may be read is judged by delivery, never by the SUBACK: mosquitto grants what its ACL denies.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from controller.access.passwords import hash_box_password
from controller.errors import BrokerUnavailable
from controller.mqtt import embedded
from controller.mqtt.embedded import EmbeddedBroker
from edge_agent.contract import topics

ONE, TWO = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
BOXES = {ONE: hash_box_password("one"), TWO: hash_box_password("two")}

both = pytest.mark.parametrize(
    "kind",
    [pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto")), pytest.param("amqtt")],
)


@asynccontextmanager
async def running(folder: Path, kind: str) -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(folder, use_mosquitto=kind == "mosquitto", allow_trial=True)
    assert broker.kind == kind
    await broker.start(BOXES)
    try:
        yield broker
    finally:
        await broker.stop()


def client(
    broker: EmbeddedBroker, user: str, password: str, identifier: str = ""
) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=user,
        password=password,
        identifier=identifier or user,
        protocol=aiomqtt.ProtocolVersion.V311,
        timeout=5,
    )


def office(broker: EmbeddedBroker) -> aiomqtt.Client:
    password = broker.url.split(":")[2].split("@")[0]
    return client(broker, "controller", password)


async def heard(box: aiomqtt.Client, until: str) -> list[str]:
    """Topics delivered to a client up to the message that says `until`."""
    got = []
    async with asyncio.timeout(10):
        async for message in box.messages:
            got.append(message.topic.value)
            if message.payload == until.encode():
                return got
    return got


@both
def test_a_box_hears_its_own_words_and_nobody_elses(tmp_path: Path, kind: str) -> None:
    async def run() -> list[str]:
        async with running(tmp_path, kind) as broker, office(broker) as boss:
            await boss.publish(topics.down(TWO, "desired"), b"secret", 1, True)
            await boss.publish(topics.down(ONE, "desired"), b"mine", 1, True)
            async with client(broker, ONE, "one") as box:
                await box.subscribe(topics.down(ONE, "#"), 1)
                for greedy in ("loa/v1/d/+/dn/#", "loa/v1/#", "#"):
                    try:
                        await box.subscribe(greedy, 1)
                    except aiomqtt.MqttError:
                        continue
                await boss.publish(topics.down(TWO, "cmd"), b"secret too", 1)
                await boss.publish(topics.down(ONE, "cmd"), b"last", 1)
                return await heard(box, "last")

    assert set(asyncio.run(run())) == {topics.down(ONE, "desired"), topics.down(ONE, "cmd")}


@both
def test_a_box_cannot_speak_as_another_or_as_the_office(tmp_path: Path, kind: str) -> None:
    async def run() -> list[str]:
        async with running(tmp_path, kind) as broker, office(broker) as boss:
            await boss.subscribe("loa/v1/#", 1)
            async with client(broker, ONE, "one") as box:
                for forged in (
                    topics.up(TWO, "report"),
                    topics.down(TWO, "cmd"),
                    "loa/v1/c/keys",
                    # Of such a box could leave any number, and the broker would keep them all.
                    topics.up(ONE, "heap-1"),
                    topics.up(ONE, "report/heap"),
                ):
                    try:
                        await box.publish(forged, b"forged", 0, True)
                    except aiomqtt.MqttError:
                        continue
                await box.publish(topics.up(ONE, "state"), b"true", 0)
                return await heard(boss, "true")

    assert asyncio.run(run()) == [topics.up(ONE, "state")]


@both
def test_a_wrong_password_and_a_stranger_are_turned_away(tmp_path: Path, kind: str) -> None:
    async def connect(broker: EmbeddedBroker, user: str, password: str) -> None:
        async with client(broker, user, password):
            pass

    async def run() -> None:
        async with running(tmp_path, kind) as broker:
            for user, password in ((ONE, "two"), ("cccccccccccc", "one"), (ONE, "")):
                with pytest.raises(aiomqtt.MqttError):
                    await connect(broker, user, password)

    asyncio.run(run())


@pytest.mark.needs("mosquitto")
def test_a_box_that_takes_anothers_client_id_throws_nobody_out(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with (
            running(tmp_path, "mosquitto") as broker,
            office(broker) as boss,
            client(broker, ONE, "one") as victim,
        ):
            await victim.subscribe(topics.down(ONE, "#"), 1)
            async with client(broker, TWO, "two", identifier=ONE):
                await boss.publish(topics.down(ONE, "cmd"), b"still here", 1)
                return await heard(victim, "still here")

    assert asyncio.run(run()) == [topics.down(ONE, "cmd")]


@both
def test_a_new_box_is_let_in_and_others_stay(tmp_path: Path, kind: str) -> None:
    new = "dddddddddddd"

    async def connected(broker: EmbeddedBroker) -> bool:
        try:
            async with client(broker, new, "new"):
                return True
        except aiomqtt.MqttError:
            return False

    async def run() -> list[str]:
        async with (
            running(tmp_path, kind) as broker,
            office(broker) as boss,
            client(broker, ONE, "one") as box,
        ):
            await box.subscribe(topics.down(ONE, "#"), 1)
            broker.reload({**BOXES, new: hash_box_password("new")})
            async with asyncio.timeout(10):
                while not await connected(broker):
                    await asyncio.sleep(0.02)
            await boss.publish(topics.down(ONE, "cmd"), b"ok", 1)
            return await heard(box, "ok")

    assert asyncio.run(run()) == [topics.down(ONE, "cmd")]


@both
def test_a_killed_broker_comes_back_on_the_same_port(tmp_path: Path, kind: str) -> None:
    async def run() -> tuple[int | None, int | None]:
        async with running(tmp_path, kind) as broker:
            first = broker.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            async with asyncio.timeout(15):
                while True:
                    try:
                        async with client(broker, ONE, "one"):
                            return first, broker.pid
                    except aiomqtt.MqttError:
                        await asyncio.sleep(0.05)

    before, after = asyncio.run(run())
    assert before != after


def test_the_files_with_secrets_are_private(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with running(tmp_path / "broker", "amqtt"):
            return [
                oct(f.stat().st_mode & 0o777)
                for f in (tmp_path / "broker", *(tmp_path / "broker").iterdir())
            ]

    modes = asyncio.run(run())
    assert set(modes) == {"0o700", "0o600"}


@pytest.mark.needs("mosquitto")
def test_mosquitto_is_found_where_debian_puts_it_unless_path_leaves_the_system_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin")
    assert embedded.find_mosquitto() is not None

    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.find_mosquitto() is None


def test_without_mosquitto_serve_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BrokerUnavailable) as refusal:
        EmbeddedBroker(tmp_path)

    assert "mosquitto" in refusal.value.vi
    assert "apt-get install mosquitto" in refusal.value.en
