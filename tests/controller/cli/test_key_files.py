"""The files of the keys at a terminal: what a person sees, types and keeps."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.cli import key_files
from controller.errors import BackupRefused, DatabaseInUse, SettingsWrong
from controller.fleet.authority import open_authority
from controller.settings import Settings
from controller.storage.database import open_database

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data")
    open_authority(settings.data_dir / "keys", NOW)
    return settings


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("một câu dài để nhớ\n")
    return file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_sheet_is_private_whole_and_never_written_over(
    here: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sheet.html"
    key_files.write_sheet(here, file)
    authority = open_authority(here.data_dir / "keys", NOW)
    page, code = file.read_text(), authority.keys.passphrase() or "?"
    assert mode(file) == 0o600
    assert code in page
    assert authority.fingerprint in page
    assert "<svg" in page
    assert "src=" not in page, "nothing is fetched from anywhere"
    assert code not in capsys.readouterr().out
    with pytest.raises(FileExistsError):
        key_files.write_sheet(here, file)


def test_locking_wants_the_code_typed_and_forgets_it(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = open_authority(here.data_dir / "keys", NOW).keys
    code = keys.passphrase() or ""
    monkeypatch.setattr("typer.prompt", lambda *_a, **_k: code)

    key_files.lock(here)
    assert keys.passphrase() is None
    assert not any(code.encode() in p.read_bytes() for p in keys.folder.iterdir())
    key_files.lock(here)

    key_files.unlock(here)
    assert keys.passphrase() == code


def test_keys_come_back_on_an_empty_machine_and_not_over_others(
    here: Settings, tmp_path: Path, passphrase: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys.backup"
    key_files.back_up(here, file, passphrase)
    assert mode(file) == 0o600
    fingerprint = open_authority(here.data_dir / "keys", NOW).fingerprint

    other = Settings(data_dir=tmp_path / "other")
    key_files.put_back(other, file, passphrase, replace=False)
    assert fingerprint in capsys.readouterr().out

    third = Settings(data_dir=tmp_path / "third")
    open_authority(third.data_dir / "keys", NOW)
    with pytest.raises(BackupRefused, match="--replace"):
        key_files.put_back(third, file, passphrase, replace=False)
    key_files.put_back(third, file, passphrase, replace=True)
    assert open_authority(third.data_dir / "keys", NOW).fingerprint == fingerprint


def test_a_running_controller_is_named_and_its_keys_stay(
    here: Settings, tmp_path: Path, passphrase: Path
) -> None:
    file = tmp_path / "keys.backup"
    key_files.back_up(here, file, passphrase)
    database = open_database(here.sqlalchemy_url(), here.sqlite_path())
    try:
        with pytest.raises(DatabaseInUse):
            key_files.put_back(here, file, passphrase, replace=True)
    finally:
        database.close()


def test_a_folder_without_keys_gets_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong):
        key_files.write_sheet(Settings(data_dir=tmp_path / "nothing"), tmp_path / "sheet.html")
    assert not (tmp_path / "nothing").exists()
