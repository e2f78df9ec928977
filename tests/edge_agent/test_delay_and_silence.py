"""What a desired state says of sound: a delay, a known sound, a maintenance; lived by a box."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.desired import Maintenance
from edge_agent.contract.manifest import Asset, Cue
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, UNIT, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

pytestmark = pytest.mark.needs("mosquitto")

MISSING = Asset("c" * 64, 1_000, 4_000)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Village:
    """A box, and an office that tells it how to sound."""

    office: Office
    files: FileServer
    box: Box
    ear: Ear

    def publish(self, *cues: Cue, **changes: object) -> None:
        desired = self.office.desired(
            cues, serial=now_ms(), now_ms=now_ms(), sources=(self.files.address,)
        )
        sealed = self.office.sealed(replace(desired, **changes), Kind.DESIRED)
        self.ear.retain(topics.down(DID, "desired"), sealed)


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    box = Box(office, tmp_path, broker.port)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Village(office, files, box, ear)
    ear.close()
    box.close()
    broker.close()
    files.close()


@pytest.mark.parametrize("delay_ms", [700, -700])
def test_a_sound_begins_so_much_later_and_says_for_when_it_was_planned(
    village: Village, delay_ms: int
) -> None:
    wait_for(lambda: village.ear.hellos, "the box")
    start = now_ms() + 4_000
    planned = cue(village.office.asset(1_000), start, latest_end=start + 1_000)
    village.publish(planned, delay_ms=delay_ms)
    (ended,) = wait_for(lambda: village.ear.of_kind("ended"), "the end")
    (started,) = village.ear.of_kind("started")
    assert (started.planned, started.delay_ms, ended.delay_ms) == (start, delay_ms, delay_ms)
    assert abs(started.wall - (start + delay_ms)) < 250


def test_a_cue_of_which_nothing_is_held_gives_the_known_sound(village: Village) -> None:
    wait_for(lambda: village.ear.hellos, "the box")
    chime = village.office.asset(900)
    start = now_ms() + 4_000
    cues = (cue(MISSING, start, id="one"), cue(MISSING, start + 2_000, id="two"))
    short = (replace(each, latest_start=each.start + 1_500) for each in cues)
    village.publish(*short, fallback=chime)
    (ended,) = wait_for(lambda: village.ear.of_kind("ended"), "the known sound")
    assert (ended.cue, ended.reason, ended.asset_sha256) == ("one", "fallback", chime.sha256)
    (skipped,) = wait_for(lambda: village.ear.of_kind("skipped"), "the second")
    assert (skipped.cue, skipped.reason) == ("two", "audio_missing")


def test_a_maintenance_ends_by_itself_and_what_is_urgent_comes_after(village: Village) -> None:
    wait_for(lambda: village.ear.hellos, "the box")
    until = now_ms() + 4_000
    village.publish(
        cue(village.office.asset(900), until - 2_500, id="in", latest_start=until - 1_000),
        maintenance=Maintenance(until, "thay loa"),
    )
    spoken = (Spoken("vi", (village.office.asset(500, note="lũ"),)),)
    issued = now_ms()
    alert = Alert("lu", 1, Severity.SEVERE, (), issued, issued + 600_000, 60, spoken)
    alerts = village.office.alerts(alert, serial=1, now_ms=issued)
    topic = topics.group_alert(UNIT, alerts.issuer)
    village.ear.retain(topic, village.office.sealed(alerts, Kind.ALERT))
    (skipped,) = wait_for(lambda: village.ear.of_kind("skipped"), "the programme to be given up")
    assert (skipped.cue, skipped.reason) == ("in", "maintenance")
    (said,) = wait_for(lambda: village.ear.of_kind("started"), "the alert")
    assert said.reason == "alert"
    assert said.wall >= until
