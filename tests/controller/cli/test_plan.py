"""What is typed at `loalang plan`: instants, stretches, alerts; and what cannot be read."""

import pytest
import typer
from typer.testing import CliRunner

from controller.__main__ import app
from controller.cli.plan_script import alert, moment, step, stretch


def test_times_without_an_offset_are_those_of_viet_nam() -> None:
    assert moment("2026-11-23T05:30") == "2026-11-23T05:30:00+07:00"
    assert moment(" 2026-11-22T22:30:00Z ") == "2026-11-22T22:30:00+00:00"


def test_faults_as_they_are_typed() -> None:
    assert stretch("2026-11-23T05:00/2026-11-23T07:00") == {
        "since": "2026-11-23T05:00:00+07:00",
        "until": "2026-11-23T07:00:00+07:00",
    }
    assert step("2026-11-23T05:00/2026-11-23T07:00,-600")["ahead_s"] == -600
    assert alert("2026-11-23T05:00,5") == {"at": "2026-11-23T05:00:00+07:00", "minutes": 5}
    assert alert("2026-11-23T05:00")["minutes"] == 10


@pytest.mark.parametrize(
    ("read", "typed"),
    [
        (moment, "sáng mai"),
        (stretch, "2026-11-23T05:00"),
        (step, "2026-11-23T05:00/2026-11-23T07:00,nhiều"),
        (alert, "2026-11-23T05:00,lâu"),
    ],
)
def test_what_cannot_be_read_is_said(read: object, typed: str) -> None:
    assert callable(read)
    with pytest.raises(typer.BadParameter):
        read(typed)


def test_every_command_says_what_it_takes() -> None:
    for command, option in (
        ("show", "--week"),
        ("explain", "--alert"),
        ("simulate", "--power-cut"),
        ("daysheet", "--html"),
    ):
        said = CliRunner().invoke(app, ["plan", command, "--help"], env={"COLUMNS": "200"})
        assert said.exit_code == 0
        assert option in said.output
