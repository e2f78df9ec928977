"""Real files, each as a phone, an office or a hostile stranger would bring it."""

import io
import random
import subprocess
import wave
import zipfile
from pathlib import Path

import pytest

from audio_library.errors import AudioLibraryError, AudioUnreadable, StoreFull
from audio_library.recording.check import check_recording
from audio_library.recording.errors import (
    NotARecording,
    RecordingCutOff,
    RecordingTooLong,
    TakeClipped,
    TakeSilent,
    TakeTooNoisy,
    TakeTooQuiet,
)
from audio_library.recording.sound_judge import notes
from tests.audio_library.recording.sounds import (
    WORDS,
    altered,
    in_noise,
    made,
    no_room_beyond,
)

pytestmark = pytest.mark.needs("espeak-ng", "ffmpeg")

CONTAINERS = {
    "pcm.wav": ("-c:a", "pcm_s16le"),
    "deep.wav": ("-c:a", "pcm_s24le", "-ar", "192000"),
    "phone.mp3": ("-b:a", "64k", "-ar", "44100"),
    "phone.m4a": ("-c:a", "aac", "-b:a", "64k"),
    "old.ogg": ("-c:a", "libvorbis"),
    "messenger.opus": ("-c:a", "libopus", "-b:a", "24k"),
    "browser.webm": ("-c:a", "libopus", "-b:a", "32k"),
    "studio.flac": ("-c:a", "flac"),
    "eight.wav": ("-ac", "8"),
    "cinema.wav": ("-ac", "6", "-ar", "96000"),
}


def facts_of(path: Path) -> tuple[str, str, str, float]:
    """Codec, rate, channels and seconds, as ffprobe sees them."""
    asked = "stream=codec_name,sample_rate,channels,duration"
    command = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", asked, str(path)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    codec, rate, channels, seconds = shown.strip().split(",")
    return codec, rate, channels, float(seconds)


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_kind_of_recording_is_kept_as_flac_without_its_silent_ends(
    voice: Path, tmp_path: Path, name: str
) -> None:
    brought = made(tmp_path / name, "-i", voice, *CONTAINERS[name])
    brought = brought.rename(tmp_path / "ban ghi.doc")
    kept = tmp_path / "kept.flac"

    measured = check_recording(brought, kept)

    codec, rate, channels, seconds = facts_of(kept)
    assert (codec, rate, channels) == ("flac", "48000", "1")
    assert seconds == pytest.approx(measured.duration_ms / 1000, abs=0.001)
    cut_ms = measured.brought_ms - measured.duration_ms
    assert 150 <= cut_ms <= 600, "silence at each end, 150 ms of it kept"
    assert measured.lufs == pytest.approx(-23, abs=4)
    assert measured.clipped < 0.02
    assert measured.over_noise_db > 40
    assert [note.code for note in notes(measured, WORDS)] == []


def test_the_same_recording_is_kept_as_the_same_bytes(voice: Path, tmp_path: Path) -> None:
    kept = [tmp_path / "1.flac", tmp_path / "2.flac"]
    for out in kept:
        check_recording(voice, out)

    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_a_voice_in_one_channel_alone_is_found_and_not_halved(voice: Path, tmp_path: Path) -> None:
    alone = altered(voice, tmp_path / "right.wav", "pan=stereo|c1=c0")
    opposed = altered(voice, tmp_path / "opposed.wav", "pan=stereo|c0=c0|c1=-1*c0")
    wanted = check_recording(voice, tmp_path / "kept.flac").lufs

    for brought in (alone, opposed):
        found = check_recording(brought, tmp_path / "kept.flac")
        assert found.channels == 2
        assert found.lufs == pytest.approx(wanted, abs=0.2)


@pytest.mark.parametrize(
    ("filters", "refusal", "says"),
    [
        ("volume=-30dB", TakeTooQuiet, "một gang tay"),
        ("volume=-70dB", TakeSilent, "micro đã bật"),
        ("volume=20dB", TakeClipped, "mức thu quá cao"),
        ("volume=12dB,volume=-11dB", TakeClipped, "giảm mức thu"),
    ],
    ids=["too quiet", "silent", "clipped", "clipped, then made softer"],
)
def test_what_a_microphone_did_wrong_is_said_with_what_to_do(
    voice: Path, tmp_path: Path, filters: str, refusal: type[AudioLibraryError], says: str
) -> None:
    brought = altered(voice, tmp_path / "x.wav", filters.replace("dB", "dB:precision=fixed"))

    with pytest.raises(refusal, match=says) as refused:
        check_recording(brought, tmp_path / "kept.flac")

    assert any(c.isdigit() for c in refused.value.vi), "the figures are there"
    assert not (tmp_path / "kept.flac").exists()


@pytest.mark.parametrize("codec", ["phone.mp3", "phone.m4a", "old.ogg", "messenger.opus"])
def test_clipping_is_found_through_a_lossy_codec(voice: Path, tmp_path: Path, codec: str) -> None:
    clipped = altered(voice, tmp_path / "clipped.wav", "volume=20dB:precision=fixed")
    brought = made(tmp_path / codec, "-i", clipped, *CONTAINERS[codec])

    with pytest.raises(TakeClipped):
        check_recording(brought, tmp_path / "kept.flac")


def test_a_fan_beside_the_microphone_is_refused_and_a_distant_one_only_measured(
    voice: Path, tmp_path: Path
) -> None:
    with pytest.raises(TakeTooNoisy, match="tắt quạt") as refused:
        check_recording(in_noise(voice, tmp_path / "near.wav", 0.3), tmp_path / "kept.flac")
    assert "dB" in refused.value.en

    distant = check_recording(in_noise(voice, tmp_path / "far.wav", 0.01), tmp_path / "kept.flac")
    assert -70 < distant.noise_dbfs < -50
    assert distant.over_noise_db > 30


def test_ends_full_of_noise_are_cut_off_too(voice: Path, tmp_path: Path) -> None:
    long = altered(voice, tmp_path / "long.wav", "adelay=3000:all=1,apad=pad_dur=4")
    noisy = in_noise(long, tmp_path / "noisy.wav", 0.01)

    measured = check_recording(noisy, tmp_path / "kept.flac")

    assert measured.brought_ms - measured.duration_ms == pytest.approx(7_200, abs=300)


def test_a_click_of_the_button_is_not_taken_for_the_first_word(voice: Path, tmp_path: Path) -> None:
    click = "aeval=exprs='if(lt(t,0.002),0.8,val(0))':c=same"
    brought = altered(voice, tmp_path / "click.wav", f"adelay=2000:all=1,{click}")

    measured = check_recording(brought, tmp_path / "kept.flac")

    assert measured.brought_ms - measured.duration_ms == pytest.approx(2_400, abs=200)


def test_a_long_silence_too_few_words_and_an_offset_are_noted(voice: Path, tmp_path: Path) -> None:
    gap = made(
        tmp_path / "gap.wav",
        *("-i", voice, "-i", voice),
        *("-filter_complex", "[0]apad=pad_dur=6[a];[a][1]concat=n=2:v=0:a=1"),
    )
    offset = altered(voice, tmp_path / "dc.wav", "dcshift=0.05")

    measured = check_recording(gap, tmp_path / "kept.flac")
    assert measured.longest_gap_ms == pytest.approx(6_500, abs=300)
    assert [n.code for n in notes(measured, f"{WORDS} {WORDS}")] == ["long_gap"]
    assert "too_short" in {n.code for n in notes(measured, WORDS * 20)}
    assert "too_long" in {n.code for n in notes(measured, "Một hai ba")}
    shifted = check_recording(offset, tmp_path / "kept.flac")
    assert [n.code for n in notes(shifted, WORDS)] == ["dc_offset"]
    assert shifted.over_noise_db > 40, "an offset is no noise"


def zip_file() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("bản tin.txt", "chào")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "tệp rỗng"),
        (zip_file(), "zip"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "bức ảnh"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "bức ảnh"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(100), "bức ảnh"),
        (b"%PDF-1.7\n" + bytes(100), "PDF"),
        ("Thông báo họp thôn".encode(), "tệp chữ"),
        (b"#!AMR\n" + bytes(100), "AMR"),
        (b"\xff\xf1\x50\x80" + bytes(100), "AAC"),
        (bytes(5_000), "số không"),
        (b"RIFF\x00\x00\x00\x00AVI " + bytes(100), "phim"),
    ],
)
def test_what_is_no_recording_is_called_by_its_name(
    tmp_path: Path, content: bytes, what: str
) -> None:
    brought = tmp_path / "ghi am.mp3"
    brought.write_bytes(content)

    with pytest.raises(NotARecording, match=what) as refused:
        check_recording(brought, tmp_path / "kept.flac")

    assert "m4a" in refused.value.vi, "and what to bring instead"


def test_a_film_is_refused_and_a_song_with_a_picture_on_its_sleeve_is_not(
    voice: Path, tmp_path: Path
) -> None:
    picture = ("-f", "lavfi", "-i", "color=c=red:s=32x32:r=5")
    film = made(
        tmp_path / "film.mp4",
        *("-i", voice, *picture, "-shortest", "-c:v", "mpeg4", "-c:a", "aac"),
    )
    sleeve = made(
        tmp_path / "song.mp3",
        *("-i", voice, *picture, "-frames:v", "1", "-c:v", "png"),
        *("-disposition:v", "attached_pic"),
    )

    with pytest.raises(NotARecording, match="phim"):
        check_recording(film, tmp_path / "kept.flac")
    assert check_recording(sleeve, tmp_path / "kept.flac").kind == "mp3 mp3"


@pytest.mark.parametrize("name", ["pcm.wav", "phone.m4a", "studio.flac"])
def test_half_a_file_is_not_taken_for_the_whole(voice: Path, tmp_path: Path, name: str) -> None:
    whole = made(tmp_path / name, "-i", voice, *CONTAINERS[name]).read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])

    with pytest.raises((RecordingCutOff, AudioUnreadable)):
        check_recording(tmp_path / "half", tmp_path / "kept.flac")

    assert not (tmp_path / "kept.flac").exists()


def test_half_an_ogg_file_is_taken_with_a_warning(voice: Path, tmp_path: Path) -> None:
    whole = made(tmp_path / "m.opus", "-i", voice, *CONTAINERS["messenger.opus"]).read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) * 2 // 3])

    measured = check_recording(tmp_path / "half", tmp_path / "kept.flac")

    assert "maybe_cut_off" in [note.code for note in notes(measured, WORDS)]


def test_the_length_is_counted_and_not_believed(voice: Path, tmp_path: Path) -> None:
    whole = bytearray(
        made(tmp_path / "m.opus", "-i", voice, *CONTAINERS["messenger.opus"]).read_bytes()
    )
    seconds = check_recording(tmp_path / "m.opus", tmp_path / "kept.flac").brought_ms
    last = whole.rfind(b"OggS")
    whole[last + 6 : last + 14] = (10_800 * 48_000).to_bytes(8, "little")
    (tmp_path / "lying").write_bytes(whole)

    try:
        measured = check_recording(tmp_path / "lying", tmp_path / "kept.flac")
    except AudioUnreadable:
        return  # The last page's checksum is wrong: a demuxer may drop it, or the file.
    assert measured.brought_ms == pytest.approx(seconds, abs=1_500)


def test_three_hours_are_refused_in_time(tmp_path: Path) -> None:
    long = made(
        tmp_path / "long.flac",
        *("-f", "lavfi", "-i", "sine=f=300:r=8000:d=10800", "-compression_level", "0"),
    )

    with pytest.raises(RecordingTooLong, match="60 phút"):
        check_recording(long, tmp_path / "kept.flac")


def test_a_wave_file_without_a_map_of_its_channels_is_read(tmp_path: Path, voice: Path) -> None:
    with wave.open(str(voice)) as source:
        samples = source.readframes(source.getnframes())
    eight = b"".join(samples[i : i + 2] * 8 for i in range(0, len(samples), 2))
    with wave.open(str(tmp_path / "eight.wav"), "wb") as file:
        file.setnchannels(8)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(eight)

    assert check_recording(tmp_path / "eight.wav", tmp_path / "kept.flac").channels == 8


def test_a_codec_that_nobody_knows_is_said(voice: Path, tmp_path: Path) -> None:
    whole = bytearray(voice.read_bytes())
    tag = whole.index(b"fmt ") + 8
    whole[tag : tag + 2] = b"\x99\x99"
    (tmp_path / "strange").write_bytes(whole)

    with pytest.raises(AudioUnreadable, match="unknown way"):
        check_recording(tmp_path / "strange", tmp_path / "kept.flac")


def test_damaged_files_end_in_words_and_leave_nothing(voice: Path, tmp_path: Path) -> None:
    chance = random.Random(3)
    for name in ("phone.mp3", "phone.m4a", "messenger.opus", "browser.webm", "studio.flac"):
        whole = made(tmp_path / name, "-i", voice, *CONTAINERS[name]).read_bytes()
        for _ in range(4):
            broken = bytearray(whole)
            for _ in range(40):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            (tmp_path / "broken").write_bytes(broken)
            kept = tmp_path / "kept.flac"
            fit = True
            try:
                check_recording(tmp_path / "broken", kept)
            except AudioLibraryError:
                fit = False
            assert kept.exists() is fit
            kept.unlink(missing_ok=True)


def test_a_full_disk_is_said_and_nothing_is_left(voice: Path, tmp_path: Path) -> None:
    with no_room_beyond(50_000), pytest.raises(StoreFull):
        check_recording(voice, tmp_path / "kept.flac")

    assert list(tmp_path.iterdir()) == []
