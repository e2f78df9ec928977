from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from controller.errors import ControllerError, NotFound
from controller.operations.day_calendar import (
    drop_calendar,
    named_days,
    set_calendar,
    show_calendar,
    swap_day,
    take_back_swap,
)
from controller.operations.unit_rules import Whose
from controller.storage import places, programmes, tables
from controller.storage.instants import to_ms
from schedules.day_calendar import DayCalendar, Season, Swap
from schedules.holidays import DEFAULT_CALENDAR
from schedules.programme import Programme
from schedules.template import Template
from schedules.timing import Timing
from schedules.types import ProgrammeId, ZoneId
from tests.controller.office import NOW, RULES, Office

COMMUNE, PROVINCE, VILLAGE = "dv-23500", "dv-00051", "thon-23500-1"
SWAP = Swap(date(2026, 8, 31), working=False, note="Hoán đổi với 22/8")
LATE_RAIN = DayCalendar(seasons=(Season("fire", (12, 1), (5, 31)),))


@pytest.fixture
def villages(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.boxes(4)
    return office


def held(office: Office, unit: str) -> tuple[DayCalendar, Whose]:
    with office.database.read() as session:
        found = show_calendar(session, unit, RULES, NOW)
    return found.calendar, found.source.whose


def test_a_unit_has_the_default_the_one_above_or_its_own(villages: Office) -> None:
    assert held(villages, VILLAGE) == (DEFAULT_CALENDAR, Whose.DEFAULT)
    set_calendar(villages.database, PROVINCE, LATE_RAIN, "Cô Lan", NOW, RULES)
    assert held(villages, VILLAGE) == (LATE_RAIN, Whose.INHERITED)
    assert held(villages, PROVINCE) == (LATE_RAIN, Whose.OWN)


def test_a_swap_keeps_what_held_until_now(villages: Office) -> None:
    set_calendar(villages.database, PROVINCE, LATE_RAIN, "Cô Lan", NOW, RULES)
    set_ = swap_day(villages.database, COMMUNE, SWAP, "Anh Bình", NOW, RULES)
    assert set_.held.calendar == replace(LATE_RAIN, swaps=(SWAP,))
    assert (set_.held.source.whose, set_.held.source.set_by) == (Whose.OWN, "Anh Bình")
    assert held(villages, PROVINCE)[0] == LATE_RAIN

    working = replace(SWAP, working=True)
    again = swap_day(villages.database, COMMUNE, working, "Anh Bình", NOW, RULES)
    assert again.held.calendar.swaps == (working,)


def test_swaps_stand_in_order_and_can_be_taken_back(villages: Office) -> None:
    earlier = Swap(date(2026, 8, 22), working=True)
    for swap in (SWAP, earlier):
        swap_day(villages.database, PROVINCE, swap, "Cô Lan", NOW, RULES)
    assert held(villages, PROVINCE)[0].swaps == (earlier, SWAP)

    take_back_swap(villages.database, PROVINCE, SWAP.day, "Cô Lan", NOW, RULES)
    assert held(villages, PROVINCE)[0].swaps == (earlier,)
    with pytest.raises(NotFound, match="2026-08-31"):
        take_back_swap(villages.database, PROVINCE, SWAP.day, "Cô Lan", NOW, RULES)


def test_who_sets_a_provinces_calendar_hears_whom_it_does_not_reach(villages: Office) -> None:
    set_calendar(villages.database, COMMUNE, LATE_RAIN, "Anh Bình", NOW, RULES)
    done = swap_day(villages.database, PROVINCE, SWAP, "Cô Lan", NOW, RULES)
    assert done.own_below == ("Xã Đăk Hà",)

    back = drop_calendar(villages.database, COMMUNE, "Anh Bình", NOW, RULES)
    assert back.held.calendar.swaps == (SWAP,)
    with pytest.raises(ControllerError) as refusal:
        drop_calendar(villages.database, COMMUNE, "Anh Bình", NOW, RULES)
    assert refusal.value.code == "no_own_rule"


def plant(office: Office, season: str) -> None:
    programme = Programme(
        ProgrammeId("p1"),
        "Phòng cháy rừng",
        (ZoneId("vung-23500-1"),),
        Timing(datetime(2026, 8, 1, 6), "Asia/Ho_Chi_Minh", ("FREQ=DAILY",), seasons=(season,)),
        Template(()),
    )
    at = to_ms(NOW)
    with office.database.write() as session:
        assert "vung-23500-1" in places.zones(session)
        planned = programmes.Planned(programme, "p1@loalang", 0, "Cô Lan", at, "Cô Lan", at)
        programmes.add(session, planned)


def test_a_season_that_a_programme_needs_does_not_go(villages: Office) -> None:
    plant(villages, "storm")
    with pytest.raises(ControllerError, match="Phòng cháy rừng") as refusal:
        set_calendar(villages.database, PROVINCE, LATE_RAIN, "Cô Lan", NOW, RULES)
    assert refusal.value.code == "season_in_use"
    assert held(villages, PROVINCE) == (DEFAULT_CALENDAR, Whose.DEFAULT)
    set_calendar(villages.database, "dv-23455", LATE_RAIN, "Cô Lan", NOW, RULES)


def test_dropping_a_calendar_keeps_the_seasons_too(villages: Office) -> None:
    own = DayCalendar(seasons=(*DEFAULT_CALENDAR.seasons, Season("coffee", (10, 1), (12, 31))))
    set_calendar(villages.database, COMMUNE, own, "Cô Lan", NOW, RULES)
    plant(villages, "coffee")
    with pytest.raises(ControllerError, match="coffee"):
        drop_calendar(villages.database, COMMUNE, "Cô Lan", NOW, RULES)
    assert held(villages, COMMUNE) == (own, Whose.OWN)


def test_an_unknown_unit_has_no_calendar(villages: Office) -> None:
    for change in (set_calendar, swap_day):
        given = LATE_RAIN if change is set_calendar else SWAP
        with pytest.raises(NotFound):
            change(villages.database, "dv-0", given, "Cô Lan", NOW, RULES)  # type: ignore[operator]


def test_the_zones_are_planned_again_and_screens_are_told(villages: Office) -> None:
    swap_day(villages.database, COMMUNE, SWAP, "Cô Lan", NOW, RULES)
    with villages.database.read() as session:
        assert "plan" in session.exec(select(tables.WorkItem.kind)).all()
        told = select(tables.Event.body).where(tables.Event.kind == "day_calendar")
        assert session.exec(told).all() == [{"unit": COMMUNE, "by": "Cô Lan"}]


def test_the_days_of_a_year_are_named_with_their_lunar_dates() -> None:
    days = {each.day: each for each in named_days(DEFAULT_CALENDAR, 2026)}
    tet = days[date(2026, 2, 17)]
    assert (tet.vi, str(tet.lunar), tet.working) == ("Tết Nguyên Đán", "1/1", False)
    saturday = days[date(2026, 8, 22)]
    assert (saturday.vi, saturday.working) == ("", True)
    assert date(2026, 8, 19) not in days
    assert date(2026, 8, 15) not in days
