"""One sound of any kind becomes a file for air: by the law of loudness, whole or not at all."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from audio_library.errors import AudioUnreadable, SilentAudio
from audio_library.mastering.chime import chime_pcm
from audio_library.mastering.in_child import master_in_child
from audio_library.mastering.loudness import measure, measure_file
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.pcm import SAMPLE_RATE
from audio_library.mastering.preset import Dressing, Preset
from audio_library.mastering.segment import HEAD_MS, PACKET_MS, TAIL_MS
from audio_library.mastering.sound_source import duration_ms, frames_of_container
from audio_library.speech.engine import RAW_PCM, Speech
from audio_library.speech.espeak import Espeak

LONG = (
    "Cảnh báo: Trong ba đến sáu giờ tới, xã Măng Bút có mưa năm mươi đến một trăm mi li mét, "
    "nguy cơ rất cao lũ quét, sạt lở đất. Cấp độ rủi ro thiên tai: cấp một."
)
VOICES = Espeak().voices()
CHIME_MS = len(chime_pcm()) * 1000 / (2 * SAMPLE_RATE)


def speech(folder: Path, text: str = LONG, voice: int = 0) -> Speech:
    return Espeak().speak([text], VOICES[voice], into=folder, timeout_s=30)[0]


def bare(source: Speech, out: Path, preset: Preset = Preset.HORN) -> Mastered:
    return master_in_child(source, out, dressing=Dressing.BARE, preset=preset)


def samples_in(path: Path) -> int:
    return sum(frame.samples for frame in frames_of_container(path))


@pytest.mark.parametrize("voice", [0, 1, 2])
@pytest.mark.parametrize("text", ["Không.", "Khi thấy cháy gọi một một bốn.", LONG])
def test_everything_comes_out_at_one_loudness(tmp_path: Path, text: str, voice: int) -> None:
    source = speech(tmp_path / "s", text, voice)
    for preset, dressing in zip(Preset, Dressing, strict=True):
        made = master_in_child(source, tmp_path / "a.opus", preset=preset, dressing=dressing)
        assert made.true_peak_dbtp <= -1.5
        # The meter needs 0.4 s; a shorter word is levelled by its sound repeated.
        if made.duration_ms >= 400:
            assert made.lufs == pytest.approx(-16, abs=0.5)


def test_a_whisper_and_a_shout_come_out_alike(tmp_path: Path) -> None:
    loud = speech(tmp_path / "loud")
    quiet = replace(loud, path=tmp_path / "quiet")
    samples = memoryview(loud.path.read_bytes()).cast("h")
    quiet.path.write_bytes(b"".join((s // 40).to_bytes(2, "little", signed=True) for s in samples))
    for source in (loud, quiet):
        made = bare(source, tmp_path / "a.opus")
        assert made.lufs == pytest.approx(-16, abs=0.5)


def test_the_figures_are_those_of_the_file(tmp_path: Path) -> None:
    made = master_in_child(speech(tmp_path / "s"), tmp_path / "a.opus")
    content = made.path.read_bytes()
    assert made.path == tmp_path / "a.opus"
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert made.bytes == len(content)
    assert made.duration_ms == round(samples_in(made.path) * 1000 / SAMPLE_RATE)
    assert made.duration_ms == duration_ms(made.path)
    found = measure(frames_of_container(made.path))
    assert made.lufs == pytest.approx(found.lufs, abs=0.02)
    assert made.true_peak_dbtp == pytest.approx(found.true_peak_dbtp, abs=0.01)


def test_two_halves_measure_like_the_whole(tmp_path: Path) -> None:
    """Loud first, soft later: the gate of BS.1770 looks at all of it."""
    made = bare(speech(tmp_path / "s", LONG * 4), tmp_path / "it's: a.opus")
    whole = measure(frames_of_container(made.path))
    halves = measure_file(made.path, samples_in(made.path))
    assert halves.lufs == pytest.approx(whole.lufs, abs=0.01)
    assert halves.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=0.01)


def test_chime_pause_speech_pause_chime(tmp_path: Path) -> None:
    source = speech(tmp_path / "s")
    spoken_ms = source.path.stat().st_size / 2 / source.sample_rate * 1000
    plain_ms = bare(source, tmp_path / "b.opus").duration_ms
    assert 0 <= plain_ms - spoken_ms - HEAD_MS - TAIL_MS < PACKET_MS
    with_chime_ms = master_in_child(source, tmp_path / "a.opus").duration_ms
    added_ms = with_chime_ms - plain_ms - 2 * CHIME_MS - 2 * 1_000
    assert 0 <= added_ms + HEAD_MS + TAIL_MS < 4 * PACKET_MS + HEAD_MS + TAIL_MS


def test_the_same_speech_gives_the_same_bytes(tmp_path: Path) -> None:
    source = speech(tmp_path / "s", "Khi thấy cháy gọi một một bốn.")
    first = bare(source, tmp_path / "a.opus")
    assert bare(source, tmp_path / "b.opus").sha256 == first.sha256


def test_it_is_speech_at_24_kbit(tmp_path: Path) -> None:
    made = master_in_child(speech(tmp_path / "s"), tmp_path / "a.opus")
    assert 15_000 < made.bytes * 8_000 / made.duration_ms < 32_000


def test_any_file_with_sound_will_do(tmp_path: Path) -> None:
    made = bare(speech(tmp_path / "s"), tmp_path / "a.opus")
    again = bare(Speech(made.path, "audio/ogg", 48_000), tmp_path / "b.opus")
    assert again.lufs == pytest.approx(-16, abs=0.5)
    added_ms = again.duration_ms - made.duration_ms
    assert HEAD_MS + TAIL_MS <= added_ms < HEAD_MS + TAIL_MS + PACKET_MS


def test_mp3_for_a_player_that_knows_no_opus(tmp_path: Path) -> None:
    source = speech(tmp_path / "s")
    opus = master_in_child(source, tmp_path / "a.opus")
    mp3 = master_in_child(source, tmp_path / "a.mp3", mp3=True)
    assert mp3.path.read_bytes()[:3] == b"ID3"
    assert mp3.lufs == pytest.approx(-16, abs=0.5)
    assert mp3.true_peak_dbtp <= -1.5
    assert mp3.duration_ms == opus.duration_ms
    assert abs(samples_in(mp3.path) / 48 - mp3.duration_ms) < 50
    assert 40_000 < mp3.bytes * 8_000 / mp3.duration_ms < 56_000
    again = master_in_child(source, tmp_path / "b.mp3", mp3=True)
    assert again.sha256 == mp3.sha256


@pytest.mark.parametrize("content", [b"", b"not sound at all" * 100, b"OggS" + bytes(500)])
def test_what_is_no_sound_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)
    out = tmp_path / "out"
    with pytest.raises(AudioUnreadable):
        bare(Speech(tmp_path / "s", "audio/ogg", 48_000), out / "a.opus")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("samples", [b"", bytes(22_050 * 2 * 3)])
def test_silence_is_refused(tmp_path: Path, samples: bytes) -> None:
    (tmp_path / "s").write_bytes(samples)
    with pytest.raises(SilentAudio):
        bare(Speech(tmp_path / "s", RAW_PCM, 22_050), tmp_path / "out" / "a.opus")


def test_a_failure_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.opus").write_bytes(b"good")
    (tmp_path / "s").write_bytes(b"bad")
    with pytest.raises(AudioUnreadable):
        bare(Speech(tmp_path / "s", "audio/ogg", 48_000), tmp_path / "a.opus")
    assert (tmp_path / "a.opus").read_bytes() == b"good"
