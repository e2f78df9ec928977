"""From a bare Debian 12 to an installed box that waits for its pairing, by bundle.

The base system and the making of the bundle are not counted. Run again, the installer must change
nothing, and the unit it has laid down must be one that systemd understands.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.bare_debian import build_base, megabytes, why_not

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "agent"
LIMIT_S = 900
AIM_S = 5 * 60


def make_bundle(folder: Path) -> Path | None:
    """A bundle for this machine; None if its wheels cannot be fetched."""
    made = subprocess.run(
        ["sh", str(DEPLOY / "make-bundle.sh"), "--machine", platform.machine(), "--out", folder],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    return Path(made.stdout.split()[1]) if made.returncode == 0 else None


def install(system: Path, bundle: Path) -> str:
    """Run the installer into the system; gives its last words."""
    done = subprocess.run(
        ["sh", str(DEPLOY / "install.sh"), str(bundle), "--root", str(system)],
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    return done.stderr.splitlines()[-1]


def is_whole(system: Path) -> bool:
    """Whether the agent runs there as its user, and says that it has to be paired."""
    asked = subprocess.run(
        ["chroot", str(system), "loalang-agent", "status", "--config", "/etc/loalang/agent.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.returncode == 1 and "pair" in asked.stderr


def measure() -> dict[str, object]:
    """Seconds of the first run and of the second, and what was put on the disk."""
    with tempfile.TemporaryDirectory(prefix="loalang-box-") as folder:
        system = Path(folder) / "system"
        bundle = make_bundle(Path(folder))
        if bundle is None or not build_base(system):
            return {"ours": "not measured: no network"}
        before, began = megabytes(system), time.monotonic()
        install(system, bundle)
        took_s = time.monotonic() - began
        again = install(system, bundle)
        again_s = time.monotonic() - began - took_s
        if not is_whole(system) or "nothing was changed" not in again:
            return {"ours": "failed: what was installed is not whole"}
        grown = megabytes(system) - before
        return {
            "ours": f"{took_s:.0f} s, {grown:.0f} MB; again {again_s:.1f} s, nothing changed",
            "aim": f"≤ {AIM_S} s",
            "met": "yes" if took_s <= AIM_S else "no",
        }


def main() -> int:
    lacking = why_not()
    measured = {"ours": f"not measured: {lacking}"} if lacking else measure()
    print(json.dumps({"what": "bare Debian 12 to an installed box", **measured}))
    return int("failed" in str(measured["ours"]))


if __name__ == "__main__":
    sys.exit(main())
