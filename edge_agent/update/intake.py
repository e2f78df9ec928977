"""How the updater takes an order out of the agent's hands: bounded, copied, then looked at.

The state folder belongs to a user whom the updater, being root, does not believe: no symbolic link
is followed, and what is verified is the updater's own copy.
"""

import hashlib
import os
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from edge_agent.settings import Settings
from edge_agent.update.layout import Layout, open_folder, order_hash
from edge_agent.update.order import (
    BUNDLE,
    FOLDER,
    MAX_ORDER_BYTES,
    ORDER,
    Pinned,
    UpdateOrder,
    Verified,
    refused,
    verify,
)

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """What lay in the agent's folder; `bundle` is open, or nothing was there."""

    order: str
    content: bytes
    bundle: BinaryIO | None


def take(state_dir: Path) -> Found | None:
    """Take the order, so that it is seen once; None if no plain file is there."""
    try:
        folder = open_folder(state_dir / FOLDER)
    except FileNotFoundError:
        return None
    try:
        try:
            order = _open(folder, ORDER)
        except OSError:
            return None
        with order:
            content = order.read(MAX_ORDER_BYTES + 1)
        try:
            bundle: BinaryIO | None = _open(folder, BUNDLE)
        except OSError:
            bundle = None
        return Found(order_hash(content), content, bundle)
    finally:
        with suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(ORDER, dir_fd=folder)
        os.close(folder)


def verified(found: Found, chosen: Settings, layout: Layout) -> Verified:
    """Verify an order and copy its bundle; the order is remembered, and never taken again.

    Raises `UpdateRefused`.
    """
    if len(found.content) > MAX_ORDER_BYTES or found.bundle is None:
        raise refused("không đủ tệp", "it is not whole")
    with closing(found.bundle):
        try:
            order = msgspec.json.decode(found.content, type=UpdateOrder)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as e:
            raise refused(f"không đọc được: {e}", f"unreadable: {e}") from e
        # A box that was paired by hand is believed the first time; see --pin.
        pinned = layout.recall(Pinned) or Pinned(chosen.root_public_key)
        checked = verify(order, pinned, chosen.did)
        if _copy(found.bundle, layout.bundle, checked.update.bytes) != checked.update.sha256:
            raise refused("gói không khớp mã băm", "the bundle is not the one it names")
    layout.keep(checked.pinned)
    return checked


def _open(folder: int, name: str) -> BinaryIO:
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise FileNotFoundError(name)
    return file


def _copy(source: BinaryIO, target: Path, size: int) -> str:
    """Copy at most `size` bytes; gives the SHA-256 of what was copied, and of one byte more."""
    sha = hashlib.sha256()
    left = size
    with target.open("wb") as copy:
        while left and (block := source.read(min(_CHUNK, left))):
            left -= len(block)
            sha.update(block)
            copy.write(block)
    sha.update(source.read(1))
    return sha.hexdigest()
