"""A card that takes nothing any more: the box works on with its state in memory, and says so.

Plan, keys and audio are those of the card. The spool and the commands seen begin anew, as they do
when they are lost: nothing that was due before is played again, and the office hears of it.
"""

import errno
import hashlib
import logging
import os
import shutil
import stat
from pathlib import Path

from msgspec.structs import replace

from edge_agent.cache import Shelf
from edge_agent.errors import StateUnwritable
from edge_agent.identity import LOCK_FILE
from edge_agent.log_setup import note
from edge_agent.settings import Settings

log = logging.getLogger("edge_agent.refuge")

MEMORY = Path("/dev/shm")


def enter(chosen: Settings) -> Settings:
    """Settings to run by: as `chosen`, or with the refuge as state folder. Raises `AgentError`.

    A refuge lasts until the machine is switched off, or the card takes something again.
    """
    refuge, card = _refuge_of(chosen), Path(chosen.state_dir)
    if not _takes_nothing(card):
        shutil.rmtree(refuge, ignore_errors=True)
        return chosen
    try:
        if not refuge.exists():
            _fill(refuge.with_name(refuge.name + ".new"), card).replace(refuge)
        is_ours = _is_private_of(refuge, os.geteuid())
    except OSError as e:
        raise StateUnwritable(
            f"Thẻ nhớ chỉ còn đọc được, và bộ nhớ không nhận trạng thái: {e}.",
            f"The card can only be read, and memory does not take the state: {e}.",
        ) from e
    if not is_ours:
        raise StateUnwritable(f"{refuge} không phải của hộp này.", f"{refuge} is of somebody else.")
    note(log, "card_read_only", level=logging.ERROR, card=str(card), refuge=str(refuge))
    return _moved(chosen, refuge)


def find(chosen: Settings) -> Settings:
    """Settings to look for a running agent by."""
    refuge, card = _refuge_of(chosen), Path(chosen.state_dir)
    try:
        is_there = _is_private_of(refuge, 0, card.stat().st_uid)
    except OSError:
        return chosen
    return _moved(chosen, refuge) if is_there else chosen


def losses(chosen: Settings) -> tuple[str, ...]:
    """What the office has to hear of it."""
    return ("card read-only",) if Path(chosen.state_dir).parent == MEMORY else ()


def _refuge_of(chosen: Settings) -> Path:
    place = hashlib.sha256(os.fsencode(Path(chosen.state_dir).absolute())).hexdigest()[:8]
    return MEMORY / f"loalang-{chosen.did}-{place}"


def _moved(chosen: Settings, refuge: Path) -> Settings:
    # Half of it stays free: what fills it takes the memory that the player needs.
    spare_mb = shutil.disk_usage(MEMORY).total // 2_000_000
    return replace(chosen, state_dir=str(refuge), disk_reserve_mb=spare_mb)


def _is_private_of(refuge: Path, *users: int) -> bool:
    """Whether it is a folder of one of these users that nobody else may enter. Raises OSError."""
    found = refuge.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return private and found.st_uid in users


def _takes_nothing(card: Path) -> bool:
    try:
        os.close(os.open(card / LOCK_FILE, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as e:
        return e.errno in (errno.EROFS, errno.EIO)
    return False


def _fill(refuge: Path, card: Path) -> Path:
    """Copy what is small, and point to what is large."""
    shutil.rmtree(refuge, ignore_errors=True)
    refuge.mkdir(mode=0o700)
    for file in card.iterdir():
        if file.is_file() and ".sqlite" not in file.name:
            shutil.copy(file, refuge)
    for shelf in Shelf:
        (refuge / shelf).mkdir(mode=0o700)
        for file in (card / shelf).glob(f"*{shelf.ending}"):
            (refuge / shelf / file.name).symlink_to(file)
    return refuge
