"""What is let in: signed, granted, newer, for this box."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Alert, AlertList, Ended, Severity, Spoken
from edge_agent.contract.commands import Stop
from edge_agent.contract.desired import DataBudget, Desired, QuietHours
from edge_agent.contract.envelope import Untrusted, seal
from edge_agent.contract.state import TimeAnswer
from edge_agent.contract.trust import ROOT_KID, Kind, Placement
from edge_agent.contract.types import encode
from edge_agent.held import Held
from edge_agent.inbox import AHEAD_MS, Dropped, Inbox, Why, open_placement
from tests.edge_agent.office import DID, FAR, PROVINCE, UNIT, Office, cue

NOW = 1_795_386_600_000
CMD = topics.down(DID, "cmd")
DESIRED = topics.down(DID, "desired")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.open(tmp_path)


@pytest.fixture
def inbox(office: Office) -> Inbox:
    root = office.root.public_key()
    return Inbox(root, open_placement(office.placement(), DID, root))


def known(office: Office, **changes: Any) -> Held:
    return Held(**({"keys": office.keys()} | changes))


def why(answer: object) -> Why | None:
    return answer.why if isinstance(answer, Dropped) else None


def test_only_the_root_says_who_may_speak(office: Office, inbox: Inbox) -> None:
    keys = office.keys(5)
    forged = seal(encode(keys), kind=Kind.KEYS, kid=ROOT_KID, key=office.key)
    topic = topics.CONTROLLER_KEYS
    assert inbox.read(topic, office.sealed_keys(5), Held(), NOW) == keys
    assert why(inbox.read(topic, forged, Held(), NOW)) is Why.UNTRUSTED
    newer = Held(keys=office.keys(5))
    assert why(inbox.read(topic, office.sealed_keys(5), newer, NOW)) is Why.STALE_SERIAL
    assert why(inbox.read(topic, office.sealed_keys(4), newer, NOW)) is Why.STALE_SERIAL


def test_a_placement_is_the_roots_and_this_boxs(office: Office) -> None:
    root = office.root.public_key()
    with pytest.raises(Untrusted):
        open_placement(office.placement("zzzzzz999999"), DID, root)
    with pytest.raises(Untrusted):
        open_placement(office.placement(), DID, Ed25519PrivateKey.generate().public_key())


def moved(office: Office, *units: str, serial: int, did: str = DID) -> bytes:
    place = Placement(did, units, serial)
    return seal(encode(place), kind=Kind.PLACEMENT, kid=ROOT_KID, key=office.root)


def test_only_the_root_moves_a_box_and_only_forward(office: Office, inbox: Inbox) -> None:
    topic, there = topics.down(DID, "placement"), moved(office, "xa-khac", PROVINCE, serial=5)
    taken = inbox.read(topic, there, known(office), NOW)
    assert isinstance(taken, Placement)
    held = known(office, placement=taken)
    assert inbox.scopes(held) == ("xa-khac", PROVINCE)
    assert why(inbox.read(topic, there, held, NOW)) is Why.STALE_SERIAL
    assert why(inbox.read(topic, moved(office, UNIT, serial=4), held, NOW)) is Why.STALE_SERIAL
    forged = seal(encode(taken), kind=Kind.PLACEMENT, kid="k1", key=office.key)
    assert why(inbox.read(topic, forged, known(office), NOW)) is Why.UNTRUSTED
    other = moved(office, UNIT, serial=9, did="zzzzzz999999")
    assert why(inbox.read(topic, other, known(office), NOW)) is Why.UNTRUSTED
    assert why(inbox.read(topic, "không".encode(), known(office), NOW)) is Why.UNTRUSTED


def test_a_moved_box_hears_its_new_commune_and_no_more_the_old(
    office: Office, inbox: Inbox
) -> None:
    held = known(office, placement=Placement(DID, ("xa-khac", PROVINCE), 5))
    stop = office.command("stop", Stop(), now_ms=NOW, ident="c-1")
    for scope, heard in ((UNIT, False), ("xa-khac", True), (PROVINCE, True)):
        sealed = office.sealed(msgspec.structs.replace(stop, audience=scope), Kind.COMMAND)
        answer = inbox.read(topics.group_command(scope), sealed, held, NOW)
        assert (why(answer) is None) == heard
    of_the_old = Held(keys=office.keys(unit=UNIT), placement=held.placement)
    sealed = office.sealed(stop, Kind.COMMAND)
    assert why(inbox.read(CMD, sealed, of_the_old, NOW)) is Why.UNTRUSTED


def test_a_pairing_newer_than_the_last_move_holds(office: Office, inbox: Inbox) -> None:
    before = Held(placement=Placement(DID, ("xa-khac",), 1))
    of_another = Held(placement=Placement("zzzzzz999999", ("xa-khac",), 9))
    assert inbox.scopes(before) == inbox.scopes(of_another) == (UNIT, PROVINCE)


def test_desired_is_taken_only_if_newer_signed_granted_and_ours(
    office: Office, inbox: Inbox
) -> None:
    held = known(office)

    def desired(**changes: Any) -> bytes:
        fields = {"cues": (cue(office.asset(100), NOW),), "serial": 7, "now_ms": NOW} | changes
        return office.sealed(office.desired(**fields), Kind.DESIRED)

    taken = inbox.read(DESIRED, desired(), held, NOW)
    assert isinstance(taken, Desired)
    holding = known(office, desired=taken)
    assert why(inbox.read(DESIRED, desired(), holding, NOW)) is Why.STALE_SERIAL
    assert why(inbox.read(DESIRED, desired(serial=6), holding, NOW)) is Why.STALE_SERIAL
    assert isinstance(inbox.read(DESIRED, desired(serial=8), holding, NOW), Desired)
    other = desired(did="zzzzzz999999")
    assert why(inbox.read(DESIRED, other, held, NOW)) is Why.WRONG_AUDIENCE
    assert why(inbox.read(DESIRED, desired(), Held(), NOW)) is Why.UNTRUSTED
    assert why(inbox.read(DESIRED, b"", held, NOW)) is Why.EMPTY
    assert why(inbox.read(DESIRED, b"x" * 300_000, held, NOW)) is Why.TOO_LARGE
    nothing = desired(cues=())
    assert why(inbox.read(DESIRED, nothing, held, NOW)) is Why.EMPTY_WITHOUT_REASON
    said = desired(cues=(), empty_because="the zone has no programmes")
    assert isinstance(inbox.read(DESIRED, said, held, NOW), Desired)


@pytest.mark.parametrize(
    "strange",
    [
        {"quiet_hours": QuietHours("21:00", "05:00", "Mars/Olympus")},
        {"data": DataBudget(1_000_000, "Mars/Olympus")},
    ],
)
def test_a_desired_that_cannot_be_followed_is_not_taken(
    office: Office, inbox: Inbox, strange: dict[str, Any]
) -> None:
    plain = office.desired((cue(office.asset(100), NOW),), serial=1, now_ms=NOW)
    lost = msgspec.structs.replace(plain, **strange)
    answer = inbox.read(DESIRED, office.sealed(lost, Kind.DESIRED), known(office), NOW)
    assert why(answer) is Why.UNREADABLE


@pytest.mark.parametrize("day", ["2026-13-45", "2026-02-30", "0000-01-01", "9999-12-31"])
def test_a_plan_of_days_that_no_calendar_has_is_not_taken(
    office: Office, inbox: Inbox, day: str
) -> None:
    plain = office.desired((cue(office.asset(100), NOW),), serial=1, now_ms=NOW)
    (page,) = plain.manifest.pages
    pages = (page, msgspec.structs.replace(page, date=day))
    manifest = msgspec.structs.replace(plain.manifest, pages=pages)
    lost = msgspec.structs.replace(plain, manifest=manifest)
    answer = inbox.read(DESIRED, office.sealed(lost, Kind.DESIRED), known(office), NOW)
    assert why(answer) is Why.UNREADABLE


@pytest.mark.parametrize("topic", [CMD, topics.group_command(UNIT), topics.group_command(PROVINCE)])
def test_a_command_is_for_whom_its_topic_says(office: Office, inbox: Inbox, topic: str) -> None:
    audience = DID if topic == CMD else topic.split("/")[3]
    plain = office.command("stop", Stop(), now_ms=NOW, ident="c-1")
    right = msgspec.structs.replace(plain, audience=audience)
    wrong = msgspec.structs.replace(plain, audience="xa-khac")
    held = known(office)
    assert inbox.read(topic, office.sealed(right, Kind.COMMAND), held, NOW) == right
    answer = inbox.read(topic, office.sealed(wrong, Kind.COMMAND), held, NOW)
    assert why(answer) is Why.WRONG_AUDIENCE


def test_an_order_to_a_unit_may_come_to_the_box_alone(office: Office, inbox: Inbox) -> None:
    stop = msgspec.structs.replace(
        office.command("stop", Stop(), now_ms=NOW, ident="c-2"), audience=UNIT
    )
    sealed = office.sealed(stop, Kind.COMMAND)
    assert inbox.read(CMD, sealed, known(office), NOW) == stop


def test_a_key_of_another_commune_is_not_heard(office: Office, inbox: Inbox) -> None:
    command = office.sealed(office.command("stop", Stop(), now_ms=NOW, ident="c"), Kind.COMMAND)
    foreign = Held(keys=office.keys(unit="xa-khac"))
    assert why(inbox.read(CMD, command, foreign, NOW)) is Why.UNTRUSTED


def test_a_command_is_no_alert_and_an_alert_no_command(office: Office, inbox: Inbox) -> None:
    alerts = office.sealed(office.alerts(serial=1, now_ms=NOW), Kind.ALERT)
    assert why(inbox.read(CMD, alerts, known(office), NOW)) is Why.UNTRUSTED


def test_alerts_have_a_serial_for_each_issuer_and_scope(office: Office, inbox: Inbox) -> None:
    alerts = office.alerts(serial=3, now_ms=NOW)
    sealed = office.sealed(alerts, Kind.ALERT)
    topic = topics.group_alert(UNIT, "province")
    assert inbox.read(topic, sealed, known(office), NOW) == alerts
    held = known(office, alerts={("province", UNIT): alerts})
    assert why(inbox.read(topic, sealed, held, NOW)) is Why.STALE_SERIAL
    elsewhere = topics.group_alert(PROVINCE, "province")
    assert why(inbox.read(elsewhere, sealed, known(office), NOW)) is Why.WRONG_AUDIENCE
    other = topics.group_alert(UNIT, "commune")
    assert why(inbox.read(other, sealed, known(office), NOW)) is Why.WRONG_AUDIENCE


@pytest.mark.parametrize(
    ("issuer", "ids", "ended", "obeyed"),
    [
        ("xa", ("xa.1",), ("xa.0",), True),
        ("province", ("province.1",), (), False),
        ("xa", ("province.1",), (), False),
        ("xa", (), ("province.1",), False),
        ("xa", ("xa1",), (), False),
    ],
)
def test_a_key_that_is_bound_speaks_for_its_issuer_alone(
    office: Office,
    inbox: Inbox,
    issuer: str,
    ids: tuple[str, ...],
    ended: tuple[str, ...],
    obeyed: bool,
) -> None:
    (key,) = office.keys().keys
    bound = replace(office.keys(), keys=(replace(key, issuer="xa"),))
    alerts = tuple(
        Alert(i, 1, Severity.SEVERE, (), NOW, NOW + 60_000, 60, (Spoken("vi"),)) for i in ids
    )
    told = AlertList(issuer, UNIT, 3, NOW, alerts, tuple(Ended(i, 1) for i in ended))
    topic = topics.group_alert(UNIT, issuer)
    answer = inbox.read(topic, office.sealed(told, Kind.ALERT), Held(keys=bound), NOW)
    assert answer == told if obeyed else why(answer) is Why.NOT_ITS_OWN


def test_nobody_supersedes_the_alert_of_another_issuer(office: Office, inbox: Inbox) -> None:
    (key,) = office.keys().keys
    bound = replace(office.keys(), keys=(replace(key, issuer="xa"),))
    usurper = Alert(
        "xa.1", 1, Severity.SEVERE, (), NOW, NOW + 60_000, 60, (Spoken("vi"),),
        supersedes=("province.1",),
    )  # fmt: skip
    told = AlertList("xa", UNIT, 3, NOW, (usurper,))
    topic = topics.group_alert(UNIT, "xa")
    answer = inbox.read(topic, office.sealed(told, Kind.ALERT), Held(keys=bound), NOW)
    assert why(answer) is Why.NOT_ITS_OWN


def test_a_stolen_key_cannot_shut_the_office_out_for_ever(office: Office, inbox: Inbox) -> None:
    far = NOW + AHEAD_MS + 1
    desired = office.desired((), serial=far, now_ms=NOW, empty_because="stolen")
    sealed = office.sealed(desired, Kind.DESIRED)
    assert why(inbox.read(DESIRED, sealed, known(office), NOW)) is Why.SERIAL_AHEAD
    assert isinstance(inbox.read(DESIRED, sealed, known(office), NOW + 1), Desired)
    alerts = office.sealed(office.alerts(serial=far, now_ms=NOW), Kind.ALERT)
    answer = inbox.read(topics.group_alert(UNIT, "province"), alerts, known(office), NOW)
    assert why(answer) is Why.SERIAL_AHEAD


def test_an_expired_key_orders_nothing_new(office: Office, inbox: Inbox) -> None:
    sealed = office.sealed(office.command("stop", Stop(), now_ms=NOW, ident="c"), Kind.COMMAND)
    assert why(inbox.read(CMD, sealed, known(office), FAR + 1)) is Why.UNTRUSTED


@pytest.mark.parametrize(
    ("word", "kind", "message"),
    [("ack", Kind.ACK, ReportAck("s", 4)), ("time", Kind.TIME, TimeAnswer("n", NOW))],
)
def test_receipts_and_time_are_signed(
    office: Office, inbox: Inbox, word: str, kind: Kind, message: Any
) -> None:
    topic = topics.down(DID, word)
    assert inbox.read(topic, office.sealed(message, kind), known(office), NOW) == message
    assert why(inbox.read(topic, encode(message), known(office), NOW)) is Why.UNTRUSTED


@pytest.mark.parametrize(
    "topic",
    ["loa/v1/c/other", topics.down("zzzzzz999999", "cmd"), topics.group_command("xa-khac"), "x"],
)
def test_other_topics_are_dropped(office: Office, inbox: Inbox, topic: str) -> None:
    sealed = office.sealed(office.command("stop", Stop(), now_ms=NOW, ident="c"), Kind.COMMAND)
    assert why(inbox.read(topic, sealed, known(office), NOW)) is Why.UNKNOWN_TOPIC
