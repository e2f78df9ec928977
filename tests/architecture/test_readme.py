"""What README.md shows in a console is what the commands print, and it names every command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from controller.__main__ import app

ROOT = Path(__file__).parents[2]


def console_examples() -> list[tuple[str, str]]:
    """Each `$ command` of README's ```console blocks with the output that is printed below it."""
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```console\n")[1:]
    return [
        (command, shown)
        for block in blocks
        for example in block.partition("```")[0].split("$ ")[1:]
        for command, _, shown in [example.partition("\n")]
    ]


@pytest.mark.parametrize(("command", "shown"), console_examples())
def test_a_console_example_prints_what_it_shows(command: str, shown: str) -> None:
    beside_python = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{beside_python}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (shown, 0), done.stderr


def commands_of(group: TyperGroup, *names: str) -> set[str]:
    """Every command that can be typed, as `voices install`; a group counts if it acts by itself."""
    found = set()
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            found |= commands_of(command, *names, name)
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            found.add(" ".join((*names, name)))
    return found


def commands_in_readme() -> set[str]:
    """`alert clips set\\|clear` names two; options and other arguments are written otherwise."""
    named = set()
    rows = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    for words in re.findall(r"^\| `loalang ([a-z\\| -]+)", "\n".join(rows), re.MULTILINE):
        *groups, last = (word for word in words.split() if not word.startswith("-"))
        named |= {" ".join((*groups, each)) for each in last.split("\\|")}
    return named


def test_the_table_of_commands_names_every_command_and_no_other() -> None:
    group = typer.main.get_group(app)
    assert commands_in_readme() == commands_of(group)
