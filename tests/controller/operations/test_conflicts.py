"""Conflicts as an officer meets them: found in the database, also beside the chosen zones."""

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from controller.operations.conflicts import conflicts_of
from controller.storage import tables
from controller.storage.programmes import Planned
from schedules.conflicts import Conflict, Kind
from schedules.programme import Programme
from schedules.template import chosen_alone
from schedules.timing import Timing
from schedules.types import BulletinId, ProgrammeId, ZoneId
from tests.controller.office import NOW, RULES, Box, Office

SIX = datetime(2026, 8, 11, 6)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def zone_of(box: Box) -> ZoneId:
    return ZoneId(box.village.cluster_id.replace("cum-", "vung-"))


def wanted(bulletin: str, *zones: ZoneId, start: datetime = SIX, **when: object) -> Planned:
    timing = Timing(start, RULES.time_zone, **when)  # type: ignore[arg-type]
    programme = Programme(
        ProgrammeId("moi"), "Tin mới", zones, timing, chosen_alone((BulletinId(bulletin),))
    )
    return Planned(programme, "moi@loalang", 0, "Cô Lan", 0, "Cô Lan", 0)


def found(office: Office, planned: Planned) -> list[Conflict]:
    with office.database.read() as session:
        return list(conflicts_of(session, planned, RULES, NOW))


def only(kind: Kind, conflicts: list[Conflict]) -> Conflict:
    (conflict,) = [each for each in conflicts if each.kind is kind]
    return conflict


def test_it_is_looked_at_beside_what_stands_and_nothing_is_kept(office: Office) -> None:
    (box,) = office.boxes(1)
    standing, new = office.approved(title="Tin cũ"), office.approved("Tin khác.", title="Khác")
    office.scheduled(standing, [box], NOW + timedelta(hours=22))
    clash = only(Kind.OVERLAP, found(office, wanted(new, zone_of(box))))
    assert "«Tin mới» và «Tin cũ»" in clash.vi
    assert clash.mend.start == time(6, 1)
    with office.database.read() as session:
        assert session.get(tables.PlannedPlay, ("moi", "moi")) is None
    assert not [
        c
        for c in found(office, wanted(new, zone_of(box), start=SIX + timedelta(hours=1)))
        if c.kind is Kind.OVERLAP
    ]


def test_a_horn_of_another_village_that_is_heard_here_is_looked_at(office: Office) -> None:
    here, there = office.boxes(2)
    with office.database.write() as session:
        for box, north in ((here, 0.0), (there, 0.004)):
            cluster = session.get_one(tables.Cluster, box.village.cluster_id)
            cluster.latitude, cluster.longitude, cluster.radius_m = 14.6 + north, 107.9, 400
    standing, new = office.approved(title="Tin cũ"), office.approved("Tin khác.", title="Khác")
    office.scheduled(standing, [there], NOW + timedelta(hours=22))
    clash = only(Kind.EARSHOT, found(office, wanted(new, zone_of(here))))
    assert "cách nhau 445 m" in clash.vi
    with office.database.write() as session:
        session.get_one(tables.Cluster, there.village.cluster_id).radius_m = 30
    assert not [c for c in found(office, wanted(new, zone_of(here))) if c.kind is Kind.EARSHOT]


def test_what_airs_only_next_year_is_looked_at_next_year(office: Office) -> None:
    (box,) = office.boxes(1)
    new = office.approved(title="Khác")
    far = wanted(new, zone_of(box), start=datetime(2027, 2, 6, 6))
    expired = only(Kind.EXPIRED, found(office, far))
    assert expired.vi == "«Khác» hết hiệu lực trước buổi 06:00 06/02/2027."


def test_a_rule_that_gives_no_day_any_more_never_plays(office: Office) -> None:
    (box,) = office.boxes(1)
    began = SIX - timedelta(days=9)
    over = {"rules": ("FREQ=DAILY",), "valid_until": (SIX - timedelta(days=8)).date()}
    spent = wanted(office.approved(), zone_of(box), start=began, **over)
    assert [each.kind for each in found(office, spent)] == [Kind.NEVER]


def test_a_village_whose_box_was_retired_has_no_loudspeaker(office: Office) -> None:
    (box,) = office.boxes(1)
    new = office.approved()
    with office.database.write() as session:
        session.get_one(tables.Device, box.did).retired_ms = 1
    assert (
        only(Kind.NO_LOUDSPEAKER, found(office, wanted(new, zone_of(box)))).mend.code == "install"
    )
