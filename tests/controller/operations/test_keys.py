"""Keys over the years, as boxes and people see them: nothing breaks, nothing is signed twice."""

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import select

from controller.errors import ControllerError, NotFound, RootLocked, SettingsWrong
from controller.fleet.keyring import OWN, Purpose, kid_of
from controller.operations.alarms import show_alarms
from controller.operations.keys import (
    Asked,
    grant_key,
    refuse_lost_keys,
    revoke_key,
    rotate_keys,
    show_keys,
    tend_keys,
)
from controller.operations.play_now import stop_now
from controller.operations.republish import republish
from controller.operations.signed_keys import current_key_set, signed_serial
from controller.storage import events, tables
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.alert import AlertList
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import open_sealed, seal
from edge_agent.contract.trust import KeySet, Kind, public_to_text
from edge_agent.contract.types import encode
from edge_agent.inbox import Dropped, Why
from tests.controller.office import NOW, Box, Office
from tests.controller.operations.a_box import Listener, paired
from tests.controller.operations.alarm_bell import can_say, order, raised

STRANGER = Ed25519PrivateKey.generate()
STRANGER_PUBLIC = public_to_text(STRANGER.public_key())


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def tend(office: Office, now: datetime = NOW) -> None:
    tend_keys(office.database, office.authority, now)


def serial(office: Office) -> int:
    with office.database.read() as session:
        return signed_serial(session)


def states(office: Office, now: datetime = NOW) -> dict[str, str]:
    with office.database.read() as session:
        return {s.key.kid: s.state for s in show_keys(session, office.authority, now).keys}


def alarms(office: Office) -> list[str]:
    with office.database.read() as session:
        return [a.en for a in show_alarms(session, 0) if a.kind == "keys"]


def lock(office: Office) -> str:
    code = office.authority.keys.passphrase() or ""
    office.authority.keys.lock(code)
    return code


@pytest.fixture
def box(office: Office) -> Box:
    (box,) = office.boxes(1)
    office.publish()
    return box


@pytest.fixture
def listener(office: Office, box: Box) -> Listener:
    tend(office)
    listener = paired(office, box)
    listener.listen()
    # What came before its keys is retained, and comes again.
    listener.heard.clear()
    listener.listen()
    assert listener.held.desired is not None
    return listener


def test_a_connection_signs_nothing_anew(office: Office, listener: Listener) -> None:
    first = serial(office)
    for hour in range(3):
        republish(office.database, office.authority, NOW + timedelta(hours=hour))
        tend(office, NOW + timedelta(hours=hour))
    assert serial(office) == first
    assert not any(isinstance(a, KeySet | Desired) for a in listener.listen()), "nothing is newer"


def test_a_new_province_is_told_of(office: Office, listener: Listener) -> None:
    with office.database.write() as session:
        session.add(tables.Unit(id="dv-99", name="Tỉnh khác", level="province", valid_from="2026"))
    tend(office, NOW + timedelta(minutes=1))
    (keys,) = [a for a in listener.listen() if isinstance(a, KeySet)]
    assert {unit for key in keys.keys for grant in key.grants for unit in grant.units} > {"dv-99"}


def test_years_go_by_and_a_box_that_listens_never_refuses_a_plan(
    office: Office, listener: Listener
) -> None:
    """A plan that nobody touches is signed anew by each next key, with more than a day to spare."""
    signers = set()
    for week in range(1, 52 * 4):
        now = days(7 * week)
        tend(office, now)
        answers = listener.listen(to_ms(now))
        assert not any(isinstance(a, Dropped) for a in answers)
        signers.add(office.authority.kid)
    assert len(signers) == 7, "each signs for 200 days"
    assert alarms(office) == []


def test_a_box_away_for_500_days_is_back_with_one_reconnection(
    office: Office, listener: Listener
) -> None:
    for week in range(1, 72):
        tend(office, days(7 * week))
    before = listener.held.desired
    with office.database.read() as session:
        newest = session.exec(select(tables.DesiredState)).one().sealed
    did = before.did if before else ""
    now_ms = to_ms(days(500))
    refused = listener.take(topics.down(did, "desired"), newest, now_ms)
    assert isinstance(refused, Dropped)
    assert listener.held.desired == before, "the plan on its disk stays"

    with office.database.write() as session:
        keys = current_key_set(session, office.authority, days(500))
    assert isinstance(listener.take(topics.CONTROLLER_KEYS, keys or b"", now_ms), KeySet)
    assert isinstance(listener.take(topics.down(did, "desired"), newest, now_ms), Desired)


def test_rotating_makes_a_successor_that_waits_and_at_once_one_that_signs(
    office: Office, listener: Listener
) -> None:
    old = office.authority.kid
    made = rotate_keys(office.database, office.authority, OWN, "Cô Lan", days(1))
    assert [key.made_by for key in made] == ["Cô Lan"] * 2
    assert office.authority.kid == old
    assert rotate_keys(office.database, office.authority, OWN, "Cô Lan", days(1)) == ()
    listener.listen()

    (newest,) = rotate_keys(
        office.database, office.authority, [Purpose.OFFICE], "Cô Lan", days(2), at_once=True
    )

    assert office.authority.kid == newest.kid
    assert states(office, days(2))[old] == "retired"
    answers = listener.listen(to_ms(days(2)))
    assert [type(a) for a in answers] == [KeySet, Desired]
    with office.database.read() as session:
        told = [e.body for e in events.after(session, 0) if e.kind == "keys"]
    assert [body["by"] for body in told] == ["Cô Lan"] * 3


def test_a_revoked_own_key_is_replaced_at_once_and_believed_no_more(
    office: Office, listener: Listener, box: Box
) -> None:
    stolen_kid, stolen = office.authority.keys.signer(Purpose.OFFICE)
    with pytest.raises(NotFound):
        revoke_key(office.database, office.authority, "nobody", "?", "Cô Lan", NOW)

    revoke_key(office.database, office.authority, stolen_kid, "laptop lost", "Cô Lan", days(1))

    assert [type(a) for a in listener.listen()] == [KeySet, Desired]
    assert listener.held.desired is not None
    word = office.desired(box.did)
    forged = seal(
        encode(word).replace(str(word.serial).encode(), str(word.serial + 1).encode()),
        kind=Kind.DESIRED,
        kid=stolen_kid,
        key=stolen,
    )
    answer = listener.take(topics.down(box.did, "desired"), forged)
    assert isinstance(answer, Dropped)
    assert answer.why is Why.UNTRUSTED
    assert states(office)[stolen_kid] == "revoked"
    with pytest.raises(ControllerError, match="revoked before"):
        revoke_key(office.database, office.authority, stolen_kid, "again", "Cô Lan", days(1))


def test_a_commune_is_granted_what_it_asked_for_and_nothing_else(
    office: Office, listener: Listener, box: Box
) -> None:
    asked = Asked(STRANGER_PUBLIC, "UBND xã", ["cmd"], [box.village.village_id], 30)
    key = grant_key(office.database, office.authority, asked, "Cô Lan", NOW)
    assert key.kid == kid_of(STRANGER_PUBLIC)
    listener.listen()
    stop_now(office.database, office.authority, box.village.village_id, "c", "Cô Lan", NOW)
    with office.database.read() as session:
        own = session.exec(select(tables.Outbox).where(tables.Outbox.retain == False)).one()  # noqa: E712 - SQL
    opened = open_sealed(own.payload, kind=Kind.COMMAND, key_for=office.authority.public_key)
    body = opened.payload
    theirs = seal(body, kind=Kind.COMMAND, kid=key.kid, key=STRANGER)
    assert not isinstance(listener.take(own.topic, theirs), Dropped)
    word = encode(office.desired(box.did))
    forged = seal(word, kind=Kind.DESIRED, kid=key.kid, key=STRANGER)
    assert isinstance(listener.take(topics.down(box.did, "desired"), forged), Dropped)
    late = listener.take(own.topic, theirs, to_ms(days(31)))
    assert isinstance(late, Dropped)

    revoke_key(office.database, office.authority, key.kid, "over", "Cô Lan", days(1))
    listener.listen()
    assert isinstance(listener.take(own.topic, theirs), Dropped)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ["keys"]},
        {"kinds": ["placement", "cmd"]},
        {"kinds": ["ack", "cmd"]},
        {"kinds": ["time"]},
        {"kinds": []},
        {"units": []},
        {"public": "not-a-key"},
        {"days": 0},
        {"name": " "},
    ],
)
def test_what_cannot_be_granted_changes_nothing(
    office: Office, box: Box, wrong: dict[str, object]
) -> None:
    fields: dict[str, object] = {
        "public": STRANGER_PUBLIC,
        "name": "UBND xã",
        "kinds": ["cmd"],
        "units": [box.village.village_id],
        "days": 30,
    }
    ring = office.authority.keys.ring
    with pytest.raises(ControllerError):
        grant_key(office.database, office.authority, Asked(**(fields | wrong)), "Cô Lan", NOW)  # type: ignore[arg-type]
    assert office.authority.keys.ring == ring


def test_a_locked_root_says_60_days_before_it_matters(office: Office, box: Box) -> None:
    tend(office)
    code = lock(office)
    tend(office, days(300))
    assert alarms(office) == []
    tend(office, days(341))
    said = alarms(office)
    assert len(said) == 2
    assert "loalang keys rotate" in said[0]
    with pytest.raises(RootLocked):
        rotate_keys(office.database, office.authority, OWN, "Cô Lan", days(341))

    opened = office.authority.unlocked(code)
    rotate_keys(office.database, opened, OWN, "Cô Lan", days(341))
    tend(office, days(341))

    assert alarms(office) == []
    assert office.authority.root is None


def test_a_locked_root_keeps_the_boxes_what_they_know(office: Office, listener: Listener) -> None:
    lock(office)
    with office.database.write() as session:
        session.add(tables.Unit(id="dv-99", name="Tỉnh khác", level="province", valid_from="2026"))
    tend(office, NOW)
    republish(office.database, office.authority, NOW)
    assert [a for a in listener.listen() if isinstance(a, KeySet)] == []
    assert "could not be signed" in alarms(office)[0]


def test_lost_keys_are_not_made_anew_over_a_fleet(office: Office, box: Box) -> None:
    folder = office.folder / "elsewhere"
    with pytest.raises(SettingsWrong, match="keys restore"):
        refuse_lost_keys(office.database, folder)
    assert not folder.exists()


def test_an_office_without_boxes_may_begin(office: Office) -> None:
    refuse_lost_keys(office.database, office.folder / "elsewhere")


def test_what_stands_of_an_alert_outlives_the_key_that_raised_it(
    office: Office, listener: Listener, box: Box
) -> None:
    can_say(office)
    raised(office, order(box.village.village_id))
    emergency = office.authority.kid_for(Kind.ALERT)
    before = [a for a in listener.listen() if isinstance(a, AlertList)]
    revoke_key(office.database, office.authority, emergency, "laptop lost", "Cô Lan", days(0.01))
    # In the order of a broker that gives what is retained once the keys are known.
    listener.listen()
    listener.heard.clear()
    after = [a for a in listener.listen() if isinstance(a, AlertList)]
    assert [list_.alerts for list_ in after] == [list_.alerts for list_ in before]
    assert before
    assert min(a.serial for a in after) > max(b.serial for b in before)
