"""The office's own authority: what OpenSSL says of what it issues, and what survives on disk."""

import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.errors import SettingsWrong
from controller.fleet.certificates import (
    CertificateAuthority,
    RevokedSerial,
    open_ca,
    public_key_of,
)
from edge_agent.contract.trust import public_to_text

NOW = datetime.now(UTC)
NAMES = ("loalang.local", "192.0.2.10", "fd00::2", "127.0.0.1")


@pytest.fixture
def ca(tmp_path: Path) -> CertificateAuthority:
    return open_ca(tmp_path / "ca", NOW)


def openssl(*said: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, said)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_openssl_takes_a_box_for_a_client_and_for_nothing_else(
    ca: CertificateAuthority, tmp_path: Path
) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    issued = ca.box_certificate("abcdefghij12", key, NOW)
    box = tmp_path / "box.pem"
    box.write_text(issued.pem)
    ca.crl((), NOW)

    def verify(purpose: str) -> str:
        return openssl("verify", "-x509_strict", "-crl_check", "-purpose", purpose,
                       "-CAfile", ca.ca_path, "-CRLfile", ca.crl_path, box)  # fmt: skip

    assert verify("sslclient").rstrip().endswith("OK")
    assert "unsuitable certificate purpose" in verify("sslserver")
    assert public_key_of(issued.pem) == public_to_text(key)
    text = openssl("x509", "-in", box, "-noout", "-text")
    for said in ("CN = abcdefghij12", "CA:FALSE", "Digital Signature", "TLS Web Client",
                 "Subject Key Identifier", "Authority Key Identifier"):  # fmt: skip
        assert said in text
    lives = timedelta(milliseconds=issued.not_after_ms - issued.not_before_ms)
    assert lives == timedelta(days=90, hours=1)

    ca.crl([RevokedSerial(issued.serial, issued.not_before_ms)], NOW)
    assert "certificate revoked" in verify("sslclient")


def test_the_server_answers_to_its_names_and_addresses(
    ca: CertificateAuthority, tmp_path: Path
) -> None:
    path, _ = ca.server_files(NAMES, NOW)
    for how in (("-verify_hostname", "loalang.local"), ("-verify_ip", "192.0.2.10"),
                ("-verify_ip", "fd00::2")):  # fmt: skip
        said = openssl("verify", "-x509_strict", "-purpose", "sslserver", *how,
                       "-CAfile", ca.ca_path, path)  # fmt: skip
        assert said.rstrip().endswith("OK"), said
    said = openssl("verify", "-verify_hostname", "evil.test", "-CAfile", ca.ca_path, path)
    assert "hostname mismatch" in said.lower()
    strange = open_ca(tmp_path / "other", NOW)
    assert "error" in openssl("verify", "-CAfile", strange.ca_path, path)


def test_a_server_certificate_is_kept_until_two_thirds_of_its_life_or_other_names(
    ca: CertificateAuthority,
) -> None:
    def serial(names: tuple[str, ...], now: datetime) -> int:
        path, _ = ca.server_files(names, now)
        return x509.load_pem_x509_certificate(path.read_bytes()).serial_number

    first = serial(NAMES, NOW)
    assert serial(NAMES, NOW + timedelta(days=260)) == first
    later = serial(NAMES, NOW + timedelta(days=266))
    assert later != first
    assert serial((*NAMES, "loa.xa.test"), NOW + timedelta(days=266)) != later


def test_each_list_of_the_revoked_is_newer_than_the_last_even_within_one_second(
    ca: CertificateAuthority,
) -> None:
    lists = [x509.load_pem_x509_crl(ca.crl((), NOW)) for _ in range(3)]
    instants = [each.last_update_utc for each in lists]
    assert instants == sorted(set(instants))
    assert instants[-1] < NOW


def test_a_clock_that_was_years_ahead_shuts_nobody_out_once_it_is_mended(
    ca: CertificateAuthority,
) -> None:
    ca.crl((), NOW + timedelta(days=3_000))
    ca.server_files(NAMES, NOW + timedelta(days=3_000))
    assert x509.load_pem_x509_crl(ca.crl((), NOW)).last_update_utc < NOW
    path, _ = ca.server_files(NAMES, NOW)
    assert x509.load_pem_x509_certificate(path.read_bytes()).not_valid_before_utc < NOW


def test_the_authority_is_made_once_and_its_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    first = open_ca(folder, NOW)
    first.server_files(NAMES, NOW)
    first.crl((), NOW)
    assert open_ca(folder, NOW + timedelta(days=400)).pem == first.pem
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_boxes_stay_trusting_when_only_the_certificate_of_the_authority_was_lost(
    tmp_path: Path,
) -> None:
    first = open_ca(tmp_path / "ca", NOW)
    pinned = tmp_path / "pinned.pem"
    pinned.write_text(first.pem)
    (tmp_path / "ca" / "ca.pem").unlink()
    again = open_ca(tmp_path / "ca", NOW)
    path, _ = again.server_files(NAMES, NOW)
    assert openssl("verify", "-CAfile", pinned, path).rstrip().endswith("OK")


@pytest.mark.parametrize("damage", ["lost key", "other key", "no key"])
def test_a_lost_or_foreign_key_is_never_made_anew(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "ca"
    pem = open_ca(folder, NOW).pem
    open_ca(tmp_path / "other", NOW)
    if damage == "lost key":
        (folder / "ca.key").unlink()
    else:
        wrong = (tmp_path / "other" / "ca.key").read_bytes() if damage == "other key" else b"?"
        (folder / "ca.key").write_bytes(wrong)
    with pytest.raises(SettingsWrong, match="backup") as refused:
        open_ca(folder, NOW)
    assert refused.value.code == "ca_unreadable"
    assert (folder / "ca.pem").read_text() == pem


def test_a_name_that_is_none_is_said_plainly(ca: CertificateAuthority) -> None:
    with pytest.raises(SettingsWrong) as refused:
        ca.server_files(("má..y",), NOW)
    assert refused.value.code == "bad_hostname"
