from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from audio_library.errors import BulletinExpired
from controller.errors import BreaksAirtimeLaw, ControllerError
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.play_now import PlayOrder, play_now
from controller.operations.record_playback import Received, record_playback
from controller.operations.review_bulletin import withdraw_bulletin
from controller.storage import outbox, tables
from controller.storage.instants import to_ms
from edge_agent.contract import envelope, topics
from edge_agent.contract.commands import AckStatus, Command, CommandAck, Play
from edge_agent.contract.report import EventKind
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode
from schedules.airtime import DEFAULT_AIRTIME_LAW
from tests.controller.office import NOW, RULES, Office
from tests.controller.operations.test_observe_devices import hello
from tests.controller.operations.test_record_playback import event


def waiting(office: Office) -> list[tables.Outbox]:
    with office.database.read() as session:
        return [m for m in outbox.waiting(session, to_ms(NOW)) if m.topic.endswith("/cmd")]


def ordered(office: Office, bulletin: str, unit: str = "dv-23500", **more: str) -> str:
    asked = PlayOrder(bulletin, unit, **more)
    found = play_now(office.database, office.authority, asked, "Cô Lan", NOW, RULES.time_zone)
    return found.command_id


def test_one_signed_command_reaches_the_boxes_of_the_unit_alone(office: Office) -> None:
    boxes = office.boxes(4)
    found = play_now(
        office.database,
        office.authority,
        PlayOrder(office.approved(), "dv-23500"),
        "Cô Lan",
        NOW,
        RULES.time_zone,
    )

    (message,) = waiting(office)
    assert message.topic == topics.group_command("dv-23500")
    assert not message.retain
    opened = envelope.open_sealed(
        message.payload,
        kind=Kind.COMMAND,
        key_for=office.authority.public_key,
    )
    command = decode(opened.payload, Command)
    assert command.expires - command.issued <= 600_000
    assert decode(bytes(command.body), Play).title == "Thông báo tiêm chủng"
    assert set(found.devices) == {b.did for b in boxes if "23500" in b.village.village_id}


def test_the_log_says_who_approved_what_was_played_at_once(office: Office) -> None:
    box = office.boxes(1)[0]
    command = ordered(office, office.approved())

    events = (
        event(1, EventKind.STARTED, "p1", command),
        event(2, EventKind.ENDED, "p1", command, played_ms=20_000),
    )
    record_playback(office.database, [Received(box.did, "s", events)], NOW)

    with office.database.read() as session:
        row = session.exec(select(tables.AsRun)).one()
    assert (row.village, row.approved_by) == ("Thôn 1, Xã Đăk Hà", "Cô Lan")


def test_a_box_that_comes_back_in_time_is_told_and_one_that_answered_is_not(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    command = ordered(office, office.approved())
    with office.database.write() as session:
        for message in outbox.waiting(session, to_ms(NOW)):
            session.delete(message)

    observe_devices(office.database, [Observation(box.did, hello())], NOW)
    assert [m.topic for m in waiting(office)] == [topics.down(box.did, "cmd")]

    done = CommandAck(command, AckStatus.ACCEPTED, to_ms(NOW))
    observe_devices(office.database, [Observation(box.did, done)], NOW)
    observe_devices(office.database, [Observation(box.did, hello(conn=2))], NOW)
    assert len(waiting(office)) == 1


@pytest.mark.parametrize("language", ["sed", "bdq"])
def test_a_language_that_was_not_approved_is_not_played(office: Office, language: str) -> None:
    office.boxes(1)

    with pytest.raises(ControllerError) as refusal:
        ordered(office, office.approved(), language=language)

    assert refusal.value.code == "not_approved"
    assert waiting(office) == []


def test_an_expired_or_withdrawn_bulletin_is_not_played(office: Office) -> None:
    office.boxes(1)
    old = office.approved(valid_until=NOW - timedelta(hours=1), now=NOW - timedelta(days=1))
    with pytest.raises(BulletinExpired):
        ordered(office, old)

    gone = office.approved("Tin đã rút.")
    withdraw_bulletin(office.database, gone, "Cô Lan", "sai", NOW)
    with pytest.raises(ControllerError):
        ordered(office, gone)
    assert waiting(office) == []


def test_a_unit_without_loudspeakers_is_refused(office: Office) -> None:
    office.boxes(1)

    with pytest.raises(ControllerError) as refusal:
        ordered(office, office.approved(), "dv-23455")

    assert refusal.value.code == "not_found"


def test_outside_the_hours_a_reason_is_asked_for(tmp_path: Path) -> None:
    office = Office(tmp_path, law=DEFAULT_AIRTIME_LAW)
    office.boxes(1)
    bulletin = office.approved()

    with pytest.raises(BreaksAirtimeLaw):
        ordered(office, bulletin)
    ordered(office, bulletin, quiet_ok="cháy rừng gần làng")

    assert len(waiting(office)) == 1
    office.database.close()
