"""From the office's order to the new version's word that it is done, with real processes."""

import hashlib
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.commands import AckStatus, Command, Update
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, UNIT, FileServer, Office, encode_raw
from tests.edge_agent.real_parts import Broker, Ear, wait_for
from tests.edge_agent.update.machine import UNIT as UNIT_FILE
from tests.edge_agent.update.machine import Machine

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(120)]

# The true installer takes its time with wheels, and has its own tests.
QUICK_INSTALLER = """\
case $1 in
--lay) mkdir -p {versions}/1.1.0 && tar -xzf "$2" -C {versions}/1.1.0 && echo 1.1.0 ;;
--settle) ln -sfn "versions/$2" {home}/current ;;
esac
"""


def test_an_ordered_version_is_fetched_installed_and_reported(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    office = Office.open(tmp_path / "files")
    server = FileServer(office.files)
    machine = Machine(tmp_path, office, broker.port)
    machine.lay("1.0.0")
    machine.lay("1.1.0")
    script = QUICK_INSTALLER.format(versions=machine.home / "versions", home=machine.home)
    for version in ("1.0.0", "1.1.0"):
        (machine.home / "versions" / version / "deploy/install.sh").write_text(script)
    update = _bundle(machine, office)
    now = time.time_ns() // 1_000_000
    spoken = (Spoken("vi", (office.asset(300),)),)
    flood = Alert("lu-1", 1, Severity.EXTREME, (UNIT,), now, now + 120_000, 60, spoken)
    ear = Ear(office, broker.port, machine.box.key)
    now = time.time_ns() // 1_000_000
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    desired = office.desired(
        (), serial=1, now_ms=now, sources=(server.address,), empty_because="nothing planned"
    )
    ear.retain(topics.down(DID, "desired"), office.sealed(desired, Kind.DESIRED))
    machine.begin("1.0.0")
    try:
        wait_for(lambda: any(h.desired for h in ear.hellos), "the box to hold its plan")
        assert "update" in ear.hellos[-1].capabilities
        now = time.time_ns() // 1_000_000
        command = Command("u-1", "update", DID, now, now + 60_000, encode_raw(update))
        ear.send(topics.down(DID, "cmd"), office.sealed(command, Kind.COMMAND))
        wait_for((machine.box.state / "update/order").exists, "the order to be handed over")
        steps = ["received", "accepted", "started"]
        wait_for(lambda: [ack.status for ack in ear.acks] == steps, "the steps so far")
        assert machine.running() == "1.0.0"

        with ThreadPoolExecutor() as aside:
            updating = aside.submit(machine.update, within=15, steady=1)
            stop = ["stop", UNIT_FILE]
            wait_for(lambda: stop in machine.systemd.calls, "the old version to be stopped")
            alerts = office.alerts(flood, serial=1, now_ms=flood.issued)
            ear.retain(topics.group_alert(UNIT, "province"), office.sealed(alerts, Kind.ALERT))
        done = updating.result()

        assert done.returncode == 0, done.stderr
        # An alert that came while no version ran waits for the new one.
        said = [event.alert for event in wait_for(lambda: ear.of_kind("ended"), "the alert")]
        assert said == ["lu-1"]
        wait_for(lambda: ear.acks[-1].status is AckStatus.DONE, "the box to say that it is done")
        wait_for(lambda: ear.hellos[-1].agent == "1.1.0", "the new version to say hello")
        assert not (machine.box.state / "update/wanted").exists()
        assert machine.trusted() == "1.1.0"
        # A replay does nothing: neither to the agent nor to the updater.
        ear.send(topics.down(DID, "cmd"), office.sealed(command, Kind.COMMAND))
        wait_for(lambda: ear.acks[-1].status is AckStatus.DONE, "the same answer")
        assert not (machine.box.state / "update/order").exists()
    finally:
        machine.close()
        ear.close()
        server.close()
        broker.close()


def _bundle(machine: Machine, office: Office) -> Update:
    """Pack what was laid down of 1.1.0 and take it away again."""
    place = machine.home / "versions/1.1.0"
    folder = office.files / "bundles"
    folder.mkdir()
    file = folder / "packed"
    with tarfile.open(file, "w:gz") as packed:
        packed.add(place, ".")
    place.rename(machine.home / "away")
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    file.rename(folder / sha256)
    return Update("1.1.0", sha256, len(content))
