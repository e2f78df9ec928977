"""Amplifier, health, plan pages, log lines, held state."""

import gzip
import io
import json
import logging
import sys
from pathlib import Path

import pytest

from edge_agent import log_setup
from edge_agent.amplifier import Amplifier, CommandSwitch
from edge_agent.contract.manifest import MAX_PAGE_BYTES, Asset
from edge_agent.contract.trust import Placement
from edge_agent.contract.types import Unreadable
from edge_agent.held import HeldStore
from edge_agent.plan import NEAR_MS, read_page, read_plan
from edge_agent.settings import AmplifierSettings
from tests.edge_agent.fakes import FakeSwitch
from tests.edge_agent.office import DAY_MS, DID, UNIT, Office, cue
from tests.edge_agent.real_parts import wait_for

NOW = 1_795_386_600_000


def test_the_amplifier_needs_its_time_once() -> None:
    switch = FakeSwitch()
    amplifier = Amplifier(switch, lead_ms=1_500, hold_ms=5_000)
    assert amplifier.rest(0) is None
    assert amplifier.need(1_000) == 1_500
    assert amplifier.need(2_000) == 500
    assert amplifier.need(9_000) == 0
    assert amplifier.rest(10_000) == 5_000
    assert amplifier.need(14_000) == 0
    assert amplifier.rest(20_000) == 5_000
    assert amplifier.rest(25_000) is None
    assert switch.switched == [True, False]


def test_the_switch_runs_its_programs_in_order(tmp_path: Path) -> None:
    said = tmp_path / "said"
    write = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    on, off = ((sys.executable, "-c", write, str(said), word) for word in ("on ", "off "))
    switch = CommandSwitch(AmplifierSettings(on=on, off=off))
    switch.set(True)
    wait_for(lambda: said.exists() and said.read_text() == "on ", "on")
    switch.set(False)
    wait_for(lambda: said.read_text() == "on off ", "off")


def test_a_switch_that_fails_is_told(caplog: pytest.LogCaptureFixture) -> None:
    switch = CommandSwitch(AmplifierSettings(on=("/no/such/switch",)))
    with caplog.at_level(logging.ERROR):
        switch.set(True)
        wait_for(lambda: "amplifier_failed" in caplog.messages, "the failure")


def test_near_cues_are_held_and_all_audio_is_listed(tmp_path: Path) -> None:
    office = Office.open(tmp_path)
    near, far, past = (office.asset(100, note=note) for note in "abc")
    cues = (
        cue(near, NOW + 1_000, id="near"),
        cue(far, NOW + NEAR_MS + 1, id="far"),
        cue(past, NOW - 10, id="past", latest_end=NOW - 1),
        cue(near, NOW - 2 * DAY_MS, id="before"),
    )
    desired = office.desired(cues, serial=1, now_ms=NOW)
    plan = read_plan(desired.manifest, lambda s: tmp_path / "pages" / f"{s}.json.gz", NOW)
    assert [c.id for c in plan.cues] == ["past", "near"]
    assert dict(plan.needed) == {near: NOW + 1_000, far: NOW + NEAR_MS + 1}
    assert plan.time_zone == "Asia/Ho_Chi_Minh"
    assert read_plan(desired.manifest, lambda _s: None, NOW).cues == ()


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no gzip",
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"{}", mtime=0)[:-4],
        gzip.compress(b" " * (MAX_PAGE_BYTES + 1), mtime=0),
        gzip.compress(b'{"date":"2026-11-23","time_zone":"Mars/Olympus","cues":[]}', mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
    ],
)
def test_a_bad_page_is_unreadable_and_spoils_no_other(tmp_path: Path, packed: bytes) -> None:
    page = tmp_path / "page"
    page.write_bytes(packed)
    with pytest.raises(Unreadable):
        read_page(page)
    office = Office.open(tmp_path)
    desired = office.desired((cue(office.asset(1), NOW),), serial=1, now_ms=NOW)
    plan = read_plan(desired.manifest, lambda _s: page, NOW)
    assert plan.cues == ()
    assert len(plan.spoiled) == 1


def test_log_lines_are_json_with_an_action() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_setup.configure(stream)
        log_setup.note(logging.getLogger("edge_agent.x"), "link_online", conn=3, name="Đăk Hà")
        logging.getLogger("paho").warning("socket %s", "gone")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ours["action"], ours["conn"], ours["name"]) == ("link_online", 3, "Đăk Hà")
    assert ours["at"].endswith("Z")
    assert (theirs["action"], theirs["text"]) == ("library", "socket gone")


def test_held_state_lives_over_a_restart_and_damage_is_remembered(tmp_path: Path) -> None:
    office = Office.open(tmp_path / "files")
    store = HeldStore(tmp_path)
    store.take_keys(office.keys(3))
    store.take_desired(office.desired((), serial=7, now_ms=NOW, empty_because="x"))
    store.take_alerts(office.alerts(serial=2, now_ms=NOW))
    store.take_placement(Placement(DID, ("xa-khac",), 2))
    again = HeldStore(tmp_path)
    assert again.held == store.held
    assert ("province", UNIT) in again.held.alerts
    assert again.losses == ()
    (tmp_path / "alerts.json").write_bytes(b"damaged")
    third = HeldStore(tmp_path)
    assert third.losses == ("alerts.json damaged",)
    assert third.held.desired == store.held.desired
    assert third.held.alerts == {}


def test_an_asset_names_its_file() -> None:
    assert Asset("a" * 64, 1, 1).media_type == "audio/ogg"
