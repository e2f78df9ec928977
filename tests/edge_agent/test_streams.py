"""What a station answers when it is asked whether it is there again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent import streams
from edge_agent.streams import fault_of, shown
from tests.edge_agent.stations import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(b"\xff\xfb" + bytes(8_000), tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/live", ""),
        ("/moved", ""),
        ("/gone", "HTTP 404"),
        ("/page", "a web page, no sound"),
        ("/file", "address is not http(s)"),
    ],
)
def test_a_station_is_there_if_it_sends_what_may_be_sound(
    station: Station, path: str, fault: str
) -> None:
    assert fault_of(station.address + path) == fault


def test_a_station_that_never_answers_is_not_there(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "ANSWER_WITHIN_S", 0.2)
    assert "timed out" in fault_of(station.address + "/never")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "", "http://", "https://[", "gopher://x"])
def test_no_other_way_is_followed(url: str) -> None:
    assert fault_of(url)


def test_nobody_on_the_port_is_a_fault() -> None:
    assert "refused" in fault_of("http://127.0.0.1:9/").lower()


def test_logs_show_no_secret_of_an_address() -> None:
    assert shown("https://me:secret@dai.example:8443/vov1?token=x") == (
        "https://dai.example:8443/vov1"
    )
    assert shown("http://[") == "?"
