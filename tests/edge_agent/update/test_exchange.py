"""One version for another, with real agents: the healthy one stays, any other is left again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.desk import Done, ask
from edge_agent.errors import AgentError
from tests.edge_agent.office import Office
from tests.edge_agent.real_parts import Broker, wait_for
from tests.edge_agent.update.machine import Machine

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(120)]

RUN = "def _run(file: Path, *, with_parent: bool) -> int:\n"
NO_START = ("__main__.py", RUN, RUN + "    sys.exit(3)\n")
STEP = "            wait_s = self._step()\n"
HANGS = ("agent.py", STEP, "            import time\n\n            time.sleep(1_000)\n" + STEP)


def status(machine: Machine) -> dict[str, object]:
    try:
        for answer in ask(machine.box.state, "status"):
            if isinstance(answer, Done):
                return answer.body
    except AgentError:
        pass
    return {}


UNREADING = ("held.py", 'folder / "keys.json"', 'folder / "boot"')


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    broker = Broker(tmp_path)
    office = Office.open(tmp_path / "files")
    box = Machine(tmp_path, office, broker.port)
    box.lay("1.0.0")
    box.begin("1.0.0")
    try:
        wait_for(lambda: status(box).get("online"), "the box to be online")
        yield box
    finally:
        box.close()
        broker.close()


def result(machine: Machine) -> tuple[str, str]:
    told = json.loads((machine.records / "result").read_text().split("\n", 1)[1])
    return told["version"], told["status"]


def went_back(machine: Machine, version: str) -> None:
    """Try that version; it must be left again, with nothing but the two versions kept."""
    wait_for(lambda: status(machine).get("online"), "the old version to be online")
    done = machine.update("--to", version, within=1)
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert (machine.running(), machine.trusted()) == ("1.0.0", "1.0.0")
    assert result(machine) == (version, "failed")
    assert not (machine.records / "under-way").exists()
    kept = {path.name for path in (machine.home / "versions").iterdir()}
    assert kept == {"1.0.0", version}
    wait_for(lambda: status(machine).get("version") == "1.0.0", "the old version to run")


def test_who_cannot_read_the_state_or_start_is_left_again(machine: Machine) -> None:
    machine.lay("1.1.0", UNREADING)
    starts = machine.systemd.starts
    refused = machine.update("--to", "1.1.0")
    assert refused.returncode == 1
    assert "boot damaged" in refused.stderr
    assert machine.running() == "1.0.0"
    wait_for(lambda: machine.systemd.starts == starts + 1, "the old version to run again")

    machine.lay("1.2.0", NO_START)
    went_back(machine, "1.2.0")


def test_who_hangs_is_left_again_and_who_is_healthy_stays(machine: Machine) -> None:
    spooled = (machine.box.state / "spool.sqlite").stat().st_size
    machine.lay("1.3.0", HANGS)
    went_back(machine, "1.3.0")
    assert (machine.box.state / "spool.sqlite").stat().st_size >= spooled

    wait_for(lambda: status(machine).get("online"), "the box to be online")
    machine.lay("1.4.0")
    done = machine.update("--to", "1.4.0", steady=1)
    assert done.returncode == 0, done.stderr
    assert (machine.running(), machine.trusted()) == ("1.4.0", "1.4.0")
    assert result(machine) == ("1.4.0", "done")
    assert status(machine)["version"] == "1.4.0"
    assert (machine.root / "etc/systemd/system/loalang-agent.service").is_file()
