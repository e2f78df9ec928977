"""One file ready for air. Knows no decoder, so that anyone may import it."""

from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPE = "audio/ogg; codecs=opus"


@dataclass(frozen=True, slots=True)
class Mastered:
    """Loudness and true peak are those of the decoded file."""

    path: Path
    sha256: str
    bytes: int
    duration_ms: int
    lufs: float
    true_peak_dbtp: float
