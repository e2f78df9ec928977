"""An ear at the horn tells what was heard from what was played into a dead amplifier."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.report import Heard
from edge_agent.ear import Moment
from edge_agent.horn import MIN_MOMENTS, USUAL_DBFS, Horn, judge
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.settings import HornSettings

ROOM, SPEECH = -60.0, -25.0
MICROPHONE = HornSettings("alsa")


@dataclass
class FakeEar:
    """An ear that remembers for how long it was to listen."""

    asked_s: list[float] = field(default_factory=list)
    closed: bool = False

    def listen(self, for_s: float) -> None:
        self.asked_s.append(for_s)

    def close(self) -> None:
        self.closed = True


class Street:
    """A horn with a fake ear; `passes` lets the seconds go by, each as loud as it is told."""

    def __init__(self, settings: HornSettings = MICROPHONE) -> None:
        self.now_s = 1_000.0
        self.ear = FakeEar()
        self.emitted: list[PlayerEvent] = []
        self.horn = Horn(
            settings,
            self.emitted.append,
            ear=self._ear,
            mono_s=lambda: self.now_s,
            wall_s=lambda: self.now_s + 5e8,
        )

    def _ear(self, heard: Callable[[Moment], None], deaf: Callable[[], None]) -> FakeEar:
        self.tell, self.fail = heard, deaf
        return self.ear

    def passes(self, *levels_db: float) -> None:
        for level_db in levels_db:
            self.now_s += 1.0
            self.tell(Moment(self.now_s, level_db))

    def load(self, play: str = "p") -> None:
        self.horn.heard(Ready(play, 5_000))

    def start(self, play: str = "p") -> None:
        self.horn.heard(Started(play, self.now_s + 5e8))

    def end(self, play: str = "p") -> Ended:
        self.horn.heard(Ended(play, 5_000, "eof"))
        ended = self.emitted[-1]
        assert isinstance(ended, Ended)
        return ended

    def play(self, *levels_db: float) -> Ended:
        self.start()
        self.passes(*levels_db)
        return self.end()


@pytest.fixture
def street() -> Street:
    made = Street()
    made.load()
    made.passes(ROOM, ROOM, ROOM)
    return made


def test_what_rises_over_the_silence_was_heard_and_how_loud_is_told(street: Street) -> None:
    ended = street.play(-40.0, SPEECH, SPEECH, -26.0, SPEECH)
    assert (ended.heard, ended.heard_dbfs) == (Heard.YES, SPEECH)


def test_a_dead_amplifier_is_not_heard(street: Street) -> None:
    ended = street.play(ROOM, ROOM + 1, ROOM, ROOM)
    assert (ended.heard, ended.heard_dbfs) == (Heard.NO, ROOM)


def test_a_motorbike_that_passes_is_no_bulletin(street: Street) -> None:
    assert street.play(ROOM, ROOM, -20.0, ROOM, ROOM, ROOM).heard is Heard.NO


def test_what_rises_a_little_may_be_either(street: Street) -> None:
    assert street.play(ROOM, -51.0, -51.0, -51.0, -51.0).heard is Heard.UNKNOWN


def test_in_a_room_louder_than_the_horn_nothing_can_be_told() -> None:
    street = Street()
    street.load()
    street.passes(-20.0, -12.0, -20.0)
    assert street.play(-14.0, -14.0, -14.0, -14.0).heard is Heard.UNKNOWN


def test_how_loud_it_usually_is_says_whether_a_room_is_too_loud(street: Street) -> None:
    street.play(-45.0, -45.0, -45.0, -45.0)
    street.passes(-50.0, -50.0, -50.0, -50.0, -50.0)
    assert street.play(-50.0, -50.0, -50.0, -50.0).heard is Heard.UNKNOWN


def test_of_a_play_without_silence_before_it_nothing_can_be_told() -> None:
    street = Street()
    street.load()
    assert street.play(SPEECH, SPEECH, SPEECH, SPEECH).heard is Heard.UNKNOWN


def test_items_that_follow_each_other_are_judged_by_the_silence_before_the_first(
    street: Street,
) -> None:
    street.play(SPEECH, SPEECH, SPEECH, SPEECH)
    assert street.play(SPEECH, SPEECH, SPEECH, SPEECH).heard is Heard.YES


def test_the_silence_after_a_play_is_the_floor_of_the_next(street: Street) -> None:
    street.play(SPEECH, SPEECH, SPEECH, SPEECH)
    street.passes(ROOM, -40.0, -40.0, -40.0, -40.0)
    assert street.play(-33.0, -33.0, -33.0, -33.0).heard is Heard.UNKNOWN


def test_too_short_a_play_tells_nothing(street: Street) -> None:
    assert street.play(SPEECH, SPEECH).heard is Heard.UNKNOWN


def test_an_ear_that_fails_midway_tells_nothing(street: Street) -> None:
    street.start()
    street.passes(SPEECH, SPEECH, SPEECH, SPEECH)
    street.fail()
    ended = street.end()
    assert (ended.heard, ended.heard_dbfs) == (Heard.UNKNOWN, None)


def test_an_ear_that_fails_is_tried_again_at_the_next_play(street: Street) -> None:
    street.start()
    street.fail()
    asked = len(street.ear.asked_s)
    for second in range(1, 4):
        street.horn.heard(Position("p", second * 1_000))
    street.end()
    assert len(street.ear.asked_s) == asked
    street.load("q")
    assert len(street.ear.asked_s) == asked + 1


def test_every_event_of_the_player_is_handed_on(street: Street) -> None:
    street.start()
    street.horn.heard(Position("p", 1_000))
    street.end()
    assert [type(event) for event in street.emitted] == [Ready, Started, Position, Ended]


def test_the_level_is_told_while_something_sounds(street: Street) -> None:
    assert street.horn.level_dbfs is None
    street.start()
    street.passes(SPEECH)
    assert street.horn.level_dbfs == SPEECH
    street.now_s += 10
    assert street.horn.level_dbfs is None, "the ear has fallen silent"


def test_after_the_end_there_is_no_level(street: Street) -> None:
    street.play(SPEECH)
    assert street.horn.level_dbfs is None


def test_a_current_has_no_loudness_but_tells_the_same() -> None:
    street = Street(HornSettings("alsa", unit="mA"))
    street.load()
    street.passes(40.0, 40.0, 40.0)
    ended = street.play(60.0, 60.0, 60.0, 60.0)
    assert (ended.heard, ended.heard_dbfs) == (Heard.YES, None)
    street.passes(40.0, 40.0, 40.0, 40.0)
    assert street.play(41.0, 40.0, 40.0, 40.0).heard is Heard.NO


def test_a_play_whose_end_nobody_told_is_no_play_for_ever(street: Street) -> None:
    street.start()
    street.now_s += 100
    street.passes(ROOM, ROOM, ROOM)
    street.load("q")
    street.start("q")
    street.passes(SPEECH, SPEECH, SPEECH, SPEECH)
    street.end("q")
    assert street.ear.asked_s[-1] < 5, "nothing else sounds: the ear may rest"


LEVELS = st.lists(st.floats(-96, 0), max_size=20)


@given(st.floats(-96, 0), LEVELS, st.floats(3, 60))
def test_louder_is_never_less_heard(floor: float, levels: list[float], threshold: float) -> None:
    worth = {Heard.NO: 0, Heard.UNKNOWN: 1, Heard.YES: 2}
    heard = judge(floor, levels, threshold_db=threshold, usual_db=USUAL_DBFS)
    louder = [level + 3 for level in levels]
    again = judge(floor, louder, threshold_db=threshold, usual_db=USUAL_DBFS)
    assert worth[again] >= worth[heard]
    if len(levels) < MIN_MOMENTS:
        assert heard is Heard.UNKNOWN


def test_the_end_of_a_play_says_all_that_the_player_said(street: Street) -> None:
    street.start()
    street.passes(SPEECH, SPEECH, SPEECH, SPEECH)
    said = Ended("p", 4_321, "error", "mpv ended with code 3")
    street.horn.heard(said)
    assert street.emitted[-1] == replace(said, heard=Heard.YES, heard_dbfs=SPEECH)
