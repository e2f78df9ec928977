"""Phrases for tests: real Ogg/Opus as the office makes it, and a real decoder."""

import io
import math
from array import array
from functools import cache

import av

RATE = 48_000


@cache
def phrase(hertz: int, duration_ms: int, *, channels: int = 1) -> bytes:
    """A warbling tone with soft ends, as words have them, encoded as speech is."""
    many = duration_ms * RATE // 1000
    wave = (math.sin(2 * math.pi * hertz * n / RATE) for n in range(many))
    swell = (0.3 * (1 + math.sin(2 * math.pi * 4 * n / RATE)) for n in range(many))
    fade = 0.03 * RATE
    ends = (min(1.0, n / fade, (many - n) / fade) for n in range(many))
    sound = zip(wave, swell, ends, strict=True)
    samples = array("h", (round(16_000 * a * b * c) for a, b, c in sound))
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as container:
        layout = "mono" if channels == 1 else "stereo"
        stream = container.add_stream("libopus", rate=RATE, layout=layout)
        stream.bit_rate = 24_000
        stream.options = {"application": "voip"}
        for at in range(0, many, 960):
            part = samples[at : at + 960]
            frame = av.AudioFrame("s16", layout, len(part))
            wide = array("h", (s for s in part for _ in range(channels)))
            size = frame.planes[0].buffer_size
            frame.planes[0].update(wide.tobytes().ljust(size, b"\0"))
            frame.rate, frame.pts = RATE, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def decoded(data: bytes) -> "array[int]":
    """All samples of a file, mono, 16 bits, 48 kHz."""
    heard = array("h")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(audio=0):
            for whole in resampler.resample(frame):
                heard.frombytes(bytes(whole.planes[0])[: whole.samples * 2])
    return heard


def rms(samples: "array[int]") -> float:
    return math.sqrt(sum(s * s for s in samples) / len(samples))
