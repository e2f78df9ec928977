"""The recovery code: 24 letters and digits (120 bits) that a person can read and type."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are misread."""

GROUPS, IN_A_GROUP = 6, 4
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_code() -> str:
    """Make a code: six groups of four."""
    letters = [secrets.choice(ALPHABET) for _ in range(GROUPS * IN_A_GROUP)]
    return grouped("".join(letters))


def grouped(letters: str) -> str:
    """Write letters in groups of four."""
    starts = range(0, len(letters), IN_A_GROUP)
    return "-".join(letters[start : start + IN_A_GROUP] for start in starts)


def normal(typed: str) -> str:
    """The one form of what was typed: capitals in groups, misread letters mended."""
    letters = "".join(c for c in typed.upper().translate(_MISREAD) if c.isalnum())
    return grouped(letters)
