"""The agent and its player really work under the limits that its unit sets."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_agent.contract import topics
from edge_agent.contract.commands import Command, TestTone
from edge_agent.contract.trust import Kind
from tests.deploy.agent import confined
from tests.edge_agent.office import DID, Office, encode_raw
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

UNIT = Path(__file__).parents[3] / "deploy/agent/loalang-agent.service"
LIMITS = [sys.executable, confined.__file__, str(UNIT)]

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def test_the_limits_are_limits(tmp_path: Path) -> None:
    escapes = {
        "writes elsewhere": f"touch {tmp_path}/outside",
        "changes root": "chroot / true",
        "makes code": f"{sys.executable} -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'",
        "mounts": f"mount -t tmpfs none {tmp_path}/inside",
    }
    inside = tmp_path / "inside"
    inside.mkdir()
    for name, escape in escapes.items():
        done = subprocess.run(
            [*LIMITS, str(inside), "sh", "-c", escape], capture_output=True, check=False
        )
        assert done.returncode != 0, name
    subprocess.run([*LIMITS, str(inside), "touch", str(inside / "ok")], check=True)


@pytest.mark.needs("mosquitto")
@pytest.mark.needs("mpv")
def test_a_confined_agent_takes_an_order_and_sounds(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    office = Office.open(tmp_path / "files")
    (tmp_path / "box").mkdir()
    box = Box(
        office,
        tmp_path / "box",
        broker.port,
        player={"kind": "mpv", "audio_output": "null"},
        amplifier={"on": ["true"], "off": ["true"], "lead_ms": 0, "hold_ms": 0},
    )
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    agent = [sys.executable, "-m", "edge_agent", "run", "--config", str(box.config)]
    with box.log_file.open("ab") as log:
        box.process = subprocess.Popen([*LIMITS, str(box.folder), *agent], stderr=log)
    try:
        wait_for(lambda: any(hello.keys for hello in ear.hellos), "the box to be online")
        now = time.time_ns() // 1_000_000
        body = encode_raw(TestTone(seconds=1))
        command = Command("t-1", "test_tone", DID, now, now + 60_000, body)
        ear.send(topics.down(DID, "cmd"), office.sealed(command, Kind.COMMAND))
        wait_for(lambda: ear.acks and ear.acks[-1].status == "done", "the tone to be over")
        wait_for(lambda: ear.of_kind("ended"), "its report")
        assert box.stop() == 0
        assert box.log("thread_died") == []
    finally:
        box.close()
        ear.close()
        broker.close()
