"""MP3, 48 kbit/s mono: for a player that knows no Opus."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags

from audio_library.mastering.filters import Filter, through
from audio_library.mastering.pcm import SAMPLE_RATE, frames_of

BITS_PER_SECOND = 48_000
_FOR_LAME = (Filter("aformat", "sample_fmts=s16p"), Filter("asetnsamples", "1152:p=0"))


def write_mp3(chunks: Iterable[bytes], out: Path) -> int:
    """Encode 16-bit mono samples at 48 kHz; returns how many samples there were."""
    samples = 0
    with av.open(str(out), "w", format="mp3", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = BITS_PER_SECOND
        stream.codec_context.flags |= Flags.bitexact
        for frame in through(_FOR_LAME, frames_of(chunks, SAMPLE_RATE)):
            frame.pts, frame.time_base = samples, Fraction(1, SAMPLE_RATE)
            samples += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return samples
