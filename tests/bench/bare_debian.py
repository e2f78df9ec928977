"""From an empty clone on a bare Debian 12, python3 and make alone, to the first sound.

Built by debootstrap in a temporary folder, run in its own mount and process namespaces, removed
afterwards. The base system is not counted; everything that `make demo` brings is.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO = "--once --villages 1 --delay 2 --json /srv/played.json"
BASE_LIMIT_S = 600
DEMO_LIMIT_S = 900

# Ends with everything that it started, and its mounts with it.
INSIDE = """
mount -t proc proc "$1/proc"
mount -t devpts devpts "$1/dev/pts"
mount -t tmpfs tmpfs "$1/dev/shm"
root=$1
shift
exec chroot "$root" env -i "$@"
"""


def why_not() -> str | None:
    """What this machine lacks for the measurement."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in ("debootstrap", "unshare", "git") if not shutil.which(name)]
    return f"needs {', '.join(missing)}" if missing else None


def build_base(system: Path) -> bool:
    """A minimal Debian 12 with python3 and make; False if it cannot be fetched."""
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=python3,make", "bookworm", str(system)],
        check=False,
        stdout=subprocess.DEVNULL,
        timeout=BASE_LIMIT_S,
    )
    return done.returncode == 0


def lay_clone(system: Path) -> None:
    """The committed tree, without git, as /srv/loalang."""
    clone = system / "srv" / "loalang"
    clone.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(clone)], input=archive.stdout, check=True)


def environment(system: Path) -> list[str]:
    """A plain environment; where the network has a certificate of its own, that one too."""
    plain = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "LANG=C.UTF-8"]
    certificate = os.environ.get("SSL_CERT_FILE")
    if not certificate:
        return plain
    shutil.copy(certificate, system / "srv" / "network.crt")
    return [*plain, "SSL_CERT_FILE=/srv/network.crt", "PIP_CERT=/srv/network.crt"]


def run_demo(system: Path) -> None:
    """`make demo` inside the system, as its only processes."""
    subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("sh", "-ec", INSIDE, "sh", str(system), *environment(system)),
            *("make", "-C", "/srv/loalang", "demo", f"ARGS={DEMO}"),
        ],
        check=True,
        stdout=sys.stderr,
        timeout=DEMO_LIMIT_S,
    )


def megabytes(folder: Path) -> float:
    """Disk taken by the folder, in MB."""
    listed = subprocess.run(["du", "-sk", str(folder)], check=True, capture_output=True, text=True)
    return int(listed.stdout.split()[0]) / 1000


def measure() -> str:
    """Seconds to the first sound, and what was put on the disk for it."""
    with tempfile.TemporaryDirectory(prefix="loalang-bare-") as folder:
        system = Path(folder) / "system"
        if not build_base(system):
            return "not measured: debootstrap failed"
        before = megabytes(system)
        began = time.time()
        lay_clone(system)
        run_demo(system)
        played = json.loads((system / "srv" / "played.json").read_text(encoding="utf-8"))
        first_sound = min(datetime.fromisoformat(row["started_at"]) for row in played)
        seconds = first_sound.timestamp() - began
        return f"{seconds:.1f} s, {megabytes(system) - before:.0f} MB"


def main() -> int:
    lacking = why_not()
    measured = f"not measured: {lacking}" if lacking else measure()
    row = {"what": "empty clone on a bare Debian 12 to the first sound", "ours": measured}
    print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
