"""Orders to one box and what it finds: only what was asked of this box, the newest word alone."""

from datetime import datetime, timedelta

import msgspec
import pytest
from sqlmodel import col, select

from controller.errors import ControllerError, NotFound
from controller.operations.diagnose import (
    Ordered,
    show_diagnosis,
    show_order,
    tell_box,
)
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.own_word import read_own
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract import envelope
from edge_agent.contract.commands import (
    AckStatus,
    Command,
    CommandAck,
    Diagnose,
    Reboot,
    Stop,
    TestTone,
)
from edge_agent.contract.envelope import Untrusted, seal
from edge_agent.contract.state import Check, CheckState, Diagnosis
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode, encode
from tests.controller.office import NOW, Box, Office

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def boxes(office: Office) -> list[Box]:
    return office.boxes(2)


def tell(
    office: Office, box: Box, body: TestTone | Stop | Reboot | Diagnose, now: datetime = NOW
) -> Ordered:
    return tell_box(office.database, office.authority, box.did, body, "Cô Lan", now)


def found_for(command: str, *, name: str = "disk") -> Diagnosis:
    check = Check(name, CheckState.GOOD, "đĩa tốt", "the disk is well")
    return Diagnosis(command, 1, to_ms(NOW), (check,), ("one line",))


def hear(office: Office, box: Box, said: Diagnosis | CommandAck, now: datetime = LATER) -> None:
    observe_devices(office.database, [Observation(box.did, said)], now)


def kept(office: Office, box: Box) -> str:
    with office.database.read() as session:
        return show_diagnosis(session, box.did).diagnosis.checks[0].name


@pytest.mark.parametrize(
    ("body", "kind", "life"),
    [
        (TestTone(3, -30.0), "test_tone", timedelta(minutes=1)),
        (Stop(), "stop", timedelta(minutes=1)),
        (Reboot(), "reboot", timedelta(minutes=10)),
        (Diagnose(10), "diagnose", timedelta(minutes=10)),
    ],
)
def test_an_order_goes_signed_to_that_box_alone(
    office: Office,
    boxes: list[Box],
    body: TestTone | Stop | Reboot | Diagnose,
    kind: str,
    life: timedelta,
) -> None:
    ordered = tell(office, boxes[0], body)
    with office.database.read() as session:
        sent = session.exec(select(tables.Outbox).order_by(col(tables.Outbox.id).desc())).first()
    assert sent is not None
    assert (sent.topic, sent.retain) == (f"loa/v1/d/{boxes[0].did}/dn/cmd", False)
    opened = envelope.open_sealed(
        sent.payload, kind=Kind.COMMAND, key_for=office.authority.public_key
    )
    command = decode(opened.payload, Command)
    assert (command.id, command.kind, command.audience) == (
        ordered.command.id,
        kind,
        boxes[0].did,
    )
    assert command.expires - command.issued == life // timedelta(milliseconds=1)
    assert msgspec.json.decode(bytes(command.body), type=type(body)) == body


def test_what_became_of_an_order_is_shown(office: Office, boxes: list[Box]) -> None:
    ordered = tell(office, boxes[0], Reboot())
    assert ordered.steps == ()
    at = to_ms(LATER)
    for status, reason in ((AckStatus.REFUSED, "unsupported"), (AckStatus.RECEIVED, "")):
        hear(office, boxes[0], CommandAck(ordered.command.id, status, at, reason))
    with office.database.read() as session:
        steps = show_order(session, boxes[0].did, ordered.command.id).steps
        assert [(s.status, s.reason) for s in steps] == [
            ("received", ""),
            ("refused", "unsupported"),
        ]
        with pytest.raises(NotFound):
            show_order(session, boxes[1].did, ordered.command.id)


def test_what_a_box_finds_is_kept_and_the_newest_question_wins(
    office: Office, boxes: list[Box]
) -> None:
    first = tell(office, boxes[0], Diagnose())
    second = tell(office, boxes[0], Diagnose(), LATER)
    hear(office, boxes[0], found_for(second.command.id, name="second"))
    assert kept(office, boxes[0]) == "second"
    hear(office, boxes[0], found_for(first.command.id, name="first"))
    assert kept(office, boxes[0]) == "second"
    hear(office, boxes[0], found_for(second.command.id, name="again"))
    assert kept(office, boxes[0]) == "again"


def test_what_nobody_asked_of_this_box_is_not_kept(office: Office, boxes: list[Box]) -> None:
    asked = tell(office, boxes[0], Diagnose())
    tone = tell(office, boxes[1], TestTone())
    hear(office, boxes[1], found_for(asked.command.id))
    hear(office, boxes[1], found_for(tone.command.id))
    hear(office, boxes[1], found_for("made-up"))
    with pytest.raises(ControllerError) as refusal:
        kept(office, boxes[1])
    assert refusal.value.code == "no_diagnosis"


def test_only_the_box_itself_may_speak_for_itself(boxes: list[Box]) -> None:
    said = encode(found_for("c1"))
    mine, other = boxes
    true = seal(said, kind=Kind.DIAGNOSIS, kid=mine.did, key=mine.key)
    public = mine.key.public_key()
    assert read_own(mine.did, public, true, Kind.DIAGNOSIS, Diagnosis) == found_for("c1")
    for forged in (
        seal(said, kind=Kind.DIAGNOSIS, kid=mine.did, key=other.key),
        seal(said, kind=Kind.REPORT, kid=mine.did, key=mine.key),
        said,
    ):
        with pytest.raises(Untrusted):
            read_own(mine.did, public, forged, Kind.DIAGNOSIS, Diagnosis)
    with pytest.raises(Untrusted):
        read_own(mine.did, None, true, Kind.DIAGNOSIS, Diagnosis)


def test_no_order_goes_to_a_box_that_nobody_knows(office: Office, boxes: list[Box]) -> None:
    with office.database.write() as session:
        session.get_one(tables.Device, boxes[0].did).retired_ms = to_ms(NOW)
    with pytest.raises(NotFound):
        tell(office, boxes[0], Reboot())
