"""Sealed keys: whole or refused, and never over other keys by accident."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.errors import BackupRefused
from controller.fleet.authority import open_authority
from controller.fleet.key_backup import open_keys, read_pack, restore_keys, seal_keys

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
PASSPHRASE = "mưa rừng cuối tháng bảy"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    open_authority(folder / "keys", NOW)
    (folder / "ca").mkdir()
    (folder / "ca" / "ca.key").write_bytes(b"the authority's key")
    return folder


@pytest.fixture(scope="module")
def sealed(office: Path) -> bytes:
    return seal_keys(office, PASSPHRASE)


def test_an_empty_machine_has_the_same_keys_again(
    office: Path, sealed: bytes, tmp_path: Path
) -> None:
    open_keys(sealed, tmp_path, PASSPHRASE)
    before, after = open_authority(office / "keys", NOW), open_authority(tmp_path / "keys", NOW)
    assert after.keys.ring == before.keys.ring
    assert after.root is not None
    assert (tmp_path / "ca" / "ca.key").read_bytes() == b"the authority's key"
    modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*") if p.is_file()}
    assert modes == {0o600}


def test_nothing_of_a_key_can_be_read_in_the_file(office: Path, sealed: bytes) -> None:
    for path in (office / "keys").iterdir():
        assert path.read_bytes()[:60] not in sealed


def test_a_wrong_passphrase_or_a_changed_byte_is_refused(sealed: bytes) -> None:
    with pytest.raises(BackupRefused) as wrong:
        read_pack(sealed, "mưa rừng cuối tháng tám")
    assert wrong.value.code == "wrong_passphrase"
    for at in (5, 40, len(sealed) // 2, len(sealed) - 1):
        broken = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(BackupRefused):
            read_pack(broken, PASSPHRASE)
    with pytest.raises(BackupRefused):
        read_pack(sealed[:200], PASSPHRASE)


def test_a_head_that_asks_for_all_memory_is_refused_at_once(sealed: bytes) -> None:
    with pytest.raises(BackupRefused) as refused:
        read_pack(sealed.replace(b'"n":131072', b'"n":1073741824'), PASSPHRASE)
    assert refused.value.code == "keys_not_whole"


def test_other_keys_are_replaced_only_when_told_and_are_kept(sealed: bytes, tmp_path: Path) -> None:
    other = open_authority(tmp_path / "keys", NOW).root_public
    pack = read_pack(sealed, PASSPHRASE)
    with pytest.raises(BackupRefused) as refused:
        restore_keys(pack, tmp_path, None)
    assert refused.value.code == "other_keys"
    assert open_authority(tmp_path / "keys", NOW).root_public == other

    aside = restore_keys(pack, tmp_path, NOW)

    assert aside is not None
    assert open_authority(aside / "keys", NOW).root_public == other
    assert open_authority(tmp_path / "keys", NOW).root_public == pack.ring.root
    assert restore_keys(pack, tmp_path, None) is None, "the same keys are no other keys"


def test_what_is_not_whole_is_not_packed(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused):
        seal_keys(tmp_path, PASSPHRASE)
    authority = open_authority(tmp_path / "keys", NOW)
    (tmp_path / "keys" / f"{authority.kid}.pem").unlink()
    with pytest.raises(BackupRefused, match="missing"):
        seal_keys(tmp_path, PASSPHRASE)


def test_a_short_passphrase_is_refused(office: Path) -> None:
    with pytest.raises(BackupRefused):
        seal_keys(office, "ngắn")
