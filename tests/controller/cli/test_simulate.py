import subprocess
import sys
from pathlib import Path

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


SCRIPT = """
[[programme]]
at = "5s"
seconds = 3
[[fault]]
at = "3s"
kind = "link_down"
boxes = [0, 1, 2]
for = "5s"
[[fault]]
at = "6.5s"
kind = "power_cut"
boxes = [3, 4]
for = "2s"
[[fault]]
at = "0s"
kind = "corrupt_report"
boxes = [5]
for = "6.5s"
[[fault]]
at = "9s"
kind = "link_down"
boxes = [5]
for = "500ms"
[[fault]]
at = "0s"
kind = "duplicate_reports"
boxes = [6, 7]
for = "9s"
[[fault]]
at = "4s"
kind = "lying_will"
boxes = [8]
for = "1s"
"""


@pytest.mark.needs("mosquitto")
def test_a_script_of_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    script = tmp_path / "faults.toml"
    script.write_text(SCRIPT)
    done = simulate(
        *("--alone", "--agents", "12", "--seconds", "9", "--play-every", "0"),
        *("--script", str(script), "--real-audio", "--fetch-all"),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    totals, faults = done.stdout.split("\n\n")
    rows = dict(line.rsplit(maxsplit=1) for line in totals.splitlines())
    assert rows["lượt phát theo lịch / plays expected"] == "12"
    assert rows["  đã phát / made"] == "12"
    assert rows["phát / plays: interrupted"] == "2"
    assert rows["tệp tiếng đã tải / audio fetched"] == "12"
    assert rows["sự kiện mất / events lost"] == "0"
    assert rows["sự kiện thừa / events doubled"] == "0"
    table = [line.split() for line in faults.splitlines()[1:]]
    assert [(line[0], *map(int, line[2:])) for line in table] == [
        ("link_down", 3, 3, 0, 0, 0),
        ("power_cut", 2, 2, 0, 0, 0),
        ("corrupt_report", 1, 1, 0, 0, 0),
        ("link_down", 1, 1, 0, 0, 0),
        ("duplicate_reports", 2, 2, 0, 0, 0),
        ("lying_will", 1, 1, 0, 0, 0),
    ]


def test_a_script_that_cannot_be_carried_out_starts_nothing(tmp_path: Path) -> None:
    script = tmp_path / "faults.toml"
    script.write_text('[[programme]]\nat = "5s"\n')
    done = simulate("--script", str(script))

    assert done.returncode == 2
    assert "which need --alone" in done.stderr


def test_another_machine_is_not_loaded_unless_told() -> None:
    done = simulate("--url", "http://192.0.2.1:8077", "--agents", "1")

    assert done.returncode == 2
    assert "192.0.2.1 is not this machine" in done.stderr
