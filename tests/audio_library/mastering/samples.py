"""Small sound files in many containers, made here."""

import random
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from audio_library.speech.espeak import Espeak

CONTAINERS = {
    "a.wav": ("wav", "pcm_s16le"),
    "a.mp3": ("mp3", "libmp3lame"),
    "a.ogg": ("ogg", "libopus"),
    "a.m4a": ("ipod", "aac"),
    "a.webm": ("webm", "libopus"),
    "a.flac": ("flac", "flac"),
}


def speech(folder: Path, words: str = "Bà con chú ý.") -> tuple[bytes, int]:
    """16-bit mono samples and their rate."""
    (made,) = Espeak().speak([words], Espeak().voices()[0], into=folder, timeout_s=30)
    return made.path.read_bytes(), made.sample_rate


def encoded(
    samples: bytes, rate: int, out: Path, *, layout: str = "mono", to_rate: int = 48_000
) -> Path:
    """The samples in the container and codec that the name asks for; all channels alike."""
    container_format, codec = CONTAINERS[f"a{out.suffix}"]
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    frame.planes[0].update(samples.ljust(frame.planes[0].buffer_size, b"\0"))
    with av.open(str(out), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=to_rate, layout=layout)
        context = stream.codec_context
        context.open()
        resample = av.AudioResampler(
            context.format.name, layout, to_rate, frame_size=context.frame_size or 1_024
        )
        for piece in (*resample.resample(frame), *resample.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return out


def mutated(files: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many damaged copies: bytes changed, cut off, spliced with another, doubled, blanked."""
    chance = random.Random(seed)
    for number in range(count):
        content = bytearray(files[number % len(files)])
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(content) or 1)
            length = chance.randint(1, 200)
            match chance.randrange(6):
                case 0 | 1:
                    # Most harm is done where lengths, rates and counts are told.
                    reach = chance.choice([64, 512, len(content)])
                    for _ in range(chance.randint(1, 24)):
                        content[chance.randrange(min(reach, len(content)))] = chance.randrange(256)
                case 2:
                    del content[max(at, 1) :]
                case 3:
                    other = chance.choice(files)
                    content[at:] = other[chance.randrange(len(other)) :]
                case 4:
                    content[at:at] = content[at : at + length]
                case _:
                    content[at : at + length] = array(
                        "B", [chance.choice([0, 255])] * length
                    ).tobytes()
        yield bytes(content)
