"""A true box whose office's key has ended: no new order is obeyed, and its plan goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.contract import topics
from edge_agent.contract.commands import Stop
from edge_agent.contract.envelope import seal
from edge_agent.contract.trust import ROOT_KID, Kind
from edge_agent.contract.types import encode
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

SOON_MS = 4_000

pytestmark = pytest.mark.needs("mosquitto")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.open(tmp_path / "files")


@pytest.fixture
def files(tmp_path: Path, office: Office) -> Iterator[FileServer]:
    server = FileServer(tmp_path / "files")
    yield server
    server.close()


def ended_keys(office: Office, serial: int, not_after: int) -> bytes:
    (key,) = office.keys().keys
    ends = msgspec.structs.replace(key, not_after=not_after)
    keys = msgspec.structs.replace(office.keys(serial), keys=(ends,))
    return seal(encode(keys), kind=Kind.KEYS, kid=ROOT_KID, key=office.root)


def test_an_ended_key_orders_nothing_and_silences_nothing(
    tmp_path: Path, office: Office, files: FileServer
) -> None:
    broker = Broker(tmp_path)
    box = Box(office, tmp_path, broker.port)
    ear = Ear(office, broker.port, box.key)
    try:
        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
        plan = office.desired(
            (cue(office.asset(300), now_ms() + SOON_MS, id="c-1"),),
            serial=1,
            now_ms=now_ms(),
            sources=(files.address,),
        )
        ear.retain(topics.down(DID, "desired"), office.sealed(plan, Kind.DESIRED))
        box.start()
        wait_for(lambda: any(h.desired == 1 for h in ear.hellos), "the plan to be held")

        ear.retain(topics.CONTROLLER_KEYS, ended_keys(office, 2, now_ms() - 1))
        wait_for(lambda: any(h.keys == 2 for h in ear.hellos), "the end of the key to be known")
        empty = office.desired((), serial=2, now_ms=now_ms(), empty_because="stolen")
        ear.send(topics.down(DID, "desired"), office.sealed(empty, Kind.DESIRED))
        stop = office.command("stop", Stop(), now_ms=now_ms(), ident="c-stop")
        ear.send(topics.down(DID, "cmd"), office.sealed(stop, Kind.COMMAND))

        wait_for(lambda: ear.of_kind("ended"), "the plan on its disk to play")
        assert not any(h.desired == 2 for h in ear.hellos)
        assert not ear.acks
        dropped = [entry["reason"] for entry in box.log("message_dropped")]
        assert dropped.count("untrusted") >= 2
    finally:
        ear.close()
        box.close()
        broker.close()
