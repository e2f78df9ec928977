"""What the office is told of alerts: each step once, the newest when there is a line again."""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from edge_agent.alert_steps import PATIENCE_MS, STEPS_KEPT, AlertSteps
from edge_agent.contract.alert import Alert, AlertStatus, AlertStep, Severity, Spoken
from edge_agent.contract.manifest import Asset
from edge_agent.contract.state import ClockSource
from edge_agent.past import Past, PastState
from edge_agent.rounds import Voiced, alert_key, voiced
from tests.edge_agent.fakes import FakeTime

WORDS = Asset("a" * 64, 1_000, 5_000)
RECEIVED, PLAYING, DONE = AlertStatus.RECEIVED, AlertStatus.PLAYING, AlertStatus.DONE
SILENT, ENDED = AlertStatus.SILENT, AlertStatus.ENDED


def alert(ident: str = "lu-1", **changes: Any) -> Alert:
    now = FakeTime().system_ms
    spoken = (Spoken("vi", (WORDS,)),)
    return replace(
        Alert(ident, 1, Severity.EXTREME, (), now, now + 600_000, 600, spoken), **changes
    )


@dataclass
class Box:
    """The steps of one box, and an office that hears them while there is a line."""

    online: bool = True
    heard: list[AlertStep] = field(default_factory=list)
    now: FakeTime = field(default_factory=FakeTime)
    history: dict[str, Past] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = AlertSteps(self.say, boot=4)

    def say(self, step: AlertStep) -> bool:
        if self.online:
            self.heard.append(step)
        return self.online

    def look(
        self,
        *alerts: Alert | Voiced,
        on_air: str = "",
        silenced: str = "",
        held: bool = True,
        source: ClockSource = ClockSource.NTP,
    ) -> list[tuple[AlertStatus, str]]:
        """Look once; gives status and reason of what was heard since the last look."""
        before = len(self.heard)
        said = tuple(each if isinstance(each, Voiced) else voiced(each) for each in alerts)
        here = {WORDS.sha256} if held else set()
        now = self.now.reading(source)
        self.steps.look(said, self.history, here, now, on_air=on_air, silenced=silenced)
        return [(step.status, step.reason) for step in self.heard[before:]]

    def has_said(self, of: Alert) -> None:
        past = Past(PastState.DONE, 5_000, self.now.system_ms)
        self.history[f"{alert_key(of)}.0.0.0"] = past


def test_each_step_is_told_once() -> None:
    box, flood = Box(), alert()
    cue = f"{alert_key(flood)}.0.0.0"
    assert box.look(flood) == [(RECEIVED, "")]
    assert box.look(flood) == []
    assert box.look(flood, on_air=cue) == [(PLAYING, "")]
    box.has_said(flood)
    assert box.look(flood) == [(DONE, "")]
    assert box.look(flood) == []
    assert box.look() == [(ENDED, "ended")]
    assert box.look() == []


def test_without_a_line_only_the_newest_is_told_afterwards() -> None:
    box, flood = Box(online=False), alert()
    box.look(flood)
    box.look(flood, on_air=f"{alert_key(flood)}.0.0.0")
    box.has_said(flood)
    box.look(flood)
    box.online = True
    box.steps.reconnected()
    assert box.look(flood) == [(DONE, "")]
    box.steps.reconnected()
    assert box.look(flood) == [(DONE, "")], "it may not have arrived"


def test_an_end_without_a_line_is_told_when_there_is_one() -> None:
    box, flood = Box(online=False), alert()
    box.look(flood)
    box.look()
    box.online = True
    box.steps.reconnected()
    assert [step.status for step in box.heard] == [ENDED]
    box.steps.reconnected()
    assert len(box.heard) == 1


def test_what_is_kept_without_a_line_is_bounded() -> None:
    box = Box(online=False)
    for number in range(STEPS_KEPT + 50):
        box.steps.tell(AlertStep(f"lu-{number}", 1, ENDED, 1, 4))
    box.online = True
    box.steps.reconnected()
    assert len(box.heard) == STEPS_KEPT
    assert box.heard[-1].alert == f"lu-{STEPS_KEPT + 49}"


def test_a_switch_is_told_at_once_and_what_lacks_only_when_it_still_does() -> None:
    box = Box()
    assert box.look(alert(), silenced="kill_switch") == [
        (RECEIVED, "kill_switch"),
        (SILENT, "kill_switch"),
    ]
    box = Box()
    assert box.look(alert(), held=False) == [(RECEIVED, "audio_missing")]
    box.now.pass_ms(PATIENCE_MS)
    assert box.look(alert(), held=False) == [(SILENT, "audio_missing")]


def test_a_box_without_a_clock_says_so_and_what_came_of_it_later() -> None:
    box, flood = Box(), alert()
    waits = box.look(flood, source=ClockSource.UNTRUSTED)
    assert waits == [(RECEIVED, "clock_untrusted"), (SILENT, "clock_untrusted")]
    assert box.look(flood, on_air=f"{alert_key(flood)}.0.0.0") == [(PLAYING, "")]


def test_an_update_ends_its_former_version_and_time_ends_all() -> None:
    box, flood = Box(), alert()
    box.look(flood)
    newer = replace(flood, version=2)
    assert box.look(newer) == [(RECEIVED, ""), (ENDED, "updated")]
    box.now.pass_ms(600_000)
    assert box.look() == [(ENDED, "expired")]


def test_what_is_half_made_is_not_told_as_playing() -> None:
    box, flood = Box(), alert()
    box.has_said(flood)
    assert box.look(Voiced(flood, (), waits=True)) == []
    assert box.look(flood) == [(DONE, "")]
