"""Real agents with real sources: phrases kept, budgets held, neighbours asked, disks respected."""

import gzip
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.desired import DataBudget, Desired, OffPeak, PhraseRef
from edge_agent.contract.manifest import Asset
from edge_agent.contract.phrase_index import PhrasePage
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.edge_agent.office import DID, UNIT, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, free_port, wait_for

pytestmark = pytest.mark.needs("mosquitto")

HOUR_MS = 3_600_000
SECOND_DID = "second123456"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Lan:
    """A broker, a far source, and boxes that are told the same."""

    folder: Path
    office: Office
    broker: Broker
    server: FileServer
    boxes: dict[str, Box] = field(default_factory=dict)
    ears: list[Ear] = field(default_factory=list)
    serial: int = 0

    def box(self, did: str = DID, tables: str = "", **changes: Any) -> Box:
        folder = self.folder / did
        folder.mkdir()
        changes = {"did": did, "placement": self.office.placement(did), "max_spread_s": 0} | changes
        box = Box(self.office, folder, self.broker.port, **changes)
        with box.config.open("a") as config:
            config.write(tables)
        self.boxes[did] = box
        return box

    def publish(self, topic: str, payload: bytes) -> None:
        client = Client(CallbackAPIVersion.VERSION2, client_id="office", protocol=MQTTv311)
        client.username_pw_set("office", "")
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        client.publish(topic, payload, qos=1, retain=True).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()

    def tell(self, *cues: Any, did: str = DID, **changes: Any) -> Desired:
        self.serial += 1
        now, sources = now_ms(), (self.server.address,)
        word = self.office.desired(
            cues,
            serial=self.serial,
            now_ms=now,
            sources=sources,
            did=did,
            empty_because="" if cues else "nothing",
        )
        word = msgspec.structs.replace(word, **changes)
        self.publish(topics.down(did, "desired"), self.office.sealed(word, Kind.DESIRED))
        return word

    def hear(self) -> Ear:
        ear = Ear(self.office, self.broker.port, self.boxes[DID].key)
        self.ears.append(ear)
        return ear

    def phrases(self, language: str, *sounds: Asset) -> PhraseRef:
        """Put the page of one language on the shelf."""
        page = PhrasePage(language, {f"phrase.{n}": sound for n, sound in enumerate(sounds)})
        packed = gzip.compress(encode(page), mtime=0)
        sha256 = hashlib.sha256(packed).hexdigest()
        (self.office.files / "pages" / f"{sha256}.json.gz").write_bytes(packed)
        return PhraseRef(language, sha256, len(packed))

    def far_fetches(self, asset: Asset) -> int:
        return sum(asset.sha256 in path for path, _ in self.server.requests)


def holds(box: Box, asset: Asset) -> bool:
    return (box.state / "audio" / f"{asset.sha256}.opus").exists()


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    office = Office.open(tmp_path / "files")
    found = Lan(tmp_path, office, Broker(tmp_path), FileServer(tmp_path / "files"))
    found.publish(topics.CONTROLLER_KEYS, office.sealed_keys())
    yield found
    for ear in found.ears:
        ear.close()
    for box in found.boxes.values():
        box.close()
    found.broker.close()
    found.server.close()


def test_every_phrase_and_the_known_sound_come_and_stay(lan: Lan) -> None:
    box = lan.box()
    told = [lan.office.asset(500, note=f"phrase {n}") for n in range(12)]
    chime = lan.office.asset(700, note="chime")
    refs = (lan.phrases("vi", *told[:7]), lan.phrases("sed", *told[7:]))
    lan.tell(phrases=refs, fallback=chime)
    box.start()
    wait_for(lambda: all(holds(box, asset) for asset in (*told, chime)), "all phrases")
    fewer = lan.phrases("vi", *told[:3])
    lan.tell(phrases=(fewer,), fallback=chime)
    page = box.state / "pages" / f"{fewer.sha256}.json.gz"
    wait_for(lambda: page.exists() and len(list(page.parent.iterdir())) == 1, "the newer page only")
    assert holds(box, told[0])


def off_peak_not_now(budget_bytes: int) -> DataBudget:
    """Cheap hours that begin in ten hours."""
    since = datetime.now(UTC) + timedelta(hours=10)
    until = since + timedelta(hours=1)
    hours = OffPeak(f"{since:%H:%M}", f"{until:%H:%M}")
    return DataBudget(budget_bytes, "UTC", off_peak=(hours,))


def test_dear_hours_hold_back_what_can_wait_and_say_so(lan: Lan) -> None:
    box = lan.box()
    soon, late = lan.office.asset(500, note="soon"), lan.office.asset(500, note="late")
    lan.tell(
        cue(soon, now_ms() + HOUR_MS),
        cue(late, now_ms() + 8 * HOUR_MS),
        data=off_peak_not_now(50_000_000),
    )
    ear = lan.hear()
    box.start()
    wait_for(lambda: holds(box, soon), "what is needed soon")
    said = wait_for(
        lambda: [t for t in ear.telemetry if t.waits == "off_peak" and t.lacking == 1],
        "word of what waits",
    )
    assert not holds(box, late)
    assert said[-1].data_limit_bytes == 50_000_000
    assert 0 < (said[-1].data_used_bytes or 0) < 100_000


def test_a_used_up_budget_lets_only_what_is_urgent_through(lan: Lan) -> None:
    box = lan.box(disk_reserve_mb=0)
    big = lan.office.audio(bytes(1_200_000), 2_000)
    next_one = lan.office.asset(500, note="next")
    siren = lan.office.asset(600, note="siren")
    # The whole month goes into the first file; its page is there before.
    start = now_ms() + HOUR_MS
    lan.tell(cue(big, start), cue(next_one, start + HOUR_MS), data=DataBudget(1_250_000, "UTC"))
    ear = lan.hear()
    box.start()
    wait_for(lambda: holds(box, big), "what the budget allows")
    heavier = lan.office.audio(bytes(200_000), 2_000)
    lan.tell(cue(heavier, start), data=DataBudget(1_250_000, "UTC"))
    wait_for(lambda: [t for t in ear.telemetry if t.waits == "data_budget"], "the used up budget")
    assert not holds(box, heavier)
    alert = Alert(
        "a-1", 1, Severity.EXTREME, (), now_ms(), now_ms() + 60_000, 30, (Spoken("vi", (siren,)),)
    )
    alerts = lan.office.alerts(alert, serial=1, now_ms=now_ms())
    lan.publish(topics.group_alert(UNIT, "province"), lan.office.sealed(alerts, Kind.ALERT))
    wait_for(lambda: holds(box, siren), "an alert's own sound")
    wait_for(lambda: ear.of_kind("started"), "the report that it sounded")
    assert not holds(box, heavier)
    box.stop()
    box.start()
    wait_for(lambda: [t for t in ear.telemetry if t.boot == ear.states[-1].boot], "word again")
    assert (ear.telemetry[-1].data_used_bytes or 0) > 1_200_000


def test_the_second_box_of_a_lan_asks_its_neighbour_and_not_the_far_source(lan: Lan) -> None:
    tables = f'[neighbours]\nenabled = true\nport = {free_port()}\ninterface = "127.0.0.1"\n'
    sounds = [lan.office.audio(bytes([n]) * 300_000, 60_000) for n in range(3)]
    cues = [cue(sound, now_ms() + (3 + n) * HOUR_MS) for n, sound in enumerate(sounds)]
    first, second = lan.box(tables=tables), lan.box(SECOND_DID, tables=tables)
    lan.tell(*cues)
    lan.tell(*cues, did=SECOND_DID)
    first.start()
    wait_for(lambda: all(holds(first, sound) for sound in sounds), "the first box to have all")
    assert [lan.far_fetches(sound) for sound in sounds] == [1, 1, 1]
    second.start()
    wait_for(lambda: all(holds(second, sound) for sound in sounds), "the second box to have all")
    assert [lan.far_fetches(sound) for sound in sounds] == [1, 1, 1]
    assert all(
        (second.state / "audio" / f"{s.sha256}.opus").read_bytes()
        == (first.state / "audio" / f"{s.sha256}.opus").read_bytes()
        for s in sounds
    )


def test_a_neighbour_that_went_away_holds_nothing_up(lan: Lan) -> None:
    tables = f'[neighbours]\nenabled = true\nport = {free_port()}\ninterface = "127.0.0.1"\n'
    sound = lan.office.audio(bytes(300_000), 60_000)
    box = lan.box(tables=tables)
    lan.tell(cue(sound, now_ms() + 3 * HOUR_MS))
    began = time.monotonic()
    box.start()
    wait_for(lambda: holds(box, sound), "the far source to be asked")
    assert time.monotonic() - began < 15
