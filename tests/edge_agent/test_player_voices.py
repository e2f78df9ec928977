"""Two voices: the first stays, the second comes and goes with what it says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.errors import PlayerUnusable
from edge_agent.player import Ended, PlayerEvent, Ready
from edge_agent.players.voices import Voices
from tests.edge_agent.fakes import FakePlayer


@dataclass
class Stage:
    """The voices that were made, in order, and what was told of them."""

    voices: list[FakePlayer] = field(default_factory=list)
    emits: list[Callable[[PlayerEvent], None]] = field(default_factory=list)
    told: list[PlayerEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.player = Voices(self.make, self.told.append)

    def make(self, emit: Callable[[PlayerEvent], None]) -> FakePlayer:
        self.voices.append(FakePlayer())
        self.emits.append(emit)
        return self.voices[-1]

    def sound(self, play: str) -> None:
        """Bring a play on air."""
        self.player.load(play, Path("a.opus"), gain_db=0.0, from_ms=0)
        self.player.play_at(play, 0.0)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_one_play_after_the_other_needs_one_voice(stage: Stage) -> None:
    for play in ("p", "q"):
        stage.sound(play)
        stage.emits[0](Ended(play, 10, "eof"))
    assert len(stage.voices) == 1
    assert [event.play for event in stage.told] == ["p", "q"]


def test_a_second_voice_is_made_for_what_is_spoken_over_and_ends_with_it(stage: Stage) -> None:
    stage.sound("low")
    stage.sound("high")
    stage.player.set_gain("low", -12.0, over_ms=200)
    stage.player.set_gain("high", -1.0)
    assert stage.voices[0].told[-1] == ("gain", "low", -12.0)
    assert stage.voices[1].told[-1] == ("gain", "high", -1.0)
    stage.emits[1](Ready("high", 10))
    assert stage.voices[1].ops()[-1] == "gain"
    stage.emits[1](Ended("high", 10, "eof"))
    assert stage.voices[1].ops()[-1] == "close"
    assert "close" not in stage.voices[0].ops()
    stage.player.stop("low")
    assert stage.voices[0].told[-1] == ("stop", "low")


def test_a_voice_whose_play_ended_first_takes_the_next(stage: Stage) -> None:
    stage.sound("low")
    stage.sound("high")
    stage.emits[0](Ended("low", 10, "eof"))
    stage.sound("next")
    assert len(stage.voices) == 2
    assert stage.voices[0].told[-2][:2] == ("load", "next")


def test_what_was_unloaded_leaves_its_voice_at_once(stage: Stage) -> None:
    stage.sound("low")
    stage.player.load("high", Path("a.opus"), gain_db=0.0, from_ms=0)
    stage.player.stop("high")
    stage.sound("other")
    assert stage.voices[1].ops() == ["load", "stop", "load", "play_at"]
    stage.emits[1](Ended("high", 0, "stopped"))
    assert "close" not in stage.voices[1].ops()


def test_a_voice_that_hangs_is_killed_alone(stage: Stage) -> None:
    stage.sound("low")
    stage.sound("high")
    stage.player.abandon("high")
    assert stage.voices[1].ops()[-2:] == ["abandon", "close"]
    assert "abandon" not in stage.voices[0].ops()
    stage.sound("again")
    assert len(stage.voices) == 3


def test_deaths_of_both_are_counted_also_of_a_voice_that_is_gone(stage: Stage) -> None:
    stage.sound("low")
    stage.sound("high")
    stage.voices[0].restarts, stage.voices[1].restarts = 2, 1
    assert stage.player.restarts == 3
    stage.emits[1](Ended("high", 10, "error", "died"))
    assert stage.player.restarts == 3


def test_a_voice_that_cannot_load_is_not_taken(stage: Stage) -> None:
    stage.voices[0].broken = True
    with pytest.raises(PlayerUnusable):
        stage.sound("p")
    stage.voices[0].broken = False
    stage.sound("q")
    assert len(stage.voices) == 1


def test_the_end_ends_both(stage: Stage) -> None:
    stage.sound("low")
    stage.sound("high")
    stage.player.close()
    assert [voice.ops()[-1] for voice in stage.voices] == ["close", "close"]
