"""From a bare Debian 12 to the first page of an installed office, over TLS of its own.

The base system is not counted; the packages, the build, the first account and the start are. Run
again, the installer brings the office up to date and is timed too, with its trial on a copy.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.bare_debian import (
    INSIDE,
    build_base,
    environment,
    lay_clone,
    megabytes,
    why_not,
)

LIMIT_S = 1200
AIM_S = 15 * 60

# What systemd would do: the unit's command with its settings, as its user.
SYSTEMCTL = """\
#!/bin/sh
case $* in
*is-active*) kill -0 "$(cat /run/office)" 2>/dev/null ;;
*"stop loalang.service") kill "$(cat /run/office)"; while kill -0 "$(cat /run/office)" 2>/dev/null; do sleep 0.1; done ;;
*"start loalang.service")
    set -a; . /etc/loalang/controller.env; set +a
    HOME=/var/lib/loalang-controller setpriv --reuid=loalang-controller --regid=loalang-controller --init-groups \\
        /opt/loalang-controller/current/bin/loalang serve >>/srv/journal 2>&1 &
    echo $! >/run/office ;;
esac
"""  # noqa: E501

OFFICE = """\
cd /srv/loalang
export LOALANG_SYSTEMCTL=/srv/systemctl
sh deploy/controller/install.sh
/opt/loalang-controller/current/bin/python - <<'END'
import pathlib, ssl, time, urllib.request
ca = "/var/lib/loalang-controller/data/ca/ca.pem"
page = urllib.request.urlopen("https://127.0.0.1:8443/", context=ssl.create_default_context(cafile=ca))
assert b"<html" in page.read()
pathlib.Path("/srv/first-page").write_text(str(time.time()))
END
echo >>controller/version.py
sh deploy/controller/install.sh
date +%s.%N >/srv/updated
kill "$(cat /run/office)"
"""  # noqa: E501


def run_office(system: Path) -> None:
    """Install, look, update, inside the system, as its only processes."""
    fake = system / "srv" / "systemctl"
    fake.write_text(SYSTEMCTL, encoding="utf-8")
    fake.chmod(0o755)
    (system / "srv" / "office.sh").write_text(OFFICE, encoding="utf-8")
    subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("sh", "-ec", INSIDE, "sh", str(system), *environment(system)),
            *("sh", "-e", "/srv/office.sh"),
        ],
        check=True,
        stdout=sys.stderr,
        timeout=LIMIT_S,
    )


def measure() -> list[dict[str, object]]:
    """Seconds to the first page, and of an update."""
    what = "bare Debian 12 to the first page of an installed office"
    with tempfile.TemporaryDirectory(prefix="loalang-installed-") as folder:
        system = Path(folder) / "system"
        if not build_base(system):
            return [{"what": what, "ours": "not measured: debootstrap failed"}]
        before = megabytes(system)
        began = time.time()
        lay_clone(system)
        run_office(system)
        first_page = float((system / "srv" / "first-page").read_text())
        updated = float((system / "srv" / "updated").read_text())
        seconds, taken = first_page - began, megabytes(system) - before
        return [
            {
                "what": what,
                "ours": f"{seconds:.1f} s, {taken:.0f} MB",
                "aim": f"≤ {AIM_S} s",
                "met": "yes" if seconds <= AIM_S else "no",
            },
            {
                "what": "the office brought up to date, tried on a copy first",
                "ours": f"{updated - first_page:.1f} s",
            },
        ]


def main() -> int:
    lacking = why_not()
    what = "bare Debian 12 to the first page of an installed office"
    rows = [{"what": what, "ours": f"not measured: {lacking}"}] if lacking else measure()
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
