"""What a version makes of a state folder: a copy of it is read as at a start."""

import shutil
import stat
import time
from pathlib import Path

from edge_agent.clock import BoxClock
from edge_agent.commands import CommandLog
from edge_agent.data_meter import DataMeter
from edge_agent.held import HeldStore
from edge_agent.identity import Counter
from edge_agent.spool import Spool

MAX_FILE_BYTES = 512 * 1024 * 1024

GROWING = ("boot", "connections", "time_floor")
"""Never put back: an older one would let something be believed or done twice."""

_NOT_STATE = ("lock", "desk")


def copy_state(state_dir: Path, copy: Path) -> None:
    """Copy what the agent keeps, but no audio and no page: those are known by their hash.

    The folder may be anybody's: only plain files are read. Raises OSError.
    """
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(mode=0o700, parents=True)
    for file in sorted(state_dir.iterdir()):
        found = file.lstat()
        if stat.S_ISREG(found.st_mode) and file.name not in _NOT_STATE:
            if found.st_size > MAX_FILE_BYTES:
                raise OSError(f"{file} has {found.st_size} bytes")
            shutil.copy2(file, copy / file.name, follow_symlinks=False)


def rehearse(copy: Path) -> tuple[str, ...]:
    """Open everything in `copy` as a start would; gives what this version cannot read."""
    now_ms = time.time_ns() // 1_000_000
    lived = (copy / "boot").exists()
    clock = BoxClock(
        copy / "time_floor",
        system_ms=lambda: now_ms,
        mono_ms=lambda: time.monotonic_ns() // 1_000_000,
        vouch=lambda _system_ms: None,
    )
    spool = Spool(copy / "spool.sqlite", now_ms, expected=lived)
    commands = CommandLog(copy / "commands.sqlite", now_ms, expected=lived)
    parts = (
        HeldStore(copy),
        spool,
        commands,
        clock,
        DataMeter(copy / "data_used"),
        Counter(copy / "boot", now_ms // 1000),
        Counter(copy / "connections", now_ms // 1000),
    )
    spool.close()
    commands.close()
    return tuple(loss for part in parts for loss in part.losses)
