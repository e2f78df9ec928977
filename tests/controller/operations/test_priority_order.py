"""Two ưu tiên bulletins want to be first: asked once, decided by a person or by the time limit."""

from datetime import timedelta

import pytest

from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import is_being_planned
from controller.operations.priority_order import (
    TimeLimit,
    decide_order,
    decided_orders,
    lapse_questions,
    note_questions,
    show_questions,
)
from controller.operations.review_bulletin import withdraw_bulletin
from controller.storage import events
from controller.storage.instants import to_ms
from schedules.recurrence import Occurrence
from schedules.rundown import Rundown
from schedules.types import BulletinId, ZoneId, utc_instant
from schedules.zone_plan import Question
from tests.controller.office import NOW, Office
from tests.schedules.plans import programme

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
COMMUNE = "dv-23500"
FIRST, FOURTH = "vung-23500-1", "vung-23500-2"


def question(*bulletins: str, after: timedelta = 9 * HOUR) -> Question:
    start = utc_instant(NOW + after)
    slot = programme()
    occurrence = Occurrence(slot.id, start.replace(tzinfo=None), start.date(), start)
    rundown = Rundown(slot, occurrence, ZoneId(FIRST), ())
    return Question(rundown, tuple(BulletinId(b) for b in bulletins))


def note(office: Office, zone_id: str, *questions: Question) -> None:
    with office.database.write() as session:
        note_questions(session, zone_id, questions, NOW)


def told(office: Office) -> list[object]:
    with office.database.read() as session:
        return [e.body["what"] for e in events.after(session, 0) if e.kind == "priority_question"]


@pytest.fixture
def two(office: Office) -> tuple[str, str]:
    """Two approved bulletins in an office of four villages, two of them in one commune."""
    office.boxes(4)
    return (
        office.approved("Tiêm chủng sáng thứ hai."),
        office.approved("Họp thôn tối thứ hai."),
    )


def only(office: Office) -> str:
    with office.database.read() as session:
        (shown,) = show_questions(session, NOW)
        return shown.question.id


def test_two_villages_of_a_commune_ask_one_question_once(
    office: Office, two: tuple[str, str]
) -> None:
    a, b = two
    note(office, FIRST, question(a, b))
    note(office, FOURTH, question(a, b), question(a, b, after=33 * HOUR))

    with office.database.read() as session:
        (shown,) = show_questions(session, NOW)
    assert (shown.question.unit_id, shown.unit.split()[0]) == (COMMUNE, "Xã")
    assert shown.titles == ((a, "Tiêm chủng sáng thứ hai"), (b, "Họp thôn tối thứ hai"))
    assert shown.question.decide_by_ms == to_ms(NOW + 2 * HOUR)
    assert not shown.moot
    assert told(office) == ["asked"]


def test_a_sooner_session_brings_the_time_limit_forward(
    office: Office, two: tuple[str, str]
) -> None:
    note(office, FIRST, question(*two))
    note(office, FOURTH, question(*two, after=HOUR))

    with office.database.read() as session:
        (shown,) = show_questions(session, NOW)
    assert shown.question.session_ms == to_ms(NOW + HOUR)
    assert shown.question.decide_by_ms == to_ms(NOW + 30 * MINUTE)


def test_no_question_is_due_before_it_was_asked() -> None:
    assert TimeLimit().decide_by(NOW, NOW + MINUTE) == NOW
    soon = TimeLimit(wait=5 * MINUTE, ahead=timedelta())
    assert soon.decide_by(NOW, NOW + HOUR) == NOW + 5 * MINUTE
    assert soon.decide_by(NOW, NOW + MINUTE) == NOW + MINUTE


def test_what_a_person_decides_holds_and_says_who(office: Office, two: tuple[str, str]) -> None:
    a, b = two
    note(office, FIRST, question(a, b))

    decide_order(office.database, only(office), [b, a], "Cô Lan", NOW + MINUTE)

    with office.database.read() as session:
        assert decided_orders(session, ("thon-23500-1", COMMUNE, "dv-00051")) == ((b, a),)
        assert decided_orders(session, ("dv-23455",)) == ()
        (shown,) = show_questions(session, NOW)
    assert shown.question.decided_by == "Cô Lan"
    assert [bulletin for bulletin, _ in shown.titles] == [b, a]
    assert lapse_questions(office.database, NOW + 5 * HOUR) == 0
    assert told(office) == ["asked", "decided"]


def test_a_decision_is_changed_only_by_somebody_who_knows_of_it(
    office: Office, two: tuple[str, str]
) -> None:
    a, b = two
    note(office, FIRST, question(a, b))
    asked = only(office)
    decide_order(office.database, asked, [b, a], "Cô Lan", NOW)

    with pytest.raises(ControllerError, match="Cô Lan decided the order"):
        decide_order(office.database, asked, [a, b], "Anh Tú", NOW)
    decide_order(office.database, asked, [a, b], "Anh Tú", NOW + MINUTE, again=True)

    with office.database.read() as session:
        assert decided_orders(session, (COMMUNE,)) == ((a, b),)


def test_the_declared_default_holds_after_the_time_limit_and_may_still_be_changed(
    office: Office, two: tuple[str, str]
) -> None:
    a, b = two
    note(office, FIRST, question(a, b))

    assert lapse_questions(office.database, NOW + HOUR) == 0
    assert lapse_questions(office.database, NOW + 2 * HOUR) == 1
    assert lapse_questions(office.database, NOW + 3 * HOUR) == 0

    with office.database.read() as session:
        (shown,) = show_questions(session, NOW)
        assert decided_orders(session, (COMMUNE,)) == ((a, b),)
    assert (shown.question.decided, shown.question.decided_by) == ([a, b], "")
    assert told(office) == ["asked", "lapsed"]
    decide_order(office.database, only(office), [b, a], "Cô Lan", NOW + 4 * HOUR)
    with office.database.read() as session:
        assert decided_orders(session, (COMMUNE,)) == ((b, a),)


def test_the_newest_decision_has_the_last_word(office: Office, two: tuple[str, str]) -> None:
    a, b = two
    c = office.approved("Cảnh báo cháy rừng.")
    note(office, FIRST, question(a, b), question(a, b, c))
    with office.database.read() as session:
        ids = {len(s.question.bulletins): s.question.id for s in show_questions(session, NOW)}

    decide_order(office.database, ids[2], [b, a], "Cô Lan", NOW)
    decide_order(office.database, ids[3], [c, a, b], "Cô Lan", NOW + MINUTE)

    with office.database.read() as session:
        assert decided_orders(session, (COMMUNE,)) == ((b, a), (c, a, b))


def test_no_time_limit_overrules_a_person(office: Office, two: tuple[str, str]) -> None:
    a, b = two
    c = office.approved("Cảnh báo cháy rừng.")
    note(office, FIRST, question(a, b), question(a, b, c))
    with office.database.read() as session:
        ids = {len(s.question.bulletins): s.question.id for s in show_questions(session, NOW)}

    decide_order(office.database, ids[2], [b, a], "Cô Lan", NOW)
    assert lapse_questions(office.database, NOW + 3 * HOUR) == 1

    with office.database.read() as session:
        assert decided_orders(session, (COMMUNE,)) == ((a, b, c), (b, a))


def test_only_the_zones_of_the_commune_are_planned_anew(
    office: Office, two: tuple[str, str]
) -> None:
    note(office, FIRST, question(*two))
    office.publish()

    decide_order(office.database, only(office), two[::-1], "Cô Lan", NOW)

    with office.database.read() as session:
        assert is_being_planned(session, [FIRST])
        assert is_being_planned(session, [FOURTH])
        assert not is_being_planned(session, ["vung-23455-1", "vung-23534-1"])


def test_an_order_names_every_bulletin_once_and_in_time(
    office: Office, two: tuple[str, str]
) -> None:
    a, b = two
    note(office, FIRST, question(a, b))
    asked = only(office)

    for wrong in ([a], [a, a], [a, b, b], []):
        with pytest.raises(ControllerError) as refused:
            decide_order(office.database, asked, wrong, "Cô Lan", NOW)
        assert refused.value.code == "order_incomplete"
    with pytest.raises(ControllerError, match="has begun"):
        decide_order(office.database, asked, [b, a], "Cô Lan", NOW + 9 * HOUR)
    with pytest.raises(NotFound):
        decide_order(office.database, "none", [b, a], "Cô Lan", NOW)


def test_a_question_whose_bulletin_was_withdrawn_is_moot(
    office: Office, two: tuple[str, str]
) -> None:
    note(office, FIRST, question(*two))
    withdraw_bulletin(office.database, two[0], "Cô Lan", "nhầm ngày", NOW)

    with office.database.read() as session:
        (shown,) = show_questions(session, NOW)
        assert shown.moot
        assert show_questions(session, NOW, ["dv-23455"]) == []
        assert len(show_questions(session, NOW, [COMMUNE])) == 1
