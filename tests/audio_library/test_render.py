"""Spoken form in, file for air out; everything dangerous in child processes."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av
import pytest

from audio_library.child_process import run_child
from audio_library.errors import (
    AudioUnreadable,
    MasteringFailed,
    NothingToRead,
    NoVoiceForLanguage,
    SilentAudio,
    StoreFull,
    TextTooLong,
    TookTooLong,
)
from audio_library.mastering import in_child
from audio_library.mastering.in_child import master_in_child
from audio_library.render import render_speech
from audio_library.speech.engine import RAW_PCM, Speech, Voice
from audio_library.speech.espeak import Espeak
from audio_library.speech.gtts import Gtts

TEXT = "Khi thấy cháy gọi một một bốn."


def said(folder: Path) -> Speech:
    (speech,) = Espeak().speak([TEXT], Espeak().voices()[0], into=folder / "raw", timeout_s=30)
    return speech


def test_speech_becomes_a_file_named_by_its_hash(tmp_path: Path) -> None:
    rendered = render_speech(TEXT, "vi", out_dir=tmp_path)
    assert rendered.voice == "espeak:vi"
    assert rendered.engine == "eSpeak NG"
    assert rendered.mastered.path == tmp_path / f"{rendered.mastered.sha256}.opus"
    assert rendered.mastered.path.stat().st_size == rendered.mastered.bytes
    assert list(tmp_path.iterdir()) == [rendered.mastered.path]


def test_the_same_words_give_the_same_file_in_another_process(tmp_path: Path) -> None:
    first = render_speech(TEXT, "vi", out_dir=tmp_path)
    assert render_speech(TEXT, "vi", out_dir=tmp_path).mastered == first.mastered
    south = render_speech(TEXT, "vi", out_dir=tmp_path, preference=["espeak:vi-vn-x-south"])
    assert south.mastered.sha256 != first.mastered.sha256


@pytest.mark.parametrize("language", ["sed", "bdq", "jra", "jeh"])
def test_a_language_without_voice_makes_no_sound(tmp_path: Path, language: str) -> None:
    with pytest.raises(NoVoiceForLanguage):
        render_speech("kơ mơng", language, out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spoken", ["", " ", "...", "?!"])
def test_nothing_to_read_is_refused(tmp_path: Path, spoken: str) -> None:
    with pytest.raises(NothingToRead):
        render_speech(spoken, "vi", out_dir=tmp_path)


def test_words_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TextTooLong):
        render_speech("một " * 20_000, "vi", out_dir=tmp_path)


def test_no_decoder_is_loaded_in_the_calling_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from audio_library.render import render_speech;"
        f"render_speech({TEXT!r}, 'vi', out_dir=Path(sys.argv[1]));"
        "sys.exit(bool({'av', 'pydub', 'gtts'} & set(sys.modules)))"
    )
    argv = [sys.executable, "-I", "-c", program, str(tmp_path)]
    ended = run_child(argv, given=b"", what="render", timeout_s=60)
    assert ended.code == 0, ended.err


class Slow(Espeak):
    """Leaves no time for the mastering."""

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        return super().speak([text * 200 for text in texts], voice, into=into, timeout_s=60)


def test_it_stops_when_its_time_is_up_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TookTooLong):
        render_speech(TEXT, "vi", out_dir=tmp_path, timeout_s=0.5, engines=[Slow()])
    assert list(tmp_path.iterdir()) == []


def test_an_mp3_from_the_internet_is_mastered_like_any_speech(tmp_path: Path) -> None:
    mp3 = tmp_path / "answer.mp3"
    raw = said(tmp_path)
    encode_mp3(raw, mp3)

    def ask(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        yield mp3.read_bytes()

    engines = [Gtts(allowed=True, ask=ask, installed=lambda: True)]
    rendered = render_speech(TEXT, "vi", out_dir=tmp_path / "out", engines=engines)
    assert rendered.voice == "gtts:vi"
    assert rendered.mastered.lufs == pytest.approx(-16, abs=0.5)


def test_tags_in_an_old_encoding_do_not_matter(tmp_path: Path) -> None:
    mp3 = tmp_path / "recording.mp3"
    raw = said(tmp_path)
    encode_mp3(raw, mp3)
    title = b"TIT2\0\0\0\x05\0\0\x03\xff\xfe\x80A"
    mp3.write_bytes(b"ID3\x03\0\0\0\0\0" + bytes([len(title)]) + title + mp3.read_bytes())
    made = master_in_child(Speech(mp3, "audio/mpeg", 22_050), tmp_path / "a.opus")
    assert made.lufs == pytest.approx(-16, abs=0.5)


def encode_mp3(raw: Speech, out: Path) -> None:
    samples = raw.path.read_bytes()
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
    frame.sample_rate = raw.sample_rate
    frame.planes[0].update(samples.ljust(frame.planes[0].buffer_size, b"\0"))
    resample = av.AudioResampler("s16p", "mono", raw.sample_rate, frame_size=576)
    with av.open(str(out), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=raw.sample_rate, layout="mono")
        for piece in (*resample.resample(frame), *resample.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("content", [b"", b"\xff\xfb" * 1_000, b"RIFF\xff\xff\xff\xffWAVEfmt "])
def test_hostile_audio_is_an_error_and_no_crash(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(AudioUnreadable):
        master_in_child(Speech(tmp_path / "bad", "audio/mpeg", 48_000), tmp_path / "a.opus")
    assert not (tmp_path / "a.opus").exists()


def test_a_name_is_never_an_address(tmp_path: Path) -> None:
    for name in ("http:x", "concat:a|b", "pipe:0"):
        with pytest.raises(AudioUnreadable):
            master_in_child(Speech(tmp_path / name, "audio/mpeg", 48_000), tmp_path / "a.opus")


def test_silence_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(bytes(100_000))
    with pytest.raises(SilentAudio):
        master_in_child(Speech(tmp_path / "s", RAW_PCM, 22_050), tmp_path / "a.opus")


def test_a_child_that_grows_beyond_its_memory_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_child, "MEMORY_BYTES", 64 * 2**20)
    raw = said(tmp_path)
    with pytest.raises((AudioUnreadable, MasteringFailed)):
        master_in_child(replace(raw), tmp_path / "a.opus")


UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from audio_library.errors import AudioLibraryError
from audio_library.render import render_speech

limit, text, out = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    render_speech(text, "vi", out_dir=out)
except AudioLibraryError as error:
    print(error.code, end="")
"""
AT_ONCE, WHILE_SPEAKING, WHILE_MASTERING = 0, 50_000, 150_000


@pytest.mark.parametrize("limit", [AT_ONCE, WHILE_SPEAKING, WHILE_MASTERING])
def test_no_room_is_told_as_such_whoever_was_writing(tmp_path: Path, limit: int) -> None:
    argv = [sys.executable, "-I", "-c", UNDER_A_LIMIT, str(limit), TEXT, str(tmp_path)]
    ended = run_child(argv, given=b"", what="render", timeout_s=60)
    assert (ended.out.decode(), ended.err) == ("store_full", "")
    assert list(tmp_path.iterdir()) == []


class OnFullDisk(Espeak):
    """Finds no room to begin."""

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        into.mkdir()
        for name in ("0.pcm", "0.wav"):
            (into / name).symlink_to("/dev/full")
        return super().speak(texts, voice, into=into, timeout_s=timeout_s)


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(OnFullDisk(), id="wheel"),
        pytest.param(
            OnFullDisk(find_wheel=lambda: None), marks=pytest.mark.needs("espeak-ng"), id="command"
        ),
    ],
)
def test_a_full_disk_is_no_fault_of_the_voice(tmp_path: Path, engine: Espeak) -> None:
    with pytest.raises(StoreFull):
        render_speech(TEXT, "vi", out_dir=tmp_path, engines=[engine])
