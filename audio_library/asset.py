"""One audio file, known by its SHA-256."""

import re
from dataclasses import dataclass

from audio_library.errors import NotAnAssetName

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Asset:
    sha256: str
    bytes: int
    duration_ms: int
    media_type: str

    def __post_init__(self) -> None:
        refuse_unless_sha256(self.sha256)


def is_sha256(name: str) -> bool:
    """64 lower-case hex digits."""
    return _SHA256.fullmatch(name) is not None


def refuse_unless_sha256(name: str) -> None:
    """Raise NotAnAssetName unless it is 64 lower-case hex digits."""
    if not is_sha256(name):
        raise NotAnAssetName(name)
