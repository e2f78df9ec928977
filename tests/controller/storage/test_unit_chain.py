"""Who stands above a place: read for all places at once as for each alone."""

from datetime import date

import pytest
from sqlmodel import Session, select

from controller.storage.tables import Unit
from controller.storage.unit_chain import Chains, chain_on
from schedules.errors import ScheduleError
from tests.controller.office import Office

DAY = date(2026, 8, 10)


@pytest.fixture
def units(office: Office) -> list[str]:
    """A sample province; a village that ended and its heir, one to come, and three in disorder."""
    office.boxes(4)
    since = "2025-07-01"
    above = {"level": "village", "parent_id": "dv-23500"}
    made = [
        Unit(id="cu", name="Cũ", valid_from=since, valid_until="2026-01-01", **above),
        Unit(id="moi", name="Mới", valid_from="2026-01-01", predecessors=["cu"], **above),
        Unit(id="mai", name="Mai", valid_from="2027-01-01", predecessors=["moi"], **above),
        Unit(id="vong-1", name="Vòng 1", level="commune", valid_from=since),
        Unit(id="vong-2", name="Vòng 2", level="village", valid_from=since, parent_id="vong-1"),
        Unit(id="vong-3", name="Vòng 3", level="village", valid_from=since, parent_id="vong-2"),
    ]
    with office.database.write() as session:
        session.add_all(made)
        session.flush()
        made[3].parent_id = "vong-2"
        return [*session.exec(select(Unit.id)), "khong-co"]


def alone(session: Session, unit_id: str) -> tuple[object, ...]:
    try:
        return chain_on(session, unit_id, DAY).units
    except ScheduleError:
        return ()


@pytest.mark.parametrize("backwards", [False, True])
def test_every_chain_is_the_one_that_a_walk_from_the_place_finds(
    office: Office, units: list[str], backwards: bool
) -> None:
    with office.database.read() as session:
        chains = Chains(session, DAY)
        for unit_id in sorted(units, reverse=backwards):
            found = chains.of(unit_id)
            assert (found.units if found else ()) == alone(session, unit_id), unit_id
        assert [chains.of(each) for each in ("vong-1", "vong-3", "khong-co")] == [None] * 3
        heir = chains.of("cu")
        assert heir is not None
        assert heir.ids[:2] == ("moi", "dv-23500")
