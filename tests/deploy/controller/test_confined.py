"""The controller, its broker and its voices really work under the limits that the unit sets."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from controller.cli.api_client import Api
from tests.deploy.agent import confined

UNIT = Path(__file__).parents[3] / "deploy" / "controller" / "loalang.service"
VOICED_WITHIN_S = 40

pytestmark = [
    pytest.mark.needs("mosquitto"),
    pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"),
]


def voiced(api: Api, text: str) -> dict[str, Any]:
    """The audio of a new bulletin, when its voice is done or has failed."""
    draft = api.post("/bulletins", {"scripts": {"vi": text}})
    api.post(f"/bulletins/{draft['id']}/approve", {"version": draft["version"]})
    deadline = time.monotonic() + VOICED_WITHIN_S
    while time.monotonic() < deadline:
        audio: dict[str, Any] = api.get(f"/bulletins/{draft['id']}")["scripts"][0]["audio"]
        if audio["state"] in ("ready", "failed"):
            return audio
        time.sleep(0.1)
    raise TimeoutError(audio)


@pytest.mark.timeout(90)
def test_a_confined_office_starts_its_broker_and_reads_a_bulletin_aloud(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, confined.__file__, str(UNIT), str(tmp_path)),
            *(sys.executable, "-m", "controller", "serve", "--sample", "1"),
            *("--data-dir", str(tmp_path / "data"), "--port", "0"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("Loa Làng"):
                break
        url = re.search(r"(http://\S+)", said)
        account = re.search(r"(quantri)  (\S+)", said)
        assert url is not None, said
        assert account is not None, said
        api = Api(url[1])
        api.sign_in(account[1], account[2])
        audio = voiced(api, "Họp thôn lúc bảy giờ.")
        assert audio["state"] == "ready", audio["en"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
