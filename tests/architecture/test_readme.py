"""What README.md shows in a console is what the commands print."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
