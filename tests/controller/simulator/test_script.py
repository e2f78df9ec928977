"""Scripts: what is carried out is exactly what is written, and what cannot be is refused whole."""

from pathlib import Path

import pytest

from controller.simulator.faults import Fault, FaultKind
from controller.simulator.script import Script, ScriptWrong, Show, read_script

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

SCRIPT = """
seed = 3
[[programme]]
at = "1.5m"
seconds = 8
[[fault]]
at = "30s"
kind = "clock_step"
by = "-90m"
boxes = [2, 0]
for = "1m"
[[fault]]
at = "500ms"
kind = "slow"
factor = 4
share = 0.25
for = "2s"
"""


def test_a_script_says_what_when_to_whom_and_for_how_long() -> None:
    script = read_script(SCRIPT, 8)

    step, slow = script.faults
    assert step == Fault(FaultKind.CLOCK_STEP, (2, 0), 30_000, 60_000, -5_400_000, 10.0)
    assert (slow.at_ms, slow.lasts_ms, slow.factor, len(slow.boxes)) == (500, 2_000, 4.0, 2)
    assert script.shows == (Show(90_000, 8),)
    assert script.ends_ms == 98_000


def test_the_same_seed_draws_the_same_boxes_and_another_seed_others() -> None:
    again = SCRIPT.replace("share = 0.25", "share = 0.1")
    drawn = read_script(again, 1_000).faults[1].boxes

    assert drawn == read_script(again, 1_000).faults[1].boxes
    assert len(drawn) == len(set(drawn)) == 100
    assert drawn != read_script(again.replace("seed = 3", "seed = 4"), 1_000).faults[1].boxes


@pytest.mark.parametrize(
    "wrong",
    [
        "seed = ",
        "speed = 1",
        SCRIPT.replace("clock_step", "clock_stop"),
        SCRIPT.replace('"30s"', '"half an hour"'),
        SCRIPT.replace('"30s"', '"-30s"'),
        SCRIPT.replace('for = "1m"', 'for = "0s"'),
        SCRIPT.replace('for = "1m"', ""),
        SCRIPT.replace("[2, 0]", "[2, 8]"),
        SCRIPT.replace("boxes = [2, 0]", ""),
        SCRIPT.replace("boxes = [2, 0]", "boxes = [2]\nshare = 0.5"),
        SCRIPT.replace("0.25", "1.5"),
        "#" * 300_000,
    ],
)
def test_what_cannot_be_carried_out_is_refused_in_both_languages(wrong: str) -> None:
    with pytest.raises(ScriptWrong) as refused:
        read_script(wrong, 8)

    assert refused.value.code == "script_wrong"
    assert "Chưa chạy gì" in refused.value.vi
    assert "Nothing was started" in refused.value.en


def test_an_empty_script_does_nothing() -> None:
    assert read_script("", 1) == Script()


def test_the_example_uses_every_kind_of_fault() -> None:
    script = read_script((EXAMPLES / "nhieu-loi.toml").read_text(encoding="utf-8"), 60)

    assert {fault.kind for fault in script.faults} == set(FaultKind)
