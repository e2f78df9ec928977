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
