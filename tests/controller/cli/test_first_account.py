"""`loalang first-account`, as the installer calls it before the first start."""

import re
from pathlib import Path

import pytest

from controller.cli.accounts import first_account
from controller.settings import Settings


def test_it_is_made_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first_account(settings)
    assert re.search(r"^  quantri  [a-z0-9]{4}(-[a-z0-9]{4}){3}$", capsys.readouterr().out, re.M)

    first_account(settings)
    assert "there is an account already" in capsys.readouterr().out
