"""Tones for the measurements."""

import math
import struct
import wave
from pathlib import Path

RATE = 48_000
HERTZ = 440
LOUD = 9_000


def tone(path: Path, duration_ms: int) -> Path:
    """Write a tone as mono 16-bit WAV."""
    period = RATE // 4
    turn = 2 * math.pi * HERTZ / RATE
    samples = [struct.pack("<h", round(LOUD * math.sin(turn * n))) for n in range(period)]
    count = RATE * duration_ms // 1000
    whole, rest = divmod(count, period)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, count, "NONE", ""))
        file.writeframes(b"".join(samples) * whole + b"".join(samples[:rest]))
    return path
