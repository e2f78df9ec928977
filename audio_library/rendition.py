"""A script as speech in one language."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendition:
    """Valid only for the spoken form whose hash it carries."""

    language: str
    spoken_sha256: str
    voice: str
    engine: str
    asset_sha256: str


def spoken_sha256(language: str, spoken: str) -> str:
    """Hex digest of a spoken form in its language."""
    return hashlib.sha256(f"{language}\n{spoken}".encode()).hexdigest()


def phrase_sha256(language: str, words: str) -> str:
    """Hex digest of a phrase of the bank: bare of chimes, so no bulletin of the same words."""
    return hashlib.sha256(f"phrase\n{language}\n{words}".encode()).hexdigest()
