"""constraints.txt pins every package by hash, is what is installed here, and names no host."""

import re
from importlib.metadata import distributions
from pathlib import Path

CONSTRAINTS = (Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)[^\\\n]*(?P<hashes>(?: \\\n    --hash=\S+)*)$",
    re.MULTILINE,
)
PINS = {entry["name"]: entry for entry in ENTRY.finditer(CONSTRAINTS)}


def test_every_line_is_a_pin_with_hashes() -> None:
    rest = ENTRY.sub("", CONSTRAINTS)
    assert [line for line in rest.splitlines() if line and not line.lstrip().startswith("#")] == []
    assert [name for name, entry in PINS.items() if "--hash=sha256:" not in entry["hashes"]] == []


def test_no_host_and_no_option_is_named() -> None:
    assert re.findall(r"\w+://\S+|^-\S+", CONSTRAINTS, re.MULTILINE) == []


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = {
        re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): found.version
        for found in distributions()
    }
    del installed["loalang"]
    pinned = {name: PINS[name]["version"] if name in PINS else None for name in installed}
    assert installed == pinned
