"""A copied card is found out; a box that only starts anew, or is mended, is not taken for one."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from controller.errors import ControllerError
from controller.operations.alarms import show_alarms
from controller.operations.devices import confirm_hardware, move, retire, revoke
from controller.operations.enrol_device import broker_accounts, device_keys
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.presence import _copied
from controller.operations.record_playback import QUARANTINED, Received, record_playback
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.trust_tables import BoxRun
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.state import Presence
from edge_agent.contract.types import decode
from tests.controller.office import NOW, Office

PI, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64
GOLDEN = Path(__file__).parents[2] / "contract" / "golden"


class Watch:
    """An office with two boxes, and what the first one says of itself."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.box, self.other = self.office.boxes(2)
        self.now = NOW
        self.conn = 0

    def here(
        self, run: str, hardware: str = PI, *, boot: int = 1, conn: int | None = None
    ) -> frozenset[str]:
        self.now += timedelta(seconds=1)
        self.conn += 1
        said = Presence(boot, conn or self.conn, run, to_ms(self.now), hardware, "1.0")
        seen = [Observation(self.box.did, said)]
        return observe_devices(self.office.database, seen, self.now)

    def alarms(self) -> list[str]:
        with self.office.database.read() as session:
            found = show_alarms(session, to_ms(self.now))
        return sorted(a.kind for a in found if a.device_id == self.box.did)

    def accounts(self) -> set[str]:
        with self.office.database.read() as session:
            return set(broker_accounts(session))


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_a_run_that_comes_back_after_a_later_one_began_is_a_copy(watch: Watch) -> None:
    assert not watch.here("one")
    assert not watch.here("two")

    assert watch.here("one") == {watch.box.did}

    assert watch.alarms() == ["cloned"]
    assert watch.accounts() == {watch.other.did}


def test_two_machines_that_take_turns_are_a_copy(watch: Watch) -> None:
    watch.here("one", PI)
    watch.here("two", OTHER)
    assert watch.alarms() == ["moved_card"]

    assert watch.here("three", PI) == {watch.box.did}

    assert watch.alarms() == ["cloned"]


def test_a_box_that_starts_anew_fifty_times_is_itself(watch: Watch) -> None:
    for start in range(55):
        assert not watch.here(f"run{start}", boot=start)
        assert not watch.here(f"run{start}", boot=start)

    assert watch.alarms() == []
    with watch.office.database.read() as session:
        assert len(session.exec(select(BoxRun)).all()) == 50


def test_counters_that_begin_again_after_a_refuge_are_no_copy(watch: Watch) -> None:
    watch.here("card", boot=7, conn=12)
    watch.here("memory", boot=8, conn=13)
    watch.here("memory", boot=8, conn=14)
    watch.here("card-again", boot=8, conn=13)
    watch.here("memory-again", boot=9, conn=14)

    assert watch.alarms() == []


def test_a_word_that_is_heard_late_or_twice_is_no_copy(watch: Watch) -> None:
    watch.here("one", conn=5)
    watch.here("two", conn=6)
    watch.here("one", conn=5)
    watch.here("one", conn=4)

    assert watch.alarms() == []


def test_a_clock_of_the_office_that_goes_back_makes_no_copy(watch: Watch) -> None:
    watch.here("one")
    watch.now -= timedelta(days=3)
    watch.here("two")
    watch.here("two")

    assert watch.alarms() == []


def test_a_machine_that_tells_no_serial_number_is_no_other_one(watch: Watch) -> None:
    watch.here("one", PI)
    watch.here("two", "")
    watch.here("three", PI)
    watch.here("four", "")

    assert watch.alarms() == []


def test_a_moved_card_is_asked_about_until_a_person_confirms_it(watch: Watch) -> None:
    watch.here("one", PI)
    watch.here("two", OTHER)
    assert watch.alarms() == ["moved_card"]

    confirm_hardware(watch.office.database, watch.box.did, "Cô Lan", watch.now)

    assert watch.alarms() == []
    watch.here("three", OTHER)
    assert watch.alarms() == []
    with pytest.raises(ControllerError) as refused:
        confirm_hardware(watch.office.database, watch.box.did, "Cô Lan", watch.now)
    assert refused.value.code == "no_moved_card"


def test_what_a_copy_reports_is_kept_aside_and_not_believed(watch: Watch) -> None:
    watch.here("one")
    watch.here("two")
    watch.here("one")
    event = decode((GOLDEN / "event.json").read_bytes(), PlaybackEvent)

    receipts = record_playback(
        watch.office.database, [Received(watch.box.did, "spool", (event,))], watch.now
    )

    with watch.office.database.read() as session:
        (kept,) = session.exec(select(tables.QuarantinedEvent)).all()
        assert session.exec(select(tables.AsRun)).all() == []
    assert kept.reason == QUARANTINED
    assert decode(kept.body, PlaybackEvent) == event
    assert [r.device_id for r in receipts] == [watch.box.did]


def test_a_revoked_box_is_heard_no_more_and_a_retired_one_keeps_its_history(watch: Watch) -> None:
    database = watch.office.database
    revoke(database, watch.box.did, "mất trộm", "Cô Lan", NOW)
    retire(database, watch.other.did, "thay máy mới", "Cô Lan", NOW)

    with database.read() as session:
        assert set(device_keys(session)) == {watch.other.did}
    assert watch.accounts() == set()
    for did in (watch.box.did, watch.other.did):
        with pytest.raises(ControllerError):
            retire(database, did, "x", "Cô Lan", NOW)


def test_revoking_a_copy_ends_its_alarm(watch: Watch) -> None:
    watch.here("one")
    watch.here("two")
    watch.here("one")

    revoke(watch.office.database, watch.box.did, "bản sao", "Cô Lan", watch.now)

    assert watch.alarms() == []


def test_a_moved_box_is_told_where_it_stands(watch: Watch) -> None:
    database = watch.office.database
    with pytest.raises(ControllerError) as refused:
        move(
            database,
            watch.office.authority,
            watch.box.did,
            watch.other.village.cluster_id,
            "Cô Lan",
            NOW,
        )
    assert refused.value.code == "cluster_taken"

    move(
        database,
        watch.office.authority,
        watch.box.did,
        watch.other.village.cluster_id,
        "Cô Lan",
        NOW,
        replace=True,
    )

    with database.read() as session:
        topics = [row.topic for row in session.exec(select(tables.Outbox))]
        asked = {w.key for w in session.exec(select(tables.WorkItem)) if w.kind == "plan"}
    assert f"loa/v1/d/{watch.box.did}/dn/placement" in topics
    zones = {b.village.cluster_id.replace("cum-", "vung-") for b in (watch.box, watch.other)}
    assert zones <= asked
    assert watch.accounts() == {watch.box.did}


runs = st.lists(st.sampled_from([PI, OTHER, ""]), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(runs)
def test_one_machine_alone_never_looks_like_two_however_often_it_starts(said: list[str]) -> None:
    """With one serial number, told or not, no order of starts is a copy."""
    known: list[BoxRun] = []
    for start, hardware in enumerate(said):
        told = PI if hardware == OTHER else hardware
        presence = Presence(start, start, f"run{start}", 0, told, "")
        assert _copied(known, presence) == ""
        known.append(
            BoxRun(
                device_id="x",
                run=presence.run,
                boot=start,
                conn=start,
                hardware=told,
                agent="",
                first_ms=start,
                last_ms=start,
            )
        )
