"""A box that is moved is told by the root, once, and again by a broker that forgot."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from controller.errors import NotFound, RootLocked
from controller.operations.placements import moved, replace_placement
from controller.operations.republish import republish
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.trust import Placement
from edge_agent.inbox import Dropped
from tests.controller.office import NOW, Box, Office
from tests.controller.operations.a_box import paired

LATER = NOW + timedelta(hours=1)


def move(office: Office, box: Box, cluster_id: str | None, now: datetime = LATER) -> None:
    """Stand at another cluster, or nowhere."""
    with office.database.write() as session:
        installed = tables.Installation
        query = select(installed).where(
            installed.device_id == box.did, col(installed.until_ms).is_(None)
        )
        for standing in session.exec(query):
            standing.until_ms = to_ms(now)
        if cluster_id is not None:
            session.add(installed(device_id=box.did, cluster_id=cluster_id, from_ms=to_ms(now)))
        session.flush()
        replace_placement(session, office.authority, box.did, now)


def test_a_moved_box_belongs_to_its_new_village_without_a_visit(office: Office) -> None:
    box, other = office.boxes(2)
    listener = paired(office, box)
    before = listener.inbox.scopes(listener.held)
    move(office, box, other.village.cluster_id)

    taken = [a for a in listener.listen() if isinstance(a, Placement)]

    assert len(taken) == 1
    assert listener.inbox.scopes(listener.held)[0] == other.village.village_id
    assert before[0] == box.village.village_id
    assert before[-1] == listener.inbox.scopes(listener.held)[-1], "the province is the same"


def test_a_broker_that_forgot_is_told_again_of_moved_boxes_alone(office: Office) -> None:
    box, other = office.boxes(2)
    move(office, box, other.village.cluster_id)
    with office.database.write() as session:
        assert [did for did, _ in moved(session)] == [box.did]
        for message in session.exec(select(tables.Outbox)):
            session.delete(message)
    republish(office.database, office.authority, LATER)
    with office.database.read() as session:
        told = {message.topic for message in session.exec(select(tables.Outbox))}
    assert topics.down(box.did, "placement") in told
    assert topics.down(other.did, "placement") not in told


def test_who_stays_in_the_village_is_told_nothing(office: Office) -> None:
    (box,) = office.boxes(1)
    move(office, box, box.village.cluster_id)
    assert [a for a in paired(office, box).listen() if isinstance(a, Placement)] == []


def test_a_former_place_is_not_believed_again(office: Office) -> None:
    box, other = office.boxes(2)
    listener = paired(office, box)
    move(office, box, other.village.cluster_id)
    listener.listen()
    old = next(p for t, p in listener.heard if t.endswith("placement"))
    move(office, box, box.village.cluster_id, LATER + timedelta(hours=1))
    listener.listen()
    assert listener.inbox.scopes(listener.held)[0] == box.village.village_id
    assert isinstance(listener.take(topics.down(box.did, "placement"), old), Dropped)


def test_nowhere_is_no_place_and_a_locked_root_moves_nothing(office: Office) -> None:
    box, other = office.boxes(2)
    with pytest.raises(NotFound):
        move(office, box, None)
    office.authority.keys.lock(office.authority.keys.passphrase() or "")
    with pytest.raises(RootLocked):
        move(office, box, other.village.cluster_id)
    with office.database.read() as session:
        assert list(moved(session)) == []
