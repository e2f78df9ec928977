"""Hear a few seconds of a stream over http(s), and nothing that it may point to elsewhere."""

import contextlib
import ssl
import time
from collections.abc import Iterator
from typing import Any

import av

from audio_library.mastering.loudness import integrated

_PROVED, _ANY = "https,tls,tcp,crypto", "http,https,tls,tcp,crypto"
"""A stream that must prove itself may not lead on to one that does not."""


class Dead(Exception):
    """Nothing is heard; `why` is FFmpeg's word for it, without the address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def listen(url: str, *, proved: bool, listen_s: float, patience_s: float) -> dict[str, Any]:
    """The fields of Heard; raises Dead."""
    options = {"protocol_whitelist": _PROVED if proved else _ANY, "tls_verify": str(int(proved))}
    if proved:
        # A box follows none from there: not every FFmpeg asks where it leads.
        options["max_redirects"] = "0"
    trusted = ssl.get_default_verify_paths().cafile
    if trusted is not None:
        options["ca_file"] = trusted
    try:
        with av.open(url, "r", options=options, timeout=patience_s) as container:
            if not container.streams.audio:
                raise Dead("no audio stream")
            stream = container.streams.audio[0]
            heard = _Heard(listen_s)
            lufs = integrated(heard.of(_decoded(container, stream)))
            if not heard.seconds:
                raise Dead("no sound in the stream")
            codec = stream.codec_context
            return {
                "kind": f"{container.format.name.split(',')[0]} {codec.name}",
                "sample_rate": codec.sample_rate,
                "channels": codec.channels,
                "bit_rate": codec.bit_rate or container.bit_rate or 0,
                "heard_s": round(heard.seconds, 1),
                "lufs": round(lufs, 1),
            }
    except av.FFmpegError as error:
        raise Dead(str(error.strerror or type(error).__name__)[:120]) from error


def _decoded(
    container: av.container.InputContainer, stream: av.audio.stream.AudioStream
) -> Iterator[av.AudioFrame]:
    """Sound of the packets that hold some: a station is met, and left, in the middle of a frame."""
    for packet in container.demux(stream):
        with contextlib.suppress(av.error.InvalidDataError):
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                yield frame


class _Heard:
    """Frames up to so many seconds of sound, or of waiting for it."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self.seconds = 0.0

    def of(self, frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
        give_up = time.monotonic() + 2 * self._most_s
        for frame in frames:
            self.seconds += frame.samples / frame.sample_rate
            yield frame
            if self.seconds >= self._most_s or time.monotonic() > give_up:
                return
