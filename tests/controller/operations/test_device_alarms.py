"""Alarms about boxes, from what they really said and reported."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from controller.fleet.box_policy import Maintenance
from controller.operations.alarms import show_alarms
from controller.operations.device_alarms import device_alarms
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.record_playback import Received, record_playback
from controller.operations.set_box_policy import set_policy
from controller.storage import bell, tables
from controller.storage.instants import to_ms
from edge_agent.contract.manifest import Cue
from edge_agent.contract.report import EventKind, Heard, PlaybackEvent
from edge_agent.contract.state import (
    CacheState,
    Clock,
    ClockSource,
    Hello,
    SpoolRange,
    State,
    Telemetry,
)
from edge_agent.decide import RULES as BOX_RULES
from tests.controller.office import NOW, RULES, Box, Office

AIR = NOW + timedelta(hours=5)
SHA = "d" * 64


class Watch:
    """A village with one session at `AIR`, and somebody who looks at the alarms."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.box: Box
        (self.box,) = office.boxes(1)
        office.scheduled(office.approved(), [self.box], AIR)
        office.publish()
        (page,) = office.pages(self.box.did)
        self.cue: Cue = page.cues[0]
        self.seq = 0

    def says(self, at: datetime, *said: Any) -> None:
        seen = [Observation(self.box.did, each) for each in said]
        observe_devices(self.office.database, seen, at)

    def hello(self, **changes: Any) -> Hello:
        said = Hello(
            boot=1,
            conn=1,
            agent="1.0",
            rules=BOX_RULES,
            capabilities=(),
            desired=self.office.desired(self.box.did).serial,
            keys=1,
            cache=CacheState(1, 0, SHA),
            spool=SpoolRange("s1", 1, 0),
            clock=Clock(ClockSource.NTP),
        )
        return msgspec.structs.replace(said, **changes)

    def telemetry(self, at: datetime, **said: Any) -> Telemetry:
        serial = self.office.desired(self.box.did).serial
        return Telemetry(
            boot=1, at=to_ms(at), desired=serial, lacking=0, bytes_wanted=0, bytes_held=0, **said
        )

    def plays(
        self, *, late_s: float = 0.0, heard: Heard = Heard.UNKNOWN, planned: datetime = AIR
    ) -> None:
        """A whole play of the session's first cue, and the report of it."""
        start = to_ms(planned + timedelta(seconds=late_s))
        for kind, wall, played in (
            (EventKind.STARTED, start, 0),
            (EventKind.ENDED, start + 20_000, 20_000),
        ):
            self.seq += 1
            event = PlaybackEvent(
                seq=self.seq,
                kind=kind,
                play=f"p{self.seq + (kind is EventKind.STARTED)}",
                cue=self.cue.id,
                asset_sha256=self.cue.asset.sha256,
                wall=wall,
                mono=wall % 1_000_000_000,
                boot=1,
                clock=Clock(ClockSource.NTP),
                planned=to_ms(planned),
                duration_ms=20_000,
                rank=self.cue.rank,
                rules=BOX_RULES,
                desired=1,
                gain_db=0.0,
                title="Tiêm chủng",
                language="vi",
                played_ms=played,
                reason="due",
                heard=heard if kind is EventKind.ENDED else Heard.UNKNOWN,
            )
            received = Received(self.box.did, "s1", (event,))
            record_playback(self.office.database, [received], planned)

    def look(self, at: datetime, *, since: datetime | None = NOW) -> dict[str, str]:
        """Kinds and Vietnamese words of the alarms that stand after a look."""
        device_alarms(self.office.database, RULES, since, at)
        with self.office.database.read() as session:
            return {alarm.kind: alarm.vi for alarm in show_alarms(session, to_ms(at))}

    def told(self) -> int:
        query = select(tables.Event.id).where(tables.Event.kind == "alarm")
        with self.office.database.read() as session:
            return len(session.exec(query).all())


@pytest.fixture
def watch(office: Office) -> Watch:
    made = Watch(office)
    made.says(NOW, State(1, 1, True), made.hello(), made.telemetry(NOW))
    return made


def test_a_silent_box_is_told_of_once_and_the_alarm_ends_when_it_speaks(watch: Watch) -> None:
    assert watch.look(NOW + timedelta(seconds=200)) == {}
    for seconds in (211, 271, 331):
        alarms = watch.look(NOW + timedelta(seconds=seconds))
        assert set(alarms) == {"box_silent"}
        assert "mất liên lạc từ 08:00 10/08" in alarms["box_silent"]
    assert watch.told() == 1

    back = NOW + timedelta(seconds=400)
    watch.says(back, watch.telemetry(back))
    assert watch.look(back) == {}
    assert watch.told() == 2


def test_a_controller_that_was_away_waits_before_it_accuses(watch: Watch) -> None:
    morning = NOW + timedelta(hours=3)
    assert watch.look(morning, since=None) == {}
    assert watch.look(morning, since=morning) == {}
    assert set(watch.look(morning + timedelta(minutes=4), since=morning)) == {"box_silent"}


def test_heat_stands_until_the_box_is_cool(watch: Watch) -> None:
    def at(minute: int, celsius: float) -> set[str]:
        now = NOW + timedelta(minutes=minute)
        watch.says(now, watch.telemetry(now, temperature_c=celsius))
        return set(watch.look(now))

    assert at(1, 79.0) == set()
    assert at(2, 81.5) == {"hot"}
    assert at(3, 78.0) == {"hot"}
    assert at(4, 85.0) == {"hot"}
    assert watch.told() == 1
    assert at(5, 74.0) == set()
    assert at(6, 78.0) == set()


def test_a_play_that_begins_late_is_told_of_and_one_in_time_is_not(watch: Watch) -> None:
    after = AIR + timedelta(minutes=20)
    watch.plays(late_s=2.0)
    watch.says(after, watch.telemetry(after))
    assert watch.look(after) == {}

    watch.plays(late_s=7.0, planned=AIR + timedelta(minutes=10))
    assert "muộn 7.0 giây" in watch.look(after)["box_late"]
    half_a_day = after + timedelta(hours=12)
    watch.says(half_a_day, watch.telemetry(half_a_day))
    assert watch.look(half_a_day) == {}


def test_a_play_that_waited_for_another_is_not_late(watch: Watch) -> None:
    watch.plays()
    watch.plays(planned=AIR + timedelta(seconds=5), late_s=16.0)
    after = AIR + timedelta(minutes=1)
    watch.says(after, watch.telemetry(after))
    assert watch.look(after) == {}


def test_a_play_without_any_report_is_told_of_if_the_box_is_in_touch(watch: Watch) -> None:
    def at(minutes: int, **said: Any) -> dict[str, str]:
        now = AIR + timedelta(minutes=minutes)
        watch.says(now, watch.telemetry(now, **said))
        return watch.look(now)

    assert at(14) == {}
    assert at(15, spooled=2) == {}
    assert "chưa báo gì" in at(16)["box_late"]
    watch.plays()
    assert at(17) == {}


def test_a_box_out_of_touch_is_silent_and_not_late(watch: Watch) -> None:
    now = AIR + timedelta(minutes=20)
    watch.says(now - timedelta(minutes=10), State(1, 1, False))
    assert set(watch.look(now)) == {"box_silent"}


def test_a_horn_that_is_not_heard_twice_in_a_row(watch: Watch) -> None:
    def play(minutes: int, heard: Heard) -> set[str]:
        planned = AIR + timedelta(minutes=minutes)
        watch.plays(heard=heard, planned=planned)
        watch.says(planned, watch.telemetry(planned))
        return set(watch.look(planned))

    assert play(0, Heard.NO) == set()
    assert play(1, Heard.UNKNOWN) == set()
    assert play(2, Heard.NO) == {"horn_not_heard"}
    assert play(3, Heard.YES) == set()
    assert play(4, Heard.NO) == set()


def test_new_disk_errors_are_told_until_somebody_has_looked(watch: Watch) -> None:
    def at(minute: int, errors: int) -> set[str]:
        now = NOW + timedelta(minutes=minute)
        watch.says(now, watch.telemetry(now, disk_errors=errors))
        return set(watch.look(now))

    assert at(1, 3) == set()
    assert at(2, 4) == {"card"}
    assert at(3, 4) == {"card"}
    _maintain(watch, NOW + timedelta(minutes=3), hours=1)
    assert at(4, 4) == set()
    assert at(64, 4) == set()
    assert at(65, 0) == set()
    assert at(66, 1) == {"card"}


def test_losses_a_newer_plan_and_other_rules_are_told_of(watch: Watch) -> None:
    serial = watch.office.desired(watch.box.did).serial
    watch.says(NOW, watch.hello(conn=2, losses=("spool",), rules=BOX_RULES + 1, desired=serial + 1))
    assert set(watch.look(NOW)) == {"losses", "rolled_back", "wrong_rules"}
    watch.says(NOW, watch.hello(boot=2, conn=3))
    assert watch.look(NOW) == {}


def test_maintenance_mutes_a_box(watch: Watch) -> None:
    watch.says(NOW, watch.telemetry(NOW, temperature_c=90.0), watch.hello(losses=("spool",)))
    assert set(watch.look(NOW)) == {"hot", "losses"}
    _maintain(watch, NOW, hours=1)
    assert set(watch.look(NOW)) == {"losses"}
    later = NOW + timedelta(hours=1)
    watch.says(later, watch.telemetry(later, temperature_c=90.0))
    assert set(watch.look(later)) == {"hot", "losses"}


def test_a_turn_for_the_worse_wakes_whoever_looks(watch: Watch) -> None:
    rung: list[str] = []
    watch.office.database.on_ring = rung.extend
    watch.says(NOW, watch.telemetry(NOW, temperature_c=60.0))
    assert bell.TROUBLE not in rung
    watch.says(NOW, watch.telemetry(NOW, temperature_c=81.0))
    assert rung.count(bell.TROUBLE) == 1
    watch.says(NOW, watch.telemetry(NOW, temperature_c=82.0))
    assert rung.count(bell.TROUBLE) == 1


def test_a_box_that_was_taken_down_is_nobodys_trouble(watch: Watch) -> None:
    with watch.office.database.write() as session:
        session.get_one(tables.Device, watch.box.did).retired_ms = to_ms(NOW)
    assert watch.look(NOW + timedelta(days=1)) == {}


def _maintain(watch: Watch, now: datetime, *, hours: int) -> None:
    work = Maintenance(now + timedelta(hours=hours), "thay thẻ", "Cô Lan")
    office = watch.office
    set_policy(
        office.database,
        office.authority,
        RULES,
        watch.box.did,
        lambda old: replace(old, maintenance=work),
        "Cô Lan",
        now,
    )
