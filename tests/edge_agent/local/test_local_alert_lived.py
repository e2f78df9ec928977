"""A box alone: real agent, real page, no network, no clock; the office hears of it later."""

import gzip
import hashlib
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.alert import Clip, ClipPage, Spoken
from edge_agent.contract.desired import ClipsRef
from edge_agent.contract.report import Source
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.edge_agent.office import DID, FileServer, Office
from tests.edge_agent.real_parts import Box, Broker, Ear, free_port, wait_for
from tests.faults.stage import MovableClock

pytestmark = pytest.mark.needs("mosquitto", "faketime")

PIN = "824613"
KEY, FLOOD, CLEAR, KILL = 5, 6, 13, 19

WIRES = """
import json, os, threading
from pathlib import Path

def drive():
    from gpiozero import Device
    board = Device.pin_factory = Device._default_pin_factory()
    turn = threading.Event()
    while not turn.wait(0.03):
        closed = json.loads(Path(os.environ["WIRES"]).read_text())
        for pin in (5, 6, 13, 19):
            board.pin(pin).drive_low() if pin in closed else board.pin(pin).drive_high()

threading.Thread(target=drive, daemon=True).start()
"""
"""Joins the pins of a board without wires to ground as a file says."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Hut:
    """A box with a page, and a phone on its network."""

    office: Office
    files: FileServer
    broker: Broker
    box: Box
    ear: Ear
    port: int
    wires: Path

    def give_clips(self) -> None:
        """Bring the zone's clips, and leave."""
        audio = {
            (hazard, tag): self.office.asset(600, note=f"{hazard} {tag}")
            for hazard, tags in (("flash_flood", ("vi", "bdq")), ("all_clear", ("vi",)))
            for tag in tags
        }
        self.audio = {name: asset.sha256 for name, asset in audio.items()}
        clips = ClipPage(
            (
                Clip(
                    "flash_flood",
                    tuple(Spoken(tag, (audio["flash_flood", tag],)) for tag in ("vi", "bdq")),
                    "Lũ quét",
                    "Flash flood",
                ),
                Clip("all_clear", (Spoken("vi", (audio["all_clear", "vi"],)),), "Báo yên", "Clear"),
            )
        )
        packed = gzip.compress(encode(clips), mtime=0)
        sha256 = hashlib.sha256(packed).hexdigest()
        (self.office.files / "pages" / f"{sha256}.json.gz").write_bytes(packed)
        desired = self.office.desired(
            (),
            serial=now_ms(),
            now_ms=now_ms(),
            sources=(self.files.address,),
            empty_because="thử / trial",
        )
        desired = replace(desired, clips=ClipsRef(sha256, len(packed)))
        self.ear.retain(topics.down(DID, "desired"), self.office.sealed(desired, Kind.DESIRED))
        wait_for(lambda: len(self.box.log("fetched")) == 4, "page and audio")

    def press(self, *pins: int) -> None:
        """Join these pins to ground, and no others."""
        aside = self.wires.with_suffix(".new")
        aside.write_text(json.dumps(pins))
        aside.replace(self.wires)

    def ask(self, method: str, path: str, pin: str = "", **headers: str) -> tuple[int, str]:
        phone = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        own = {
            "Origin": f"http://127.0.0.1:{self.port}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"pin": pin}) if method == "POST" else None
        phone.request(method, path, body, own | headers)
        answer = phone.getresponse()
        said = answer.read().decode()
        phone.close()
        return answer.status, said

    def choose_pin(self) -> None:
        subprocess.run(
            [sys.executable, "-m", "edge_agent", "pin", "--config", str(self.box.config)],
            input=f"{PIN}\n".encode(),
            check=True,
            capture_output=True,
        )

    def open(self) -> None:
        self.box.start()
        wait_for(lambda: self.box.log("agent_started"), "the agent")
        wait_for(self._answers, "the page")

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/")[0] == 200
        except OSError:
            return False

    def sounded(self) -> list[str]:
        """Hashes of what the player was let go with, in order."""
        loaded = {each["id"]: each["path"] for each in self.box.player_heard("load")}
        return [Path(loaded[each["id"]]).name[:64] for each in self.box.player_heard("play")]


@pytest.fixture
def hut(tmp_path: Path) -> Iterator[Hut]:
    """A box whose clock shows 1970, with a panel of pins."""
    clock = MovableClock(tmp_path)
    clock.into_1970()
    customize = tmp_path / "python" / "sitecustomize.py"
    customize.write_text(customize.read_text() + WIRES)
    wires = tmp_path / "wires"
    environment = {"GPIOZERO_PIN_FACTORY": "mock", "WIRES": str(wires)}
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    port = free_port()
    local = {
        "enabled": True,
        "interface": "127.0.0.1",
        "page_port": port,
        "siren_s": 0,
        "repeat_minutes": 0,
        "key_gpio": KEY,
        "all_clear_gpio": CLEAR,
        "hold_s": 1,
    }
    box = Box(
        office,
        tmp_path,
        broker.port,
        environment=clock.environment | environment,
        trust_system_clock=False,
        local_alert=local,
        switches={"kill_gpio": KILL},
    )
    button = f'[[local_alert.buttons]]\ngpio = {FLOOD}\nhazard = "flash_flood"\n'
    box.config.write_text(box.config.read_text() + button)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    hut = Hut(office, files, broker, box, ear, port, wires)
    hut.press()
    yield hut
    ear.close()
    box.close()
    broker.close()
    files.close()


def test_cut_off_and_without_a_clock_it_sounds_and_the_office_learns_of_it_later(hut: Hut) -> None:
    hut.choose_pin()
    hut.open()
    hut.give_clips()
    hut.box.stop()
    # The storm: no broker, and so no time either.
    hut.broker.kill()
    hut.open()
    status, page = hut.ask("GET", "/")
    assert "Lũ quét" in page
    assert re.search("Việt, Ba Na", page)
    assert hut.ask("POST", "/raise/flash_flood", "999888")[0] == 403
    assert hut.sounded() == []
    status, _ = hut.ask("POST", "/raise/flash_flood", PIN)
    assert status == 303
    flood = [hut.audio["flash_flood", "vi"], hut.audio["flash_flood", "bdq"]]
    wait_for(lambda: hut.sounded() == flood, "both languages")
    assert "còn 30 phút" in hut.ask("GET", "/")[1]
    # The agent dies in the midst of the second: it says that again, and not the first.
    hut.box.kill()
    hut.open()
    flood.append(flood[-1])
    wait_for(lambda: len(hut.box.log("play_over")) == 2, "the second language again")
    assert hut.sounded() == flood
    assert "còn 30 phút" in hut.ask("GET", "/")[1]
    assert hut.ask("POST", "/all-clear", PIN)[0] == 303
    wait_for(lambda: len(hut.box.log("play_over")) == 3, "the all-clear")
    assert hut.sounded() == [*flood, hut.audio["all_clear", "vi"]]
    assert "Không có báo động nào" in hut.ask("GET", "/")[1]
    # The network is back.
    hut.box.stop()
    hut.broker.restart()
    hut.ear.reconnect()
    hut.open()
    ended = wait_for(lambda: len(hut.ear.of_kind("ended")) == 3 and hut.ear.of_kind("ended"), "all")
    assert {event.source for event in ended} == {Source.LOCAL}
    assert len(hut.ear.of_kind("interrupted")) == 1
    (step,) = wait_for(lambda: hut.ear.alert_steps, "what became of it")
    assert (step.status, step.reason, step.hazard) == ("ended", "all_clear", "flash_flood")
    assert step.local
    assert {event.alert for event in ended} >= {step.alert}
    assert all(event.alert.startswith("local-") for event in ended)


def test_the_keyed_button_raises_the_kill_switch_silences_and_the_page_says_so(hut: Hut) -> None:
    pytest.importorskip("gpiozero", reason="extra pi is not installed")
    hut.open()
    hut.give_clips()
    hut.press(KILL, KEY)
    wait_for(lambda: "CÔNG TẮC NGẮT" in hut.ask("GET", "/raise/flash_flood")[1], "the page")
    hut.press(KILL, KEY, FLOOD)
    wait_for(lambda: hut.box.log("local_alert_silent"), "the silence to be noticed")
    assert hut.sounded() == []
    hut.press(KEY)
    wait_for(lambda: len(hut.box.log("play_over")) == 2, "both languages")
    hut.press(KEY, CLEAR)
    wait_for(lambda: hut.audio["all_clear", "vi"] in hut.sounded(), "the all-clear")
    assert len(hut.box.log("local_alert_raised")) == 1


def test_without_a_pin_nothing_is_raised(hut: Hut) -> None:
    hut.open()
    hut.give_clips()
    for guess in ("", "000000", PIN):
        assert hut.ask("POST", "/raise/flash_flood", guess)[0] == 403
    assert hut.sounded() == []
