"""Files that people and disks really bring: refused with a reason, or mastered; never a crash."""

import json
import os
import resource
import struct
import sys
import zipfile
from collections import Counter
from pathlib import Path

import av
import pytest

from audio_library.child_process import run_child
from audio_library.errors import AudioUnreadable, SilentAudio
from audio_library.mastering.in_child import MEMORY_BYTES, master_in_child
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing
from audio_library.speech.engine import Speech
from tests.audio_library.mastering.samples import CONTAINERS, encoded, mutated, speech

ANY = "application/octet-stream"
COUNT = int(os.environ.get("LOALANG_MUTATED_FILES", "1000"))
SEED = 20_260_810

DECODE = """
import json, resource, sys
from pathlib import Path
from audio_library.errors import AudioUnreadable, SilentAudio
from audio_library.mastering.aim import Aim
from audio_library.mastering.preset import Preset
from audio_library.mastering.programme import Part, Sound
from audio_library.mastering.segment import level
from audio_library.speech.engine import Speech

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
folder = Path(sys.argv[2])
for name in json.load(sys.stdin):
    part = Part(folder / "p", (Sound(Speech(folder / name, "any", 0)),))
    try:
        level(part, Preset.HORN, Aim(), folder / f"{name}.work").unlink()
        outcome = "sound"
    except (AudioUnreadable, SilentAudio) as error:
        outcome = error.code
    except MemoryError:
        outcome = "memory"
    print(name, outcome, flush=True)
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int]:
    return speech(tmp_path_factory.mktemp("speech"))


def bare(path: Path, out: Path) -> Mastered:
    return master_in_child(Speech(path, ANY, 0), out, dressing=Dressing.BARE)


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize(("layout", "rate"), [("mono", 48_000), ("stereo", 44_100)])
def test_what_people_bring_is_mastered(
    tmp_path: Path, sound: tuple[bytes, int], name: str, layout: str, rate: int
) -> None:
    to_rate = 48_000 if "opus" in CONTAINERS[name][1] else rate
    source = encoded(*sound, tmp_path / name, layout=layout, to_rate=to_rate)
    made = bare(source, tmp_path / "out.opus")
    assert made.lufs == pytest.approx(-16, abs=0.5)
    assert made.duration_ms == pytest.approx(1_000 * len(sound[0]) / 2 / sound[1], abs=200)


@pytest.mark.parametrize(
    ("name", "layout", "rate"),
    [("a.wav", "7.1", 192_000), ("a.flac", "5.1", 96_000), ("a.wav", "mono", 8_000)],
)
def test_many_channels_and_strange_rates_are_mastered_too(
    tmp_path: Path, sound: tuple[bytes, int], name: str, layout: str, rate: int
) -> None:
    source = encoded(*sound, tmp_path / name, layout=layout, to_rate=rate)
    made = bare(source, tmp_path / "out.opus")
    assert made.lufs == pytest.approx(-16, abs=0.5)
    assert made.duration_ms == pytest.approx(1_000 * len(sound[0]) / 2 / sound[1], abs=100)


def test_a_wrong_name_does_not_matter(tmp_path: Path, sound: tuple[bytes, int]) -> None:
    wav = encoded(*sound, tmp_path / "a.wav").rename(tmp_path / "a.mp3")
    assert bare(wav, tmp_path / "out.opus").lufs == pytest.approx(-16, abs=0.5)


def test_the_sound_of_a_film_is_taken(tmp_path: Path, sound: tuple[bytes, int]) -> None:
    film = tmp_path / "film.mkv"
    audio = encoded(*sound, tmp_path / "a.flac")
    with av.open(str(film), "w") as container, av.open(str(audio)) as source:
        video = container.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        copy = container.add_stream_from_template(source.streams.audio[0])
        for number in range(5):
            picture = av.VideoFrame(64, 64, "yuv420p")
            picture.pts = number
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)
    assert bare(film, tmp_path / "out.opus").lufs == pytest.approx(-16, abs=0.5)


def test_a_cover_picture_of_megabytes_does_not_matter(
    tmp_path: Path, sound: tuple[bytes, int]
) -> None:
    mp3 = encoded(*sound, tmp_path / "a.mp3")
    picture = b"\0image/png\0\x03\0" + os.urandom(8_000_000)
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    mp3.write_bytes(b"ID3\x03\0\0" + size + frame + mp3.read_bytes())
    assert bare(mp3, tmp_path / "out.opus").lufs == pytest.approx(-16, abs=0.5)


def test_a_truncated_file_is_mastered_as_far_as_it_goes(
    tmp_path: Path, sound: tuple[bytes, int]
) -> None:
    mp3 = encoded(*sound, tmp_path / "a.mp3")
    whole = bare(mp3, tmp_path / "whole.opus")
    mp3.write_bytes(mp3.read_bytes()[: mp3.stat().st_size * 2 // 3])
    part = bare(mp3, tmp_path / "part.opus")
    assert whole.duration_ms / 2 < part.duration_ms < whole.duration_ms


def test_an_opus_that_lies_about_its_length_is_measured_by_its_sound(
    tmp_path: Path, sound: tuple[bytes, int]
) -> None:
    ogg = encoded(*sound, tmp_path / "a.ogg")
    content = bytearray(ogg.read_bytes())
    last = content.rindex(b"OggS")
    content[last + 6 : last + 14] = struct.pack("<q", 48_000 * 3_600 * 100)
    ogg.write_bytes(content)
    try:
        made = bare(ogg, tmp_path / "out.opus")
    except AudioUnreadable:
        return
    assert made.duration_ms < 5_000


def wav_header(*, rate: int, channels: int = 1, data_bytes: int = 8_000) -> bytes:
    kind = (16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", *kind, b"data", data_bytes),
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 5_000, id="zeroes"),
        pytest.param("Bản tin này không phải âm thanh. ".encode() * 99, id="text"),
        pytest.param(wav_header(rate=0) + bytes(range(256)) * 31, id="0 Hz"),
        pytest.param(wav_header(rate=48_000, channels=0) + bytes(8_000), id="no channel"),
        pytest.param(b"fLaC" + b"\xff" * 4_000, id="flac of nothing"),
        pytest.param(b"\x1aE\xdf\xa3" + b"\x01" * 4_000, id="webm of nothing"),
    ],
)
def test_what_is_no_sound_is_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes(content)
    with pytest.raises((AudioUnreadable, SilentAudio)) as refused:
        bare(tmp_path / "a.mp3", tmp_path / "out" / "a.opus")
    assert refused.value.vi
    assert refused.value.en
    assert list((tmp_path / "out").iterdir()) == []


def test_a_zip_is_no_sound(tmp_path: Path, sound: tuple[bytes, int]) -> None:
    encoded(*sound, tmp_path / "a.wav")
    with zipfile.ZipFile(tmp_path / "zip.mp3", "w") as archive:
        archive.write(tmp_path / "a.wav", "a.wav")
    with pytest.raises(AudioUnreadable):
        bare(tmp_path / "zip.mp3", tmp_path / "out.opus")
    assert not (tmp_path / "out.opus").exists()


def test_three_hours_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_header(rate=8_000, data_bytes=3 * 3_600 * 16_000))
    # No disk is needed for it, as for a file that a decoder blows up.
    os.truncate(path, 44 + 3 * 3_600 * 16_000)
    with pytest.raises(AudioUnreadable, match="60 min"):
        bare(path, tmp_path / "out" / "a.opus")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.timeout(300)
def test_damaged_files_kill_nobody(tmp_path: Path, sound: tuple[bytes, int]) -> None:
    """Each is decoded, filtered and levelled, under the limits of the real child."""
    files = [encoded(*sound, tmp_path / name).read_bytes() for name in CONTAINERS]
    waiting = []
    for number, content in enumerate(mutated(files, COUNT, SEED)):
        (tmp_path / f"m{number}").write_bytes(content)
        waiting.append(f"m{number}")
    outcomes: Counter[str] = Counter()
    largest_before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    argv = [sys.executable, "-I", "-c", DECODE, str(MEMORY_BYTES), str(tmp_path)]
    while waiting:
        ended = run_child(argv, given=json.dumps(waiting).encode(), what="decoding", timeout_s=300)
        lines = ended.out.decode().splitlines()
        outcomes.update(line.split()[1] for line in lines)
        waiting = waiting[len(lines) :]
        if waiting:
            # As `in_child` takes it: a decoder that dies has met what it cannot read.
            assert ended.code < 0, ended.err
            outcomes["died"] += 1
            waiting = waiting[1:]
    assert sum(outcomes.values()) == COUNT
    assert outcomes["sound"] > COUNT / 10
    assert outcomes["audio_unreadable"] > COUNT / 10
    assert outcomes["died"] < COUNT / 100
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # Children of other tests count as well; what is larger now came from here.
    assert peak_kib == largest_before or peak_kib * 1024 <= MEMORY_BYTES
