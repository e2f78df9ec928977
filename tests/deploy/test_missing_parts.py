"""A test whose real part is missing waits and says for what, or fails where parts are required."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TWO_TESTS = """
import pytest

@pytest.mark.needs("mpv")
def test_that_plays(): ...

@pytest.mark.needs("mpv", "chromium")
def test_that_plays_and_looks(): ...
"""


def run_without_parts(folder: Path, required: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_two.py").write_text(TWO_TESTS, encoding="utf-8")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", "pyproject.toml"),
            *("-p", "tests.conftest", "-p", "no:cacheprovider", str(folder)),
        ],
        cwd=ROOT,
        env=os.environ | {"PATH": str(folder), "LOALANG_REQUIRE_PARTS": required},
        capture_output=True,
        text=True,
        check=False,
    )


def test_tests_wait_and_the_summary_says_for_what(tmp_path: Path) -> None:
    done = run_without_parts(tmp_path, required="0")
    assert done.returncode == 0, done.stdout
    assert "2 skipped" in done.stdout
    assert "2 for mpv, 1 for chromium" in done.stdout
    assert "apt-get install --yes --no-install-recommends mpv chromium" in done.stdout


def test_a_missing_part_is_a_failure_where_parts_are_required(tmp_path: Path) -> None:
    done = run_without_parts(tmp_path, required="1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "needs mpv, chromium" in done.stdout
