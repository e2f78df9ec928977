"""The real agent, seen from its desk, from afar and by the service manager that watches it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.commands import Diagnose, Reboot
from edge_agent.contract.desired import ReportPolicy
from edge_agent.contract.manifest import Cue
from edge_agent.contract.state import CheckState
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

pytestmark = pytest.mark.needs("mosquitto")
WATCHED_S = 3.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Manager:
    """Stands where systemd listens, and remembers when it heard what."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.environment = {
            "NOTIFY_SOCKET": str(path),
            "WATCHDOG_USEC": str(round(WATCHED_S * 1_000_000)),
        }
        self.words: list[tuple[float, str]] = []

    def heard(self, word: str) -> list[float]:
        """When a word that begins so was heard."""
        while True:
            try:
                said = self.socket.recv(4_096).decode()
            except BlockingIOError:
                break
            self.words.append((time.monotonic(), said))
        return [at for at, said in self.words if said.startswith(word)]


@dataclass
class Place:
    """One box, its office, and who stands before it."""

    office: Office
    files: FileServer
    box: Box
    ear: Ear
    manager: Manager
    serial: int = 0

    def publish(self, *cues: Cue, report: ReportPolicy | None = None) -> None:
        self.serial += 1
        desired = self.office.desired(
            cues, serial=self.serial, now_ms=now_ms(), sources=(self.files.address,)
        )
        if report is not None:
            desired = replace(desired, report=report)
        self.ear.retain(topics.down(DID, "desired"), self.office.sealed(desired, Kind.DESIRED))

    def order(self, kind: str, body: object, ident: str) -> None:
        command = self.office.command(kind, body, now_ms=now_ms(), ident=ident)
        self.ear.send(topics.down(DID, "cmd"), self.office.sealed(command, Kind.COMMAND))

    def steps(self, ident: str) -> list[str]:
        return [ack.status for ack in self.ear.acks if ack.id == ident]

    def type(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Type a command at the box."""
        run = [sys.executable, "-m", "edge_agent", *words, "--config", str(self.box.config)]
        return subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ)

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.type("status", "--json").stdout))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    manager = Manager(tmp_path / "notify")
    write = f"open({str(tmp_path / 'rebooted')!r}, 'a').write('x')"
    box = Box(
        office,
        tmp_path,
        broker.port,
        environment=manager.environment,
        max_spread_s=0,
        reboot=[sys.executable, "-c", write],
    )
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Place(office, files, box, ear, manager)
    ear.close()
    box.close()
    broker.close()
    files.close()
    manager.socket.close()


def test_who_stands_before_the_box_sees_how_it_is(place: Place) -> None:
    asset = place.office.asset(2_000)
    place.publish(
        *(cue(asset, now_ms() + hour * 3_600_000, title=f"Bản tin {hour}") for hour in range(1, 5))
    )
    wait_for(lambda: any(h.desired == 1 and not h.cache.lacking for h in place.ear.hellos), "plan")
    status = place.status()
    assert (status["did"], status["running"], status["online"]) == (DID, True, True)
    assert [(n["title"], n["held"]) for n in status["next"]] == [
        (f"Bản tin {hour}", True) for hour in range(1, 4)
    ]
    told = status["telemetry"]
    assert told["plan_until"] > now_ms() + 6 * 24 * 3_600_000
    assert told["disk_total_bytes"] > told["disk_free_bytes"] > 0
    assert status["clock_trusted"] is True

    screen = place.type("status")
    assert screen.returncode == 0
    assert "trực tuyến / online" in screen.stdout
    assert "Bản tin 1" in screen.stdout
    assert len(screen.stdout.splitlines()) <= 24

    place.box.kill_switch.touch()
    wait_for(lambda: place.ear.telemetry[-1].silenced == "kill_switch", "the silence to be told")
    assert "công tắc ngắt / kill switch" in place.type("status").stdout

    lines = place.type("log", "--lines", "400").stdout.splitlines()
    assert {"agent_started", "desired_accepted"} <= {json.loads(line)["action"] for line in lines}
    assert len(place.type("log", "--lines", "3").stdout.splitlines()) == 3

    place.box.kill()
    stopped = place.type("status")
    assert stopped.returncode == 1
    assert "KHÔNG CHẠY" in stopped.stdout
    assert "Bản tin 1" in stopped.stdout
    before = sorted((f.name, f.stat().st_mtime_ns) for f in place.box.state.iterdir())
    left = place.status()
    assert (left["running"], left["telemetry"]["plan_until"]) == (False, told["plan_until"])
    assert sorted((f.name, f.stat().st_mtime_ns) for f in place.box.state.iterdir()) == before
    assert "not_running" not in place.type("log").stdout
    assert place.type("log").returncode == 1


def test_a_far_technician_sees_checks_and_log_and_starts_the_machine_anew(place: Place) -> None:
    place.publish(cue(place.office.asset(1_000), now_ms() + 24 * 3_600_000))
    wait_for(lambda: any(h.desired == 1 for h in place.ear.hellos), "the plan to be accepted")
    place.order("diagnose", Diagnose(lines=50), "look-1")
    (found,) = wait_for(lambda: place.ear.diagnoses, "the diagnosis")
    assert found.command == "look-1"
    states = {check.name: check.state for check in found.checks}
    assert states["disk_write"] is CheckState.GOOD
    assert all(check.vi and check.en for check in found.checks)
    assert "desired_accepted" in {json.loads(line)["action"] for line in found.lines}
    wait_for(lambda: "done" in place.steps("look-1"), "its end")

    place.order("reboot", Reboot(), "again-1")
    wait_for((place.box.folder / "rebooted").exists, "the machine to be started anew")
    wait_for(lambda: "started" in place.steps("again-1"), "its beginning")
    place.box.stop()
    place.box.start()
    wait_for(lambda: "failed" in place.steps("again-1"), "the truth: this machine ran on")
    assert (place.box.folder / "rebooted").read_text() == "x"


def test_a_loop_that_hangs_is_silent_to_its_watchdog_and_works_after_a_new_start(
    place: Place,
) -> None:
    wait_for(lambda: place.manager.heard("READY=1"), "the agent to be ready")
    wait_for(lambda: len(place.manager.heard("WATCHDOG=1")) >= 3, "its pings")
    wait_for(lambda: place.manager.heard("STATUS=trực tuyến"), "its word on itself")

    # A write that never ends, as to a card that hangs: it waits for somebody to read.
    os.mkfifo(place.box.state / "desired.json.new")
    place.publish(cue(place.office.asset(1_000), now_ms() + 3_600_000))
    wait_for(
        lambda: time.monotonic() - place.manager.heard("WATCHDOG=1")[-1] > WATCHED_S,
        "the watchdog to have heard nothing for too long",
    )
    process = place.box.process
    assert process is not None
    assert process.poll() is None
    process.send_signal(signal.SIGABRT)
    process.wait(10)

    (place.box.state / "desired.json.new").unlink()
    before = len(place.manager.heard("WATCHDOG=1"))
    place.box.start()
    wait_for(lambda: len(place.manager.heard("WATCHDOG=1")) > before, "pings again")
    wait_for(lambda: any(h.desired == 1 for h in place.ear.hellos), "the plan to be accepted")
    assert place.box.stop() == 0
    assert place.manager.heard("STOPPING=1")


def test_an_agent_that_lost_a_thread_starts_anew(place: Place) -> None:
    """As the service manager sees it: the agent ends by itself, and not in order."""
    place.box.kill()
    fall = (
        "import sys, threading; from edge_agent.__main__ import main; "
        "threading.Timer(2.0, lambda: 1 / 0).start(); main(sys.argv[1:])"
    )
    run = [sys.executable, "-c", fall, "run", "--config", str(place.box.config)]
    with place.box.log_file.open("ab") as log:
        done = subprocess.run(run, stderr=log, env=os.environ, check=False, timeout=25)
    assert done.returncode == 1
    (died,) = place.box.log("thread_died")
    assert "division by zero" in died["error"]
    assert place.box.log("agent_stopped")


def test_a_box_speaks_as_often_as_its_controller_asks(place: Place) -> None:
    asset = place.office.asset(1_000)
    place.publish(cue(asset, now_ms() + 3_600_000), report=ReportPolicy(heartbeat_s=1))
    wait_for(lambda: any(h.desired == 1 and not h.cache.lacking for h in place.ear.hellos), "plan")
    before = len(place.ear.telemetry)
    wait_for(lambda: len(place.ear.telemetry) >= before + 4, "a heartbeat each second", 8)
