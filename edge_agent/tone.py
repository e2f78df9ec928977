"""The test tone: 1 kHz with soft ends, made on the box when it is asked for."""

import hashlib
import math
import struct
from array import array

from edge_agent.cache import Cache, Shelf, Wanted, finish
from edge_agent.contract.commands import TestTone
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank
from edge_agent.contract.report import Source
from edge_agent.decide import Candidate

TITLE = "Âm thử"
LANGUAGE = "vi"
RATE = 16_000
HERTZ = 1_000
PEAK = 0.9
"""Of full scale; how loud it sounds is the gain of its cue."""

FADE_S = 0.1


def wav(seconds: int) -> bytes:
    """A mono WAV of 16 bits: the same seconds give the same bytes."""
    wave = [PEAK * 32_767 * math.sin(2 * math.pi * HERTZ * n / RATE) for n in range(RATE // HERTZ)]
    samples = array("h", map(round, wave)) * (HERTZ * seconds)
    fade = round(FADE_S * RATE)
    for n in range(fade):
        samples[n] = round(samples[n] * n / fade)
        samples[-1 - n] = round(samples[-1 - n] * n / fade)
    return wave_file(samples)


def wave_file(samples: "array[int]") -> bytes:
    """Wrap mono samples of 16 bits, `RATE` a second."""
    data = struct.pack(f"<{len(samples)}h", *samples)
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(shape) + 8 + len(data), b"WAVE")
        + shape
        + struct.pack("<4sI", b"data", len(data))
        + data
    )


def keep_tone(cache: Cache, seconds: int) -> Asset:
    """Put the tone of so many seconds among the audio, like any other. Raises OSError."""
    data = wav(seconds)
    asset = Asset(hashlib.sha256(data).hexdigest(), len(data), seconds * 1000, "audio/wav")
    wanted = Wanted(Shelf.AUDIO, asset.sha256, asset.bytes)
    if not cache.holds(wanted):
        write_made(cache, wanted, data)
        cache.admit(wanted)
    return asset


def write_made(cache: Cache, wanted: Wanted, data: bytes) -> None:
    """Write what was made on the box among the audio, from any thread. Raises OSError."""
    part = cache.part(wanted)
    part.write_bytes(data)
    finish(part, cache.path(wanted.shelf, wanted.sha256))


def tone_cue(
    ident: str,
    asset: Asset,
    asked: TestTone,
    *,
    now_ms: int,
    until_ms: int,
    source: Source = Source.COMMAND,
) -> Candidate:
    """A cue of the lowest rank, due now: it waits until nothing else sounds, to `until_ms`."""
    end = until_ms + asset.duration_ms
    cue = Cue(
        id=ident,
        asset=asset,
        start=now_ms,
        latest_start=until_ms,
        latest_end=end,
        valid_until=end,
        rank=Rank.FILLER,
        enter=Enter.AFTER_ITEM,
        leave=Leave.DROP,
        gain_db=asked.gain_db,
        title=TITLE,
        language=LANGUAGE,
    )
    return Candidate(cue, asset.duration_ms, source=source)
