"""The gate before air: who is not ready is told of, with what will be heard instead."""

import gzip
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlmodel import col, select

from controller.operations.air_gate import air_gate
from controller.operations.alarms import show_alarms
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.own_word import read_own
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import BoxPage
from edge_agent.contract.envelope import Untrusted, seal
from edge_agent.contract.manifest import Asset, DayPage
from edge_agent.contract.state import Proof, State
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.controller.office import NOW, RULES, Box, Office

AIR = NOW + timedelta(hours=5)
SHA = "c" * 64


class Evening:
    """A village with one session at `AIR`."""

    def __init__(self, office: Office) -> None:
        self.office = office
        (self.box,) = office.boxes(1)
        bulletin = office.approved()
        office.scheduled(bulletin, [self.box], AIR)
        office.publish()
        (page,) = office.pages(self.box.did)
        self.cue = page.cues[0]
        with office.database.read() as session:
            planned = session.exec(select(tables.PlannedPlay)).one()
        self.place = f"{planned.village} ({planned.cluster_name})"

    def hear(self, now: datetime, *said: Any) -> None:
        sayings = [Observation(self.box.did, each) for each in said]
        observe_devices(self.office.database, sayings, now)

    def proof(self, at: datetime, *, holds: bool = True, **changes: Any) -> Proof:
        mine = (self.cue.asset.sha256,)
        said = Proof(
            boot=1,
            at=to_ms(at),
            desired=self.office.desired(self.box.did).serial,
            until=to_ms(at) + 75 * 60_000,
            held=mine if holds else (),
            lacking=() if holds else mine,
            mono=to_ms(at),
        )
        return msgspec.structs.replace(said, **changes)

    def gate(self, minutes_before: float) -> list[str]:
        """Open alarms in Vietnamese, so long before air."""
        now = AIR - timedelta(minutes=minutes_before)
        air_gate(self.office.database, RULES, now)
        with self.office.database.read() as session:
            return [alarm.vi for alarm in show_alarms(session, to_ms(now))]

    def told(self) -> list[dict[str, object]]:
        query = select(tables.Event.body).where(tables.Event.kind == "alarm")
        with self.office.database.read() as session:
            return list(session.exec(query))


@pytest.fixture
def evening(office: Office) -> Evening:
    return Evening(office)


def before(minutes: float) -> datetime:
    return AIR - timedelta(minutes=minutes)


def test_a_box_that_has_proved_everything_is_nobodys_trouble(evening: Evening) -> None:
    evening.hear(before(59), State(1, 1, True), evening.proof(before(59)))
    assert evening.gate(59) == []
    assert evening.gate(1) == []
    assert evening.told() == []


def test_missing_audio_is_told_at_once_and_ends_by_itself(evening: Evening) -> None:
    evening.hear(before(58), State(1, 1, True), evening.proof(before(58), holds=False))
    (alarm,) = evening.gate(58)
    assert evening.place in alarm
    assert "13:00 10/08" in alarm
    assert evening.cue.title in alarm
    assert "im lặng" in alarm
    assert evening.gate(57) == [alarm]
    assert len(evening.told()) == 1

    evening.hear(before(40), evening.proof(before(40)))
    assert evening.gate(40) == []
    assert [told["open"] for told in evening.told()] == [True, False]
    with evening.office.database.read() as session:
        (over,) = show_alarms(session, to_ms(before(39)), recent=True)
    assert over.cleared_ms == to_ms(before(40))


def test_a_silent_box_is_given_ten_minutes_to_prove_itself(evening: Evening) -> None:
    evening.hear(before(61), State(1, 1, True))
    assert evening.gate(61) == []
    assert evening.gate(51) == []
    (alarm,) = evening.gate(50)
    assert "chưa chứng minh" in alarm


def test_a_box_out_of_touch_is_told_of_within_the_hour(evening: Evening) -> None:
    evening.hear(before(90), State(1, 1, False))
    assert evening.gate(61) == []
    (alarm,) = evening.gate(60)
    assert "mất liên lạc" in alarm
    assert evening.gate(0) == []


def test_a_box_that_proved_and_then_lost_touch_still_plays(evening: Evening) -> None:
    evening.hear(before(58), State(1, 1, True), evening.proof(before(58)), State(1, 1, False))
    assert evening.gate(30) == []


def test_a_proof_of_an_older_plan_or_an_earlier_hour_does_not_count(evening: Evening) -> None:
    old = evening.proof(before(58), desired=0)
    evening.hear(before(58), State(1, 1, True), old)
    assert len(evening.gate(49)) == 1
    early = evening.proof(before(200))
    evening.hear(before(200), early)
    assert len(evening.gate(49)) == 1


def test_a_plan_of_just_now_is_given_time_to_arrive(office: Office) -> None:
    (box,) = office.boxes(1)
    bulletin = office.approved()
    soon = NOW + timedelta(minutes=10)
    office.scheduled(bulletin, [box], soon)
    office.publish()
    assert air_gate(office.database, RULES, NOW + timedelta(minutes=1)) == 0
    assert air_gate(office.database, RULES, NOW + timedelta(minutes=2)) == 1


def test_what_was_taken_back_needs_no_proof(evening: Evening) -> None:
    with evening.office.database.write() as session:
        gone = tables.UnplannedPlay(
            device_id=evening.box.did, cue_id=evening.cue.id, serial=2, at_ms=to_ms(NOW)
        )
        session.add(gone)
    assert evening.gate(30) == []


def test_the_declared_fallback_is_named(evening: Evening) -> None:
    """The page that the box was told holds a fallback, which it has proved to hold."""
    with evening.office.database.write() as session:
        of_box = session.exec(select(BoxPage).where(col(BoxPage.page_sha256).is_not(None))).one()
        page = session.get_one(tables.Page, of_box.page_sha256)
        cue = msgspec.structs.replace(evening.cue, fallback=Asset(SHA, 10, 5_000))
        told = DayPage("2026-08-10", "Asia/Ho_Chi_Minh", (cue,))
        page.body = gzip.compress(encode(told), mtime=0)
        session.add(page)
    lacking = evening.proof(before(58), holds=False, lacking=(cue.asset.sha256, SHA))
    evening.hear(before(58), State(1, 1, True), lacking)
    assert "im lặng" in evening.gate(58)[0]
    music = evening.proof(before(45), held=(SHA,), lacking=(evening.cue.asset.sha256,))
    evening.hear(before(45), music)
    (alarm,) = evening.gate(45)
    assert "âm thanh dự phòng sẽ phát thay" in alarm
    assert [told["open"] for told in evening.told()][-1] is True


def test_a_proof_of_a_clock_that_is_wrong_or_held_up_again_is_not_kept(evening: Evening) -> None:
    evening.hear(before(58), State(1, 1, True), evening.proof(before(-24 * 60)))
    assert len(evening.gate(49)) == 1
    evening.hear(before(48), evening.proof(before(48), holds=False))
    evening.hear(before(47), evening.proof(before(58)))
    assert "chưa có tiếng" in evening.gate(47)[0]


def test_after_a_corrected_clock_the_boxs_own_count_tells_which_proof_is_newer(
    evening: Evening,
) -> None:
    ahead = evening.proof(before(58), holds=False, until=to_ms(before(58)) + 100 * 60_000)
    evening.hear(before(58), State(1, 1, True), ahead)
    corrected = evening.proof(before(50))
    assert corrected.until < ahead.until
    evening.hear(before(50), corrected, ahead)
    assert evening.gate(49) == []
    rebooted = evening.proof(before(45), holds=False, boot=2, mono=5)
    evening.hear(before(45), rebooted)
    assert "chưa có tiếng" in evening.gate(44)[0]


def test_a_proof_is_believed_only_under_the_boxs_own_key(evening: Evening) -> None:
    def sealed(box: Box, kind: Kind = Kind.PROOF) -> bytes:
        return seal(encode(evening.proof(NOW)), kind=kind, kid=box.did, key=box.key)

    box, stranger = evening.box, evening.office.boxes(2)[1]
    public = box.key.public_key()
    assert read_own(box.did, public, sealed(box), Kind.PROOF, Proof) == evening.proof(NOW)
    for forged in (sealed(stranger), sealed(box, Kind.REPORT), b"", sealed(box)[:-5]):
        with pytest.raises(Untrusted):
            read_own(box.did, public, forged, Kind.PROOF, Proof)
    with pytest.raises(Untrusted):
        read_own(box.did, None, sealed(box), Kind.PROOF, Proof)
