"""Boxes whose wall clock is wrong, steps or turns the year play everything once, in its time."""

from pathlib import Path

import pytest

from tests.faults import clock_faults

pytestmark = pytest.mark.needs("mosquitto", "faketime")


def test_a_box_that_wakes_in_1970_waits_for_the_time(tmp_path: Path) -> None:
    row = clock_faults.boot_in_1970(tmp_path)
    assert row.clean, row


def test_steps_neither_cut_nor_repeat_nor_shift_what_sounds(tmp_path: Path) -> None:
    row = clock_faults.steps_in_mid_programme(tmp_path)
    assert row.clean, row
