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


def test_only_a_version_that_works_stays(machine: Machine) -> None:
    """One box, four versions after another: each fault leads back to the last good one."""
    machine.lay("1.1.0", UNREADING)
    machine.lay("1.2.0", NO_START)
    spooled = (machine.box.state / "spool.sqlite").stat().st_size

    refused = machine.update("--to", "1.1.0")
    assert refused.returncode == 1
    assert "boot damaged" in refused.stderr
    assert machine.running() == "1.0.0"

    for version in ("1.2.0", "1.3.0"):
        wait_for(lambda: status(machine).get("online"), "the old version to run")
        done = machine.update("--to", version, within=3)
        assert done.returncode == 1
        assert "does not answer" in done.stderr
        assert (machine.running(), machine.trusted()) == ("1.0.0", "1.0.0")
        result = json.loads((machine.records / "result").read_text().split("\n", 1)[1])
        assert (result["version"], result["status"]) == (version, "failed")
        assert not (machine.records / "under-way").exists()
        # Of all versions only these two are kept.
        kept = {path.name for path in (machine.home / "versions").iterdir()}
        assert kept == {"1.0.0", version}
        if version == "1.2.0":
            machine.lay("1.3.0", HANGS)
    wait_for(lambda: status(machine).get("version") == "1.0.0", "the old version to run")
    assert (machine.box.state / "spool.sqlite").stat().st_size >= spooled

    wait_for(lambda: status(machine).get("online"), "the box to be online")
    machine.lay("1.4.0")
    done = machine.update("--to", "1.4.0", steady=1)
    assert done.returncode == 0, done.stderr
    assert (machine.running(), machine.trusted()) == ("1.4.0", "1.4.0")
    assert status(machine)["version"] == "1.4.0"
    assert (machine.root / "etc/systemd/system/loalang-agent.service").is_file()
