"""A restored, older office meets boxes that know more than it does."""

from datetime import timedelta

import pytest
from sqlmodel import select

from controller.operations.keys import tend_keys
from controller.operations.mend_rolled_back import FARTHEST_MS, mend_rolled_back
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.signed_keys import signed_serial
from controller.storage import events, tables
from controller.storage.instants import to_ms
from edge_agent.contract.state import CacheState, Clock, ClockSource, Hello, SpoolRange
from tests.controller.office import NOW, RULES, Box, Office

HOUR = timedelta(hours=1)


def hello(desired: int, keys: int = 0) -> Hello:
    cache, clock = CacheState(1, 0, "0" * 64), Clock(ClockSource.NTP)
    return Hello(1, 1, "0.6.0", 4, (), desired, keys, cache, SpoolRange("s", 1, 0), clock)


def observe(office: Office, box: Box, said: Hello) -> None:
    observe_devices(office.database, [Observation(box.did, said)], NOW)


def told(office: Office) -> int:
    with office.database.read() as session:
        return sum(e.kind == "rolled_back" for e in events.after(session, 0))


@pytest.fixture
def box(office: Office) -> Box:
    (box,) = office.boxes(1)
    office.scheduled(office.approved(), [box], NOW + HOUR)
    office.publish()
    return box


def test_what_it_says_is_planned_anew_and_then_above_what_the_box_holds(
    office: Office, box: Box
) -> None:
    before = office.desired(box.did)
    ahead = before.serial + 5_000
    observe(office, box, hello(ahead))

    assert office.planned(NOW) == (box.did,)

    after = office.desired(box.did)
    assert after.serial > ahead
    assert after.manifest == before.manifest, "nothing that is planned is lost"
    assert told(office) == 1


def test_it_is_done_once_until_the_box_has_heard(office: Office, box: Box) -> None:
    ahead = office.desired(box.did).serial + 5_000
    for _ in range(5):
        observe(office, box, hello(ahead))
    assert told(office) == 1
    office.planned(NOW)
    assert office.planned(NOW) == ()


def test_a_box_that_no_plan_is_for_is_told_too(office: Office, box: Box) -> None:
    with office.database.write() as session:
        for member in session.exec(select(tables.ZoneCluster)):
            session.delete(member)
    ahead = office.desired(box.did).serial + 5_000
    observe(office, box, hello(ahead))
    mend_rolled_back(office.database, office.authority, RULES, NOW)
    assert office.desired(box.did).serial > ahead


def test_while_a_plan_is_being_made_nothing_older_is_said(office: Office, box: Box) -> None:
    before = office.desired(box.did).serial
    observe(office, box, hello(before + 5_000))
    mend_rolled_back(office.database, office.authority, RULES, NOW)
    assert office.desired(box.did).serial == before, "the planner has it"


def test_a_serial_that_no_office_gave_out_leads_nobody_on(office: Office, box: Box) -> None:
    before = office.desired(box.did).serial
    observe(office, box, hello(to_ms(NOW) + FARTHEST_MS + 1))
    office.planned(NOW)
    assert office.desired(box.did).serial == before
    assert told(office) == 0


def test_a_newer_key_set_is_signed_over_once_in_ten_minutes(office: Office, box: Box) -> None:
    tend_keys(office.database, office.authority, NOW - HOUR)
    serial = office.desired(box.did).serial

    def mended(keys: int) -> int:
        observe(office, box, hello(serial, keys))
        mend_rolled_back(office.database, office.authority, RULES, NOW)
        with office.database.read() as session:
            return signed_serial(session)

    first = mended(to_ms(NOW - timedelta(minutes=30)))
    assert first >= to_ms(NOW)
    assert mended(first + 1) == first, "later than now: no office said that"
    assert mended(first) == first
    assert told(office) == 1
