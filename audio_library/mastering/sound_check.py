"""Measures a recording that a person brought, and keeps its voice as FLAC, 48 kHz mono.

Decoded twice, so that nothing grows with its length: once to measure 50 ms blocks, once to write
what lies between the first and the last word. Lengths are counted in samples, never believed.
"""

import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags

from audio_library.errors import AudioUnreadable
from audio_library.mastering.filters import Filter, through
from audio_library.mastering.loudness import SILENCE_LUFS, integrated
from audio_library.mastering.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE, bytes_of, frames_of
from audio_library.mastering.sound_source import MAX_SECONDS
from audio_library.recording.errors import NotARecording, RecordingCutOff, RecordingTooLong
from audio_library.recording.file_kind import FLAC, HEAD_BYTES, M4A, MP3, WAV, FileKind, file_kind
from audio_library.recording.measured import Measured
from audio_library.recording.sound_judge import SILENT_DBFS

BLOCK_MS = 50
KEPT_SILENCE_MS = 150
"""At either end: a consonant before the first loud syllable, the fall of the last."""
VOICE_BLOCKS = 2
"""A voice lasts longer than the click of a button: so many blocks on end."""
OVER_NOISE_DB, UNDER_VOICE_DB = 6.0, 40.0
"""What is louder than the noise by so much, and not softer than the voice by so much, is voice."""
FLOOR_DBFS = -96.0
"""The quietest that 16 bits can say; digital silence is taken for it."""
FULL_SCALE_DBFS = -0.1
FLAT_DB = 6.0
"""FFmpeg's flat factor: samples at the peak come two and more in a row."""
FLAT_ABOVE_DBFS = -12.0
"""Of softer sounds the peaks may be flat by the coarseness of the samples alone."""
MAX_CHANNELS = 16
RATES = range(4_000, 768_001)
MAX_BAD_PACKETS = 0.01
"""Of the packets, over and above two: a tag at the end of an MP3 is one."""
LENGTH_TOLD_BY = frozenset({MP3, M4A, FLAC})
"""Kinds whose header tells the length; an Ogg file's is that of its last page, or an accident."""
LENGTH_TOLERANCE = 0.02
UNKNOWN_WAV_BYTES = 0x7FFF_0000
"""Recorders that never came back to write the length leave about this, or twice as much."""

_SOUND = frozenset({"mp3", "mp3float", "aac", "alac", "vorbis", "opus", "flac"})
_LOSSLESS = ("pcm_s16", "pcm_s24", "pcm_s32", "pcm_f", "flac", "alac")
_ANY_TAGS: dict[str, Any] = (
    {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}
)
_FIGURES = ("Peak_level", "RMS_level", "Flat_factor", "DC_offset")
_FRAME_BYTES = 4_800 * BYTES_PER_SAMPLE


@dataclass(frozen=True, slots=True)
class Channel:
    """Blocks of one channel: peak and level in dBFS, flat factor in dB, offset of full scale."""

    peaks: "array[float]" = field(default_factory=lambda: array("f"))
    levels: "array[float]" = field(default_factory=lambda: array("f"))
    flats: "array[float]" = field(default_factory=lambda: array("f"))
    offsets: "array[float]" = field(default_factory=lambda: array("f"))

    @property
    def energy(self) -> float:
        return sum(10 ** (level / 10) for level in self.levels)


@dataclass(slots=True)
class Source:
    """What was brought, and how much of it there was when it was last read to its end."""

    path: Path
    kind: FileKind
    codec: str = ""
    sample_rate: int = 0
    channels: int = 0
    told_s: float | None = None
    samples: int = 0

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate if self.sample_rate else 0.0


def check_sound(path: Path, into: Path, *, whole: bool = False) -> Measured:
    """Measure the recording and write its voice to `into`, which is empty if there is none.

    `whole`: all of it, silent ends too.

    Raises NotARecording, RecordingTooLong, RecordingCutOff, AudioUnreadable, or the OSError of a
    full disk.
    """
    try:
        return _checked(path, into, whole)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        # A stream that changes its rate or its channels on the way.
        raise AudioUnreadable(str(error.strerror or error)[:120]) from error


def _checked(path: Path, into: Path, whole: bool) -> Measured:
    with path.open("rb") as file:
        source = Source(path, file_kind(file.read(HEAD_BYTES)))
    channels = _blocks(source)
    if source.told_s is not None and source.told_s > source.seconds + max(
        1.0, source.told_s * LENGTH_TOLERANCE
    ):
        raise RecordingCutOff(source.told_s, source.seconds)
    loudest = max(range(len(channels)), key=lambda c: channels[c].energy)
    measured = _measured(source, channels[loudest])
    levels = channels[loudest].levels
    first, last = (0, len(levels) - 1) if whole else _voice(levels, _threshold(measured))
    if measured.voice_dbfs < SILENT_DBFS or first is None:
        into.touch()
        return measured
    kept = KEPT_SILENCE_MS // BLOCK_MS
    start, end = max(0, first - kept), last + 1 + kept
    samples_a_block = SAMPLE_RATE * BLOCK_MS // 1000
    samples, lufs = _write(
        _mono(source, loudest), start * samples_a_block, end * samples_a_block, into
    )
    return replace(
        measured,
        duration_ms=round(samples * 1000 / SAMPLE_RATE),
        lufs=round(lufs, 1),
        longest_gap_ms=_longest_gap(levels[first : last + 1], measured),
    )


def _blocks(source: Source) -> list[Channel]:
    frames = _decoded(source)
    first = next(frames, None)
    if first is None:
        raise AudioUnreadable("no sound in the file")
    channels = [Channel() for _ in range(source.channels)]
    measure = (
        Filter("asetnsamples", f"n={source.sample_rate * BLOCK_MS // 1000}:p=0"),
        Filter(
            "astats",
            f"metadata=1:reset=1:measure_overall=none:measure_perchannel={'+'.join(_FIGURES)}",
        ),
    )
    for frame in through(measure, chain([first], frames)):
        figures = frame.metadata
        for number, channel in enumerate(channels, start=1):
            peak, level, flat, offset = (
                _number(figures.get(f"lavfi.astats.{number}.{name}", "-inf")) for name in _FIGURES
            )
            channel.peaks.append(peak)
            channel.levels.append(_without_offset(level, offset))
            channel.flats.append(flat)
            channel.offsets.append(offset)
    return channels


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else FLOOR_DBFS


def _without_offset(level_db: float, offset: float) -> float:
    power = float(10 ** (level_db / 10)) - offset * offset
    return max(FLOOR_DBFS, 10 * math.log10(power)) if power > 0 else FLOOR_DBFS


def _measured(source: Source, channel: Channel) -> Measured:
    ordered = sorted(channel.levels)
    noise, voice = ordered[len(ordered) // 10], ordered[len(ordered) * 19 // 20]
    measured = Measured(
        kind=f"{source.kind.name} {source.codec}",
        sample_rate=source.sample_rate,
        channels=source.channels,
        brought_ms=round(source.seconds * 1000),
        duration_ms=0,
        lufs=SILENCE_LUFS,
        peak_dbfs=round(max(channel.peaks), 1),
        noise_dbfs=round(noise, 1),
        voice_dbfs=round(voice, 1),
        clipped=0.0,
        dc_offset=round(sum(channel.offsets) / len(channel.offsets), 4),
        longest_gap_ms=0,
        cut_off=source.kind.name == "ogg" and not _ends_well(source.path),
    )
    return replace(measured, clipped=_clipped(source, channel, _threshold(measured)))


def _clipped(source: Source, channel: Channel, threshold: float) -> float:
    exact = source.codec.startswith(_LOSSLESS)
    spoken = clipped = 0
    for peak, level, flat in zip(channel.peaks, channel.levels, channel.flats, strict=True):
        if level < threshold:
            continue
        spoken += 1
        cut_flat = exact and flat >= FLAT_DB and peak > FLAT_ABOVE_DBFS
        clipped += peak >= FULL_SCALE_DBFS or cut_flat
    return round(clipped / spoken, 3) if spoken else 0.0


def _threshold(measured: Measured) -> float:
    """Level from which on a block is voice."""
    over = max(measured.noise_dbfs + OVER_NOISE_DB, measured.voice_dbfs - UNDER_VOICE_DB)
    return min(over, measured.voice_dbfs)


def _voice(levels: Iterable[float], threshold: float) -> tuple[int | None, int]:
    """First and last block of the voice, clicks left out."""
    first, last, run = None, 0, 0
    for position, level in enumerate(levels):
        run = run + 1 if level >= threshold else 0
        if run >= VOICE_BLOCKS:
            last = position
            if first is None:
                first = position - VOICE_BLOCKS + 1
    return first, last


def _longest_gap(levels: Iterable[float], measured: Measured) -> int:
    threshold, longest, run = _threshold(measured), 0, 0
    for level in levels:
        run = run + 1 if level < threshold else 0
        longest = max(longest, run)
    return longest * BLOCK_MS


def _mono(source: Source, channel: int) -> Iterator[bytes]:
    """The samples of one channel, 16 bits at 48 kHz."""
    alone = (
        # By number: what a channel is called differs from file to file.
        Filter("pan", f"mono|c0=c{channel}"),
        Filter("aresample", str(SAMPLE_RATE)),
        Filter("aformat", "sample_fmts=s16:channel_layouts=mono"),
    )
    for frame in through(alone, _decoded(source)):
        yield bytes_of(frame)


def _write(pieces: Iterable[bytes], start: int, end: int, into: Path) -> tuple[int, float]:
    """Encode samples [start, end); gives how many there were, and their loudness in LUFS.

    Bit-exact, so that the same recording has the same hash.
    """
    samples = 0
    address = f"file:{into.absolute()}"
    with av.open(address, "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        stream.codec_context.format = "s16"
        stream.codec_context.flags |= Flags.bitexact

        def encoded(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
            nonlocal samples
            for frame in frames:
                samples += frame.samples
                container.mux(stream.encode(frame))
                yield frame

        kept = _rechunked(_between(pieces, start, end))
        lufs = integrated(encoded(frames_of(kept, SAMPLE_RATE)))
        container.mux(stream.encode(None))
    return samples, lufs


def _between(pieces: Iterable[bytes], start: int, end: int) -> Iterator[bytes]:
    position = 0
    for piece in pieces:
        samples = len(piece) // BYTES_PER_SAMPLE
        begin, stop = max(start - position, 0), min(end - position, samples)
        if begin < stop:
            yield piece[begin * BYTES_PER_SAMPLE : stop * BYTES_PER_SAMPLE]
        position += samples


def _rechunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The encoder wants frames of one size, only the last may be shorter."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _FRAME_BYTES:
            yield bytes(waiting[:_FRAME_BYTES])
            del waiting[:_FRAME_BYTES]
    if waiting:
        yield bytes(waiting)


def _decoded(source: Source) -> Iterator[av.AudioFrame]:
    """Frames of the only sound in the file; a few broken packets are passed over."""
    try:
        with av.open(
            f"file:{source.path.absolute()}", "r", format=source.kind.demuxer, **_ANY_TAGS
        ) as container:
            stream = _only_sound(container, source)
            source.samples = 0
            good = bad = 0
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    bad += 1
                    continue
                good += 1
                for frame in frames:
                    assert isinstance(frame, av.AudioFrame)
                    source.samples += frame.samples
                    if source.seconds > MAX_SECONDS:
                        raise RecordingTooLong(MAX_SECONDS)
                    yield frame
            if bad > 2 + good * MAX_BAD_PACKETS:
                raise AudioUnreadable(f"{bad} of {good + bad} pieces are broken")
    except av.FFmpegError as error:
        raise AudioUnreadable(str(error.strerror or error)[:120]) from error


def _only_sound(
    container: av.container.InputContainer, source: Source
) -> av.audio.stream.AudioStream:
    # The picture on the sleeve of a song is a video stream of one frame.
    moving = (s for s in container.streams.video if not s.disposition & s.disposition.attached_pic)
    if any(moving):
        raise NotARecording("một phim (có hình)", "a video, with pictures")
    if not container.streams.audio:
        raise AudioUnreadable("no audio stream")
    stream = container.streams.audio[0]
    codec = _decoder(stream)
    if codec is None:
        raise AudioUnreadable("sound coded in an unknown way")
    source.codec = "mp3" if codec.name == "mp3float" else codec.name
    source.sample_rate, source.channels = codec.sample_rate, codec.channels
    if source.codec not in _SOUND and not source.codec.startswith("pcm_"):
        raise NotARecording(
            f"âm thanh mã hoá kiểu {source.codec}", f"sound coded as {source.codec}"
        )
    if not 1 <= source.channels <= MAX_CHANNELS:
        raise AudioUnreadable(f"{source.channels} channels")
    if source.sample_rate not in RATES:
        raise AudioUnreadable(f"{source.sample_rate} Hz")
    if source.kind is WAV:
        source.told_s = _told_by_wav(source.path)
    elif source.kind in LENGTH_TOLD_BY and container.duration is not None:
        source.told_s = container.duration / 1_000_000
    return stream


def _decoder(stream: av.audio.stream.AudioStream) -> av.AudioCodecContext | None:
    # None for a codec that FFmpeg does not know, whatever PyAV's types say.
    return stream.codec_context


def _told_by_wav(path: Path) -> float | None:
    """Seconds by the header, which FFmpeg shortens to what there is; None if it does not say."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    bytes_a_second, position = 0, 12
    while position + 8 <= len(head):
        name, size = (
            head[position : position + 4],
            int.from_bytes(head[position + 4 :][:4], "little"),
        )
        if name == b"fmt ":
            bytes_a_second = int.from_bytes(head[position + 16 :][:4], "little")
        if name == b"data":
            known = bytes_a_second and size < UNKNOWN_WAV_BYTES
            return size / bytes_a_second if known else None
        position += 8 + size + size % 2
    return None


def _ends_well(path: Path) -> bool:
    """Does the last page of an Ogg file say that it is the last."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2 * 65_536))
        tail = file.read()
    page = tail.rfind(b"OggS")
    return page >= 0 and len(tail) > page + 5 and bool(tail[page + 5] & 4)
