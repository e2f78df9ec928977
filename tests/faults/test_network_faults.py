"""Networks that go, lie or break in mid-sentence: boxes play what they know, and tell it once."""

from pathlib import Path

import pytest

from tests.faults import network_faults


@pytest.mark.needs("mosquitto", "faketime")
def test_a_box_that_hears_nothing_plays_its_plan_to_the_end(tmp_path: Path) -> None:
    row = network_faults.link_lost(tmp_path, plays=1)
    assert row.clean, row


@pytest.mark.needs("mosquitto")
def test_a_broker_that_dies_in_mid_sentence_loses_and_doubles_nothing(tmp_path: Path) -> None:
    row = network_faults.broker_killed(tmp_path, times=1, seed=3)
    assert row.clean, row


@pytest.mark.needs("mosquitto")
def test_two_urgent_items_of_one_moment_follow_each_other(tmp_path: Path) -> None:
    row = network_faults.priorities_collide(tmp_path, times=2, seed=3)
    assert row.clean, row


@pytest.mark.needs("mosquitto")
def test_a_used_up_budget_holds_back_no_alert_and_no_report(tmp_path: Path) -> None:
    row = network_faults.data_used_up(tmp_path)
    assert row.clean, row
