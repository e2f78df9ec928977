"""One part of a programme: filtered, levelled and encoded by itself, kept as Opus packets.

Silence at both ends is part of it, in whole packets: what one encoder left in a decoder has died
away when the next one's first sound comes, so that parts may be joined and keep their time.
"""

import struct
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path

import av

from audio_library.mastering.aim import Aim
from audio_library.mastering.filters import through
from audio_library.mastering.levelling import levelled, written
from audio_library.mastering.opus import packets_of
from audio_library.mastering.pcm import (
    SAMPLE_RATE,
    chunks_of_file,
    frames_of,
    silence,
)
from audio_library.mastering.preset import Preset
from audio_library.mastering.programme import Part
from audio_library.mastering.sections import FRAME_BYTES, packets_within_limits
from audio_library.mastering.sound_source import frames_of_speech, unreadable
from audio_library.mastering.voice_chain import voice_chain

HEAD_MS = 20
TAIL_MS = 40
"""Of silence, at least; an encoder is 6.5 ms late."""
PACKET_MS = 20
_LENGTH = struct.Struct(">H")


def level(part: Part, preset: Preset, aim: Aim, folder: Path) -> Path:
    """The samples of a part at their level; `folder` is its own. Raises AudioUnreadable, …"""
    folder.mkdir()
    frames: Iterable[av.AudioFrame] = chain.from_iterable(_sounds(part, preset))
    if not part.sounds:
        # Only here: what makes it takes as long to load as a sentence takes to be mastered.
        from audio_library.mastering.chime import chime_pcm

        frames = frames_of([chime_pcm()], SAMPLE_RATE)
    with unreadable():
        raw = written(frames, folder / "raw.pcm")
    done = levelled(raw, aim, folder / "level.pcm").path
    raw.path.unlink()
    return done


def padded(pcm: Path) -> Iterator[bytes]:
    """Samples from a file with silence at both ends, in whole packets."""
    yield silence(HEAD_MS)
    yield from chunks_of_file(pcm)
    yield silence(TAIL_MS)
    yield bytes(-pcm.stat().st_size % FRAME_BYTES)


def silence_after(part: Part) -> int:
    """Milliseconds to add between this part and the next, beside the silence that both hold."""
    return max(0, part.pause_ms - HEAD_MS - TAIL_MS)


def make_packets(part: Part, preset: Preset, aim: Aim, folder: Path) -> None:
    """Write the packets of a part to its file, whole or not at all."""
    pcm = level(part, preset, aim, folder)
    whole, made = folder / "whole.pcm", folder / "packets"
    with whole.open("wb") as file:
        file.writelines(padded(pcm))
    pcm.unlink()
    with made.open("wb") as file:
        for packet in packets_within_limits(whole, aim.limit_dbfs, folder):
            file.write(_LENGTH.pack(len(packet)) + packet)
    whole.unlink()
    made.replace(part.packets)


def joined(parts: Iterable[Part]) -> Iterator[bytes]:
    """The packets of a programme whose parts are all made."""
    for part in parts:
        yield from _packets_in(part.packets)
        yield from _silent(silence_after(part) // PACKET_MS)


def last_packet() -> bytes:
    """What a joined stream ends with: the encoder is late."""
    return _silent(1)[0]


def _sounds(part: Part, preset: Preset) -> Iterator[Iterable[av.AudioFrame]]:
    for sound in part.sounds:
        yield through(voice_chain(preset), frames_of_speech(sound.speech))
        yield frames_of([silence(sound.pause_ms)], SAMPLE_RATE)


def _packets_in(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while head := file.read(_LENGTH.size):
            yield file.read(_LENGTH.unpack(head)[0])


@cache
def _silent(packets: int) -> tuple[bytes, ...]:
    return tuple(islice(packets_of([silence(packets * PACKET_MS)]), packets))
