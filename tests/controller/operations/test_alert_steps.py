"""What boxes say of alerts: believed if they signed it and if it can be, and kept once."""

import random
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, select
from structlog.testing import capture_logs

from controller.fleet.alert_board import Answer
from controller.operations.alert_board import Board, alert_board
from controller.operations.alert_steps import (
    MOST_LOCAL_A_DAY,
    SealedStep,
    keep_alert_steps,
)
from controller.operations.review_alert import review_alert
from controller.operations.update_alert import AlertChange, update_alert
from controller.operations.watch_alerts import KINDS, watch_alerts
from controller.storage import tables
from controller.storage.alert_tables import Alert
from controller.storage.alert_tables import AlertStep as StepRow
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Alarm
from edge_agent.contract.alert import AlertStatus, AlertStep
from tests.controller.office import NOW, RULES, Box, Office
from tests.controller.operations.alarm_bell import (
    answer,
    can_say,
    order,
    raised,
    sealed,
    step,
    told,
)

SECOND = timedelta(seconds=1)
PROVINCE = "dv-00051"


def board(office: Office, alert_id: str, after: timedelta) -> Board:
    with office.database.read() as session:
        return alert_board(session, alert_id, NOW + after)


def alarms(office: Office, after: timedelta) -> dict[str, Alarm]:
    watch_alerts(office.database, office.authority, RULES, NOW + after)
    with office.database.read() as session:
        query = select(Alarm).where(col(Alarm.cleared_ms).is_(None), col(Alarm.kind).in_(KINDS))
        return {alarm.kind: alarm for alarm in session.exec(query)}


def local(box: Box, status: AlertStatus, name: str = "local-1", **more: object) -> AlertStep:
    fields: dict[str, object] = {"hazard": "landslide", "local": True, "boot": 1, **more}
    return AlertStep(name, 1, status, to_ms(NOW), **fields)  # type: ignore[arg-type]


def test_the_board_goes_from_waiting_to_heard_with_seconds_since_the_order(office: Office) -> None:
    first, second, third = office.boxes(3)
    can_say(office)
    made = raised(office, order(PROVINCE))
    assert board(office, made.alert_id, SECOND).counts[Answer.WAITING] == 3
    received = step(made, AlertStatus.RECEIVED)
    answer(office, (first, received), (second, received), now=NOW + SECOND)
    silent = step(made, AlertStatus.SILENT, reason="kill_switch")
    answer(office, (first, step(made, AlertStatus.PLAYING)), (second, silent), now=NOW + 2 * SECOND)
    answer(office, (first, step(made, AlertStatus.DONE)), now=NOW + 31 * SECOND)
    found = board(office, made.alert_id, 32 * SECOND)
    lines = {line.device_id: line.progress for line in found.lines}
    assert lines[first.did].answer is Answer.DONE
    assert lines[first.did].after_ms == {"received": 1_000, "playing": 2_000, "done": 31_000}
    assert (lines[second.did].answer, lines[second.did].reason) == (Answer.SILENT, "kill_switch")
    assert lines[third.did].answer is Answer.UNREACHED
    assert found.counts[Answer.DONE] == 1


def test_a_step_said_again_is_kept_once_with_the_time_at_which_it_first_came(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(PROVINCE))
    said = (box, step(made, AlertStatus.DONE))
    answer(office, said, now=NOW + SECOND)
    answer(office, said, said, now=NOW + 60 * SECOND)
    with office.database.read() as session:
        (row,) = session.exec(select(StepRow)).all()
    assert row.received_ms == to_ms(NOW + SECOND)


def test_the_last_word_of_a_box_counts_and_a_replay_of_its_former_ones_does_not(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(PROVINCE))
    lacking = step(made, AlertStatus.DONE, reason="phrases_missing: vi, bdq")
    answer(office, (box, lacking), now=NOW + SECOND)
    at = NOW + 60 * SECOND
    silent = step(made, AlertStatus.SILENT, reason="kill_switch", at=at - SECOND)
    said = step(made, AlertStatus.DONE, reason="phrases_missing: bdq", at=at)
    answer(office, (box, silent), now=NOW + 59 * SECOND)
    answer(office, (box, said), (box, lacking), now=NOW + 60 * SECOND)
    answer(office, (box, silent), (box, lacking), now=NOW + 61 * SECOND)
    (line,) = board(office, made.alert_id, 62 * SECOND).lines
    assert (line.progress.answer, line.progress.reason) == (Answer.DONE, "phrases_missing: bdq")
    assert line.progress.after_ms == {"done": 1_000, "silent": 59_000}


def test_what_is_forged_cut_or_of_an_unknown_alert_is_dropped_and_hurts_no_other(
    office: Office,
) -> None:
    box, other = office.boxes(2)
    can_say(office)
    made = raised(office, order(PROVINCE))
    good = sealed(box, step(made, AlertStatus.DONE))
    forged = sealed(
        Box(box.did, Ed25519PrivateKey.generate(), box.village), step(made, AlertStatus.DONE)
    )
    unknown = step(made, AlertStatus.DONE)
    bad = [
        SealedStep(box.did, good.key, forged.payload),
        SealedStep(other.did, sealed(other, unknown).key, good.payload),
        SealedStep("aaaaaaaa2345", None, good.payload),
        SealedStep(box.did, good.key, good.payload[:-3]),
        SealedStep(box.did, good.key, b"\x00" * 50),
        sealed(box, AlertStep("nobody-knows", 1, AlertStatus.DONE, to_ms(NOW), 1)),
        sealed(box, AlertStep(made.alert_id, 7, AlertStatus.DONE, to_ms(NOW), 1)),
        sealed(box, step(made, AlertStatus.DONE, local=True)),
        sealed(box, step(made, AlertStatus.PLAYING, round=1_000_000)),
    ]
    random.Random(6).shuffle(bad)
    with capture_logs() as logs:
        kept = keep_alert_steps(office.database, RULES, [*bad[:4], good, *bad[4:]], NOW)
    assert kept == 1
    assert len([log for log in logs if log["event"] == "message_dropped"]) == len(bad)
    found = board(office, made.alert_id, 20 * SECOND)
    assert found.counts[Answer.DONE] == 1
    assert found.counts[Answer.UNREACHED] == 1


def test_rounds_count_and_no_box_can_say_more_of_them_than_there_are(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(PROVINCE, repeat_minutes=10))
    steps = [(box, step(made, AlertStatus.DONE, round=number)) for number in range(100)]
    assert answer(office, *steps) == 9, "an hour in rounds of ten minutes, and two to spare"


def test_after_an_update_every_box_has_to_answer_anew(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(PROVINCE))
    answer(office, (box, step(made, AlertStatus.DONE)))
    change = AlertChange(reason="nước còn dâng")
    again = update_alert(
        office.database, office.authority, made.alert_id, change, "Y", RULES, NOW + SECOND
    )
    assert board(office, made.alert_id, 2 * SECOND).counts[Answer.WAITING] == 1
    answer(office, (box, step(again, AlertStatus.PLAYING)), now=NOW + 3 * SECOND)
    found = board(office, made.alert_id, 4 * SECOND)
    assert found.lines[0].progress.after_ms == {"playing": 2_000}


def test_a_box_that_came_into_the_area_later_is_on_the_board(office: Office) -> None:
    first, second = office.boxes(2)
    can_say(office)
    made = raised(office, order(first.village.village_id))
    answer(office, (second, step(made, AlertStatus.PLAYING)))
    found = board(office, made.alert_id, SECOND)
    assert {line.device_id for line in found.lines} == {first.did, second.did}
    assert all(line.village for line in found.lines)


def test_boxes_that_may_not_have_sounded_it_are_an_alarm_until_they_have(office: Office) -> None:
    first, second = office.boxes(2)
    can_say(office)
    made = raised(office, order(PROVINCE))
    assert alarms(office, 5 * SECOND) == {}
    answer(office, (first, step(made, AlertStatus.PLAYING)), now=NOW + SECOND)
    alarm = alarms(office, 11 * SECOND)["alert_unanswered"]
    assert "1/2 hộp loa" in alarm.vi
    assert "Lũ quét" in alarm.vi
    answer(office, (second, step(made, AlertStatus.DONE)), now=NOW + 60 * SECOND)
    assert alarms(office, 61 * SECOND) == {}


def test_a_review_is_due_after_a_day_but_never_of_a_test(office: Office) -> None:
    office.boxes(1)
    can_say(office)
    made = raised(office, order(PROVINCE))
    raised(office, order(PROVINCE, test=True, hazard=""))
    assert "alert_review" not in alarms(office, timedelta(hours=23))
    found = alarms(office, timedelta(hours=24))
    assert made.alert_id in found["alert_review"].vi
    review_alert(office.database, made.alert_id, "đúng", "Cô Lan", NOW + timedelta(hours=25))
    assert alarms(office, timedelta(hours=26)) == {}


def test_an_alert_that_was_raised_at_a_box_is_learnt_and_people_are_called(
    office: Office,
) -> None:
    box, other = office.boxes(2)
    can_say(office)
    assert answer(office, (box, local(box, AlertStatus.RECEIVED))) == 1
    assert answer(office, (box, local(box, AlertStatus.PLAYING, round=1))) == 1
    assert answer(office, (other, local(other, AlertStatus.PLAYING))) == 0, "not its own"
    with office.database.read() as session:
        alert = session.get_one(Alert, "local-1")
    assert (alert.origin, alert.origin_device_id, alert.hazard) == ("local", box.did, "landslide")
    alarm = alarms(office, SECOND)["local_alert"]
    assert "Sạt lở đất" in alarm.vi
    assert alarm.device_id == box.did
    assert told(office) == {}, "boxes are told nothing of it"
    answer(office, (box, local(box, AlertStatus.ENDED, reason="all_clear")), now=NOW + SECOND)
    with office.database.read() as session:
        alert = session.get_one(Alert, "local-1")
    assert (alert.state, alert.ended_why) == ("ended", "all_clear")
    assert "local_alert" in alarms(office, 2 * SECOND), "until somebody has asked"
    review_alert(office.database, "local-1", "có thật, đã sơ tán", "Cô Lan", NOW)
    assert alarms(office, 3 * SECOND) == {}


def test_a_local_alert_in_words_that_the_office_does_not_know_is_shown_as_it_is(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    answer(office, (box, local(box, AlertStatus.RECEIVED, hazard="new_thing")))
    assert "new_thing" in alarms(office, SECOND)["local_alert"].vi


def test_no_box_fills_the_office_with_alerts_of_its_own(office: Office) -> None:
    box = office.boxes(1)[0]
    said = [
        (box, local(box, AlertStatus.RECEIVED, name=f"local-{n}"))
        for n in range(MOST_LOCAL_A_DAY + 20)
    ]
    assert answer(office, *said) == MOST_LOCAL_A_DAY


@pytest.mark.parametrize("boxes", [300])
def test_a_burst_of_a_whole_province_is_one_piece_of_news(office: Office, boxes: int) -> None:
    (box,) = office.boxes(1)
    can_say(office)
    made = raised(office, order(PROVINCE))
    with office.database.read() as session:
        before = len(session.exec(select(tables.Event)).all())
    said = [(box, step(made, AlertStatus.PLAYING, round=n % 5)) for n in range(boxes)]
    answer(office, *said)
    with office.database.read() as session:
        news = session.exec(select(tables.Event)).all()[before:]
    assert [(e.kind, e.body) for e in news] == [("alert", {"id": made.alert_id, "answered": 1})]
