"""Raw samples, 16-bit mono, to and from PyAV frames."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av

SAMPLE_RATE = 48_000
"""Of everything that leaves the mastering, in Hz."""
BYTES_PER_SAMPLE = 2
CHUNK_BYTES = 9_600 * BYTES_PER_SAMPLE


def silence(milliseconds: int) -> bytes:
    """Samples at 48 kHz."""
    return bytes(SAMPLE_RATE * milliseconds // 1000 * BYTES_PER_SAMPLE)


def chunks_of_file(path: Path, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(size), b"")


def frames_of(chunks: Iterable[bytes], sample_rate: int) -> Iterator[av.AudioFrame]:
    """One frame a chunk, numbered from 0; an odd last byte of a chunk is left out."""
    position = 0
    for chunk in chunks:
        samples = len(chunk) // BYTES_PER_SAMPLE
        if samples:
            yield frame_of(chunk[: samples * BYTES_PER_SAMPLE], position, sample_rate)
        position += samples


def frame_of(samples: bytes, position: int, sample_rate: int) -> av.AudioFrame:
    """`position` is that of its first sample."""
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // BYTES_PER_SAMPLE)
    frame.sample_rate = sample_rate
    frame.time_base = Fraction(1, sample_rate)
    frame.pts = position
    plane = frame.planes[0]
    plane.update(samples.ljust(plane.buffer_size, b"\0"))
    return frame


def bytes_of(frame: av.AudioFrame) -> bytes:
    """The samples of a mono s16 frame, without the padding of its buffer."""
    return bytes(frame.planes[0])[: frame.samples * BYTES_PER_SAMPLE]
