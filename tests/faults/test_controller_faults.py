"""Long outages, dying ingesters and late wills: the office's record is exact all the same."""

from pathlib import Path

import pytest

from tests.faults import controller_faults


@pytest.mark.needs("mosquitto")
@pytest.mark.timeout(120)
def test_every_play_of_an_outage_is_recorded_once_at_its_true_time(tmp_path: Path) -> None:
    row = controller_faults.long_outage(tmp_path, minutes=20, cuts=1)
    assert row.clean, row


def test_no_receipt_covers_what_a_killed_ingester_took_along(tmp_path: Path) -> None:
    row = controller_faults.two_ingesters(tmp_path, times=1, seed=3)
    assert row.clean, row


@pytest.mark.needs("mosquitto")
@pytest.mark.timeout(120)
def test_a_will_that_comes_late_does_not_bury_a_box_that_moved(tmp_path: Path) -> None:
    row = controller_faults.moved_link(tmp_path, times=1)
    assert row.clean, row
