"""The box in the village carries nothing of the office."""

import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement

from edge_agent.version import VERSION

ROOT = Path(__file__).parents[2]

OFFICE = {
    "controller",
    "schedules",
    "audio_library",
    "fastapi",
    "starlette",
    "sqlmodel",
    "sqlalchemy",
    "pydantic",
    "pydub",
    "av",
}


def test_importing_the_agent_loads_nothing_of_the_office() -> None:
    code = "import sys, edge_agent.agent; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert OFFICE & set(done.stdout.split()) == set()


def test_the_package_itself_is_empty() -> None:
    assert (ROOT / "edge_agent" / "__init__.py").read_bytes() == b""


def test_the_edge_extra_brings_nothing_of_the_office() -> None:
    brought = closure("loalang", "edge")
    assert {"paho-mqtt", "msgspec"} < brought
    assert brought & OFFICE == set()


def closure(name: str, extra: str = "") -> set[str]:
    """The distribution and all that it requires here, with one of its extras."""
    needed = [Requirement(line) for line in requires(name) or []]
    direct = {r.name for r in needed if r.marker is None or r.marker.evaluate({"extra": extra})}
    return {name}.union(*(closure(required) for required in direct))


def test_a_box_says_the_version_that_is_packaged() -> None:
    assert version("loalang") == VERSION
