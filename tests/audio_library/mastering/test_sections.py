"""No player hears a burst, however long the sound, and what is not clean is made again in part."""

from array import array
from pathlib import Path

import pytest

from audio_library.mastering.aim import HIGHEST_PEAK_DBTP, Aim
from audio_library.mastering.loudness import true_peak_dbtp
from audio_library.mastering.opus import FRAME_SAMPLES, packets_of, write_ogg
from audio_library.mastering.pcm import SAMPLE_RATE, silence
from audio_library.mastering.preset import Preset
from audio_library.mastering.programme import Part, Sound
from audio_library.mastering.sections import (
    FRAME_BYTES,
    FRAMES_A_SECOND,
    LONGEST,
    SHORTEST,
    packets_within_limits,
    sections_of,
)
from audio_library.mastering.segment import level, padded
from audio_library.speech.registry import engine_of, voice_for

RELEASE = (
    "Thuỷ điện Plei Krông xả hai trăm đến sáu trăm mét khối trên giây từ mười ba giờ đến mười tám "
    "giờ hôm nay"
)


def spoken(words: str, voice: str, folder: Path) -> Path:
    """Levelled speech in whole frames, with silence at both ends."""
    chosen = voice_for("vi", voice)
    speech = engine_of(chosen).speak([words], chosen, into=folder, timeout_s=30)[0]
    pcm = level(Part(folder / "packets", (Sound(speech),)), Preset.HORN, Aim(), folder / "level")
    whole = folder / "whole.pcm"
    with whole.open("wb") as file:
        file.writelines(padded(pcm))
    return whole


def in_ogg(packets: list[bytes], samples: int, out: Path) -> float:
    write_ogg([*packets, packets[-1]], samples, out)
    return true_peak_dbtp(out)


def tones(seconds: float, *, pauses_at_s: tuple[float, ...] = ()) -> bytes:
    """A voice-like loudness without breath, but for pauses of 200 ms."""
    samples = array("h", [9_000, -9_000] * int(seconds * SAMPLE_RATE / 2))
    for at in pauses_at_s:
        begin = int(at * SAMPLE_RATE)
        samples[begin : begin + SAMPLE_RATE // 5] = array("h", silence(200))
    return samples.tobytes()


def test_a_burst_of_the_players_decoder_is_coded_away(tmp_path: Path) -> None:
    pcm = spoken(RELEASE, "espeak:vi-vn-x-central", tmp_path)
    samples = pcm.stat().st_size // 2

    once = list(packets_of([pcm.read_bytes()]))
    assert in_ogg(once, samples, tmp_path / "once.opus") > HIGHEST_PEAK_DBTP, "else: another text"

    clean = list(packets_within_limits(pcm, Aim().limit_dbfs, tmp_path))
    assert len(clean) == samples // FRAME_SAMPLES
    assert in_ogg(clean, samples, tmp_path / "clean.opus") <= HIGHEST_PEAK_DBTP


def test_a_long_sound_is_cut_in_its_pauses_only(tmp_path: Path) -> None:
    pcm = tmp_path / "long.pcm"
    pauses = (20.0, 41.0, 63.0, 100.0, 130.0)
    pcm.write_bytes(tones(160, pauses_at_s=pauses))

    cut = sections_of(pcm)

    for section in cut[1:]:
        at = section.start / FRAMES_A_SECOND
        assert any(pause < at < pause + 0.2 for pause in pauses)
    assert [s.end for s in cut[:-1]] == [s.start for s in cut[1:]]
    assert (cut[0].start, cut[-1].end) == (0, 160 * FRAMES_A_SECOND)
    assert all(s.end - s.start >= SHORTEST for s in cut[:-1])
    assert all(s.end - s.start <= LONGEST for s in cut)


@pytest.mark.parametrize("seconds", [30, 100])
def test_short_sounds_and_music_without_a_pause_stay_whole(tmp_path: Path, seconds: int) -> None:
    pcm = tmp_path / "music.pcm"
    pcm.write_bytes(tones(seconds))

    assert len(sections_of(pcm)) == 1


def test_cutting_keeps_every_second_where_it_was(tmp_path: Path) -> None:
    pcm = tmp_path / "long.pcm"
    pcm.write_bytes(tones(100, pauses_at_s=(30.0, 60.0)) + silence(40))
    samples = pcm.stat().st_size // 2
    cut = list(packets_within_limits(pcm, -5.0, tmp_path))
    write_ogg([*cut, cut[-1]], samples, tmp_path / "cut.opus")

    assert len(sections_of(pcm)) > 1
    assert len(cut) == pcm.stat().st_size // FRAME_BYTES
    assert not list(tmp_path.glob("section-*")), "nothing is left behind"
