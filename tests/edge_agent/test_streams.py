"""What a station answers when it is asked whether it is there again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent import streams
from edge_agent.streams import fault_of, shown
from tests.certificates import self_signed
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


def test_a_host_that_proved_its_name_sends_nobody_on(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path / "localhost.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    proved = Station(b"\xff\xfb" + bytes(8_000), tmp_path, certificate)
    try:
        assert fault_of(f"{proved.address}/live") == ""
        assert "redirected" in fault_of(f"{proved.address}/onward?{station.address}/live")
    finally:
        proved.close()


def test_nobody_on_the_port_is_a_fault() -> None:
    assert "refused" in fault_of("http://127.0.0.1:9/").lower()


def test_logs_show_no_secret_of_an_address() -> None:
    assert shown("https://me:secret@dai.example:8443/vov1?token=x") == (
        "https://dai.example:8443/vov1"
    )
    assert shown("http://[") == "?"
