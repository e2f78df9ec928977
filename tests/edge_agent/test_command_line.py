"""What is typed at a box: every command has its usage, nothing unknown is guessed at."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli.line import USAGE, BadUsage, Line, read_line

COMMANDS = ("run", "status", "log", "selftest", "import", "export", "init", "version", "help")


@pytest.mark.parametrize(
    "rest", [["--config", "a.toml", "--json", "f"], ["f", "--json", "--config=a.toml"]]
)
def test_options_stand_in_any_order(rest: list[str]) -> None:
    line = read_line(rest, words=1, values=("--config",), switches=("--json",))
    assert line == Line(("f",), {"--config": "a.toml"}, frozenset({"--json"}))
    assert line.path("--config") == Path("a.toml")


@pytest.mark.parametrize(
    "rest", [["--colour"], ["--json=1"], ["--config"], ["a", "b"], [], ["a", "--config="]]
)
def test_what_is_not_known_is_refused(rest: list[str]) -> None:
    with pytest.raises(BadUsage):
        read_line(rest, words=1, values=("--config",), switches=("--json",)).path("--config")


def said(*arguments: str) -> "subprocess.CompletedProcess[str]":
    run = [sys.executable, "-m", "edge_agent", *arguments]
    return subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ)


def test_help_names_every_command_in_both_languages() -> None:
    done = said("--help")
    assert (done.returncode, done.stdout, done.stderr) == (0, USAGE, "")
    for command in COMMANDS:
        assert f"loalang-agent {command}" in USAGE
    assert all(" / " in line for line in USAGE.splitlines() if line)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["danse"], "There is no command 'danse'"),
        (["status", "--colour"], "There is no option '--colour'"),
        (["status"], "--config is missing"),
        (["log", "--config", "x", "--lines", "many"], "--lines takes a number"),
    ],
)
def test_a_slip_is_answered_in_a_plain_line_and_the_usage(arguments: list[str], why: str) -> None:
    done = said(*arguments)
    assert done.returncode == 2
    assert why in done.stderr.splitlines()[0]
    assert done.stderr.endswith(USAGE)
    assert done.stdout == ""
