"""The player command, as a conversation on a clock of its own, and once as the real process."""

import json
import math
import os
import subprocess
import sys
import threading
import time
import wave
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from audio_library.mastering.opus import packets_of, write_ogg
from audio_library.mastering.virtual_loudspeaker import Loudspeaker, file_name
from tests.edge_agent.stations import Station, hls, tone_mp3

NOON = 1_790_000_000.0


class Room:
    """A loudspeaker in a room where time passes only when somebody waits."""

    def __init__(self, wav_dir: Path) -> None:
        self.now = 0.0
        self.clock_set_by = 0.0
        self.heard: list[dict[str, Any]] = []
        self.wav_dir = wav_dir
        self.loudspeaker = Loudspeaker(
            wav_dir,
            self.heard.append,
            wall=lambda: NOON + self.now + self.clock_set_by,
            monotonic=lambda: self.now,
        )

    def order(self, op: str, id: str = "a", **fields: object) -> list[dict[str, Any]]:
        """What is told in answer."""
        before = len(self.heard)
        self.loudspeaker.obey({"op": op, "id": id, **fields})
        self.loudspeaker.advance()
        return self.heard[before:]

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """What is told meanwhile."""
        before, until = len(self.heard), self.now + seconds
        while (due := self.loudspeaker.wait_s()) is not None and self.now + due <= until:
            self.now += max(due, 0.000_1)
            self.loudspeaker.advance()
        self.now = max(self.now, until)
        return self.heard[before:]

    def wav(self, name: str = "a") -> Sequence[int]:
        with wave.open(str(self.wav_dir / f"{name}.wav")) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
            return array("h", file.readframes(file.getnframes()))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.loudspeaker.close()


@pytest.fixture(scope="session")
def opus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.5 s and 10 ms of a square wave."""
    path = tmp_path_factory.mktemp("opus") / "square.opus"
    samples = array("h", [6_000] * 120 + [-6_000] * 120) * 502
    write_ogg(packets_of([samples.tobytes()]), len(samples), path)
    return path


def loudness(samples: Sequence[int]) -> float:
    return math.sqrt(sum(s * s for s in samples) / len(samples))


def test_it_starts_at_its_second_and_plays_to_the_end(room: Room, opus: Path) -> None:
    assert room.order("load", path=str(opus), gain_db=0.0) == [
        {"event": "ready", "id": "a", "duration_ms": 2_510}
    ]
    assert room.order("play", at_unix=NOON + 10) == []
    assert room.wait(9.9) == []
    told = room.wait(5)
    assert [event["event"] for event in told] == ["started", "position", "position", "ended"]
    assert told[0]["at_unix"] == pytest.approx(NOON + 10, abs=0.001)
    assert [event["ms"] for event in told[1:3]] == [1_000, 2_000]
    assert told[3] == {
        "event": "ended",
        "id": "a",
        "played_ms": 2_510,
        "reason": "eof",
        "error": None,
    }
    assert len(room.wav()) == 502 * 240


def test_a_start_that_has_passed_is_a_start_now(room: Room, opus: Path) -> None:
    room.order("load", path=str(opus))
    assert room.order("play", at_unix=NOON - 60)[0]["at_unix"] == NOON


def test_a_clock_that_is_set_while_waiting_is_followed(room: Room, opus: Path) -> None:
    room.order("load", path=str(opus))
    room.order("play", at_unix=NOON + 100)
    room.wait(10)
    room.clock_set_by = 80.0
    assert room.wait(9) == []
    assert room.wait(2)[0]["event"] == "started"


def test_stop_cuts_at_once_and_the_file_is_whole(room: Room, opus: Path) -> None:
    room.order("load", path=str(opus))
    room.order("play", at_unix=NOON)
    room.wait(0.51)
    ended = room.order("stop")[0]
    assert (ended["event"], ended["reason"], ended["played_ms"]) == ("ended", "stopped", 520)
    assert len(room.wav()) == 520 * 48
    assert room.wait(5) == []


def test_ducking_takes_effect_with_the_next_frame(room: Room, opus: Path) -> None:
    room.order("load", path=str(opus))
    room.order("play", at_unix=NOON)
    room.wait(1.0)
    assert room.order("gain", gain_db=-20) == []
    room.wait(3)
    samples = room.wav()
    assert loudness(samples[55_000:100_000]) == pytest.approx(
        loudness(samples[:40_000]) / 10, rel=0.1
    )


def test_gain_of_the_load_holds_and_is_clipped_at_full_scale(room: Room, opus: Path) -> None:
    room.order("load", path=str(opus), gain_db=60)
    room.order("play", at_unix=NOON)
    room.wait(3)
    assert max(room.wav()) == 32_767
    assert min(room.wav()) == -32_768


def test_the_next_is_loaded_while_one_plays_and_waits_for_its_end(room: Room, opus: Path) -> None:
    room.order("load", "a", path=str(opus))
    room.order("play", "a", at_unix=NOON)
    room.wait(1)
    assert room.order("load", "b", path=str(opus))[0]["event"] == "ready"
    room.order("play", "b", at_unix=NOON + 2)
    told = [(e["event"], e["id"]) for e in room.wait(6) if e["event"] != "position"]
    assert told == [("ended", "a"), ("started", "b"), ("ended", "b")]
    assert len(room.wav("a")) == len(room.wav("b"))


def test_a_second_load_takes_the_place_of_one_that_waits(room: Room, opus: Path) -> None:
    room.order("load", "a", path=str(opus))
    room.order("play", "a", at_unix=NOON + 5)
    told = room.order("load", "b", path=str(opus))
    assert [(e["event"], e["id"]) for e in told] == [("ended", "a"), ("ready", "b")]
    assert told[0]["reason"] == "stopped"
    assert room.wait(10) == []


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("load", {}),
        ("load", {"path": 5}),
        ("load", {"path": "/nowhere/at/all.opus"}),
        ("load", {"path": "/nowhere", "gain_db": "loud"}),
        ("play", {"at_unix": NOON}),
        ("play", {}),
        ("stop", {}),
        ("gain", {"gain_db": 0}),
        ("gain", {"gain_db": float("nan")}),
        ("dance", {}),
    ],
)
def test_an_order_that_makes_no_sense_is_answered(
    room: Room, op: str, fields: dict[str, Any]
) -> None:
    told = room.order(op, **fields)
    assert [(e["event"], e["id"]) for e in told] == [("error", "a")]
    assert told[0]["error"]


def test_an_order_without_id_is_answered(room: Room) -> None:
    room.loudspeaker.obey({"op": "stop"})
    assert room.heard[-1]["event"] == "error"


def test_a_file_that_ends_in_the_middle_says_how_much_was_played(
    room: Room, opus: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.opus"
    half.write_bytes(opus.read_bytes()[: opus.stat().st_size // 2])
    room.order("load", path=str(half))
    room.order("play", at_unix=NOON)
    ended = room.wait(5)[-1]
    assert ended["event"] == "ended"
    assert ended["played_ms"] < 2_400


def test_a_folder_that_cannot_be_written_ends_the_play_with_an_error(
    tmp_path: Path, opus: Path
) -> None:
    room = Room(tmp_path / "missing")
    room.order("load", path=str(opus))
    ended = room.order("play", at_unix=NOON)[-1]
    assert (ended["event"], ended["reason"], ended["played_ms"]) == ("ended", "error", 0)
    assert ended["error"]


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("cue-1.2_b", "cue-1.2_b"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "_"),
        ("phát thanh/1", "ph_t_thanh_1"),
        ("x" * 400, "x" * 150),
    ],
)
def test_an_id_never_leaves_the_folder(id: str, name: str) -> None:
    assert file_name(id) == name


class Player:
    """The real process, spoken to in JSON lines."""

    def __init__(self, wav_dir: Path) -> None:
        argv = [sys.executable, "-m", "audio_library.mastering.virtual_loudspeaker"]
        self.process = subprocess.Popen(
            [*argv, "--wav-dir", str(wav_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def order(self, **order: object) -> None:
        self.say(json.dumps(order))

    def hear(self, event: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
        raise AssertionError(f"no {event} was told")

    def close(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        return code


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    player = Player(tmp_path / "wav")
    yield player
    player.process.kill()
    player.close()


def test_the_process_plays_in_real_time(player: Player, opus: Path, tmp_path: Path) -> None:
    player.order(op="load", id="a", path=str(opus), gain_db=0.0)
    assert player.hear("ready")["duration_ms"] == 2_510
    at = time.time() + 0.2
    player.order(op="play", id="a", at_unix=at)
    started = player.hear("started")
    assert 0 <= started["at_unix"] - at < 0.05
    player.say("this is no JSON")
    assert player.hear("error")["id"] is None
    ended = player.hear("ended")
    assert 2.4 < time.time() - at < 2.9
    assert (ended["reason"], ended["played_ms"]) == ("eof", 2_510)
    player.order(op="quit")
    assert player.close() == 0
    with wave.open(str(tmp_path / "wav" / "a.wav")) as file:
        assert file.getnframes() == 502 * 240


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tone_mp3(tmp_path / "a.mp3"), tmp_path)
    yield made
    made.close()


@pytest.mark.needs("ffmpeg")
def test_a_stream_sounds_until_it_hangs_up(
    player: Player, station: Station, tmp_path: Path
) -> None:
    player.order(op="tune", id="a", url=f"{station.address}/moved", gain_db=0.0)
    assert player.hear("ready")["duration_ms"] == 0
    at = time.time() + 0.2
    player.order(op="play", id="a", at_unix=at)
    assert 0 <= player.hear("started")["at_unix"] - at < 0.05
    assert player.hear("position")["ms"] == 1_000
    station.hang_up.set()
    ended = player.hear("ended")
    assert ended["reason"] in ("eof", "error")
    with wave.open(str(tmp_path / "wav" / "a.wav")) as file:
        heard = array("h", file.readframes(file.getnframes()))
    assert loudness(heard[:48_000]) > 1_000
    assert round(len(heard) / 48) == ended["played_ms"]


@pytest.mark.needs("ffmpeg")
def test_a_stalled_stream_is_a_gap_and_then_goes_on(player: Player, station: Station) -> None:
    player.order(op="tune", id="a", url=f"{station.address}/live")
    player.hear("ready")
    station.stalled.set()
    player.order(op="play", id="a", at_unix=0)
    player.hear("started")
    gap = threading.Timer(3.0, station.stalled.clear)
    gap.start()
    told = [player.hear("position")["ms"] for _ in range(5)]
    assert told == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert not gap.is_alive()
    player.order(op="stop", id="a")
    assert player.hear("ended")["reason"] == "stopped"


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize("path", ["/gone", "/page", "/file", "/sly.m3u8"])
def test_what_is_no_stream_of_sound_is_an_error(
    player: Player, station: Station, path: str
) -> None:
    player.order(op="tune", id="a", url=station.address + path)
    assert player.hear("error")["error"]


def test_only_the_web_is_tuned_in(room: Room, opus: Path) -> None:
    room.order("tune", url=f"file:{opus}")
    while not room.heard:
        room.wait(0.1)
    assert room.heard[0]["event"] == "error"


@pytest.mark.needs("ffmpeg")
def test_hls_sounds_and_a_stop_while_tuning_ends_it(
    player: Player, station: Station, tmp_path: Path
) -> None:
    hls(tmp_path)
    player.order(op="tune", id="a", url=f"{station.address}/never")
    player.order(op="stop", id="a")
    assert player.hear("ended")["played_ms"] == 0
    player.order(op="tune", id="b", url=f"{station.address}/hls/live.m3u8")
    player.hear("ready")
    player.order(op="play", id="b", at_unix=0)
    assert player.hear("position")["ms"] == 1_000


def test_the_end_of_its_orders_stops_the_play(player: Player, opus: Path, tmp_path: Path) -> None:
    player.order(op="load", id="a", path=str(opus))
    player.order(op="play", id="a", at_unix=0)
    player.hear("started")
    assert player.process.stdin is not None
    player.process.stdin.close()
    ended = player.hear("ended")
    assert ended["reason"] == "stopped"
    assert player.close() == 0
    with wave.open(str(tmp_path / "wav" / "a.wav")) as file:
        assert round(file.getnframes() / 48) == ended["played_ms"]


def test_killed_it_leaves_a_file_that_can_be_read(
    player: Player, opus: Path, tmp_path: Path
) -> None:
    player.order(op="load", id="a", path=str(opus))
    player.order(op="play", id="a", at_unix=0)
    assert player.hear("position")["ms"] == 1_000
    os.kill(player.process.pid, 9)
    player.close()
    with wave.open(str(tmp_path / "wav" / "a.wav")) as file:
        assert file.getnframes() >= 48_000
        assert len(file.readframes(48_000)) == 96_000


def test_it_ends_when_nobody_listens_any_more(player: Player, opus: Path) -> None:
    player.order(op="load", id="a", path=str(opus))
    player.hear("ready")
    assert player.process.stdout is not None
    player.process.stdout.close()
    player.order(op="play", id="a", at_unix=0)
    assert player.process.wait(timeout=10) == 0
