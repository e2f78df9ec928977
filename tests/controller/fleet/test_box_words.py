"""Codes of a box in words for people."""

from controller.fleet.box_words import waits
from edge_agent.contract.state import Waits


def test_every_reason_to_wait_has_words() -> None:
    for reason in Waits:
        vi, en = waits(reason)
        assert vi
        assert en


def test_several_reasons_stand_in_one_line_and_strange_ones_are_passed_over() -> None:
    assert waits("off_peak, from_the_future, disk_full") == (
        "đợi giờ rẻ, đĩa đầy",
        "it waits for cheap hours, the disk is full",
    )
    assert waits("") == ("", "")
