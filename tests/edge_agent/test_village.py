"""The real agent against a real broker: what a village would hear and the office would learn."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.contract import topics
from edge_agent.contract.manifest import Cue
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

pytestmark = pytest.mark.needs("mosquitto")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Village:
    office: Office
    files: FileServer
    broker: Broker
    box: Box
    ear: Ear
    serial: int = 0

    def publish(self, *cues: Cue, withdrawn: tuple[str, ...] = (), serial: int = 0) -> bytes:
        """Publish a plan, by default newer than the last."""
        self.serial = serial or self.serial + 1
        desired = self.office.desired(
            cues,
            serial=self.serial,
            now_ms=now_ms(),
            sources=(self.files.address,),
            withdrawn=withdrawn,
            empty_because="" if cues else "nothing to say",
        )
        sealed = self.office.sealed(desired, Kind.DESIRED)
        self.ear.retain(topics.down(DID, "desired"), sealed)
        return sealed


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    box = Box(office, tmp_path, broker.port)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Village(office, files, broker, box, ear)
    ear.close()
    box.close()
    broker.close()
    files.close()


def test_a_cue_is_fetched_played_at_its_second_reported_and_acknowledged(village: Village) -> None:
    asset = village.office.asset(1_200)
    start = now_ms() + 4_000
    village.publish(cue(asset, start, id="c-1"))

    wait_for(lambda: any(h.desired == 1 and h.cache.lacking == 0 for h in village.ear.hellos), "h")
    ended = wait_for(lambda: village.ear.of_kind("ended"), "the end to be reported")[0]
    started = village.ear.of_kind("started")[0]

    assert (started.cue, started.planned, started.seq, ended.seq) == ("c-1", start, 1, 2)
    assert abs(started.wall - start) < 100
    assert started.play == ended.play
    assert 1_150 < ended.played_ms < 1_400
    assert any(t.on_air and t.on_air.cue == "c-1" for t in village.ear.telemetry)
    wait_for(lambda: village.box.log("report_acknowledged"), "the box to be told")
    assert village.box.stop() == 0
    assert [state.online for state in village.ear.states] == [True, False]
