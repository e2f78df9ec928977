"""mpv as it is installed: loaded silently, let go at its instant, honest about its end."""

import contextlib
import fcntl
import itertools
import math
import os
import queue
import re
import struct
import subprocess
import threading
import time
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import PlayerUnusable
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.players.mpv import MpvPlayer
from tests.certificates import self_signed
from tests.edge_agent.real_parts import wait_for
from tests.edge_agent.stations import Station, hls, tone_mp3

RATE = 48_000


def tone(path: Path, seconds: float, hertz: int = 1_000) -> Path:
    """Write a mono WAV of one tone."""
    samples = (
        round(12_000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(seconds * RATE))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


class Stage:
    """A player and what it said."""

    def __init__(self, **options: Any) -> None:
        self.said: queue.SimpleQueue[PlayerEvent] = queue.SimpleQueue()
        self.player = MpvPlayer(self.said.put, **options)

    def next(self, kind: type[PlayerEvent]) -> PlayerEvent:
        while True:
            event = self.said.get(timeout=15)
            if isinstance(event, kind):
                return event
            assert isinstance(event, Position), event

    def said_until_silent(self, for_s: float) -> Iterator[PlayerEvent]:
        """All that is told until nothing more is for so long."""
        with contextlib.suppress(queue.Empty):
            while True:
                yield self.said.get(timeout=for_s)


class Card:
    """A sound card of PulseAudio that sleeps until it is played to; its samples, as they leave."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self.environment = {
            **{name: str(home) for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "HOME")},
            "PULSE_SERVER": f"unix:{home}/native",
        }
        wire = home / "card"
        sink = f"module-pipe-sink sink_name=horn file={wire} rate={RATE} channels=1 format=s16le"
        native = f"module-native-protocol-unix auth-anonymous=1 socket={home}/native"
        options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
        modules = [sink, "module-suspend-on-idle timeout=1", native]
        loads = [word for module in modules for word in ("-L", module)]
        self._server = subprocess.Popen(
            ["pulseaudio", *options, "--disable-shm=yes", *loads],
            stderr=subprocess.DEVNULL,
            env=os.environ | self.environment,
        )
        wait_for(lambda: self._told("info"), "pulseaudio")
        self.samples: array[int] = array("h")
        self._wire = os.open(wire, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._wire, fcntl.F_SETPIPE_SZ, 4096)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def fall_asleep(self) -> None:
        """Wait until the server has let go of the card, and forget what it was given before."""
        wait_for(lambda: b"SUSPENDED" in self._told("list", "short", "sinks"), "the card to sleep")
        self.samples = array("h")

    def _told(self, *question: str) -> bytes:
        environment = os.environ | self.environment
        asked = ["pactl", *question]
        return subprocess.run(asked, env=environment, capture_output=True, check=False).stdout

    def _run(self) -> None:
        """Take what the card would turn into sound, at its own pace."""
        due = time.monotonic()
        while not self._closed.wait(max(0.0, due - time.monotonic())):
            with contextlib.suppress(BlockingIOError):
                self.samples.frombytes(os.read(self._wire, RATE // 50 * 2))
            due = max(due + 0.02, time.monotonic() - 0.02)

    @property
    def _loud(self) -> list[int]:
        return [place for place, sample in enumerate(self.samples) if abs(sample) > 500]

    @property
    def sound_ms(self) -> float:
        """How long the tone was, from its first to its last moment."""
        loud = self._loud
        return 1000 * (loud[-1] - loud[0]) / RATE if loud else 0.0

    @property
    def silence_ms(self) -> float:
        """How long the card had been awake when the tone began."""
        return 1000 * self._loud[0] / RATE

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        os.close(self._wire)
        self._server.terminate()
        self._server.wait()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(audio_output="null")
    yield made
    made.player.close()


@pytest.mark.needs("mpv")
def test_it_waits_loaded_and_starts_at_the_instant(stage: Stage, tmp_path: Path) -> None:
    stage.player.load("p", tone(tmp_path / "a.wav", 1.5), gain_db=-6.0, from_ms=0)
    assert stage.next(Ready) == Ready("p", 1_500)
    at = time.time() + 0.5
    stage.player.play_at("p", at)
    started = stage.next(Started)
    assert isinstance(started, Started)
    assert abs(started.at_unix - at) < 0.1
    assert isinstance(stage.next(Position), Position)
    ended = stage.next(Ended)
    assert ended == Ended("p", 1_500, "eof")


@pytest.mark.needs("mpv")
def test_it_resumes_from_a_position(stage: Stage, tmp_path: Path) -> None:
    stage.player.load("p", tone(tmp_path / "a.wav", 3.0), gain_db=0.0, from_ms=2_000)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    assert stage.next(Ended) == Ended("p", 1_000, "eof")


@pytest.mark.needs("mpv")
def test_a_stop_ends_it_and_the_next_can_be_loaded(stage: Stage, tmp_path: Path) -> None:
    file = tone(tmp_path / "a.wav", 3.0)
    stage.player.load("p", file, gain_db=0.0, from_ms=0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    stage.player.set_gain("p", -20.0)
    stage.player.stop("p")
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert (ended.play, ended.reason) == ("p", "stopped")
    assert ended.played_ms < 1_500
    stage.player.load("q", file, gain_db=0.0, from_ms=0)
    assert stage.next(Ready) == Ready("q", 3_000)


@pytest.mark.needs("mpv")
def test_what_is_stopped_before_its_instant_never_sounds(stage: Stage, tmp_path: Path) -> None:
    stage.player.load("p", tone(tmp_path / "a.wav", 1.0), gain_db=0.0, from_ms=0)
    stage.next(Ready)
    stage.player.play_at("p", time.time() + 60)
    stage.player.stop("p")
    assert stage.next(Ended) == Ended("p", 0, "stopped")


@pytest.mark.needs("mpv")
def test_a_file_that_is_no_audio_is_an_error(stage: Stage, tmp_path: Path) -> None:
    bad = tmp_path / "bad.opus"
    bad.write_bytes(b"no audio at all" * 100)
    stage.player.load("p", bad, gain_db=0.0, from_ms=0)
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert (ended.reason, bool(ended.error)) == ("error", True)


@pytest.mark.needs("mpv", "ffmpeg")
def test_a_truncated_file_is_heard_shorter_than_it_should_be(stage: Stage, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.opus", tmp_path / "half.opus"
    make = ["ffmpeg", "-v", "error", "-i", str(tone(tmp_path / "a.wav", 2.0))]
    subprocess.run([*make, "-c:a", "libopus", "-b:a", "24k", str(whole)], check=True)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    stage.player.load("p", half, gain_db=0.0, from_ms=0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert ended.reason == "eof"
    assert ended.played_ms < 1_700


@pytest.mark.needs("mpv")
def test_a_killed_mpv_ends_its_play_and_is_started_again(stage: Stage, tmp_path: Path) -> None:
    file = tone(tmp_path / "a.wav", 5.0)
    stage.player.load("p", file, gain_db=0.0, from_ms=0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    assert stage.player.pid is not None
    os.kill(stage.player.pid, 9)
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.error) == ("error", "mpv ended with code -9")
    stage.player.load("q", file, gain_db=0.0, from_ms=0)
    assert stage.next(Ready) == Ready("q", 5_000)


@pytest.mark.needs("mpv", "ffmpeg")
def test_a_file_that_is_whole_but_has_a_hole_is_not_told_as_whole(
    stage: Stage, tmp_path: Path
) -> None:
    whole, holed = tmp_path / "whole.opus", tmp_path / "holed.opus"
    make = ["ffmpeg", "-v", "error", "-i", str(tone(tmp_path / "a.wav", 6.0))]
    subprocess.run([*make, "-c:a", "libopus", "-b:a", "24k", str(whole)], check=True)
    data = whole.read_bytes()
    pages = [m.start() for m in re.finditer(b"OggS", data)]
    holed.write_bytes(data[: pages[3]] + data[pages[-2] :])
    stage.player.load("p", holed, gain_db=0.0, from_ms=0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert ended.played_ms < 4_000


@pytest.mark.needs("mpv")
def test_twenty_deaths_in_a_row_are_twenty_ends_and_leave_nothing_behind(
    stage: Stage, tmp_path: Path
) -> None:
    file = tone(tmp_path / "a.wav", 5.0)
    stage.player.load("p0", file, gain_db=0.0, from_ms=0)
    stage.next(Ready)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for death in range(20):
        assert stage.player.pid is not None
        os.kill(stage.player.pid, 9)
        assert stage.next(Ended) == Ended(f"p{death}", 0, "error", "mpv ended with code -9")
        stage.player.load(f"p{death + 1}", file, gain_db=0.0, from_ms=0)
        stage.next(Ready)
    assert stage.player.restarts == 20
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert sum(thread.name == "player" for thread in threading.enumerate()) <= 2


@pytest.mark.needs("mpv")
def test_one_that_hangs_is_killed_at_once_and_the_next_load_begins_anew(
    stage: Stage, tmp_path: Path
) -> None:
    file = tone(tmp_path / "a.wav", 5.0)
    stage.player.load("p", file, gain_db=0.0, from_ms=0)
    stage.next(Ready)
    assert stage.player.pid is not None
    os.kill(stage.player.pid, 19)
    begun = time.monotonic()
    stage.player.load("q", file, gain_db=0.0, from_ms=0)
    stage.player.abandon("q")
    assert time.monotonic() - begun < 0.5
    stage.player.load("r", file, gain_db=0.0, from_ms=0)
    assert stage.next(Ready) == Ready("r", 5_000)


@pytest.mark.needs("mpv", "pulseaudio")
@pytest.mark.parametrize("preroll_ms", [0, 600])
def test_a_card_that_slept_loses_nothing_of_the_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preroll_ms: int
) -> None:
    card = Card(tmp_path / "pulse")
    for name, value in card.environment.items():
        monkeypatch.setenv(name, value)
    stage = Stage(audio_output="pulse", audio_device="pulse/horn")
    try:
        card.fall_asleep()
        file = tone(tmp_path / "a.wav", 0.5)
        stage.player.load("p", file, gain_db=0.0, from_ms=0, preroll_ms=preroll_ms)
        stage.next(Ready)
        at = time.time() + 1.2
        stage.player.play_at("p", at)
        started = stage.next(Started)
        assert isinstance(started, Started)
        assert stage.next(Ended) == Ended("p", 500, "eof")
        wait_for(lambda: card.sound_ms > 490, "the tone", 5.0)
    finally:
        stage.player.close()
        card.close()
    assert abs(started.at_unix - at) < 0.1
    assert abs(card.sound_ms - 500) < 5
    assert preroll_ms - 5 <= card.silence_ms < preroll_ms + 400


# Streams of other stations


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tone_mp3(tmp_path / "a.mp3"), tmp_path)
    yield made
    made.close()


@pytest.mark.needs("mpv", "ffmpeg")
def test_an_endless_stream_waits_for_its_instant_and_tells_that_it_sounds(
    stage: Stage, station: Station
) -> None:
    stage.player.tune("p", f"{station.address}/moved", gain_db=0.0)
    assert stage.next(Ready) == Ready("p", 0)
    at = time.time() + 0.4
    stage.player.play_at("p", at)
    started = stage.next(Started)
    assert isinstance(started, Started)
    assert abs(started.at_unix - at) < 0.15
    position = stage.next(Position)
    assert isinstance(position, Position)
    assert 900 < position.ms < 1_500
    stage.player.stop("p")
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.played_ms >= position.ms) == ("stopped", True)


@pytest.mark.needs("mpv", "ffmpeg")
def test_a_stream_that_hangs_up_has_ended(stage: Stage, station: Station) -> None:
    stage.player.tune("p", f"{station.address}/live", gain_db=0.0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    station.hang_up.set()
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert ended.reason == "eof"
    assert ended.played_ms > 500


@pytest.mark.needs("mpv", "ffmpeg")
def test_a_stalled_stream_tells_no_position_any_more(stage: Stage, station: Station) -> None:
    stage.player.tune("p", f"{station.address}/live", gain_db=0.0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    station.stalled.set()
    # Two seconds are still to sound, and after five mpv gives the station up.
    assert all(isinstance(event, Position) for event in stage.said_until_silent(1.5))
    station.stalled.clear()
    assert isinstance(stage.next(Position), Position)


@pytest.mark.needs("mpv", "ffmpeg")
@pytest.mark.parametrize("path", ["/gone", "/page", "/file", "/sly.m3u8"])
def test_what_is_no_stream_of_sound_is_an_error(stage: Stage, station: Station, path: str) -> None:
    stage.player.tune("p", station.address + path, gain_db=0.0)
    ended = stage.next(Ended)
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.played_ms) == ("error", 0)


@pytest.mark.needs("mpv", "ffmpeg")
def test_a_host_that_proved_its_name_leads_on_to_none_that_does_not(
    station: Station, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path / "localhost.pem")
    proved = Station(tone_mp3(tmp_path / "b.mp3"), tmp_path, certificate)
    stage = Stage(audio_output="null", program=("mpv", f"--tls-ca-file={certificate}"))
    try:
        stage.player.tune("p", f"{proved.address}/onward?{station.address}/live", gain_db=0.0)
        ended = stage.next(Ended)
        assert isinstance(ended, Ended)
        assert ended.reason == "error"
        stage.player.tune("q", f"{proved.address}/live", gain_db=0.0)
        stage.next(Ready)
        stage.player.stop("q")
        stage.next(Ended)
        stage.player.tune("r", f"{station.address}/moved", gain_db=0.0)
        stage.next(Ready)
    finally:
        stage.player.close()
        proved.close()


@pytest.mark.needs("mpv", "ffmpeg")
def test_hls_is_heard_and_a_file_after_it(stage: Stage, station: Station, tmp_path: Path) -> None:
    hls(tmp_path)
    stage.player.tune("p", f"{station.address}/hls/live.m3u8", gain_db=0.0)
    stage.next(Ready)
    stage.player.play_at("p", time.time())
    stage.next(Started)
    assert isinstance(stage.next(Position), Position)
    stage.player.stop("p")
    stage.next(Ended)
    stage.player.load("q", tone(tmp_path / "a.wav", 1.0), gain_db=0.0, from_ms=0)
    assert stage.next(Ready) == Ready("q", 1_000)


def test_without_mpv_the_error_says_what_to_install(tmp_path: Path) -> None:
    player = MpvPlayer(lambda _event: None, program=(str(tmp_path / "no-mpv"),))
    with pytest.raises(PlayerUnusable) as raised:
        player.load("p", tmp_path, gain_db=0.0, from_ms=0)
    assert "cài gói mpv" in raised.value.vi
    assert "Install the package mpv" in raised.value.en


@pytest.mark.needs("mpv", "pulseaudio")
def test_a_loudspeaker_hears_the_tone_at_its_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "pulse"
    home.mkdir(mode=0o700)
    address = f"unix:{home}/native"
    for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("PULSE_SERVER", address)
    sink = "module-null-sink sink_name=horn rate=48000 channels=1 format=s16le"
    native = f"module-native-protocol-unix auth-anonymous=1 socket={home}/native"
    options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
    server = subprocess.Popen(
        ["pulseaudio", *options, "--disable-shm=yes", "-L", sink, "-L", native],
        stderr=subprocess.DEVNULL,
    )
    raw = ["--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=20"]
    stage = Stage(audio_output="pulse", audio_device="pulse/horn")
    ear = None
    try:
        wait_for((home / "native").exists, "pulseaudio")
        stage.player.load("p", tone(tmp_path / "a.wav", 0.6), gain_db=0.0, from_ms=0)
        stage.next(Ready)
        ear = subprocess.Popen(["parec", "-d", "horn.monitor", *raw], stdout=subprocess.PIPE)
        assert ear.stdout is not None
        ear.stdout.read(RATE // 5 * 2)
        at = time.time() + 0.5
        stage.player.play_at("p", at)
        started = stage.next(Started)
        assert isinstance(started, Started)
        heard_at, sound = _listen(ear.stdout, seconds=1.2)
    finally:
        stage.player.close()
        for process in (ear, server):
            if process is not None:
                process.terminate()
                process.wait()
        if ear is not None and ear.stdout is not None:
            ear.stdout.close()

    # A monitor chunk is 20 ms and may be stamped up to 15 ms late.
    assert abs(heard_at - at) < 0.12
    assert abs(started.at_unix - heard_at) < 0.12
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(sound))
    assert abs(crossings - 600) < 20


def _listen(stream: "object", seconds: float) -> tuple[float, list[int]]:
    """Read s16 mono; give the wall time of the first loud sample and all that sounded."""
    first, sound = 0.0, []
    until = time.time() + seconds
    while time.time() < until:
        block = stream.read(960 * 2)  # type: ignore[attr-defined]
        arrived = time.time()
        samples = struct.unpack(f"<{len(block) // 2}h", block)
        loud = [place for place, sample in enumerate(samples) if abs(sample) > 60]
        if loud and not first:
            first = arrived - (len(samples) - loud[0]) / RATE
        if loud:
            sound += samples
    return first, sound
