"""Word to the service manager: what is said on its socket, and when it is not."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.watchdog import ThreadDied, Watchdog, watch_threads


class Manager:
    """The end of the socket where systemd listens."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "60000000"}

    def heard(self) -> list[str]:
        words = []
        while True:
            try:
                words.append(self.socket.recv(4_096).decode())
            except BlockingIOError:
                return words


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.socket.close()


def test_it_speaks_three_times_in_each_interval_and_of_changes_once(manager: Manager) -> None:
    watchdog = Watchdog(manager.environment)
    watchdog.ready()
    assert manager.heard() == ["READY=1"]
    for second in range(60):
        watchdog.turned(second * 1_000, "online" if second < 30 else "off\nline")
    assert manager.heard() == [
        "STATUS=online",
        "WATCHDOG=1",
        "WATCHDOG=1",
        "STATUS=off line",
        "WATCHDOG=1",
    ]
    watchdog.stopping()
    assert manager.heard() == ["STOPPING=1"]


@pytest.mark.parametrize("other", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}])
def test_it_pings_only_where_this_process_is_watched(
    manager: Manager, other: dict[str, str]
) -> None:
    watchdog = Watchdog(manager.environment | other)
    watchdog.turned(0, "")
    assert manager.heard() == []
    Watchdog(manager.environment | {"WATCHDOG_PID": str(os.getpid())}).turned(0, "")
    assert manager.heard() == ["WATCHDOG=1"]


def test_an_abstract_address_is_reached() -> None:
    name = f"loalang-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        listener.settimeout(5)
        Watchdog({"NOTIFY_SOCKET": "@" + name}).ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify", "/" + "n" * 300])
def test_nobody_who_listens_is_no_fault(address: str) -> None:
    Watchdog({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"}).turned(0, "x")


def test_a_full_socket_holds_nobody_up(manager: Manager) -> None:
    watchdog = Watchdog(manager.environment | {"WATCHDOG_USEC": "3000"})
    for turn in range(2_000):
        watchdog.turned(turn, str(turn))


@pytest.fixture
def hook() -> Iterator[None]:
    before = threading.excepthook
    yield
    threading.excepthook = before


@pytest.mark.usefixtures("hook")
def test_a_thread_that_dies_is_told_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    told: list[ThreadDied] = []
    watch_threads(told.append)

    def fall() -> None:
        raise RuntimeError("fell over")

    with caplog.at_level(logging.ERROR):
        thread = threading.Thread(target=fall, name="link")
        thread.start()
        thread.join()
    assert told == [ThreadDied("link")]
    assert "fell over" in caplog.text
