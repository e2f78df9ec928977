"""The self-test of a box: every part looked at, said in both languages."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.desired import Maintenance
from edge_agent.contract.state import Check, CheckState, OnAir, Telemetry
from edge_agent.contract.trust import Kind
from edge_agent.held import HeldStore
from edge_agent.selftest.checks import check_disk, check_ear, check_player, judge, lines, tone_check
from edge_agent.settings import BrokerAddress, HornSettings, PlayerSettings, Settings
from edge_agent.status.status import NextPlay, Status
from edge_agent.tone import wav
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, free_port, wait_for

NOW_MS = 1_795_386_600_000
DAY_MS = 24 * 3_600_000
TALKS = (sys.executable, "-u", "-c", "import time\nwhile True: print(-61); time.sleep(0.1)")


def settings(folder: Path, **changes: Any) -> Settings:
    fields: dict[str, Any] = {
        "did": DID,
        "state_dir": str(folder),
        "root_public_key": "",
        "placement": "",
        "brokers": (BrokerAddress("mqtt://127.0.0.1"),),
        "player": PlayerSettings("mpv"),
    }
    return Settings(**(fields | changes))


def status(**changes: Any) -> Status:
    told = Telemetry(
        boot=1,
        at=NOW_MS,
        desired=1,
        lacking=0,
        bytes_wanted=0,
        bytes_held=0,
        disk_free_bytes=900_000_000,
        plan_until=NOW_MS + 7 * DAY_MS,
        temperature_c=48.0,
        under_voltage=False,
        disk_errors=0,
        card_worn_percent=10,
    )
    own = {name: changes.pop(name) for name in tuple(changes) if hasattr(told, name)}
    fields: dict[str, Any] = {
        "did": DID,
        "running": True,
        "version": "1",
        "time_zone": "UTC",
        "now": NOW_MS,
        "telemetry": replace(told, **own),
        "online": True,
        "clock_trusted": True,
    }
    return Status(**(fields | changes))


def bad(checks: tuple[Check, ...]) -> set[str]:
    return {check.name for check in checks if check.state is CheckState.BAD}


@pytest.fixture
def box(tmp_path: Path) -> Settings:
    return settings(tmp_path)


def test_a_box_in_order_has_nothing_bad(box: Settings) -> None:
    checks = judge(box, status())
    assert bad(checks) == set()
    assert all(check.vi and check.en for check in checks)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"disk_free_bytes": 1_000_000}, "disk_free"),
        ({"disk_errors": 1}, "disk_errors"),
        ({"card_worn_percent": 80}, "card"),
        ({"temperature_c": 85.0}, "temperature"),
        ({"under_voltage": True}, "supply"),
        ({"clock_trusted": False}, "clock"),
        ({"online": False}, "link"),
        ({"plan_until": None}, "plan"),
        ({"plan_until": NOW_MS + DAY_MS - 1}, "plan"),
        ({"plan_until": NOW_MS - 6 * 366 * DAY_MS}, "plan"),
        ({"next": (NextPlay("c", "t", NOW_MS + 60_000, held=False),)}, "audio"),
        ({"spooled": 1_001}, "reports"),
        ({"certificate_trouble": "box_retired"}, "certificate"),
        ({"certificate_trouble": "a word of a newer office"}, "certificate"),
    ],
)
def test_each_fault_is_named(box: Settings, changes: dict[str, Any], name: str) -> None:
    assert bad(judge(box, status(**changes))) == {name}


@pytest.mark.parametrize("part", ["disk_errors", "card_worn_percent", "temperature_c"])
def test_what_the_machine_does_not_tell_is_not_known(box: Settings, part: str) -> None:
    unknown = [c for c in judge(box, status(**{part: None})) if c.state is CheckState.UNKNOWN]
    assert len(unknown) == 1


def test_what_is_written_is_read_back_and_nothing_is_left(tmp_path: Path) -> None:
    assert check_disk(tmp_path).state is CheckState.GOOD
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_bad(tmp_path: Path) -> None:
    assert check_disk(tmp_path / "gone").state is CheckState.BAD


@pytest.mark.needs("mpv")
def test_mpv_decodes_a_tone_into_nothing(box: Settings) -> None:
    assert check_player(box, status()).state is CheckState.GOOD


def test_a_player_that_is_not_there_is_bad(tmp_path: Path) -> None:
    box = settings(tmp_path, player=PlayerSettings("mpv", ("/nowhere/mpv",)))
    found = check_player(box, status())
    assert found.state is CheckState.BAD
    assert "/nowhere/mpv" in found.en


def test_a_player_that_cannot_decode_is_bad(tmp_path: Path) -> None:
    scripted = str(Path(__file__).parent / "scripted_player.py")
    player = PlayerSettings("command", (sys.executable, scripted, str(tmp_path / "heard")))
    found = check_player(settings(tmp_path, player=player), status(running=False))
    assert found.state is CheckState.BAD, "it reads no WAV, and dies of it"


def test_a_makers_player_is_not_started_beside_a_running_agent(tmp_path: Path) -> None:
    box = settings(tmp_path, player=PlayerSettings("command", ("/nowhere",)))
    assert check_player(box, status()).state is CheckState.UNKNOWN


def test_the_ear_tells_how_quiet_it_is(tmp_path: Path) -> None:
    box = settings(tmp_path, horn=HornSettings("command", argv=TALKS))
    found = check_ear(box, status())
    assert (found.state, "-61 dBFS" in found.en) == (CheckState.GOOD, True)


def test_a_deaf_ear_is_bad(tmp_path: Path) -> None:
    box = settings(tmp_path, horn=HornSettings("command", argv=("/nowhere",)))
    assert check_ear(box, status()).state is CheckState.BAD


@pytest.mark.parametrize(
    "changes",
    [
        {"on_air": OnAir("p", "c", 1, 2)},
        {"next": (NextPlay("c", "t", NOW_MS + 5_000, held=True),)},
    ],
)
def test_the_ear_is_left_to_what_sounds(tmp_path: Path, changes: dict[str, Any]) -> None:
    box = settings(tmp_path, horn=HornSettings("command", argv=("/nowhere",)))
    assert check_ear(box, status(**changes)).state is CheckState.UNKNOWN


@pytest.mark.parametrize(
    ("came", "state"),
    [
        (("done", "", "yes"), CheckState.GOOD),
        (("done", "", "no"), CheckState.BAD),
        (("done", "", "unknown"), CheckState.GOOD),
        (("refused", "quiet_hours", ""), CheckState.BAD),
    ],
)
def test_what_came_of_a_tone(came: tuple[str, str, str], state: CheckState) -> None:
    assert tone_check(*came).state is state


def test_every_check_is_a_line_with_a_mark(box: Settings) -> None:
    said = list(lines(judge(box, status(online=False))))
    assert {line[0] for line in said} == {"✓", "✗"}
    assert all(" / " in line for line in said)


def run(box: Box, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", "selftest", "--config", str(box.config), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


def marks(said: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    checks = (line for line in said.stdout.splitlines() if line[0] in "✓✗?")
    return {line.rpartition("[")[2].rstrip("]"): line[0] for line in checks}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.open(tmp_path / "files")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.close()


HORN = {"kind": "command", "argv": list(TALKS)}
MPV = {"kind": "mpv", "audio_output": "null"}


@pytest.mark.needs("mosquitto", "mpv")
def test_a_box_at_rest_is_tested_with_its_broker_and_its_tone(
    tmp_path: Path, office: Office, broker: Broker
) -> None:
    switched = tmp_path / "switched"
    switch = {name: ["sh", "-c", f"echo {name} >> {switched}"] for name in ("on", "off")}
    box = Box(office, tmp_path, broker.port, player=MPV, amplifier=switch)
    said = run(box, "--tone")
    found = marks(said)
    assert found["broker"] == found["player"] == found["disk_write"] == "✓"
    assert found["amplifier"] == found["tone"] == "✓"
    assert found["ear"] == "?"
    assert switched.read_text().split() == ["on", "off"]
    assert found["plan"] == "✗"
    assert said.returncode == 1
    assert not [file for file in box.state.iterdir() if "selftest" in file.name]


@pytest.mark.needs("mosquitto", "mpv")
def test_a_running_agent_tests_itself_and_sounds_a_tone_after_what_is_on_air(
    tmp_path: Path, office: Office, broker: Broker
) -> None:
    files = FileServer(tmp_path / "files")
    box = Box(office, tmp_path, broker.port, player=MPV, horn=HORN)
    ear = Ear(office, broker.port, box.key)
    try:
        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
        now_ms = time.time_ns() // 1_000_000
        asset = office.audio(wav(2), 2_000)
        planned = cue(asset, now_ms + 4_000, id="news")
        desired = office.desired((planned,), serial=1, now_ms=now_ms, sources=(files.address,))
        ear.retain(topics.down(DID, "desired"), office.sealed(desired, Kind.DESIRED))
        box.start()
        wait_for(lambda: ear.of_kind("started"), "the news to begin")
        said = run(box, "--tone")
        found = marks(said)
        assert found["link"] == found["plan"] == found["clock"] == found["player"] == "✓"
        assert found["tone"] == "✗", "the ear hears the same silence as before"
        assert "broker" not in found
        ended = wait_for(lambda: ear.of_kind("ended")[1:], "the report of the tone")
        assert (ended[0].title, ended[0].rank, ended[0].heard) == ("Âm thử", "filler", "no")
        assert [event.title for event in ear.of_kind("started")] == [planned.title, "Âm thử"]
        assert ear.acks == [], "nobody ordered it from afar"
    finally:
        ear.close()
        box.close()
        files.close()


def test_a_box_without_player_and_broker_is_tested_all_the_same(
    tmp_path: Path, office: Office
) -> None:
    box = Box(office, tmp_path, free_port(), player={"kind": "mpv", "argv": ["/nowhere/mpv"]})
    said = run(box, "--tone")
    found = marks(said)
    assert found["tone"] == found["player"] == found["broker"] == "✗"
    assert found["disk_write"] == "✓"
    assert "không tới được" in said.stdout


def test_where_somebody_works_at_the_horn_no_tone_sounds_also_without_an_agent(
    tmp_path: Path, office: Office
) -> None:
    switched = tmp_path / "switched"
    switch = {name: ["sh", "-c", f"echo {name} >> {switched}"] for name in ("on", "off")}
    missing = {"kind": "mpv", "argv": ["/nowhere/mpv"]}
    box = Box(office, tmp_path, free_port(), player=missing, amplifier=switch)
    now_ms = time.time_ns() // 1_000_000
    works = Maintenance(now_ms + 60_000, "thay dây loa")
    HeldStore(box.state).take_desired(
        replace(office.desired((), serial=1, now_ms=now_ms), maintenance=works)
    )
    said = run(box, "--tone")
    assert "không phát được âm thử: đang bảo trì" in said.stdout
    assert not switched.exists()
