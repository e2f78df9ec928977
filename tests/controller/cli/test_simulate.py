import subprocess
import sys

import pytest


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", "simulate", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.mark.needs("mosquitto")
def test_a_fleet_alone_plays_what_it_is_told_and_every_report_is_acknowledged() -> None:
    done = simulate("--alone", "--agents", "20", "--seconds", "1")

    assert done.returncode == 0, done.stderr
    rows = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["phát / plays: ended"] == "20"
    assert rows["sự kiện đã nhận / acknowledged"] == "40"
    assert rows["sự kiện chưa nhận / not acknowledged"] == "0"


def test_another_machine_is_not_loaded_unless_told() -> None:
    done = simulate("--url", "http://192.0.2.1:8077", "--agents", "1")

    assert done.returncode == 2
    assert "192.0.2.1 is not this machine" in done.stderr
