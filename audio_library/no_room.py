"""A full disk, as the system tells it."""

import errno

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space, no quota, no larger file allowed."""


def is_no_room(error: OSError) -> bool:
    """The write failed because nothing more may be written; later it may succeed."""
    return error.errno in NO_ROOM
