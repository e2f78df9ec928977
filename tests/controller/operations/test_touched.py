from datetime import timedelta

from sqlmodel import Session, select

from controller.operations.asked_work import PLAN
from controller.operations.review_bulletin import approve_bulletin, withdraw_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.touched import (
    zones_naming,
    zones_of_bulletin,
    zones_of_cluster,
    zones_of_programme,
    zones_of_units_below,
    zones_of_words,
)
from controller.storage import bulletins, programmes, tables
from controller.storage.instants import to_ms
from schedules.programme import Programme
from schedules.template import PlayByRule, PlayCart, Template
from schedules.timing import Timing
from schedules.types import CartId, ProgrammeId, ZoneId
from tests.controller.office import NOW, RULES, Box, Office

SOON = NOW + timedelta(hours=1)


def zone_of(box: Box) -> str:
    return box.village.cluster_id.replace("cum-", "vung-")


def of(session: Session, bulletin_id: str) -> frozenset[str]:
    return zones_of_bulletin(session, bulletins.load(session, bulletin_id), NOW)


def by_rule(office: Office, box: Box, *first: PlayCart) -> str:
    """A programme of one village that takes whatever its units have approved."""
    local = (SOON + timedelta(hours=7)).replace(tzinfo=None)
    programme = Programme(
        ProgrammeId("theo-luat"),
        "Bản tin sáng",
        (ZoneId(zone_of(box)),),
        Timing(local, RULES.time_zone, rules=("FREQ=DAILY",)),
        Template((*first, PlayByRule())),
    )
    with office.database.write() as session:
        at = to_ms(NOW)
        programmes.add(
            session, programmes.Planned(programme, "uid", 0, "An", at, "An", at), "created"
        )
    return programme.id


def test_a_chosen_bulletin_touches_the_zones_of_its_programmes(office: Office) -> None:
    boxes = office.boxes(3)
    chosen, other = office.approved(), office.approved("Tin khác.")
    kept = office.scheduled(chosen, boxes[:2], SOON)

    with office.database.read() as session:
        assert of(session, chosen) == {zone_of(box) for box in boxes[:2]}
        assert of(session, other) == frozenset()
        assert zones_of_programme(session, kept.planned.programme.id) == of(session, chosen)


def test_what_a_rule_may_take_touches_the_zones_below_its_owner(office: Office) -> None:
    boxes = office.boxes(6)
    mine = boxes[0]
    by_rule(office, mine)
    of_my_commune = office.approved(unit="dv-23500")
    of_another = office.approved("Tin khác.", unit="dv-23455")
    of_the_province = office.approved("Tin tỉnh.", unit="dv-00051")
    draft = submit_bulletin(office.database, Written({"vi": "Nháp."}, unit="dv-23500"), "An", NOW)

    with office.database.read() as session:
        assert of(session, of_my_commune) == {zone_of(mine)}
        assert of(session, of_the_province) == {zone_of(mine)}
        assert of(session, of_another) == frozenset()
        assert of(session, draft.id) == frozenset()


def test_what_boxes_were_told_is_touched_after_it_was_withdrawn(office: Office) -> None:
    box, _ = office.boxes(2)
    by_rule(office, box)
    bulletin = office.approved(unit="dv-23500")
    office.publish()

    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai", NOW)

    with office.database.read() as session:
        assert of(session, bulletin) == {zone_of(box)}


def test_approving_asks_for_the_zones_that_it_touches_and_no_others(office: Office) -> None:
    box, _ = office.boxes(2)
    by_rule(office, box)
    office.publish()
    draft = submit_bulletin(office.database, Written({"vi": "Tin."}, unit="dv-23500"), "An", NOW)
    with office.database.write() as session:
        for item in session.exec(select(tables.WorkItem)):
            session.delete(item)

    approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)

    with office.database.read() as session:
        asked = select(tables.WorkItem.key).where(tables.WorkItem.kind == PLAN)
        assert session.exec(asked).all() == [zone_of(box)]


def test_new_audio_touches_where_its_words_are_approved(office: Office) -> None:
    boxes = office.boxes(2)
    bulletin = office.approved("Lời này.")
    office.scheduled(bulletin, boxes[:1], SOON)

    with office.database.read() as session:
        (pin,) = bulletins.load(session, bulletin).pins
        assert zones_of_words(session, "vi", pin.spoken, NOW) == {zone_of(boxes[0])}
        assert zones_of_words(session, "sed", pin.spoken, NOW) == frozenset()
        assert zones_of_words(session, "vi", pin.spoken, NOW + timedelta(days=8)) == frozenset()


def test_zones_below_a_unit_are_also_those_of_the_units_that_it_followed(office: Office) -> None:
    office.boxes(6)
    with office.database.write() as session:
        heir = session.get_one(tables.Unit, "dv-23455")
        heir.predecessors = ["dv-23500"]
        session.add(heir)

    with office.database.read() as session:
        assert zones_of_units_below(session, ["dv-23534"]) == {"vung-23534-1", "vung-23534-2"}
        assert zones_of_units_below(session, ["dv-23455"]) == {
            "vung-23455-1",
            "vung-23455-2",
            "vung-23500-1",
            "vung-23500-2",
        }
        assert len(zones_of_units_below(session, ["dv-00051"])) == 6


def test_a_cart_touches_the_programmes_that_name_it(office: Office) -> None:
    box, other = office.boxes(2)
    by_rule(office, box, PlayCart(CartId("greeting")))

    with office.database.read() as session:
        assert zones_naming(session, "greeting") == {zone_of(box)}
        assert zones_naming(session, "greeting", "dv-23500") == {zone_of(box)}
        assert zones_naming(session, "greeting", "dv-23455") == frozenset()
        assert zones_naming(session, "vov1") == frozenset()
        assert zones_of_cluster(session, other.village.cluster_id) == {zone_of(other)}
