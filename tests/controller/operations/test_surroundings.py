from pathlib import Path

import pytest
from sqlmodel import select

from controller.errors import ControllerError, NotFound
from controller.operations.surroundings import (
    Surroundings,
    set_surroundings,
    show_surroundings,
)
from controller.storage import places, tables
from schedules.airtime import PlaceKind
from tests.controller.office import NOW, Office

CLUSTER, ZONE = "cum-23500-1", "vung-23500-1"
NEAR = Surroundings((PlaceKind.SCHOOL, PlaceKind.CHURCH), 14.5, 107.9, 300)


@pytest.fixture
def village(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.boxes(2)
    with office.database.write() as session:
        for item in session.exec(select(tables.WorkItem)):
            session.delete(item)
    return office


def test_what_stands_around_a_cluster_reaches_the_law_of_its_zone_alone(village: Office) -> None:
    kept = set_surroundings(village.database, CLUSTER, NEAR, "Cô Lan", NOW)

    assert kept == Surroundings((PlaceKind.CHURCH, PlaceKind.SCHOOL), 14.5, 107.9, 300)
    with village.database.read() as session:
        assert places.places_near(session, {CLUSTER}) == {"church", "school"}
        assert session.exec(select(tables.WorkItem.key)).all() == [ZONE]


def test_a_cluster_marked_sensitive_without_a_word_is_near_some_other_place(
    village: Office,
) -> None:
    with village.database.write() as session:
        session.get_one(tables.Cluster, CLUSTER).sensitive = True
    with village.database.read() as session:
        assert show_surroundings(session, CLUSTER).places == (PlaceKind.OTHER,)
    nowhere = Surroundings((), None, None, None)
    assert set_surroundings(village.database, CLUSTER, nowhere, "Cô Lan", NOW) == nowhere


def test_half_a_point_and_an_unknown_cluster_are_refused(village: Office) -> None:
    half = Surroundings((), 14.5, None, None)
    with pytest.raises(ControllerError) as refusal:
        set_surroundings(village.database, CLUSTER, half, "Cô Lan", NOW)
    assert refusal.value.code == "half_a_point"
    with pytest.raises(NotFound):
        set_surroundings(village.database, "cum-0", NEAR, "Cô Lan", NOW)
