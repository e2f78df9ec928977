"""Parts encoded one by one and joined: one stream, exact in time, nothing to be heard of it."""

import hashlib
import subprocess
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from audio_library.mastering.aim import Aim
from audio_library.mastering.master import master
from audio_library.mastering.opus import FRAME_SAMPLES, packets_of, write_ogg
from audio_library.mastering.pcm import SAMPLE_RATE, bytes_of
from audio_library.mastering.preset import Dressing, Preset
from audio_library.mastering.programme import Part, Sound, dressed
from audio_library.mastering.segment import joined, last_packet, silence_after
from audio_library.mastering.sound_source import duration_ms, frames_of_container
from audio_library.speech.espeak import Espeak

SENTENCES = (
    "Cảnh báo: Trong ba đến sáu giờ tới, xã Măng Bút có mưa năm mươi đến một trăm mi li mét.",
    "Nguy cơ rất cao lũ quét, sạt lở đất.",
    "Cấp độ rủi ro thiên tai: cấp một.",
    "Bà con nhổ bỏ cây bệnh, không lấy hom về trồng; khi thấy cháy gọi một một bốn.",
)
PAUSES_MS = (360, 700, 360, 360)
NEVER_HEARD = 10 ** (-60 / 20)
"""60 dB below full scale, 44 below the speech beside it."""


def sampled(path: Path) -> "array[float]":
    samples = array("f")
    for frame in frames_of_container(path):
        assert frame.format.name == "fltp"
        samples.frombytes(bytes(frame.planes[0])[: frame.samples * 4])
    return samples


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Part]:
    folder = tmp_path_factory.mktemp("parts")
    speeches = Espeak().speak(SENTENCES, Espeak().voices()[0], into=folder / "spoken", timeout_s=30)
    spoken = [
        Part(folder / f"{number}.packets", (Sound(speech),), pause_ms)
        for number, (speech, pause_ms) in enumerate(zip(speeches, PAUSES_MS, strict=True))
    ]
    return dressed(spoken, Dressing.CHIME, folder / "chime.packets")


@pytest.fixture(scope="module")
def whole(parts: Sequence[Part], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    made = master(parts, folder / "a.opus", preset=Preset.HORN, aim=Aim(), folder=folder)
    assert made.duration_ms == duration_ms(made.path)
    return made.path


def alone(part: Part, out: Path) -> "array[float]":
    packets = [*joined([Part(part.packets)]), last_packet()]
    write_ogg(packets, (len(packets) - 1) * FRAME_SAMPLES, out)
    return sampled(out)


def test_each_part_sounds_at_its_time_as_if_it_were_alone(
    parts: Sequence[Part], whole: Path, tmp_path: Path
) -> None:
    heard = sampled(whole)
    position = 0
    for part in parts:
        expected = alone(part, tmp_path / "alone.opus")
        found = heard[position : position + len(expected)]
        assert len(found) == len(expected)
        assert max(abs(a - b) for a, b in zip(expected, found, strict=True)) < NEVER_HEARD
        position += len(expected)
        gap = silence_after(part) * SAMPLE_RATE // 1000 // FRAME_SAMPLES * FRAME_SAMPLES
        assert max(map(abs, heard[position : position + gap]), default=0) < NEVER_HEARD
        position += gap
    assert position == len(heard)


def test_nothing_is_lost_at_the_joints(parts: Sequence[Part], whole: Path) -> None:
    """What was put in comes out at its sample: the codec keeps the shape of loud low tones."""
    tone = array("h", [8_000, 8_000, -8_000, -8_000] * 1)
    samples = (
        array("h", bytes(2 * FRAME_SAMPLES * 2))
        + array("h", (value for value in tone for _ in range(30))) * 80
    )
    samples += array("h", bytes(2 * (-len(samples) % FRAME_SAMPLES + 2 * FRAME_SAMPLES)))
    packets = list(packets_of([samples.tobytes()]))[: len(samples) // FRAME_SAMPLES]
    out = whole.with_name("three.opus")
    write_ogg([*packets * 3, last_packet()], 3 * len(samples), out)
    heard = sampled(out)
    assert len(heard) == 3 * len(samples)
    first, *others = (heard[n * len(samples) : (n + 1) * len(samples)] for n in range(3))
    for other in others:
        assert max(abs(a - b) for a, b in zip(first, other, strict=True)) < NEVER_HEARD
    loud = [n for n, value in enumerate(first) if abs(value) > 0.05]
    assert abs(loud[0] - 2 * FRAME_SAMPLES) < 48


@pytest.mark.parametrize("samples", [1, 311, 312, 648, 649, 960, 961, 48_000, 48_011])
def test_every_length_comes_out_to_the_sample(tmp_path: Path, samples: int) -> None:
    write_ogg(packets_of([bytes(2 * samples)]), samples, tmp_path / "a.opus")
    decoded = [len(bytes_of(frame)) for frame in frames_of_container(tmp_path / "a.opus")]
    assert len(sampled(tmp_path / "a.opus")) == samples
    assert sum(decoded) > 0
    assert duration_ms(tmp_path / "a.opus") == round(samples / 48)


def test_the_order_of_making_does_not_matter(
    parts: Sequence[Part], whole: Path, tmp_path: Path
) -> None:
    again = master(parts, tmp_path / "b.opus", preset=Preset.HORN, aim=Aim(), folder=tmp_path)
    assert again.sha256 == hashlib.sha256(whole.read_bytes()).hexdigest()


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize("decoder", ["opus", "libopus"])
def test_ffmpeg_hears_one_stream_of_that_length_without_a_warning(
    whole: Path, decoder: str
) -> None:
    argv = ["ffmpeg", "-v", "warning", "-c:a", decoder, "-i", whole, "-f", "s16le", "-"]
    done = subprocess.run(argv, capture_output=True, check=True)
    assert done.stderr == b""
    assert len(done.stdout) // 2 == len(sampled(whole))


@pytest.mark.needs("mpv")
def test_mpv_plays_it_to_its_end_without_a_warning(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "heard.pcm"
    done = subprocess.run(
        [
            *("mpv", "--no-config", "--no-video", "--msg-level=all=warn", "--ao=pcm"),
            *(f"--ao-pcm-file={out}", "--ao-pcm-waveheader=no", "--audio-format=s16"),
            *("--audio-channels=mono", str(whole)),
        ],
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert out.stat().st_size // 2 == len(sampled(whole))
