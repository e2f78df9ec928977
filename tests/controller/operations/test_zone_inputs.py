from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from audio_library.bulletin import Kind
from controller.operations.load_sample import SampleVillage
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.schedule_programme import Repeat
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.zone_inputs import inputs_of, plan_of, window
from controller.storage import places, tables
from controller.storage.instants import to_ms
from controller.storage.unit_chain import chain_on
from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.errors import UnitCycle, UnknownUnit
from tests.controller.office import NOW, RULES, Office

SOON = NOW + timedelta(hours=1)
MOVE = date(2026, 8, 13)


def zone_of(village: SampleVillage) -> str:
    return village.cluster_id.replace("cum-", "vung-")


def test_a_zone_is_planned_from_what_concerns_it_alone(office: Office) -> None:
    box, other = office.boxes(2)
    mine, theirs = office.approved(), office.approved("Lời của làng khác.")
    office.scheduled(mine, [box], SOON)
    office.scheduled(theirs, [other], SOON)

    with office.database.read() as session:
        foreseen = plan_of(session, zone_of(box.village), RULES, NOW)

    assert [cue.start_utc for cue in foreseen.plan.cues] == [SOON]
    assert set(foreseen.loaded.bulletins) == {mine}
    assert foreseen.loaded.unit_ids == ("thon-23500-1", "dv-23500", "dv-00051")
    assert [spot.device_id for spot in foreseen.loaded.spots] == [box.did]
    assert foreseen.plan.cues[0].asset_sha256 in foreseen.loaded.assets


def test_what_a_box_was_told_before_today_has_aired(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved(valid_until=NOW + timedelta(days=20))
    office.scheduled(bulletin, [box], SOON, kind=Repeat.DAILY)
    office.publish()

    with office.database.read() as session:
        loaded = inputs_of(session, zone_of(box.village), RULES, NOW + timedelta(days=2))

    (aired,) = loaded.inputs.aired.values()
    assert aired == (SOON, SOON + timedelta(days=1))


def test_the_window_begins_at_local_midnight() -> None:
    since, until = window(RULES, NOW)

    assert since.isoformat() == "2026-08-10T00:00:00+07:00"
    assert until - since == timedelta(days=8)


def move_to_another_commune(session: Session) -> None:
    """Thôn 1 leaves its commune on MOVE, as the register writes it."""
    old = session.get_one(tables.Unit, "thon-23500-1")
    old.valid_until = MOVE.isoformat()
    session.add(old)
    session.add(
        tables.Unit(
            id="thon-moi",
            name="Thôn 1",
            level="village",
            parent_id="dv-23455",
            valid_from=MOVE.isoformat(),
            predecessors=["thon-23500-1"],
        )
    )


def test_each_day_has_the_units_of_that_day(office: Office) -> None:
    office.boxes(2)
    with office.database.write() as session:
        move_to_another_commune(session)

    with office.database.read() as session:
        before = chain_on(session, "thon-23500-1", MOVE - timedelta(days=1))
        after = chain_on(session, "thon-23500-1", MOVE)
        early = chain_on(session, "thon-moi", MOVE - timedelta(days=1))

    assert before.ids == ("thon-23500-1", "dv-23500", "dv-00051")
    assert before.changes_on == MOVE
    assert after.ids == ("thon-moi", "dv-23455", "dv-00051")
    assert early.ids == before.ids


def test_a_village_that_moves_in_mid_plan_obeys_each_commune_in_its_days(office: Office) -> None:
    box, _ = office.boxes(2)
    office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)
    with office.database.write() as session:
        move_to_another_commune(session)
        # 09:00 is outside the hours of the new commune.
        session.add(
            tables.AirtimeRule(unit_id="dv-23455", body=places.law_body(DEFAULT_AIRTIME_LAW))
        )

    with office.database.read() as session:
        plan = plan_of(session, zone_of(box.village), RULES, NOW).plan

    aired = {cue.local_date for cue in plan.cues}
    refused = {refusal.occurrence.local_date for refusal in plan.refusals}
    assert aired == {MOVE - timedelta(days=back) for back in (3, 2, 1)}
    assert min(refused) == MOVE


def test_a_commune_that_was_merged_hands_its_villages_to_its_heir(office: Office) -> None:
    office.boxes(2)
    with office.database.write() as session:
        old = session.get_one(tables.Unit, "dv-23500")
        old.valid_until = MOVE.isoformat()
        heir = session.get_one(tables.Unit, "dv-23455")
        heir.predecessors, heir.valid_from = ["dv-23500"], MOVE.isoformat()
        session.add_all([old, heir])

    with office.database.read() as session:
        assert chain_on(session, "thon-23500-1", MOVE).ids[1] == "dv-23455"


def test_a_circle_of_units_is_said_of_the_zone_that_stands_in_it(office: Office) -> None:
    box, other = office.boxes(2)
    with office.database.write() as session:
        village = session.get_one(tables.Unit, box.village.village_id)
        village.parent_id = village.id
        session.add(village)

    with office.database.read() as session:
        with pytest.raises(UnitCycle) as refusal:
            plan_of(session, zone_of(box.village), RULES, NOW)
        assert "Thôn 1 → Thôn 1" in refusal.value.vi
        assert plan_of(session, zone_of(other.village), RULES, NOW).plan.cues == ()
        with pytest.raises(UnknownUnit):
            chain_on(session, "khong-co", date(2026, 8, 10))


def test_the_topmost_unit_owns_what_nobody_else_owns(office: Office) -> None:
    box = office.boxes(1)[0]

    with office.database.read() as session:
        units = chain_on(session, box.village.village_id, datetime(2026, 8, 10).date())

    assert [units.height(owner) for owner in (*units.ids, None, "la")] == [0, 0, 1, 1, 0]


def test_what_is_recorded_after_a_session_began_enters_the_next_one(office: Office) -> None:
    box = office.boxes(1)[0]
    plain = office.approved(valid_until=NOW + timedelta(days=20))
    later = SOON + timedelta(hours=3)
    for start in (SOON, later):
        office.scheduled(plain, [box], start)
    urgent = submit_bulletin(
        office.database, Written({"vi": "Cảnh báo lũ quét."}, kind=Kind.PRIORITY), "Tỉnh", NOW
    )
    approve_bulletin(office.database, urgent.id, "Tỉnh", NOW, four_eyes=False)
    office.publish()
    office.voiced(urgent.id)

    office.publish(SOON + timedelta(minutes=2))

    with office.database.read() as session:
        said = session.exec(
            select(tables.PlannedPlay.start_ms).where(tables.PlannedPlay.bulletin_id == urgent.id)
        ).all()
    assert said == [to_ms(later)]
