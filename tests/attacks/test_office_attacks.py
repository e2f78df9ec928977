"""What the office is told by who is not the box: small counts of `make attacks`."""

from pathlib import Path

import pytest

from tests.attacks import office_attacks


@pytest.mark.needs("mosquitto")
@pytest.mark.timeout(120)
def test_a_stolen_password_forges_no_record(tmp_path: Path) -> None:
    attempt = office_attacks.stolen_password(tmp_path, messages=300, seed=3)
    assert attempt.repelled, attempt
