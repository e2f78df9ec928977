"""Unmastered sound as frames: raw samples, or any container that PyAV opens."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import av

from audio_library.errors import AudioUnreadable
from audio_library.mastering.pcm import chunks_of_file, frames_of
from audio_library.speech.engine import RAW_PCM, Speech

MAX_SECONDS = 3_600
"""No session of a commune is longer; it bounds what a broken or hostile file can cost."""

_ANY_TAGS: dict[str, Any] = (
    {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}
)
"""Up to 18 PyAV opens no file whose tags are not UTF-8 unless told; 19 takes them by itself."""


def frames_of_speech(speech: Speech) -> Iterator[av.AudioFrame]:
    """Frames at the rate and layout of the source; raises AudioUnreadable."""
    frames = (
        frames_of(chunks_of_file(speech.path), speech.sample_rate)
        if speech.media_type == RAW_PCM
        else frames_of_container(speech.path)
    )
    seconds = 0.0
    for frame in frames:
        seconds += frame.samples / frame.sample_rate
        if seconds > MAX_SECONDS:
            raise AudioUnreadable(f"> {MAX_SECONDS // 60} min")
        yield frame


def frames_of_container(path: Path) -> Iterator[av.AudioFrame]:
    """Decode the first audio stream; a file that yields no sound at all is an AudioUnreadable."""
    heard = False
    with unreadable(), _open(path) as container:
        if not container.streams.audio:
            raise AudioUnreadable("no audio stream")
        for frame in container.decode(container.streams.audio[0]):
            heard = True
            yield frame
    if not heard:
        raise AudioUnreadable("no sound in the file")


def duration_ms(path: Path) -> int:
    """By the container's word; an Opus file counts its start-up samples in, so they go off."""
    with unreadable(), _open(path) as container:
        if not container.streams.audio or container.duration is None:
            raise AudioUnreadable("no audio stream")
        head = container.streams.audio[0].codec_context.extradata or b""
        start_up = int.from_bytes(head[10:12], "little") if head[:8] == b"OpusHead" else 0
        return round(container.duration / 1000 - start_up / 48)


@contextmanager
def unreadable() -> Iterator[None]:
    """What FFmpeg complains of in here is the fault of the sound: AudioUnreadable."""
    try:
        yield
    except av.FFmpegError as error:
        raise AudioUnreadable(str(error.strerror or error)[:120]) from error


def _open(path: Path) -> AbstractContextManager[av.container.InputContainer]:
    # A plain path only: FFmpeg would take `concat:` or `http:` in a name for an order to fetch.
    container: av.container.InputContainer = av.open(f"file:{path.absolute()}", "r", **_ANY_TAGS)
    return container
