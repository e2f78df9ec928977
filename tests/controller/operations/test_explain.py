"""Why did or will something play: stories of one village, told to the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from controller.errors import NotFound
from controller.fleet.box_policy import BoxPolicy, Maintenance
from controller.operations.box_policy import keep_policy
from controller.operations.change_occurrence import cancel_occurrence, move_occurrence
from controller.operations.explain import explain
from controller.operations.find_village import find_village
from controller.operations.imagined_alert import ImaginedAlert
from controller.operations.reasons import Explanation, Verdict
from controller.operations.record_playback import Received, record_playback
from controller.operations.review_bulletin import approve_bulletin, withdraw_bulletin
from controller.operations.save_programme import cancel_programme
from controller.operations.schedule_programme import Repeat
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import programmes, tables
from controller.storage.instants import to_ms
from controller.storage.programmes import Planned
from controller.storage.schedule_tables import Alarm, ReadinessProof
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import EventKind, Heard, PlaybackEvent
from edge_agent.contract.state import Clock, ClockSource
from edge_agent.decide import RULES as RULES_OF_THE_BOX
from schedules.programme import Programme
from schedules.template import PlayByRule, Template
from schedules.timing import Timing
from schedules.types import ProgrammeId, ZoneId
from tests.controller.office import NOW, RULES, Box, Office

AT = NOW + timedelta(hours=2)
SOON = timedelta(minutes=1)


@pytest.fixture
def box(office: Office) -> Box:
    return office.boxes(1)[0]


@pytest.fixture
def ask(office: Office, box: Box) -> Callable[..., Explanation]:
    def asked(
        at: datetime,
        subject: str = "",
        now: datetime = NOW,
        imagined: tuple[ImaginedAlert, ...] = (),
    ) -> Explanation:
        with office.database.read() as session:
            village = find_village(session, box.village.village_id)
            return explain(session, village, at, subject, RULES, now, imagined)

    return asked


def online(office: Office, box: Box, **changes: object) -> None:
    """The box has said hello and holds all that it was told."""
    told: dict[str, object] = {
        "device_id": box.did,
        "online": True,
        "seen_ms": to_ms(NOW),
        "rules": RULES_OF_THE_BOX,
        "desired": 9_000_000_000_000,
        "clock_source": "ntp",
        "lacking": 0,
    }
    with office.database.write() as session:
        session.merge(tables.ReportedState(**(told | changes)))


def codes(said: Explanation) -> list[str]:
    return [reason.code for reason in said.chain]


def planned(office: Office, box: Box) -> tables.PlannedPlay:
    with office.database.read() as session:
        query = select(tables.PlannedPlay).where(tables.PlannedPlay.device_id == box.did)
        return session.exec(query).all()[0]


def report(office: Office, box: Box, kind: EventKind, seq: int = 1, **changes: object) -> None:
    play = planned(office, box)
    given: dict[str, object] = {
        "seq": seq,
        "kind": kind,
        "play": "0123456789abcdef",
        "cue": play.cue_id,
        "asset_sha256": play.asset_sha256,
        "wall": play.start_ms + seq,
        "mono": 1_000 + seq,
        "boot": 1,
        "clock": Clock(ClockSource.NTP),
        "planned": play.start_ms,
        "duration_ms": play.duration_ms,
        "rank": Rank.PROGRAMME,
        "rules": RULES_OF_THE_BOX,
        "desired": 1,
        "gain_db": 0.0,
        "title": play.title,
        "language": "vi",
    }
    event = PlaybackEvent(**(given | changes))  # type: ignore[arg-type]
    record_playback(office.database, [Received(box.did, "s1", (event,))], AT + SOON)


def test_what_is_planned_and_held_will_play_and_the_chain_says_who_and_when(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    bulletin = office.approved()
    slot = office.scheduled(bulletin, [box], AT)
    office.publish()
    online(office, box)
    for subject in ("", bulletin, slot.planned.programme.id, slot.planned.programme.title):
        said = ask(AT, subject)
        assert said.verdict is Verdict.WILL_PLAY
        assert codes(said)[-1] == "decided_play"
        assert "10:00:00" in said.chain[-1].vi
    assert "Cô Lan" in ask(AT, slot.planned.programme.id).chain[0].vi
    assert "Y Hạnh" in ask(AT, bulletin).chain[0].vi


def test_another_time_of_the_day_names_the_time_at_which_it_plays(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    slot = office.scheduled(office.approved(), [box], AT)
    said = ask(AT + timedelta(hours=5), slot.planned.programme.id)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert codes(said)[-1] == "other_time"
    assert "10:00" in said.chain[-1].vi


def test_a_day_that_the_rule_does_not_name_is_said(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    slot = office.scheduled(office.approved(), [box], AT)
    said = ask(AT + timedelta(days=2), slot.planned.programme.id)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert "not_in_rule" in codes(said)


def test_a_cancelled_programme_names_who_cancelled_it(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    slot = office.scheduled(office.approved(), [box], AT)
    cancel_programme(office.database, slot.planned.programme.id, "Anh Đức", NOW)
    said = ask(AT, slot.planned.programme.id)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert ask(AT, slot.planned.programme.title).chain == said.chain
    [cancelled] = [r for r in said.chain if r.code == "programme_cancelled"]
    assert "Anh Đức" in cancelled.vi
    assert "Anh Đức" in cancelled.en


def test_one_occurrence_that_was_cancelled_names_who_did_it(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    slot = office.scheduled(office.approved(), [box], AT, kind=Repeat.DAILY)
    tomorrow = AT + timedelta(days=1)
    wall = (tomorrow + timedelta(hours=7)).replace(tzinfo=None)
    programme_id = slot.planned.programme.id
    cancel_occurrence(office.database, programme_id, wall, "Anh Đức", NOW, RULES)
    said = ask(tomorrow, programme_id)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    [cancelled] = [r for r in said.chain if r.code == "cancelled"]
    assert "Anh Đức" in cancelled.vi
    assert cancelled.at == NOW


def test_a_bulletin_that_found_no_place_says_when_it_airs_instead(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    first, second = (office.approved(f"Bản tin {n} của xã.", now=NOW + n * SOON) for n in range(2))
    zone = ZoneId(box.village.cluster_id.replace("cum-", "vung-"))
    programme = Programme(
        ProgrammeId("theo-luat"),
        "Tin trong ngày",
        (zone,),
        Timing(datetime(2026, 8, 10, 10), "Asia/Ho_Chi_Minh", rules=("FREQ=DAILY",)),
        Template((PlayByRule(max_items=1),)),
    )
    with office.database.write() as session:
        made = to_ms(NOW)
        programmes.add(session, Planned(programme, "u", 0, "Cô Lan", made, "Cô Lan", made))
    answers = {bulletin: ask(AT, bulletin) for bulletin in (first, second)}
    airs = {b for b, said in answers.items() if said.verdict is not Verdict.WILL_NOT_PLAY}
    assert len(airs) == 1
    [waits] = answers.keys() - airs
    assert codes(answers[waits])[-1] == "carried_to"
    assert "10:00:00 11/08/2026" in answers[waits].chain[-1].vi


def test_a_withdrawn_bulletin_says_who_withdrew_it_and_why(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    bulletin = office.approved()
    office.scheduled(bulletin, [box], AT)
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai ngày", NOW)
    said = ask(AT, bulletin)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert "sai ngày" in said.chain[0].vi


def test_languages_of_the_village_without_an_approved_script_are_named(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    bulletin = office.approved()
    office.scheduled(bulletin, [box], AT)
    said = ask(AT, bulletin)
    [lacking] = [r for r in said.chain if r.code == "no_script"]
    assert "Xơ Đăng" in lacking.vi


def test_audio_that_the_box_proved_not_to_hold_will_not_play(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box)
    with office.database.write() as session:
        session.add(
            ReadinessProof(
                device_id=box.did,
                desired=1,
                until_ms=to_ms(AT + SOON),
                held=[],
                lacking=[planned(office, box).asset_sha256],
                received_ms=to_ms(NOW),
            )
        )
    said = ask(AT)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert codes(said)[-1] == "audio_missing"


def test_a_clock_that_is_not_trusted_will_not_play(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box, clock_source="untrusted")
    said = ask(AT)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert codes(said)[-1] == "clock_untrusted"


def test_a_horn_under_maintenance_is_silent_until_it_is_over(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box)
    works = Maintenance(AT + timedelta(hours=1), "thay loa", "Anh Đức")
    with office.database.write() as session:
        keep_policy(session, box.did, BoxPolicy(maintenance=works), "Anh Đức", to_ms(NOW))
    said = ask(AT)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    (named,) = [reason for reason in said.chain if "thay loa" in reason.vi]
    assert (named.code, "11:00" in named.vi) == ("maintenance", True)
    with office.database.write() as session:
        over = BoxPolicy(maintenance=replace(works, until=AT - SOON))
        keep_policy(session, box.did, over, "Anh Đức", to_ms(NOW))
    assert ask(AT).verdict is Verdict.WILL_PLAY


def test_a_box_out_of_touch_that_was_told_later_does_not_know(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box, online=False, desired=1)
    said = ask(AT)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert {"out_of_touch", "plan_not_held", "page_missing"} <= set(codes(said))


def test_a_box_of_other_rules_is_not_spoken_for(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box, rules=RULES_OF_THE_BOX + 1)
    said = ask(AT)
    assert said.verdict is Verdict.NO_CLAIM
    assert codes(said)[-1] == "rules_differ"


def test_an_alert_at_the_hour_cuts_in_and_the_programme_starts_again(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box)
    said = ask(AT, imagined=(ImaginedAlert(AT + timedelta(seconds=5), SOON),))
    assert said.verdict is Verdict.WILL_PLAY
    assert codes(said)[-2:] == ["decided_cut", "decided_play"]


def test_an_alert_that_sounds_at_the_instant_is_what_is_on_air(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box)
    five = timedelta(minutes=5)
    said = ask(AT, imagined=(ImaginedAlert(AT - timedelta(seconds=10), five),))
    assert said.verdict is Verdict.WILL_PLAY
    alarm = next(reason for reason in said.chain if reason.code == "alert_on_air")
    assert "từ 09:59:50 đến 10:00:10" in alarm.vi
    assert "from 09:59:50 to 10:00:10" in alarm.en
    between = ask(AT + timedelta(seconds=40), imagined=(ImaginedAlert(AT, five),))
    assert "alert_on_air" not in codes(between)


def test_an_alert_is_on_air_where_nothing_is_planned(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.publish()
    online(office, box)
    night = AT - timedelta(hours=1)
    said = ask(night, imagined=(ImaginedAlert(night, SOON),))
    assert said.verdict is Verdict.WILL_PLAY
    assert codes(said) == ["not_planned", "alert_on_air"]
    assert ask(night).verdict is Verdict.WILL_NOT_PLAY


def test_an_alert_does_not_reach_a_box_out_of_touch(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box, online=False)
    said = ask(AT, imagined=(ImaginedAlert(AT, SOON),))
    assert "alert_not_received" in codes(said)
    assert "alert_on_air" not in codes(said)


def test_an_airing_moved_within_its_day_says_so_and_by_whom(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    slot = office.scheduled(office.approved(), [box], AT, kind=Repeat.DAILY)
    programme = slot.planned.programme
    of = programme.timing.start
    move_occurrence(
        office.database, programme.id, of, of + timedelta(hours=2), "Cô Hoa", NOW, RULES
    )
    said = ask(AT, programme.id)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    moved = next(reason for reason in said.chain if reason.code == "moved")
    assert "10:00" in moved.vi
    assert "12:00" in moved.vi
    assert "Cô Hoa" in moved.vi


def test_nothing_is_on_air_just_before_and_after_a_session(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    online(office, box)
    for away in (-SOON, 10 * SOON):
        said = ask(AT + away)
        assert said.verdict is Verdict.WILL_NOT_PLAY
        assert codes(said) == ["other_time"]
        assert "10:00" in said.chain[0].vi


def test_what_a_box_reported_is_said_of_the_past(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    report(office, box, EventKind.STARTED)
    report(office, box, EventKind.ENDED, 2, played_ms=20_000)
    said = ask(AT, now=AT + timedelta(hours=1))
    assert said.verdict is Verdict.PLAYED
    assert codes(said) == ["planned", "played"]
    assert "Cô Lan" in said.chain[0].vi


def test_a_play_that_no_ear_noticed_says_so(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    report(office, box, EventKind.ENDED, played_ms=20_000, heard=Heard.NO)
    last = ask(AT, now=AT + timedelta(hours=1)).chain[-1]
    assert "đã phát trọn, nhưng không nghe thấy ở loa" in last.vi
    assert "played in full, but not heard at the horn" in last.en


def test_a_play_that_was_skipped_says_the_reason_of_the_box(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    report(office, box, EventKind.SKIPPED, reason="audio_missing")
    said = ask(AT, now=AT + timedelta(hours=1))
    assert said.verdict is Verdict.NOT_PLAYED
    assert "máy chưa có tệp tiếng" in said.chain[-1].vi
    assert "does not hold the audio" in said.chain[-1].en


def test_silence_of_a_box_is_unknown_not_a_miss(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    said = ask(AT, now=AT + timedelta(hours=1))
    assert said.verdict is Verdict.UNKNOWN
    assert codes(said) == ["planned", "not_reported"]


def test_a_play_that_was_taken_back_says_who_withdrew_it(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    bulletin = office.approved()
    office.scheduled(bulletin, [box], AT)
    office.publish()
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai ngày", NOW + SOON)
    office.publish(NOW + 2 * SOON)
    said = ask(AT, now=AT + timedelta(hours=1))
    assert said.verdict is Verdict.NOT_PLAYED
    assert codes(said)[:2] == ["planned", "taken_back"]
    assert "sai ngày" in said.chain[1].vi


def test_an_alarm_before_the_play_is_part_of_its_story(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    office.scheduled(office.approved(), [box], AT)
    office.publish()
    with office.database.write() as session:
        warned = to_ms(AT - timedelta(minutes=50))
        told = {"vi": "Máy chưa có đủ tệp.", "en": "The box lacks audio.", "raised_ms": warned}
        session.add(Alarm(kind="not_ready", key=box.did, device_id=box.did, **told))
    report(office, box, EventKind.SKIPPED, reason="audio_missing")
    said = ask(AT, now=AT + timedelta(hours=1))
    assert codes(said) == ["planned", "not_ready", "skipped"]


def test_what_the_plan_of_a_past_day_left_out_is_quoted_as_it_was_sent(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    draft = submit_bulletin(office.database, Written({"vi": "Tin chưa đọc."}), "Y Hạnh", NOW)
    approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)
    office.scheduled(draft.id, [box], AT)
    office.publish()
    said = ask(AT, draft.id, now=AT + timedelta(hours=1))
    assert said.verdict is Verdict.NOT_PLAYED
    assert set(codes(said)) == {"missing"}
    assert said.chain[0].vi.startswith("Theo lịch đã gửi")


def test_a_past_hour_for_which_nobody_was_told_anything(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    said = ask(NOW - timedelta(hours=1))
    assert said.verdict is Verdict.NOT_PLAYED
    assert codes(said) == ["nothing_was_planned", "not_planned"]
    assert codes(ask(NOW - timedelta(days=1_000))) == ["nothing_was_planned"]


def test_a_village_without_loudspeakers_and_a_subject_that_is_not_there(
    office: Office, box: Box, ask: Callable[..., Explanation]
) -> None:
    with pytest.raises(NotFound):
        ask(AT, "không có bản tin này")
    with office.database.write() as session:
        session.delete(session.exec(select(tables.VillageHears)).one())
    said = ask(AT)
    assert said.verdict is Verdict.WILL_NOT_PLAY
    assert codes(said) == ["no_cluster"]
