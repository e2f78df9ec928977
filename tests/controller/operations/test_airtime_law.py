from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from controller.errors import BreaksAirtimeLaw, ControllerError, NotFound
from controller.operations.airtime_law import drop_law, forecast, set_law, show_law
from controller.operations.play_now import PlayOrder, play_now
from controller.operations.schedule_programme import Repeat
from controller.operations.unit_rules import Whose
from controller.storage import tables
from controller.storage.schedule_tables import Programme
from schedules.airtime import (
    DEFAULT_AIRTIME_LAW,
    EVERY_DAY,
    Action,
    AirtimeLaw,
    Clause,
    Limit,
    PlaceRule,
    Window,
)
from schedules.types import GainDb
from tests.controller.office import NOW, RULES, Office

COMMUNE, PROVINCE = "dv-23500", "dv-00051"
MORNING = replace(
    DEFAULT_AIRTIME_LAW,
    windows=(Window(EVERY_DAY, time(6), time(7)),),
    clauses=(Clause(Limit.WINDOWS, "khoản 1 Điều 4"),),
    source_vi="Quy chế truyền thanh xã Đăk Hà",
    source_en="Dak Ha commune's rule of its loudspeakers",
)


@pytest.fixture
def lawless(tmp_path: Path) -> Office:
    office = Office(tmp_path, law=None)
    office.boxes(4)
    return office


def told(office: Office, kind: str) -> list[dict[str, object]]:
    with office.database.read() as session:
        query = select(tables.Event.body).where(tables.Event.kind == kind)
        return list(session.exec(query))


def law_of(office: Office, unit: str) -> tuple[AirtimeLaw, Whose, str]:
    with office.database.read() as session:
        held = show_law(session, unit, RULES, NOW)
    return held.law, held.source.whose, held.source.unit_name


def test_the_default_holds_until_somebody_sets_a_law(lawless: Office) -> None:
    assert law_of(lawless, COMMUNE) == (DEFAULT_AIRTIME_LAW, Whose.DEFAULT, "")

    set_law(lawless.database, PROVINCE, MORNING, "Cô Lan", NOW, RULES)

    law, whose, name = law_of(lawless, "thon-23500-1")
    assert (law, whose) == (MORNING, Whose.INHERITED)
    assert "Quảng Ngãi" in name


def test_a_communes_own_law_comes_before_the_provinces_and_can_be_dropped(
    lawless: Office,
) -> None:
    set_law(lawless.database, PROVINCE, DEFAULT_AIRTIME_LAW, "Cô Lan", NOW, RULES)
    held = set_law(lawless.database, COMMUNE, MORNING, "Anh Bình", NOW, RULES)
    assert held.source.whose is Whose.OWN
    assert (held.source.set_by, held.source.set_at) == ("Anh Bình", NOW)

    back = drop_law(lawless.database, COMMUNE, "Anh Bình", NOW, RULES)
    assert (back.law, back.source.whose) == (DEFAULT_AIRTIME_LAW, Whose.INHERITED)
    with pytest.raises(ControllerError) as refusal:
        drop_law(lawless.database, COMMUNE, "Anh Bình", NOW, RULES)
    assert refusal.value.code == "no_own_rule"
    assert [(e["unit"], e["own"]) for e in told(lawless, "airtime_law")] == [
        (PROVINCE, True),
        (COMMUNE, True),
        (COMMUNE, False),
    ]


def test_an_unknown_unit_has_no_law(lawless: Office) -> None:
    with pytest.raises(NotFound):
        set_law(lawless.database, "dv-0", MORNING, "Cô Lan", NOW, RULES)


def test_a_law_of_an_older_release_is_still_read(lawless: Office) -> None:
    set_law(lawless.database, PROVINCE, DEFAULT_AIRTIME_LAW, "Cô Lan", NOW, RULES)
    with lawless.database.write() as session:
        row = session.get_one(tables.AirtimeRule, PROVINCE)
        new = ("clauses", "by_weekday", "places")
        row.body = {name: value for name, value in row.body.items() if name not in new}
        session.add(row)
    assert law_of(lawless, PROVINCE)[0] == DEFAULT_AIRTIME_LAW


def test_a_law_is_kept_whole(lawless: Office) -> None:
    law = replace(
        MORNING,
        clauses=(Clause(Limit.LENGTH, "Điều 5", Action.FLAG),),
        places=(PlaceRule("school", (Window(frozenset({1, 3}), time(7), time(11)),), GainDb(-9)),),
    )
    set_law(lawless.database, COMMUNE, law, "Cô Lan", NOW, RULES)
    assert law_of(lawless, COMMUNE)[0] == law


def test_a_forecast_names_the_programmes_that_a_law_would_break(office: Office) -> None:
    boxes = office.boxes(4)
    noon = NOW.replace(hour=4)
    lasting = office.approved(valid_until=NOW + timedelta(days=30))
    office.scheduled(lasting, boxes, noon, kind=Repeat.DAILY, title="Bản tin trưa")
    office.scheduled(office.approved(), boxes, noon.replace(hour=23), title="Bản tin sáng")

    with office.database.read() as session:
        whole = forecast(session, PROVINCE, MORNING, RULES, NOW)
        commune = forecast(session, COMMUNE, MORNING, RULES, NOW)
        free = forecast(session, PROVINCE, replace(MORNING, windows=()), RULES, NOW)

    (noon_news,) = whole.broken
    assert (noon_news.title, noon_news.zones, noon_news.sessions) == ("Bản tin trưa", 4, 14)
    assert noon_news.first == noon
    assert "khoản 1 Điều 4, Quy chế truyền thanh xã Đăk Hà" in noon_news.breach.vi
    assert (whole.zones, whole.governed) == (4, 4)
    assert [(b.zones, b.sessions) for b in commune.broken] == [(2, 14)]
    assert free.broken == ()


def test_what_only_flags_is_forecast_too(office: Office) -> None:
    boxes = office.boxes(1)
    office.scheduled(office.approved(), boxes, NOW.replace(hour=4))
    lenient = replace(MORNING, clauses=(Clause(Limit.WINDOWS, action=Action.FLAG),))

    with office.database.read() as session:
        found = forecast(session, PROVINCE, lenient, RULES, NOW)

    assert [b.breach.action for b in found.broken] == [Action.FLAG]


def test_a_zone_that_cannot_be_planned_does_not_hide_the_others(office: Office) -> None:
    boxes = office.boxes(4)
    office.scheduled(office.approved(), boxes, NOW.replace(hour=4))
    odd = office.scheduled(office.approved(), boxes[:1], NOW.replace(hour=5)).planned
    with office.database.write() as session:
        row = session.get_one(Programme, odd.programme.id)
        row.timing = row.timing | {"seasons": ["mùa lạ"]}

    with office.database.read() as session:
        found = forecast(session, PROVINCE, MORNING, RULES, NOW)

    assert (found.zones, found.governed) == (3, 4)
    assert [b.zones for b in found.broken] == [3]


def test_what_airs_for_a_reason_is_forecast_as_flagged(office: Office) -> None:
    boxes = office.boxes(1)
    office.scheduled(office.approved(), boxes, NOW.replace(hour=4), quiet_ok="lễ xuống giống")

    with office.database.read() as session:
        (found,) = forecast(session, PROVINCE, MORNING, RULES, NOW).broken

    assert found.breach.action is Action.FLAG


def test_a_communes_own_law_takes_its_zones_from_the_provinces(office: Office) -> None:
    boxes = office.boxes(4)
    office.scheduled(office.approved(), boxes, NOW.replace(hour=4))
    set_law(office.database, COMMUNE, replace(MORNING, windows=()), "Cô Lan", NOW, RULES)

    with office.database.read() as session:
        found = forecast(session, PROVINCE, MORNING, RULES, NOW)

    assert (found.governed, [b.zones for b in found.broken]) == (2, [2])


def ordered(office: Office, unit: str, quiet_ok: str = "") -> str:
    asked = PlayOrder(office.approved(), unit, quiet_ok=quiet_ok)
    made = play_now(office.database, office.authority, asked, "Cô Lan", NOW, RULES.time_zone)
    return made.command_id


def test_who_airs_outside_the_law_and_why_is_logged(lawless: Office) -> None:
    set_law(lawless.database, COMMUNE, MORNING, "Cô Lan", NOW, RULES)

    command = ordered(lawless, COMMUNE, quiet_ok="cháy rừng gần làng")

    (event,) = told(lawless, "airtime_broken")
    assert (event["id"], event["by"], event["why"]) == (command, "Cô Lan", "cháy rừng gần làng")
    assert (event["code"], event["paragraph"]) == ("outside_windows", "khoản 1 Điều 4")


def test_a_programme_with_a_reason_is_logged_once_for_each_limit(lawless: Office) -> None:
    boxes = lawless.boxes(4)
    set_law(lawless.database, PROVINCE, MORNING, "Cô Lan", NOW, RULES)
    lasting = lawless.approved(valid_until=NOW + timedelta(days=30))
    at = NOW.replace(hour=4)

    saved = lawless.scheduled(lasting, boxes, at, kind=Repeat.DAILY, quiet_ok="lễ xuống giống")

    (event,) = told(lawless, "airtime_broken")
    assert event["id"] == saved.planned.programme.id
    assert (event["what"], event["why"], event["by"]) == ("programme", "lễ xuống giống", "Cô Lan")
    assert (event["code"], event["paragraph"]) == ("outside_windows", "khoản 1 Điều 4")


def test_what_only_flags_needs_no_reason_and_is_logged(lawless: Office) -> None:
    lenient = replace(MORNING, clauses=(Clause(Limit.WINDOWS, "Điều 4", Action.FLAG),))
    set_law(lawless.database, COMMUNE, lenient, "Cô Lan", NOW, RULES)

    ordered(lawless, COMMUNE)

    assert [event["paragraph"] for event in told(lawless, "airtime_broken")] == ["Điều 4"]


def test_a_play_for_a_province_keeps_each_communes_law(lawless: Office) -> None:
    anytime = replace(MORNING, windows=(), quiet=None)
    set_law(lawless.database, PROVINCE, anytime, "Cô Lan", NOW, RULES)
    ordered(lawless, PROVINCE)
    set_law(lawless.database, COMMUNE, MORNING, "Cô Lan", NOW, RULES)

    with pytest.raises(BreaksAirtimeLaw, match="khoản 1 Điều 4"):
        ordered(lawless, PROVINCE)


def test_no_play_beside_a_school_that_teaches(lawless: Office) -> None:
    lessons = Window(frozenset(range(1, 6)), time(7), time(11))
    law = replace(MORNING, windows=(), places=(PlaceRule("school", (lessons,)),))
    set_law(lawless.database, PROVINCE, law, "Cô Lan", NOW, RULES)
    ordered(lawless, COMMUNE)
    with lawless.database.write() as session:
        cluster = session.exec(
            select(tables.Cluster).where(tables.Cluster.unit_id == "thon-23500-1")
        ).one()
        cluster.places = ["school"]
        session.add(cluster)

    with pytest.raises(BreaksAirtimeLaw, match="gần trường học"):
        ordered(lawless, COMMUNE)


def planned(office: Office) -> list[str]:
    """Zones that wait to be planned; asked about once."""
    with office.database.write() as session:
        asked = [i for i in session.exec(select(tables.WorkItem)) if i.kind == "plan"]
        for item in asked:
            session.delete(item)
    return sorted(item.key for item in asked)


def test_only_the_zones_in_which_a_law_holds_are_planned_again(lawless: Office) -> None:
    planned(lawless)
    set_law(lawless.database, COMMUNE, MORNING, "Cô Lan", NOW, RULES)
    mine = planned(lawless)
    assert mine == ["vung-23500-1", "vung-23500-2"]
    set_law(lawless.database, PROVINCE, MORNING, "Cô Lan", NOW, RULES)
    others = planned(lawless)
    assert others == ["vung-23455-1", "vung-23534-1"]
    drop_law(lawless.database, COMMUNE, "Cô Lan", NOW, RULES)
    assert planned(lawless) == mine


def test_a_law_reaches_the_villages_of_a_commune_that_this_one_followed(lawless: Office) -> None:
    with lawless.database.write() as session:
        for unit in session.exec(select(tables.Unit).where(tables.Unit.id == COMMUNE)):
            unit.valid_until = "2026-07-01"
        session.add(
            tables.Unit(
                id="dv-new",
                name="Xã Mới",
                level="commune",
                parent_id=PROVINCE,
                valid_from="2026-07-01",
                predecessors=[COMMUNE],
            )
        )
    set_law(lawless.database, COMMUNE, DEFAULT_AIRTIME_LAW, "Cô Lan", NOW, RULES)
    planned(lawless)
    set_law(lawless.database, "dv-new", MORNING, "Cô Lan", NOW, RULES)
    assert law_of(lawless, "thon-23500-1")[0] == MORNING
    assert planned(lawless) == ["vung-23500-1", "vung-23500-2"]
