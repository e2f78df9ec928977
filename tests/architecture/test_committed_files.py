"""No committed file says where it was made."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Put together from pieces, so that this file may hold them.
HOSTS = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb", "debian", "org"),
        ("snapshot", "debian", "org"),
    )
]
MACHINE_PATHS = [rf"(?<![\w.~}}])/{folder}/\w" for folder in ("root", "work", "Users", "home")]
TRACE = re.compile("|".join([*map(re.escape, HOSTS), *MACHINE_PATHS, r"\.\./shared"]))


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in files}
    found = {str(path): TRACE.findall(text) for path, text in texts.items()}
    assert {path: traces for path, traces in found.items() if traces} == {}
