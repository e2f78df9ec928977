"""Opaque ids: short, lower-case, safe in topics, addresses and file names."""

import secrets

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_id(length: int = 12) -> str:
    """Make an id that says nothing and collides with none: 5 bits a letter."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
