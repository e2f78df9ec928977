"""Another station's stream: https, or the administrator says in writing why not."""

from datetime import timedelta

import pytest

from audio_library.errors import AudioLibraryError
from controller.errors import ControllerError, NotFound
from controller.operations.relays import (
    add_relay,
    load_relay,
    relays_of,
    remove_relay,
    shown_address,
)
from controller.operations.sign_in import FIRST_ACCOUNT
from schedules.shelf import Relay
from schedules.types import RelayId
from tests.controller.office import NOW, Office


def relay(
    url: str = "https://phat.example/vov1.m3u8",
    *,
    name: str = "Đài Tiếng nói Việt Nam",
    relay_id: str = "vov1",
    why: str = "",
) -> Relay:
    return Relay(RelayId(relay_id), name, url, why)


def kept(office: Office) -> dict[RelayId, Relay]:
    with office.database.read() as session:
        return dict(relays_of(session))


def test_a_stream_is_kept_under_its_short_id_until_it_is_removed(office: Office) -> None:
    add_relay(office.database, relay(), "Cô Lan", NOW)
    assert kept(office) == {RelayId("vov1"): relay()}

    add_relay(office.database, relay("https://moi.example/vov1"), "Cô Lan", NOW)
    assert kept(office)[RelayId("vov1")].url == "https://moi.example/vov1"

    remove_relay(office.database, "vov1", "Cô Lan", NOW + timedelta(minutes=1))
    assert kept(office) == {}
    with pytest.raises(NotFound), office.database.read() as session:
        load_relay(session, "vov1")
    with pytest.raises(NotFound):
        remove_relay(office.database, "vov1", "Cô Lan", NOW)
    add_relay(office.database, relay(), "Cô Lan", NOW)
    assert kept(office) == {RelayId("vov1"): relay()}


def test_http_needs_the_written_reason_of_the_administrator(office: Office) -> None:
    plain = "http://192.168.1.5:8000/dai"
    with pytest.raises(ControllerError) as refused:
        add_relay(office.database, relay(plain), FIRST_ACCOUNT, NOW)
    assert refused.value.code == "relay_unproved"
    with pytest.raises(ControllerError) as refused:
        add_relay(office.database, relay(plain, why="máy trong nhà"), "Cô Lan", NOW)
    assert refused.value.code == "not_administrator"
    assert kept(office) == {}

    add_relay(office.database, relay(plain, why=" máy  trong nhà "), FIRST_ACCOUNT, NOW)
    assert kept(office)[RelayId("vov1")].why_unproved == "máy trong nhà"


def test_https_needs_no_exception_and_keeps_none(office: Office) -> None:
    add_relay(office.database, relay(why="không cần"), "Cô Lan", NOW)
    assert kept(office)[RelayId("vov1")].why_unproved == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vov1",
        "file:///etc/passwd",
        "rtmp://phat.example/vov1",
        "https://",
        "https:///vov1",
        "https://phat.example:0/x",
        "https://phat.example:99999/x",
        "https://phat.example:nine/x",
        "https://[::1/x",
        "https://phat.example/a b",
        "https://phat.example/a\nb",
        "https://phát.example/x",
        "https://ten:matkhau@phat.example/x",
        "https://ten@phat.example/x",
        "https://phat.example/" + "x" * 500,
    ],
)
def test_an_address_that_no_box_could_or_should_open_is_refused(office: Office, url: str) -> None:
    with pytest.raises(ControllerError) as refused:
        add_relay(office.database, relay(url), FIRST_ACCOUNT, NOW)
    assert refused.value.code == "bad_relay_address"
    assert "matkhau" not in str(refused.value)
    assert kept(office) == {}


@pytest.mark.parametrize("relay_id", ["", "VOV1", "a b", "-x", "x-", "đài", "x" * 33, "a/b"])
def test_an_id_is_short_and_plain(office: Office, relay_id: str) -> None:
    with pytest.raises(ControllerError) as refused:
        add_relay(office.database, relay(relay_id=relay_id), "Cô Lan", NOW)
    assert refused.value.code == "bad_relay_id"


def test_a_name_is_there_and_not_endless(office: Office) -> None:
    with pytest.raises(AudioLibraryError):
        add_relay(office.database, relay(name="  "), "Cô Lan", NOW)
    with pytest.raises(ControllerError, match="Nothing was kept"):
        add_relay(office.database, relay(name="đ" * 121), "Cô Lan", NOW)


def test_what_may_be_a_key_is_not_shown() -> None:
    assert shown_address("https://a.example/x?token=abc#d") == "https://a.example/x?…"
    assert shown_address("https://a.example/x") == "https://a.example/x"
