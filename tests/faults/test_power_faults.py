"""Power cuts and dying disks: no event lost or doubled, and nothing cut short on air."""

from pathlib import Path

import pytest

from tests.faults import power_faults

pytestmark = pytest.mark.needs("mosquitto")


def test_kills_at_any_instant_lose_and_double_nothing(tmp_path: Path) -> None:
    row = power_faults.kills(tmp_path, times=8, seed=20)
    assert row.clean, row


@pytest.mark.skipif(not power_faults.can_mount(), reason="a disk of its own needs root")
def test_a_card_that_gives_up_in_mid_programme_does_not_silence_it(tmp_path: Path) -> None:
    row = power_faults.read_only_disk(tmp_path)
    assert row.clean, row


@pytest.mark.skipif(not power_faults.can_mount(), reason="a disk of its own needs root")
def test_a_card_that_takes_nothing_at_the_start_still_gives_its_plan(tmp_path: Path) -> None:
    row = power_faults.read_only_start(tmp_path)
    assert row.clean, row
