"""The units under which systemd keeps the box's agent, pairs it and updates it."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "deploy" / "agent"
UNITS = sorted(path.name for path in FOLDER.glob("loalang-agent*.[sp]*"))
EXPOSURE = {"loalang-agent": 2.0, "loalang-agent-update": 3.5, "loalang-agent-pair": 3.0}
"""The most that `systemd-analyze security` may say, of 10."""

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def read(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(FOLDER / name)
    return unit


def test_a_hung_agent_is_ended_and_a_dead_one_started_without_end() -> None:
    unit = read("loalang-agent.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"
    assert int(service["WatchdogSec"]) >= 30
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_what_judges_a_new_version_is_never_that_version() -> None:
    assert "/trusted/bin/" in read("loalang-agent-update.service")["Service"]["ExecStart"]


@needs_analyze
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(tmp_path: Path, name: str) -> None:
    for unit in UNITS:
        text = (FOLDER / unit).read_text()
        installed = re.sub(r"/opt/loalang-agent/\w+/bin/loalang-agent", sys.executable, text)
        (tmp_path / unit).write_text(installed)
    verify = ["systemd-analyze", "--recursive-errors=no", "verify", str(tmp_path / name)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert name not in done.stderr


@needs_analyze
@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_little_of_the_machine_is_open_to_it(name: str) -> None:
    unit = FOLDER / f"{name}.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    assert float(found[1]) <= EXPOSURE[name]


@pytest.mark.needs("shellcheck")
@pytest.mark.parametrize("name", ["install.sh", "make-bundle.sh", "loalang-agent"])
def test_shellcheck_finds_nothing(name: str) -> None:
    done = subprocess.run(
        ["shellcheck", str(FOLDER / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
