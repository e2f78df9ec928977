"""A fleet on real sockets: against a real mosquitto, and against one that goes away."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.access.passwords import hash_box_password, new_box_password
from controller.fleet.authority import open_authority
from controller.mqtt.embedded import EmbeddedBroker
from controller.simulator.connection import Lost, Refused, Unreachable, open_connection
from controller.simulator.faults import Fault, FaultKind
from controller.simulator.fleet import Broker, Fleet, backoff_s
from controller.simulator.packets import Message
from controller.simulator.pairing import Pairing, pair
from edge_agent.contract import topics

NOW = 1_790_000_000_000
UNITS = ("thon-1", "dv-51")

pytestmark = pytest.mark.needs("mosquitto")


def pairings(count: int, folder: Path) -> list[Pairing]:
    authority = open_authority(folder / "keys", datetime.fromtimestamp(NOW / 1000, UTC))
    return [
        pair(
            Ed25519PrivateKey.generate(),
            new_box_password(),
            authority.root_public,
            authority.place(f"abcdefgh{n:04d}", UNITS, 1).decode(),
        )
        for n in range(count)
    ]


def broker_for(folder: Path, boxes: list[Pairing]) -> tuple[EmbeddedBroker, dict[str, str]]:
    return EmbeddedBroker(folder / "b"), {p.did: hash_box_password(p.password) for p in boxes}


async def until_connected(fleet: Fleet, count: int, *, again: int = 0) -> None:
    async with asyncio.timeout(20):
        while fleet.connected < count or fleet.counts.reconnections < again:
            await asyncio.sleep(0.01)


def test_a_fleet_connects_with_its_own_passwords_and_comes_back(tmp_path: Path) -> None:
    boxes = pairings(30, tmp_path)
    broker, users = broker_for(tmp_path, boxes)

    async def run() -> int:
        await broker.start(users)
        fleet = Fleet(boxes, Broker(broker.host, broker.port), lambda: NOW)
        try:
            await fleet.start()
            await until_connected(fleet, 30)
            # A box that is no longer in the password file is put out at once.
            broker.reload({})
            async with asyncio.timeout(10):
                while fleet.connected:
                    await asyncio.sleep(0.01)
            broker.reload(users)
            await until_connected(fleet, 30, again=30)
        finally:
            await fleet.stop()
            await broker.stop()
        return fleet.counts.reconnections

    assert asyncio.run(run()) == 30


def test_a_fault_cuts_the_line_and_holds_it_cut_until_it_is_over(tmp_path: Path) -> None:
    boxes = pairings(4, tmp_path)
    broker, users = broker_for(tmp_path, boxes)
    dark, refused = Fault(FaultKind.POWER_CUT, (0,)), Fault(FaultKind.REFUSE_BROKER, (1, 2))

    async def run() -> tuple[int, tuple[int, int]]:
        await broker.start(users)
        fleet = Fleet(boxes, Broker(broker.host, broker.port), lambda: NOW)
        try:
            await fleet.start()
            for fault in (dark, refused):
                fleet.begin(fault)
            await asyncio.sleep(0)
            during = fleet.connected
            for fault in (dark, refused):
                fleet.end(fault)
            await until_connected(fleet, 4, again=3)
            return during, fleet.boxes[0].conn
        finally:
            await fleet.stop()
            await broker.stop()

    assert asyncio.run(run()) == (1, (2, 2))


@pytest.mark.parametrize(
    ("why", "in_a_row", "bound"), [(Lost, 0, 2.0), (Unreachable, 3, 16.0), (Refused, 9, 300.0)]
)
def test_boxes_come_back_spread_over_a_bound_that_doubles(
    why: type[Lost], in_a_row: int, bound: float
) -> None:
    waits = [backoff_s(why, in_a_row) for _ in range(200)]

    assert 1.0 <= min(waits) < max(waits) <= bound
    assert max(waits) - min(waits) > bound / 4


def test_a_wrong_password_is_refused_and_a_neighbour_is_not_overheard(tmp_path: Path) -> None:
    mine, other = boxes = pairings(2, tmp_path)
    broker, users = broker_for(tmp_path, boxes)
    heard: list[Message] = []

    async def run() -> None:
        await broker.start(users)
        host, port = broker.host, broker.port
        try:
            with pytest.raises(Lost, match="refused with code 5"):
                await open_connection(host, port, mine.did, "guess", heard.append)
            line = await open_connection(host, port, mine.did, mine.password, heard.append)
            await line.subscribe([topics.down(other.did, "ack"), topics.down(mine.did, "ack")])
            office = await open_connection(
                host, port, *broker.url.removeprefix("mqtt://").split("@")[0].split(":"), print
            )
            for box in (other, mine):
                office.publish(topics.down(box.did, "ack"), box.did.encode(), qos=1)
            async with asyncio.timeout(10):
                while not heard:
                    await asyncio.sleep(0.01)
            line.vanish()
            office.say_goodbye()
        finally:
            await broker.stop()

    asyncio.run(run())
    assert [m.payload for m in heard] == [mine.did.encode()]


def test_nobody_there_is_a_loss_with_an_address() -> None:
    with pytest.raises(Lost, match=r"127\.0\.0\.1:1"):
        asyncio.run(open_connection("127.0.0.1", 1, "u", "p", print))
