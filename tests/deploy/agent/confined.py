"""Usage: confined.py UNIT WRITABLE COMMAND…: run a command under the limits of a unit.

No privileges, no capabilities, the unit's system calls and nothing that can be written and run
(by libseccomp, as systemd does), and as root a file system that is read-only but for WRITABLE.
What stays untried here: DevicePolicy, ProtectProc, MemoryMax, which are the kernel's by systemd.
"""

import configparser
import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
MASKED_EQ = 7
LAST_CAPABILITY = 40


class Compared(ctypes.Structure):
    """struct scmp_arg_cmp."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def expand(names: set[str]) -> set[str]:
    """System calls of these groups, as this machine's systemd knows them."""
    calls = {name for name in names if not name.startswith("@")}
    for group in names - calls:
        told = subprocess.run(
            ["systemd-analyze", "syscall-filter", "--no-pager", group],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[1:]
        inside = {line.strip() for line in told if line.strip() and "#" not in line}
        calls |= expand(inside)
    return calls


def allowed(unit: Path) -> set[str]:
    """System calls that the unit allows: each line adds, or with ~ takes away."""
    calls: set[str] = set()
    for line in unit.read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "SystemCallFilter":
            group = expand(set(value.removeprefix("~").split()))
            calls = calls - group if value.startswith("~") else calls | group
    return calls


def filter_calls(unit: Path) -> None:
    """Let only the unit's calls pass, and none that makes memory both writable and runnable."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    resolve = seccomp.seccomp_syscall_resolve_name
    add = seccomp.seccomp_rule_add_array
    add.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)

    def load(context: int) -> None:
        if seccomp.seccomp_load(ctypes.c_void_p(context)):
            raise OSError("seccomp_load")

    names = allowed(unit)
    calls = [number for name in sorted(names) if (number := resolve(name.encode())) >= 0]
    unwritable = seccomp.seccomp_init(ALLOW)
    for name, arg, bits in (
        (b"mmap", 2, PROT_WRITE | PROT_EXEC),
        (b"mprotect", 2, PROT_EXEC),
        (b"pkey_mprotect", 2, PROT_EXEC),
        (b"shmat", 2, SHM_EXEC),
    ):
        compared = Compared(arg, MASKED_EQ, bits, bits)
        add(unwritable, REFUSE, resolve(name), 1, ctypes.byref(compared))
    listed = seccomp.seccomp_init(REFUSE)
    for number in calls:
        add(listed, ALLOW, number, 0, None)
    load(unwritable)
    load(listed)


def lock_disk(libc: ctypes.CDLL, writable: Path) -> None:
    """Everything is read-only but the folder, /dev, /proc and /sys."""

    def mount(source: str | None, target: str, flags: int) -> None:
        from_ = source.encode() if source else None
        if libc.mount(from_, target.encode(), None, flags, None):
            raise OSError(ctypes.get_errno(), f"mount {target}")

    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount(None, "/", MS_REC | MS_PRIVATE)
    mount(str(writable), str(writable), MS_BIND)
    mount("/", "/", MS_BIND | MS_REC)
    mount(None, "/", MS_REMOUNT | MS_BIND | MS_RDONLY)


def main() -> None:
    unit, writable, *command = sys.argv[1:]
    service = configparser.ConfigParser(strict=False, interpolation=None)
    service.optionxform = str  # type: ignore[assignment, method-assign]
    service.read(unit)
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and service["Service"]["ProtectSystem"] == "strict":
        lock_disk(libc, Path(writable))
    if service["Service"]["CapabilityBoundingSet"] == "":
        for capability in range(LAST_CAPABILITY + 1):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter_calls(Path(unit))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
