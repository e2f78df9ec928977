"""The laws of dependency hold, and each of them bites when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("audio_library", "schedules", "edge_agent", "controller")


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_the_laws_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "law"),
    [
        ("schedules/errors.py", "import audio_library.errors", "which never meet"),
        ("controller/errors.py", "import controller.app", "Layers of the controller"),
        ("controller/stray.py", "", "Layers of the controller"),
        ("edge_agent/decide.py", "import sqlalchemy", "nothing of the office"),
        ("controller/app.py", "import edge_agent.errors", "only the contract"),
        ("schedules/errors.py", "import httpx", "Neither sibling knows"),
        ("controller/app.py", "import av", "only in mastering"),
        ("edge_agent/decide.py", "import paho.mqtt", "spoken only by"),
        ("controller/api/__init__.py", "import msgspec", "stay off the web"),
        ("edge_agent/errors.py", "import edge_agent.agent, edge_agent.link", "No cycles"),
    ],
)
def test_a_broken_law_is_named(tmp_path: Path, module: str, line: str, law: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=lambda _, names: only_python(names)
        )
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    done = lint_imports(tmp_path)

    assert done.returncode == 1
    assert any(law in row and "BROKEN" in row for row in done.stdout.splitlines()), done.stdout


def only_python(names: list[str]) -> set[str]:
    return {name for name in names if "." in name and not name.endswith(".py")}
