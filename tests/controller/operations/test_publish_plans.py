from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from controller.errors import BreaksAirtimeLaw, ControllerError
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.review_bulletin import approve_bulletin, edit_bulletin, withdraw_bulletin
from controller.operations.save_programme import cancel_programme
from controller.operations.schedule_programme import Repeat
from controller.operations.show_fleet import unconfirmed_withdrawals
from controller.operations.show_programmes import show_programmes
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import outbox, schedule_tables, tables
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.errors import StartInPast
from tests.controller.office import NOW, RULES, TEXT, Office
from tests.controller.operations.test_observe_devices import hello

SOON = NOW + timedelta(hours=1)


def test_a_box_is_told_what_to_play_when_how_loud_and_until_when(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON)

    assert office.publish() == (box.did,)

    (page,) = office.pages(box.did)
    (cue,) = page.cues
    assert page.date == "2026-08-10"
    assert cue.start == to_ms(SOON)
    assert cue.latest_start >= cue.start
    assert cue.latest_end <= cue.valid_until == to_ms(NOW + timedelta(days=7))
    assert (cue.title, cue.language, cue.gain_db) == ("Thông báo tiêm chủng", "vi", 0.0)
    assert office.desired(box.did).scopes == ("thon-23500-1", "dv-23500", "dv-00051")


def test_the_word_to_a_box_is_retained_so_that_a_late_comer_finds_it(office: Office) -> None:
    box = office.boxes(1)[0]
    office.publish()

    with office.database.read() as session:
        (message,) = outbox.waiting(session, to_ms(NOW))
    assert message.topic == topics.down(box.did, "desired")
    assert message.retain


def test_nothing_is_sent_when_nothing_has_changed(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON)
    office.publish()
    serial = office.desired(box.did).serial

    assert office.publish(NOW + timedelta(hours=5)) == ()
    assert office.desired(box.did).serial == serial


def test_each_village_gets_its_own_plan(office: Office) -> None:
    chosen, other = office.boxes(2)
    office.scheduled(office.approved(), [chosen], SOON)
    office.publish()

    assert len(office.pages(chosen.did)) == 1
    assert office.pages(other.did) == []
    assert office.desired(other.did).empty_because


def test_a_serial_never_goes_back_even_if_the_clock_does(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.publish(NOW + timedelta(hours=3))
    first = office.desired(box.did).serial

    office.scheduled(bulletin, [box], NOW + timedelta(hours=5))
    office.publish(NOW + timedelta(hours=1))

    assert office.desired(box.did).serial > first


def test_a_withdrawn_bulletin_is_silenced_by_hash_and_leaves_the_plan(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON)
    office.publish()
    sound = office.pages(box.did)[0].cues[0].asset.sha256

    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai giờ", NOW)
    office.publish()

    word = office.desired(box.did)
    assert word.withdrawn == (sound,)
    assert word.manifest.pages == ()
    with office.database.read() as session:
        (taken_back,) = session.exec(select(tables.UnplannedPlay)).all()
        planned = session.exec(select(tables.PlannedPlay)).all()
    assert taken_back.serial == word.serial
    assert len(planned) == 1, "what was planned stays on record"


def test_withdrawing_one_of_two_bulletins_with_the_same_words_silences_neither(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    first, second = office.approved(), office.approved()
    office.scheduled(second, [box], SOON)

    withdraw_bulletin(office.database, first, "Cô Lan", "gửi hai lần", NOW)
    office.publish()

    assert office.desired(box.did).withdrawn == ()
    assert len(office.pages(box.did)) == 1


def test_what_supersedes_a_warning_takes_it_off_air(office: Office) -> None:
    box = office.boxes(1)[0]
    old = office.approved("Bão số 3 cấp 11.")
    office.scheduled(old, [box], SOON)
    office.publish()
    sound = office.pages(box.did)[0].cues[0].asset.sha256

    new = office.approved("Bão số 3 đã tan.", supersedes=old)
    office.scheduled(new, [box], SOON)
    office.publish()

    assert office.desired(box.did).withdrawn == (sound,)
    assert [c.asset.sha256 for p in office.pages(box.did) for c in p.cues] != [sound]


def test_an_edited_bulletin_airs_no_more_until_it_is_approved_again(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON)
    edit_bulletin(office.database, bulletin, {"vi": "Lời mới."}, "Y Hạnh", NOW)
    office.publish()
    assert office.pages(box.did) == []

    approve_bulletin(office.database, bulletin, "Cô Lan", NOW, four_eyes=False)
    office.voiced(bulletin)
    office.publish()
    assert len(office.pages(box.did)) == 1


def test_a_daily_programme_fills_the_horizon_and_stops_with_the_bulletin(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved(valid_until=NOW + timedelta(days=3))
    office.scheduled(bulletin, [box], SOON, kind=Repeat.DAILY)
    office.publish()

    assert [p.date for p in office.pages(box.did)] == ["2026-08-10", "2026-08-11", "2026-08-12"]


def test_the_plan_of_today_does_not_change_while_the_day_goes_by(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)
    office.publish()
    before = office.desired(box.did).manifest

    office.publish(NOW + timedelta(hours=10))
    assert office.desired(box.did).manifest == before

    assert office.publish(NOW + timedelta(hours=20)) == (box.did,), "a new local day"


def test_a_time_of_today_that_has_passed_is_not_planned_to_be_skipped(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], NOW + timedelta(minutes=5), kind=Repeat.DAILY)
    late = NOW + timedelta(hours=2)
    office.publish(late)

    assert next(p.date for p in office.pages(box.did)) == "2026-08-11"


def test_a_cancelled_programme_is_taken_back(office: Office) -> None:
    box = office.boxes(1)[0]
    kept = office.scheduled(office.approved(), [box], SOON)
    office.publish()

    cancel_programme(office.database, kept.planned.programme.id, "Y Bia", NOW)
    office.publish()

    assert office.pages(box.did) == []


def test_a_start_in_the_past_is_refused_and_nothing_is_kept(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()

    with pytest.raises(StartInPast):
        office.scheduled(bulletin, [box], NOW - timedelta(minutes=1))

    with office.database.read() as session:
        assert session.exec(select(schedule_tables.Programme)).all() == []


def test_outside_the_hours_it_needs_a_reason_which_travels_with_the_cue(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, law=DEFAULT_AIRTIME_LAW)
    box = office.boxes(1)[0]
    bulletin = office.approved()

    with pytest.raises(BreaksAirtimeLaw) as refusal:
        office.scheduled(bulletin, [box], SOON)
    assert "05:30–07:00" in refusal.value.vi

    office.scheduled(bulletin, [box], SOON, quiet_ok="Đoàn y tế đến sớm")
    office.publish()
    assert office.pages(box.did)[0].cues[0].quiet_ok == "Đoàn y tế đến sớm"
    office.database.close()


def test_a_language_without_sound_is_listed_and_read_by_nobody_else(office: Office) -> None:
    box = office.boxes(1)[0]
    scheduled = office.scheduled(office.approved(), [box], SOON)
    office.publish()

    assert {m.language for m in scheduled.missing} == {"sed", "ren"}
    assert [c.language for c in office.pages(box.did)[0].cues] == ["vi"]


def test_a_draft_cannot_be_scheduled(office: Office) -> None:
    box = office.boxes(1)[0]
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)

    with pytest.raises(ControllerError) as refusal:
        office.scheduled(draft.id, [box], SOON)
    assert refusal.value.code == "not_approved"


def test_an_unlawful_hour_is_refused_also_while_the_speech_is_being_made(tmp_path: Path) -> None:
    office = Office(tmp_path, law=DEFAULT_AIRTIME_LAW)
    box = office.boxes(1)[0]
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)

    with pytest.raises(BreaksAirtimeLaw):
        office.scheduled(draft.id, [box], SOON)

    # 17:30 in Viet Nam.
    office.scheduled(draft.id, [box], NOW + timedelta(hours=9, minutes=30))
    office.database.close()


def test_a_programme_goes_on_saying_why_it_does_not_air(tmp_path: Path) -> None:
    office = Office(tmp_path, law=DEFAULT_AIRTIME_LAW)
    box = office.boxes(1)[0]
    # 06:58 tomorrow: two minutes are left of the window.
    at = NOW + timedelta(hours=22, minutes=58)
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)
    office.scheduled(draft.id, [box], at)
    office.voiced(draft.id, duration_ms=300_000)

    with office.database.read() as session:
        (shown,) = show_programmes(session, RULES, NOW)

    assert not shown.airs
    assert "05:30–07:00" in shown.refusals[0].vi
    office.database.close()


def test_what_was_edited_before_it_was_withdrawn_is_silenced_all_the_same(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON)
    office.publish()
    sound = office.pages(box.did)[0].cues[0].asset.sha256

    edit_bulletin(office.database, bulletin, {"vi": "Lời khác."}, "Y Hạnh", NOW)
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai", NOW)
    office.publish()

    assert office.desired(box.did).withdrawn == (sound,)


def test_an_expired_twin_does_not_keep_a_withdrawn_sound_alive(office: Office) -> None:
    box = office.boxes(1)[0]
    office.approved(valid_until=NOW + timedelta(minutes=1))
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON)
    office.publish()

    later = NOW + timedelta(minutes=5)
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai", later)
    office.publish(later)

    assert len(office.desired(box.did).withdrawn) == 1


def test_a_confirmed_withdrawal_stays_confirmed_when_later_plans_are_made(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON)
    office.publish()
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai", NOW)

    def behind() -> list[str]:
        with office.database.read() as session:
            return unconfirmed_withdrawals(session, bulletin)

    assert behind() == [box.did], "also before the plan is made"
    office.publish()
    assert behind() == [box.did]
    seen = hello(desired=office.desired(box.did).serial)
    observe_devices(office.database, [Observation(box.did, seen)], NOW)
    assert behind() == []

    office.scheduled(office.approved("Tin khác."), [box], SOON)
    office.publish(NOW + timedelta(minutes=1))
    assert behind() == []


def test_a_box_knows_the_quiet_hours_of_its_commune(tmp_path: Path) -> None:
    office = Office(tmp_path, law=DEFAULT_AIRTIME_LAW)
    box = office.boxes(1)[0]
    office.publish()

    quiet = office.desired(box.did).quiet_hours

    assert quiet is not None
    assert (quiet.since, quiet.until, quiet.time_zone) == ("21:00", "05:30", "Asia/Ho_Chi_Minh")
    office.database.close()


def test_a_box_whose_place_another_took_is_told_to_be_silent(office: Office) -> None:
    (old,) = office.boxes(1)
    office.scheduled(office.approved(), [old], SOON)
    office.publish()
    assert len(office.pages(old.did)) == 1

    (new,) = office.boxes(1)
    later = NOW + timedelta(minutes=1)
    office.publish(later)

    assert office.pages(old.did) == []
    assert "no longer installed" in office.desired(old.did).empty_because
    assert len(office.pages(new.did)) == 1
    with office.database.read() as session:
        taken_back = session.exec(select(tables.UnplannedPlay.device_id)).all()
    assert taken_back == [old.did]
    assert office.publish(later) == (), "and told once"
