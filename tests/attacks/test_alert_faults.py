"""Whatever way an alert comes, it is heard once, here, and while it holds."""

from pathlib import Path

import pytest

from tests.attacks.alert_faults import ALERT_FAULTS


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("name", ALERT_FAULTS)
def test_an_alert_is_heard_once_here_and_while_it_holds(name: str, tmp_path: Path) -> None:
    attempt = ALERT_FAULTS[name](tmp_path)
    assert attempt.repelled, attempt
