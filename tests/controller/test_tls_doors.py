"""The doors of an office with TLS of its own: names, files, and when they are written anew."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.cli.serve import refuse_open_http
from controller.errors import SettingsWrong
from controller.fleet.certificates import RevokedSerial, open_ca
from controller.settings import Settings
from controller.tls_doors import TlsDoors, certified_names, netloc, told_names

NOW = datetime.now(UTC)


def test_boxes_are_told_what_a_person_said_or_how_the_machine_is_reached() -> None:
    assert told_names(" loa.xa.vn, 192.0.2.10 ,,loa.xa.vn") == ("loa.xa.vn", "192.0.2.10")
    found = told_names("")
    assert any(name.endswith(".local") or "." in name for name in found)
    assert not {"127.0.0.1", "::1", "localhost"} & set(found)
    assert {"127.0.0.1", "localhost", "192.0.2.10"} <= set(certified_names("192.0.2.10"))
    assert [netloc(name) for name in ("fd00::2", "192.0.2.1")] == ["[fd00::2]", "192.0.2.1"]


def test_another_address_or_day_or_a_clock_set_back_makes_the_files_due(tmp_path: Path) -> None:
    names = ["192.0.2.10"]
    doors = TlsDoors(open_ca(tmp_path, NOW), lambda: names, (), NOW)
    assert not doors.is_due(NOW + timedelta(hours=23))
    assert doors.is_due(NOW + timedelta(hours=25))
    assert doors.is_due(NOW - timedelta(minutes=1))
    names[0] = "192.0.2.99"
    assert doors.is_due(NOW)
    before = doors.files.certificate.read_bytes()
    doors.renew((), NOW)
    assert not doors.is_due(NOW)
    assert doors.files.certificate.read_bytes() != before


def test_the_door_of_boxes_goes_by_the_newest_list(tmp_path: Path) -> None:
    doors = TlsDoors(open_ca(tmp_path, NOW), lambda: ("127.0.0.1",), (), NOW)
    assert doors.boxes.verify_mode is ssl.CERT_REQUIRED
    assert doors.boxes.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF
    assert doors.people.verify_mode is ssl.CERT_NONE
    doors.renew((RevokedSerial("ab12", 0),), NOW)
    assert doors.boxes.cert_store_stats()["crl"] == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.10"])
def test_with_tls_no_password_travels_without_it(host: str) -> None:
    with pytest.raises(SettingsWrong) as refused:
        refuse_open_http(Settings(tls="own", http_host=host))
    assert refused.value.code == "tls_means_loopback"
    refuse_open_http(Settings(tls="own", http_host="127.0.0.1"))
    refuse_open_http(Settings(tls="off", http_host=host))
