"""Buttons under a key: pressed on purpose, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.local.buttons import LOOK_EVERY_MS, Buttons
from edge_agent.pins import AGAIN_MS, Contact

HOLD_MS = 3_000


@dataclass
class Panel:
    """A key and two buttons, with the time going by."""

    closed: set[str] = field(default_factory=set)
    mono_ms: int = 0
    pressed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = ("flash_flood", "all_clear")
        self.buttons = Buttons(
            self._contact("key"), {name: self._contact(name) for name in names}, hold_ms=HOLD_MS
        )

    def _contact(self, name: str):  # type: ignore[no-untyped-def]
        return lambda _mono_ms: name in self.closed

    def hold(self, ms: int, *closed: str) -> list[str]:
        """Keep these closed for so long; gives what counted meanwhile."""
        self.closed, found = set(closed), []
        for _ in range(ms // LOOK_EVERY_MS):
            self.mono_ms += LOOK_EVERY_MS
            if (name := self.buttons.look(self.mono_ms)) is not None:
                found.append(name)
        return found


def test_key_and_button_held_long_enough_count_once() -> None:
    panel = Panel()
    assert panel.hold(500, "key") == []
    assert panel.hold(HOLD_MS - 200, "key", "flash_flood") == []
    assert panel.hold(60_000, "key", "flash_flood") == ["flash_flood"]
    assert panel.hold(300, "key") == []
    assert panel.hold(5_000, "key", "flash_flood") == ["flash_flood"]


@pytest.mark.parametrize("held", [("flash_flood",), ("key",), ()])
def test_one_of_the_two_alone_never_counts(held: tuple[str, ...]) -> None:
    assert Panel().hold(600_000, *held) == []


def test_a_button_let_go_or_a_key_turned_back_begins_anew() -> None:
    panel = Panel()
    panel.hold(500, "key")
    assert panel.hold(2_500, "key", "flash_flood") == []
    assert panel.hold(200, "key") == []
    assert panel.hold(2_500, "key", "flash_flood") == []
    assert panel.hold(200, "flash_flood") == []
    assert panel.hold(10_000, "key", "flash_flood") == []


def test_a_shorted_button_does_not_fire_when_the_key_is_turned_for_another() -> None:
    panel = Panel()
    panel.hold(1_000, "flash_flood")
    assert panel.hold(5_000, "key", "flash_flood") == []
    assert panel.hold(5_000, "key", "flash_flood", "all_clear") == ["all_clear"]


def test_two_at_once_are_a_slip() -> None:
    panel = Panel()
    panel.hold(500, "key")
    assert panel.hold(10_000, "key", "flash_flood", "all_clear") == []
    assert panel.hold(HOLD_MS + 200, "key", "all_clear") == ["all_clear"]


def test_a_key_that_was_forgotten_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    panel = Panel()
    panel.hold(500, "key")
    assert panel.buttons.waits_ms == LOOK_EVERY_MS
    panel.hold(700_000, "key")
    assert panel.buttons.waits_ms is None
    panel.hold(200)
    assert [r.action for r in caplog.records if r.action == "local_key_left"] == [  # type: ignore[attr-defined]
        "local_key_left"
    ]


@given(st.lists(st.sets(st.sampled_from(["flash_flood", "all_clear"])), max_size=200))
def test_without_the_key_nothing_ever_counts(moments: list[set[str]]) -> None:
    panel = Panel()
    assert [panel.hold(LOOK_EVERY_MS, *closed) for closed in moments] == [[] for _ in moments]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A board without wires, as gpiozero itself makes it."""
    gpiozero = pytest.importorskip("gpiozero", reason="extra pi is not installed")
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    factory = gpiozero.Device._default_pin_factory()
    gpiozero.Device.pin_factory = factory
    yield factory
    factory.reset()


def test_a_contact_is_closed_by_ground_and_open_with_a_cut_wire(board: object) -> None:
    contact = Contact(23)
    assert not contact.closed(0)
    wire = board.pin(23)  # type: ignore[attr-defined]
    wire.drive_low()
    assert contact.closed(100)
    wire.drive_high()
    assert not contact.closed(200)
    assert contact.fault == ""
    contact.close()


def test_a_machine_without_pins_counts_as_open_says_so_and_tries_again(
    monkeypatch: pytest.MonkeyPatch, board: object
) -> None:
    gpiozero = pytest.importorskip("gpiozero")
    taken = gpiozero.OutputDevice(23)
    contact = Contact(23)
    assert not contact.closed(0)
    assert "GPIO23" in contact.fault
    taken.close()
    assert not contact.closed(AGAIN_MS - 1)
    assert contact.fault
    assert not contact.closed(AGAIN_MS)
    assert contact.fault == ""
    board.pin(23).drive_low()  # type: ignore[attr-defined]
    assert contact.closed(AGAIN_MS + 100)
    contact.close()
