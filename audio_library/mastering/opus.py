"""Ogg/Opus, 24 kbit/s mono: the smallest wide-band speech. Same samples, same bytes.

One stream may be joined from packets of several encoders: between two of them there is silence,
in which the decoder forgets the one before.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags

from audio_library.mastering.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE, frame_of

BITS_PER_SECOND = 24_000
FRAME_SAMPLES = 960
"""20 ms, one Opus packet."""
_FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE
_TIME_BASE = Fraction(1, SAMPLE_RATE)
_OPTIONS = {"application": "voip", "frame_duration": "20", "vbr": "on"}


def packets_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Packets of a fresh encoder: one for each begun 20 ms, and one that holds what it is late."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "s16"
    encoder.time_base = _TIME_BASE
    _configure(encoder)
    position = 0
    for piece in _in_frames(chunks):
        for packet in encoder.encode(frame_of(piece, position, SAMPLE_RATE)):
            yield bytes(packet)
        position += FRAME_SAMPLES
    for packet in encoder.encode(None):
        yield bytes(packet)


def write_ogg(packets: Iterable[bytes], samples: int, out: Path) -> None:
    """One Ogg stream of `samples` samples, which the packets reach or exceed.

    Bit-exact flags: without them every file has a random serial and the encoder's version in it.
    """
    with av.open(str(out), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        _configure(stream.codec_context)
        container.start_encoding()
        # An encoder is late by this much; players leave it out.
        start_up = int.from_bytes((stream.codec_context.extradata or b"")[10:12], "little")
        for number, content in enumerate(packets):
            position = number * FRAME_SAMPLES - start_up
            if position >= samples:
                break
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, _TIME_BASE
            packet.pts = packet.dts = position
            packet.duration = min(FRAME_SAMPLES, samples - position)
            container.mux(packet)


def _configure(context: av.AudioCodecContext) -> None:
    context.bit_rate = BITS_PER_SECOND
    context.options = _OPTIONS
    context.flags |= Flags.bitexact


def _in_frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        whole = len(waiting) - len(waiting) % _FRAME_BYTES
        for start in range(0, whole, _FRAME_BYTES):
            yield bytes(waiting[start : start + _FRAME_BYTES])
        del waiting[:whole]
    if waiting:
        yield bytes(waiting).ljust(_FRAME_BYTES, b"\0")
