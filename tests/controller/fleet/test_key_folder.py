"""Keys on disk: private, encrypted where it counts, and the same after every start."""

import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from controller.errors import RootLocked, SettingsWrong, WrongRecoveryCode
from controller.fleet.authority import open_authority
from controller.fleet.key_folder import PASSPHRASE, RING, ROOT
from controller.fleet.keyring import Purpose, kid_of
from controller.fleet.recovery_code import ALPHABET, new_code, normal
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.envelope import open_sealed
from edge_agent.contract.trust import Kind, public_to_text

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)


def plain(path: Path, key: Ed25519PrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_every_file_is_the_owners_alone_and_the_root_is_encrypted(tmp_path: Path) -> None:
    authority = open_authority(tmp_path / "keys", NOW)
    files = sorted((tmp_path / "keys").iterdir())
    assert len(files) == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert b"ENCRYPTED" in (tmp_path / "keys" / ROOT).read_bytes()
    code = authority.keys.passphrase()
    assert code is not None
    assert re.fullmatch(f"([{ALPHABET}]{{4}}-){{5}}[{ALPHABET}]{{4}}", code)
    assert code.encode() not in (tmp_path / "keys" / RING).read_bytes()


def test_an_office_starts_unattended_with_the_keys_that_it_had(tmp_path: Path) -> None:
    first = open_authority(tmp_path / "keys", NOW)
    again = open_authority(tmp_path / "keys", NOW + timedelta(days=3))
    assert again.keys.ring == first.keys.ring
    assert again.need_root().private_bytes_raw() == first.need_root().private_bytes_raw()


def test_each_kind_is_signed_by_its_own_key(tmp_path: Path) -> None:
    authority = open_authority(tmp_path / "keys", NOW)
    kids = {kind: authority.kid_for(kind) for kind in (Kind.DESIRED, Kind.ALERT)}
    assert len(set(kids.values())) == 2
    sealed = authority.sign(ReportAck("spool", 4), Kind.ACK)
    assert open_sealed(sealed, kind=Kind.ACK, key_for=authority.public_key).kid == authority.kid


def test_an_older_folder_is_taken_over_without_changing_a_key(tmp_path: Path) -> None:
    root, online = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    plain(tmp_path / ROOT, root)
    plain(tmp_path / "online.pem", online)

    authority = open_authority(tmp_path, NOW)

    assert authority.root_public == public_to_text(root.public_key())
    assert authority.kid == kid_of(public_to_text(online.public_key()))
    assert b"ENCRYPTED" in (tmp_path / ROOT).read_bytes()
    assert not (tmp_path / "online.pem").exists()
    assert open_authority(tmp_path, NOW).keys.ring == authority.keys.ring


@pytest.mark.parametrize("lost", [RING, (RING, PASSPHRASE), (RING, "pem")])
def test_a_take_over_that_was_cut_is_finished(tmp_path: Path, lost: str | tuple[str, ...]) -> None:
    """Whatever had been written when the power went, the root stays the same."""
    root, online = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    plain(tmp_path / ROOT, root)
    plain(tmp_path / "online.pem", online)
    open_authority(tmp_path, NOW)
    (tmp_path / RING).unlink()
    plain(tmp_path / "online.pem", online)
    if PASSPHRASE in lost:
        (tmp_path / PASSPHRASE).unlink()
        plain(tmp_path / ROOT, root)
    if "pem" in lost:
        (tmp_path / f"{kid_of(public_to_text(online.public_key()))}.pem").unlink()

    again = open_authority(tmp_path, NOW)

    assert again.root_public == public_to_text(root.public_key())
    assert again.kid == kid_of(public_to_text(online.public_key()))
    assert again.root is not None


def test_a_locked_root_signs_only_with_the_code(tmp_path: Path) -> None:
    authority = open_authority(tmp_path, NOW)
    code = authority.keys.passphrase() or ""
    with pytest.raises(WrongRecoveryCode):
        authority.keys.lock(new_code())
    assert authority.root is not None

    authority.keys.lock(code.lower().replace("-", " "))

    assert authority.root is None
    assert authority.sign(ReportAck("spool", 4), Kind.ACK), "online keys go on"
    with pytest.raises(RootLocked):
        authority.place("abcdefghjkmn", ("dv-51",), 1)
    with pytest.raises(WrongRecoveryCode):
        authority.unlocked(new_code())
    assert authority.unlocked(code).place("abcdefghjkmn", ("dv-51",), 1)
    assert authority.root is None, "for that one act only"
    later = open_authority(tmp_path, NOW)
    assert later.root is None
    later.keys.unlock(code)
    assert authority.root is not None


def test_a_store_of_secrets_may_hold_the_code(tmp_path: Path) -> None:
    code = open_authority(tmp_path / "keys", NOW).keys.passphrase() or ""
    open_authority(tmp_path / "keys", NOW).keys.lock(code)
    secret = tmp_path / "secret"
    secret.write_text(f"{code}\n")
    assert open_authority(tmp_path / "keys", NOW, secret).root is not None
    secret.write_text("something else\n")
    assert open_authority(tmp_path / "keys", NOW, secret).root is None


def test_a_lost_root_file_stops_no_order(tmp_path: Path) -> None:
    open_authority(tmp_path, NOW)
    (tmp_path / ROOT).unlink()
    authority = open_authority(tmp_path, NOW)
    assert authority.root is None
    assert authority.sign(ReportAck("spool", 4), Kind.ACK)


@pytest.mark.parametrize("name", [RING, "own"])
def test_a_damaged_key_is_named_and_nothing_is_made_anew(tmp_path: Path, name: str) -> None:
    authority = open_authority(tmp_path, NOW)
    kid, _ = authority.keys.signer(Purpose.OFFICE)
    (tmp_path / (f"{kid}.pem" if name == "own" else name)).write_bytes(b"damaged")
    with pytest.raises(SettingsWrong, match="loalang keys restore") as refused:
        open_authority(tmp_path, NOW)
    assert refused.value.code == "key_unreadable"


def test_a_code_is_read_as_people_write_it() -> None:
    code = new_code()
    assert normal(f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} ") == code
