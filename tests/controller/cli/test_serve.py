"""`loalang serve` as a technician starts it: what it prints, and what it refuses."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("mosquitto")

SERVE = (sys.executable, "-m", "controller", "serve")


@contextmanager
def serving(data: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A running controller and what it said until it was ready."""
    process = subprocess.Popen(
        [*SERVE, "--data-dir", str(data), "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("Loa Làng"):
            break
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def refused(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVE, "--data-dir", str(data), "--port", str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_first_password_is_printed_once_and_the_broker_ends_with_us(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, said):
        first = "".join(said)
        port = int((tmp_path / "broker" / "port").read_text())
        assert _answers(port)
    assert re.search(r"quantri  [a-z0-9]{4}(-[a-z0-9]{4}){3}", first)
    assert process.returncode == 0
    assert not _answers(port)

    with serving(tmp_path) as (_, said):
        again = "".join(said)
        assert _answers(port), "boxes find the broker where it was"
    assert "quantri" not in again


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_second_controller_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        done = refused(tmp_path, 0)

    assert done.returncode == 2
    assert "Một bộ điều khiển khác đang dùng" in done.stderr
    assert "Another controller is using" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = refused(tmp_path, taken.getsockname()[1])

    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was made"
