"""A player that is any program: the protocol word for word, and its death."""

import json
import queue
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.errors import PlayerUnusable
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.players.command import CommandPlayer

PLAYER = Path(__file__).parent / "scripted_player.py"


class Stage:
    def __init__(self, folder: Path, argv: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.heard = folder / "heard"
        self.said: queue.SimpleQueue[PlayerEvent] = queue.SimpleQueue()
        program = argv or (sys.executable, str(PLAYER), str(self.heard))
        self.player = CommandPlayer(program, self.said.put)

    def file(self, duration_ms: int, script: str = "") -> Path:
        file = self.folder / f"{duration_ms}{script}.opus"
        file.write_text(json.dumps({"duration_ms": duration_ms, "script": script}))
        return file

    def next(self) -> PlayerEvent:
        while isinstance(event := self.said.get(timeout=10), Position):
            pass
        return event

    def orders(self) -> list[dict[str, object]]:
        orders = [json.loads(line) for line in self.heard.read_text().splitlines()]
        return [{k: v for k, v in order.items() if k not in ("at", "mono")} for order in orders]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.player.close()


def test_the_protocol_word_for_word(stage: Stage) -> None:
    file, at = stage.file(300), time.time() + 0.2
    stage.player.load("p1", file, gain_db=-3.5, from_ms=0)
    assert stage.next() == Ready("p1", 300)
    stage.player.play_at("p1", at)
    started = stage.next()
    assert isinstance(started, Started)
    assert 0 <= started.at_unix - at < 0.1
    stage.player.set_gain("p1", -9.0)
    ended = stage.next()
    assert isinstance(ended, Ended)
    assert (ended.play, ended.reason, ended.error) == ("p1", "eof", "")
    stage.player.close()
    assert stage.orders() == [
        {"op": "load", "id": "p1", "path": str(file), "gain_db": -3.5},
        {"op": "play", "id": "p1", "at_unix": at},
        {"op": "gain", "id": "p1", "gain_db": -9.0},
        {"op": "quit"},
    ]


def test_a_stop_ends_it(stage: Stage) -> None:
    stage.player.load("p1", stage.file(60_000), gain_db=0.0, from_ms=0)
    stage.next()
    stage.player.play_at("p1", time.time())
    stage.next()
    stage.player.stop("p1")
    ended = stage.next()
    assert isinstance(ended, Ended)
    assert ended.reason == "stopped"


def test_a_file_that_cannot_be_loaded_ends_at_once(stage: Stage) -> None:
    stage.player.load("p1", stage.file(10, "unloadable"), gain_db=0.0, from_ms=0)
    assert stage.next() == Ended("p1", 0, "error", "cannot decode")


def test_a_dead_player_ends_what_it_held_and_is_started_again(stage: Stage) -> None:
    stage.player.load("p1", stage.file(400, "dies"), gain_db=0.0, from_ms=0)
    stage.next()
    stage.player.play_at("p1", time.time())
    stage.next()
    ended = stage.next()
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.error) == ("error", "player ended with code 3")
    stage.player.load("p2", stage.file(50), gain_db=0.0, from_ms=0)
    assert stage.next() == Ready("p2", 50)


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    player = Stage(tmp_path, ("/no/such/player",)).player
    with pytest.raises(PlayerUnusable, match="Cannot start the player /no/such/player"):
        player.load("p", tmp_path, gain_db=0.0, from_ms=0)
    player.stop("p")
    player.close()


def test_noise_from_a_player_is_passed_over(tmp_path: Path) -> None:
    lines = [
        "hello",
        "{",
        '{"event":"ready"}',
        '{"event":"ready","id":"other","duration_ms":5}',
        '{"event":"dances","id":"p1"}',
        '{"event":"ready","id":"p1","duration_ms":-5}',
        "x" * 200_000,
        '{"event":"ready","id":"p1","duration_ms":5,"later":{}}',
    ]
    text = "\n".join(lines)
    noise = tmp_path / "noise.py"
    noise.write_text(
        f"import sys; sys.stdin.readline(); print({text!r}, flush=True); sys.stdin.read()"
    )
    stage = Stage(tmp_path, (sys.executable, str(noise)))
    stage.player.load("p1", tmp_path, gain_db=0.0, from_ms=0)
    assert stage.next() == Ready("p1", 5)
    stage.player.close()


def test_a_player_that_will_not_quit_is_killed(tmp_path: Path) -> None:
    program = "import signal, sys, time; print(flush=True); time.sleep(60)"
    stage = Stage(tmp_path, (sys.executable, "-c", program))
    stage.player.load("p1", tmp_path, gain_db=0.0, from_ms=0)
    before = time.monotonic()
    stage.player.close()
    assert time.monotonic() - before < 10
    ended = stage.next()
    assert isinstance(ended, Ended)
    assert ended.error == "player ended with code -9"


def test_one_that_is_abandoned_is_killed_without_a_word_and_counted(stage: Stage) -> None:
    stage.player.load("p1", stage.file(5_000), gain_db=0.0, from_ms=0)
    assert stage.next() == Ready("p1", 5_000)
    stage.player.abandon("p1")
    stage.player.load("p2", stage.file(300), gain_db=0.0, from_ms=0)
    assert stage.next() == Ready("p2", 300)
    assert stage.player.restarts == 1
