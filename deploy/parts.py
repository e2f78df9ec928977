"""The real parts that Debian brings (broker, players, browser): which are missing, and their setup.

Needs nothing but the standard library: make runs it with any Python, the tests read its table.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """A program that is not ours: its executables, and the Debian packages that hold them."""

    name: str
    executables: tuple[str, ...]
    packages: tuple[str, ...]


PARTS = {
    part.name: part
    for part in (
        Part("mosquitto", ("mosquitto",), ("mosquitto",)),
        Part("mpv", ("mpv",), ("mpv",)),
        Part("ffmpeg", ("ffmpeg",), ("ffmpeg",)),
        Part("espeak-ng", ("espeak-ng",), ("espeak-ng",)),
        Part("pulseaudio", ("pulseaudio", "parec"), ("pulseaudio", "pulseaudio-utils")),
        Part("alsa", ("arecord",), ("alsa-utils", "libasound2-plugins")),
        Part("faketime", ("faketime",), ("faketime",)),
        Part("chromium", ("chromium",), ("chromium",)),
        Part("shellcheck", ("shellcheck",), ("shellcheck",)),
        Part("debootstrap", ("debootstrap",), ("debootstrap",)),
        Part("avahi", ("avahi-daemon", "avahi-browse"), ("avahi-daemon", "avahi-utils", "dbus")),
    )
}

# Debian keeps daemons here, where a plain user's PATH does not look.
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")


def is_installed(part: Part) -> bool:
    """Whether every executable of the part is found."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    return all(shutil.which(executable, path=path) for executable in part.executables)


def missing_parts() -> list[Part]:
    """The parts that this machine lacks, in the order of the table."""
    return [part for part in PARTS.values() if not is_installed(part)]


def apt_arguments(parts: Iterable[Part]) -> list[str]:
    """The arguments of apt-get that install these parts."""
    packages = [package for part in parts for package in part.packages]
    return ["install", "--yes", "--no-install-recommends", *packages]


def apt_line(parts: Iterable[Part]) -> str:
    """The line for a person to type."""
    return " ".join(["sudo apt-get", *apt_arguments(parts)])


@contextmanager
def services_held_back(policy: Path) -> Iterator[None]:
    """Let no package start its service meanwhile; a policy that already stands is kept."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def disable_broker() -> None:
    """Keep the broker that was just installed from running now or at boot."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "disable", "--now", "mosquitto"], check=True)
    elif disable := shutil.which("update-rc.d", path="/usr/sbin"):
        subprocess.run([disable, "mosquitto", "disable"], check=True)


def install(parts: list[Part]) -> int:
    """Install these parts as root, through sudo if need be; the exit status."""
    if not parts:
        print("Đã đủ các phần / all parts are here")
        return 0
    if not shutil.which("apt-get"):
        print(
            f"Không có apt-get; cần / no apt-get here; needed: {apt_line(parts)}", file=sys.stderr
        )
        return 1
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            print(f"Cần quyền root / needs root: {apt_line(parts)}", file=sys.stderr)
            return 1
        return subprocess.run(["sudo", sys.executable, __file__, "install"], check=False).returncode
    print(f"Đang cài / installing: {', '.join(part.name for part in parts)}", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # A list that cannot be fetched is no reason to stop: the install below decides.
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
    with services_held_back(Path("/usr/sbin/policy-rc.d")):
        done = subprocess.run(
            ["apt-get", "-qq", *apt_arguments(parts)], check=False, env=environment
        )
    if PARTS["mosquitto"] in parts and is_installed(PARTS["mosquitto"]):
        disable_broker()
    return done.returncode


def offer(parts: list[Part]) -> int:
    """Before tests: install what is missing where that is allowed, else say what waits for what."""
    if parts and (os.geteuid() == 0 or os.environ.get("LOALANG_INSTALL_PARTS") == "1"):
        install(parts)
        parts = missing_parts()
    if parts:
        names = ", ".join(part.name for part in parts)
        print(
            f"Các phép thử cần {names} sẽ chờ; muốn chạy, hãy gõ /\n"
            f"tests that need {names} will wait; to run them, type:\n"
            f"  {apt_line(parts)}",
            file=sys.stderr,
        )
    return 0


def main(arguments: list[str]) -> int:
    """Usage: parts.py install|offer."""
    match arguments:
        case ["install"]:
            return install(missing_parts())
        case ["offer"]:
            return offer(missing_parts())
        case _:
            print("parts.py install|offer", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
