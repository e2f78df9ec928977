"""`loalang-agent pin`: typed by a person at the box."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.local.pin import FILE, PinCheck, PinUnset
from edge_agent.selftest.checks import check_page
from edge_agent.settings import load
from tests.edge_agent.test_settings import write

PIN = "824613"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return write(tmp_path, state_dir=f'"{tmp_path / "state"}"')


def typed(config: Path, said: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", "pin", "--config", str(config), *more],
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_set_and_dropped(config: Path) -> None:
    state_dir = config.parent / "state"
    done = typed(config, f"{PIN}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert PIN not in done.stdout
    check = PinCheck(state_dir, lambda: 0)
    check.check(PIN)
    assert typed(config, "", "--drop").returncode == 0
    with pytest.raises(PinUnset):
        check.check(PIN)


def test_the_self_test_says_whether_there_is_one(config: Path) -> None:
    config.write_text(config.read_text() + "\n[local_alert]\nenabled = true\n")
    settings = load(config)
    assert [check.state for check in check_page(settings)] == ["bad"]
    typed(config, f"{PIN}\n")
    assert [check.state for check in check_page(settings)] == ["good"]


def test_a_weak_one_is_refused_in_both_languages(config: Path) -> None:
    done = typed(config, "123456\n")
    assert done.returncode == 1
    assert "dễ đoán" in done.stderr
    assert "easy to guess" in done.stderr
    assert not (config.parent / "state" / FILE).exists()


def test_a_state_folder_that_is_not_there_is_said(config: Path) -> None:
    (config.parent / "state").rmdir()
    done = typed(config, f"{PIN}\n")
    assert done.returncode == 1
    assert "Cannot write" in done.stderr
