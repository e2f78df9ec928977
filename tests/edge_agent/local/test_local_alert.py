"""Alerts of the box itself: on the monotonic clock, through restarts, to their end."""

from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.clock import BUILD_FLOOR_MS, Reading
from edge_agent.contract.alert import AlertStatus, AlertStep
from edge_agent.contract.commands import AckStatus
from edge_agent.contract.manifest import Asset
from edge_agent.contract.state import ClockSource
from edge_agent.contract.types import decode, encode
from edge_agent.local.local_alert import (
    ALL_CLEAR,
    FILE,
    QUIET_AFTER_MS,
    TEST,
    LocalAlerts,
    Words,
)
from edge_agent.past import MAX_STARTS, Past, PastState
from edge_agent.rounds import SIREN, Part
from edge_agent.settings import LocalAlertSettings
from tests.edge_agent.fakes import FakeTime

MINUTE_MS = 60_000
SETTINGS = LocalAlertSettings(enabled=True, minutes=30, repeat_minutes=5)
VI, BDQ = (
    Part(tag, Asset(name * 64, 4_000, 8_000), tag) for tag, name in (("vi", "a"), ("bdq", "b"))
)


@dataclass
class Tongue:
    """What can be said; nothing of what is not there."""

    there: dict[str, tuple[Part, ...]] = field(
        default_factory=lambda: {"flood": (VI, BDQ), "storm": (VI,), ALL_CLEAR: (VI,), TEST: (VI,)}
    )
    making: set[str] = field(default_factory=set)

    def words(self, hazard: str) -> Words:
        return Words(self.there.get(hazard, ()), hazard in self.making)

    def title(self, hazard: str) -> tuple[str, str]:
        return (f"Tên {hazard}", hazard)


@dataclass
class Hut:
    """A box with a clock that may not be trusted, and a spool that remembers."""

    folder: Path
    time: FakeTime = field(default_factory=FakeTime)
    source: ClockSource = ClockSource.UNTRUSTED
    machine: str = "run-1"
    words: Tongue = field(default_factory=Tongue)
    history: dict[str, Past] = field(default_factory=dict)
    steps: list[AlertStep] = field(default_factory=list)
    online: bool = True

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.alerts = LocalAlerts(
            self.folder, SETTINGS, self.words, self.tell,
            boot=1, machine=self.machine, now=self.now,
        )  # fmt: skip

    def tell(self, step: AlertStep) -> bool:
        if self.online:
            self.steps.append(step)
        return self.online

    @property
    def now(self) -> Reading:
        return self.time.reading(self.source)

    def look(self, *, spoken: str = "", silenced: str = "") -> list[str]:
        """What is said now, by cue without the id of its alert."""
        self.alerts.look(self.history, spoken, silenced, self.now)
        found = self.alerts.candidates(self.history, self.now)
        return [each.cue.id.partition(".")[2] for each in found]

    def play(self, ms: int = 8_000, state: PastState = PastState.DONE) -> str:
        """Sound the first of what is said; gives it."""
        self.look()
        (first, *_) = self.alerts.candidates(self.history, self.now)
        self.alerts.progress(first.cue.id, AckStatus.STARTED, self.now)
        self.time.pass_ms(ms)
        starts = self.history[first.cue.id].starts + 1 if first.cue.id in self.history else 1
        self.history[first.cue.id] = Past(state, ms, self.now.utc_ms, starts)
        self.look()
        return first.cue.id.partition(".")[2]

    def said(self) -> list[tuple[AlertStatus, int, str]]:
        return [(step.status, step.round, step.reason) for step in self.steps]


def test_it_says_every_language_again_and_again_until_its_minutes_are_over(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("flood", "button", hut.now)
    assert [hut.play(), hut.play()] == ["0.vi", "0.bdq"]
    assert hut.look() == []
    hut.time.pass_ms(5 * MINUTE_MS)
    assert [hut.play(), hut.play()] == ["1.vi", "1.bdq"]
    rounds = 2
    while hut.alerts.active:
        hut.time.pass_ms(MINUTE_MS)
        if hut.look():
            rounds += 1
            assert [hut.play(), hut.play()]
    assert rounds == 6
    kinds = [status for status, _, _ in hut.said()]
    assert kinds[0] is AlertStatus.RECEIVED
    assert kinds.count(AlertStatus.PLAYING) == kinds.count(AlertStatus.DONE) == rounds
    assert kinds[-1] is AlertStatus.ENDED
    assert not (tmp_path / FILE).exists()


def test_its_steps_can_be_read_and_name_the_hazard(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    alert = hut.alerts.raise_alert("flood", "page", hut.now)
    hut.play()
    for step in hut.steps:
        assert decode(encode(step), AlertStep) == step
        assert (step.local, step.hazard, step.alert) == (True, "flood", alert.id)


def test_what_it_plays_can_be_told_on_a_machine_that_believes_it_is_1970(tmp_path: Path) -> None:
    hut = Hut(tmp_path, FakeTime(system_ms=5_000, mono_ms=5_000))
    hut.alerts.raise_alert("flood", "button", hut.now)
    hut.look()
    (candidate,) = hut.alerts.candidates(hut.history, hut.now)
    assert candidate.cue.start == BUILD_FLOOR_MS
    assert candidate.cue.title == "Tên flood"
    assert decode(encode(candidate.cue), type(candidate.cue)) == candidate.cue


def test_an_interrupted_piece_is_said_again_but_not_for_ever(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("storm", "button", hut.now)
    tries = [hut.play(2_000, PastState.INTERRUPTED) for _ in range(MAX_STARTS)]
    assert tries == ["0.vi"] * MAX_STARTS
    assert hut.look() == []


def test_what_the_player_cannot_play_holds_up_nothing(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.words.there["flood"] = (Part(SIREN, VI.asset, "zxx"), VI, BDQ)
    hut.alerts.raise_alert("flood", "button", hut.now)
    failed = PastState.INTERRUPTED
    assert [hut.play(0, failed), hut.play(0, failed), hut.play()] == ["0.siren", "0.vi", "0.bdq"]
    assert hut.play() == "0.vi"
    assert hut.look() == []


def test_the_all_clear_ends_everything_and_is_said_once(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    for hazard in ("flood", "storm"):
        hut.alerts.raise_alert(hazard, "page", hut.now)
    hut.alerts.all_clear("button", hut.now)
    assert hut.said()[-2:] == [(AlertStatus.ENDED, 0, ALL_CLEAR)] * 2
    assert hut.play() == "0.vi"
    assert hut.alerts.active == ()
    hut.time.pass_ms(10 * MINUTE_MS)
    assert hut.look() == []


def test_a_test_is_said_once_and_ends(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert(TEST, "page", hut.now)
    hut.play()
    assert hut.alerts.active == ()
    assert [status for status, _, _ in hut.said()] == ["received", "playing", "done", "ended"]


def test_raised_again_it_begins_anew_with_all_its_minutes(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    first = hut.alerts.raise_alert("storm", "button", hut.now)
    hut.play()
    hut.time.pass_ms(2 * MINUTE_MS)
    again = hut.alerts.raise_alert("storm", "page", hut.now)
    assert again.id == first.id
    assert again.until_mono == hut.now.mono_ms + 30 * MINUTE_MS
    assert hut.play() == "2.vi"


def test_a_restart_of_the_agent_goes_on_where_it_was(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("flood", "button", hut.now)
    hut.play()
    hut.time.pass_ms(MINUTE_MS)
    hut.begin()
    assert hut.look() == ["0.bdq"]
    hut.time.pass_ms(30 * MINUTE_MS)
    hut.begin()
    assert hut.look() == []
    assert hut.said()[-1][0] is AlertStatus.ENDED


def power_cut(hut: Hut, off_ms: int, source: ClockSource) -> None:
    """The machine is off for so long, and starts counting anew."""
    hut.machine = "run-2"
    hut.source = source
    hut.time = FakeTime(hut.time.system_ms + off_ms, 4_000)
    hut.begin()


def test_after_a_power_cut_without_a_clock_its_minutes_go_on(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("storm", "button", hut.now)
    hut.play()
    hut.time.pass_ms(12 * MINUTE_MS)
    hut.look()
    power_cut(hut, 600 * MINUTE_MS, ClockSource.UNTRUSTED)
    assert hut.alerts.active
    hut.time.pass_ms(18 * MINUTE_MS + 1)
    hut.look()
    assert hut.alerts.active == ()


def test_after_a_power_cut_with_a_clock_it_ends_when_it_should(tmp_path: Path) -> None:
    hut = Hut(tmp_path, source=ClockSource.RTC)
    hut.alerts.raise_alert("storm", "button", hut.now)
    power_cut(hut, 29 * MINUTE_MS, ClockSource.RTC)
    assert hut.look() == ["0.vi"]
    hut.time.pass_ms(2 * MINUTE_MS)
    assert hut.look() == []
    assert hut.alerts.active == ()


def test_what_nobody_heard_is_told_when_there_is_a_line_even_after_restarts(tmp_path: Path) -> None:
    hut = Hut(tmp_path, online=False)
    hut.alerts.raise_alert("storm", "button", hut.now)
    hut.play()
    hut.begin()
    hut.alerts.all_clear("button", hut.now)
    again = hut.alerts.raise_alert("flood", "button", hut.now)
    hut.begin()
    hut.online = True
    hut.alerts.reconnected(hut.now)
    assert [(step.hazard, step.status) for step in hut.steps] == [
        ("storm", AlertStatus.ENDED),
        ("flood", AlertStatus.RECEIVED),
    ]
    hut.steps.clear()
    hut.alerts.reconnected(hut.now)
    assert [step.alert for step in hut.steps] == [again.id]


def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("rubbish")
    hut = Hut(tmp_path)
    assert hut.alerts.losses == (f"{FILE} damaged",)
    assert hut.alerts.active == ()


def test_a_switch_is_said_and_it_sounds_when_that_is_released(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("storm", "button", hut.now, silenced="kill_switch")
    for _ in range(3):
        hut.look(silenced="kill_switch")
        hut.time.pass_ms(1_000)
    assert hut.said() == [
        (AlertStatus.RECEIVED, 0, "kill_switch"),
        (AlertStatus.SILENT, 0, "kill_switch"),
    ]
    assert hut.look() == ["0.vi"]


def test_a_hazard_without_sound_says_so_and_sounds_once_there_is_some(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("fire", "button", hut.now)
    assert hut.look() == []
    assert hut.said()[-1] == (AlertStatus.SILENT, 0, "clip_missing")
    hut.words.there["fire"] = (VI,)
    assert hut.look() == ["0.vi"]


def test_what_is_still_being_made_is_no_silence_and_no_end(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.words.there["flood"], hut.words.making = (VI,), {"flood", "fire"}
    hut.alerts.raise_alert("flood", "button", hut.now)
    hut.alerts.raise_alert("fire", "button", hut.now)
    assert hut.play() == "0.vi"
    assert hut.look() == []
    assert AlertStatus.SILENT not in [status for status, _, _ in hut.said()]
    hut.words.there["flood"], hut.words.making = (VI, BDQ), set()
    assert hut.play() == "0.bdq"


def test_its_repeats_keep_away_from_the_office_saying_the_same(tmp_path: Path) -> None:
    hut = Hut(tmp_path)
    hut.alerts.raise_alert("storm", "button", hut.now)
    hut.look(spoken="storm")
    assert hut.look() == ["0.vi"]  # what was pressed sounds at once
    hut.play()
    hut.time.pass_ms(5 * MINUTE_MS - 1_000)
    hut.look(spoken="storm")
    hut.time.pass_ms(2_000)
    assert hut.look() == []
    hut.time.pass_ms(QUIET_AFTER_MS)
    assert hut.look() == ["1.vi"]


@settings(max_examples=25)
@given(
    st.lists(
        st.sampled_from(["flood", "storm", "clear", "cut", "crash", "minute", "play"]), max_size=30
    )
)
def test_whatever_happens_nothing_outlives_its_minutes(
    tmp_path_factory: object, events: list[str]
) -> None:
    hut = Hut(tmp_path_factory.mktemp("hut"))  # type: ignore[attr-defined]
    for event in events:
        match event:
            case "flood" | "storm":
                hut.alerts.raise_alert(event, "button", hut.now)
            case "clear":
                hut.alerts.all_clear("button", hut.now)
            case "crash":
                hut.begin()
            case "minute":
                hut.time.pass_ms(MINUTE_MS)
            case "play" if hut.look():
                hut.play()
            case "cut" if hut.look():
                hut.play(1_000, PastState.INTERRUPTED)
        assert len(hut.look()) <= 2
    hut.time.pass_ms(30 * MINUTE_MS)
    assert hut.look() == []
    assert hut.alerts.active == ()
