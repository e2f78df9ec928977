"""A simulated box answers alerts as the true one does."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from controller.simulator.faults import FaultKind
from edge_agent.contract import topics
from edge_agent.contract.alert import (
    Alert,
    AlertList,
    AlertStatus,
    AlertStep,
    Ended,
    Severity,
    Spoken,
)
from edge_agent.contract.desired import PhraseRef
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode
from tests.controller.simulator.test_box import MINUTE, NOW, Village

SAY = "warn | flood , here"
FLOOD = Alert(
    "lu-1",
    1,
    Severity.EXTREME,
    ("thon-1",),
    NOW,
    NOW + 30 * MINUTE,
    600,
    (Spoken("vi", say=SAY), Spoken("jra")),
    repeat_s=600,
    siren_s=5,
)
RECEIVED, PLAYING, DONE = AlertStatus.RECEIVED, AlertStatus.PLAYING, AlertStatus.DONE
SILENT, ENDED = AlertStatus.SILENT, AlertStatus.ENDED


@pytest.fixture
def village(tmp_path: Path) -> Village:
    village = Village(tmp_path)
    village.plan(phrases=(PhraseRef("vi", "b" * 64, 10),), empty_because="none")
    return village


def tell(village: Village, *alerts: Alert, at_ms: int, ended: tuple[Ended, ...] = ()) -> None:
    told = AlertList("tinh", "dv-51", at_ms, at_ms, alerts, ended)
    sealed = village.authority.sign(told, Kind.ALERT)
    village.hear(topics.group_alert("dv-51", "tinh"), sealed, at_ms)


def steps(village: Village) -> list[AlertStep]:
    return [decode(said, AlertStep) for said in village.opened("alert", Kind.ALERT_STEP)]


def told(village: Village) -> list[tuple[AlertStatus, int, str]]:
    return [(step.status, step.round, step.reason) for step in steps(village)]


def test_every_round_is_told_and_what_lacks_with_it(village: Village) -> None:
    tell(village, FLOOD, at_ms=NOW + 1_000)
    village.wait_until(NOW + 11 * MINUTE)
    lacks = "phrases_missing: jra"
    assert [(s, r) for s, r, _ in told(village) if s is not RECEIVED] == [
        (PLAYING, 0),
        (DONE, 0),
        (PLAYING, 1),
        (DONE, 1),
    ]
    assert {reason for status, _, reason in told(village) if status is DONE} == {lacks}


def test_an_update_and_an_end_are_told_and_a_late_copy_says_nothing(village: Village) -> None:
    tell(village, FLOOD, at_ms=NOW + 1_000)
    village.wait_until(NOW + 3_000)
    newer = replace(FLOOD, version=2)
    tell(village, newer, at_ms=NOW + 4_000)
    village.wait_until(NOW + 6_000)
    tell(village, at_ms=NOW + 7_000, ended=(Ended("lu-1", 2),))
    assert (ENDED, 0, "updated") in told(village)
    assert told(village)[-1] == (ENDED, 0, "ended")
    before = len(steps(village))
    tell(village, newer, at_ms=NOW + 9_000)
    village.wait_until(NOW + 20_000)
    assert len(steps(village)) == before


def test_a_box_that_lost_its_power_says_the_newest_when_it_is_back(village: Village) -> None:
    tell(village, FLOOD, at_ms=NOW + 1_000)
    village.wait_until(NOW + MINUTE)
    dark = village.suffer(FaultKind.POWER_CUT, NOW + 2 * MINUTE)
    village.recover(dark, NOW + 3 * MINUTE)
    before = len(steps(village))
    village.said += village.box.connected(NOW + 3 * MINUTE)
    assert [step.status for step in steps(village)[before:]] == [DONE]


def test_a_box_that_can_say_nothing_tells_why(village: Village) -> None:
    mute = replace(FLOOD, spoken=(Spoken("jra", say=SAY),), siren_s=0)
    tell(village, mute, at_ms=NOW + 1_000)
    village.wait_until(NOW + 20_000)
    lacks = "phrases_missing: jra"
    assert told(village) == [(RECEIVED, 0, lacks), (SILENT, 0, lacks)]
