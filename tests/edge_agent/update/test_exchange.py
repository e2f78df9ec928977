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

pytestmark = pytest.mark.needs("mosquitto")

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


def test_a_healthy_version_stays_and_is_trusted(machine: Machine) -> None:
    machine.lay("1.1.0")
    done = machine.update("--to", "1.1.0")
    assert done.returncode == 0, done.stderr
    assert (machine.running(), machine.trusted()) == ("1.1.0", "1.1.0")
    assert status(machine)["version"] == "1.1.0"
    units = machine.root / "etc/systemd/system"
    assert (units / "loalang-agent.service").is_file()


@pytest.mark.parametrize("fault", [NO_START, HANGS], ids=["does not start", "hangs"])
def test_a_version_that_does_not_work_is_left_again(
    machine: Machine, fault: tuple[str, str, str]
) -> None:
    spooled = (machine.box.state / "spool.sqlite").read_bytes()
    machine.lay("1.1.0", fault)
    done = machine.update("--to", "1.1.0", within=4)
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert (machine.running(), machine.trusted()) == ("1.0.0", "1.0.0")
    wait_for(lambda: status(machine).get("version") == "1.0.0", "the old version to run")
    assert (machine.box.state / "spool.sqlite").stat().st_size >= len(spooled)
    result = json.loads((machine.records / "result").read_text().split("\n", 1)[1])
    assert result["status"] == "failed"
    assert not (machine.records / "under-way").exists()


def test_a_version_that_cannot_read_the_state_is_never_let_run(machine: Machine) -> None:
    machine.lay(
        "2.0.0",
        ("held.py", 'self._keys = folder / "keys.json"', 'self._keys = folder / "boot"'),
    )
    before = machine.systemd.starts
    done = machine.update("--to", "2.0.0")
    assert done.returncode == 1
    assert "boot damaged" in done.stderr
    assert machine.running() == "1.0.0"
    wait_for(lambda: status(machine).get("version") == "1.0.0", "the old version to run")
    assert machine.systemd.starts == before + 1
