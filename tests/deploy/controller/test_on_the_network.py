"""The office announces itself: the real Avahi on a network that ends at this test."""

import os
import subprocess
from pathlib import Path

import pytest

from edge_agent.cli.pair import announced_in

SERVICE = Path(__file__).parents[3] / "deploy" / "controller" / "avahi.service"

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={folder}/bus</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>
"""
AVAHI = """\
[server]
host-name=loalang
use-ipv6=no
allow-interfaces=lo
[publish]
publish-workstation=no
"""
# In namespaces of its own: the loopback, /run and the folder of services are nobody else's.
INSIDE = """\
ip link set lo up multicast on
ip route add 224.0.0.0/4 dev lo
mount --bind "$1/services" /etc/avahi/services
mount -t tmpfs tmpfs /run
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$1/bus"
dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile &
until [ -S "$1/bus" ]; do sleep 0.05; done
avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$1/avahi.conf" >"$1/log" 2>&1 &
until grep -q 'successfully established' "$1/log"; do sleep 0.05; done
avahi-browse -rpt _loalang._tcp
"""


@pytest.mark.needs("avahi")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network of its own")
def test_a_blank_box_finds_the_office_that_the_installer_announces(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "loalang.service").write_bytes(SERVICE.read_bytes())
    (tmp_path / "bus.conf").write_text(BUS.format(folder=tmp_path))
    (tmp_path / "avahi.conf").write_text(AVAHI)
    done = subprocess.run(
        [
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"),
            *("sh", "-ec", INSIDE, "sh", str(tmp_path)),
        ],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert list(announced_in(done.stdout)) == ["https://127.0.0.1:8443"]
    assert ";loalang.local;" in done.stdout
