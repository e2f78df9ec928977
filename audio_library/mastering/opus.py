"""Ogg/Opus, 24 kbit/s mono: the smallest wide-band speech. Same samples, same bytes."""

from collections.abc import Iterable
from pathlib import Path

import av
from av.codec.context import Flags

from audio_library.mastering.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE, frame_of

BITS_PER_SECOND = 24_000
FRAME_SAMPLES = 960
"""20 ms, one Opus packet."""


def encode(chunks: Iterable[bytes], out: Path) -> int:
    """Encode 16-bit mono samples at 48 kHz; returns how many samples there were.

    Bit-exact flags: without them every file has a random serial and the encoder's version in it.
    """
    frame_bytes = FRAME_SAMPLES * BYTES_PER_SAMPLE
    samples = 0
    waiting = bytearray()
    with av.open(str(out), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = BITS_PER_SECOND
        stream.options = {"application": "voip", "frame_duration": "20", "vbr": "on"}
        stream.codec_context.flags |= Flags.bitexact
        for chunk in chunks:
            waiting += chunk
            whole = len(waiting) - len(waiting) % frame_bytes
            for start in range(0, whole, frame_bytes):
                piece = bytes(waiting[start : start + frame_bytes])
                container.mux(stream.encode(frame_of(piece, samples, SAMPLE_RATE)))
                samples += FRAME_SAMPLES
            del waiting[:whole]
        if waiting:
            container.mux(stream.encode(frame_of(bytes(waiting), samples, SAMPLE_RATE)))
            samples += len(waiting) // BYTES_PER_SAMPLE
        container.mux(stream.encode(None))
    return samples
