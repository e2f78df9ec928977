"""Which run of the machine this is: its monotonic clock means something only within one."""

from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def machine_run(boot_id: Path = BOOT_ID) -> str:
    """The kernel's name of this run, "" where it gives none."""
    try:
        return boot_id.read_text().strip()
    except OSError:
        return ""
