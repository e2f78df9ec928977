"""`loalang backup` and `restore` as an officer types them."""

import re
from pathlib import Path

import pytest

from controller.cli import backup_desk
from controller.cli.backup_passphrase import given
from controller.errors import BackupRefused
from controller.fleet.key_folder import KeyFolder
from controller.settings import Settings
from controller.storage.database import open_database


def test_made_looked_at_and_put_back_with_the_passphrase_that_was_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, file, code = tmp_path / "data", tmp_path / "office.backup", tmp_path / "code"
    settings = Settings(data_dir=data)
    open_database(settings.sqlalchemy_url(), settings.sqlite_path()).close()
    KeyFolder(data / "keys", 1_700_000_000_000)

    backup_desk.make(settings, file, None)
    made = capsys.readouterr()
    assert made.err == "", "cron has nothing to mail"
    (passphrase,) = re.findall(r"^  ([a-z0-9]{4}(?:-[a-z0-9]{4}){3})$", made.out, re.M)
    code.write_text(f"{passphrase}\n")

    assert backup_desk.look_at(file, given(code)) == 0
    assert "mật khẩu đúng / the passphrase fits" in capsys.readouterr().out

    new = Settings(data_dir=tmp_path / "new")
    backup_desk.put_back(new, file, passphrase, replace=False, without_damaged=False)
    assert "boxes connect by themselves" in capsys.readouterr().out
    root = Path("keys", "root.pem")
    assert (new.data_dir / root).read_bytes() == (data / root).read_bytes()


def test_an_empty_file_is_no_passphrase(tmp_path: Path) -> None:
    (tmp_path / "code").touch()
    with pytest.raises(BackupRefused) as refused:
        given(tmp_path / "code")
    assert refused.value.code == "passphrase_empty"
