from datetime import datetime

import pytest

from schedules.selection import Memory, Objection, by_urgency, in_order, objection
from schedules.shelf import Notice
from schedules.template import Order, PlayByRule
from schedules.types import BulletinId, DurationMs, UtcInstant, time_zone, utc_instant
from tests.schedules.plans import DAY, HOME, at, notice

OLD = notice("cu", approved=at(-72))
MIDDLE = notice("giua", approved=at(-48))
NEW = notice("moi", approved=at(-24))
URGENT = notice("khan", approved=at(-96), priority=True)
ALL = (MIDDLE, NEW, URGENT, OLD)


def memory(aired: dict[str, list[datetime]] | None = None, waiting: str = "") -> Memory:
    heard = {
        BulletinId(name): [utc_instant(each) for each in instants]
        for name, instants in (aired or {}).items()
    }
    return Memory(heard, [BulletinId(each) for each in waiting.split()], time_zone(HOME))


def names(notices: list[Notice]) -> str:
    return " ".join(each.bulletin_id for each in notices)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.NEWEST_FIRST, "khan giua moi cu"),
        (Order.OLDEST_FIRST, "khan giua cu moi"),
        (Order.LEAST_AIRED_FIRST, "khan giua cu moi"),
    ],
)
def test_uu_tien_first_then_what_was_never_heard_and_each_as_the_rule_orders(
    order: Order, expected: str
) -> None:
    heard = memory({"moi": [at(-20), at(-10)], "cu": [at(-20)]})
    assert names(in_order(PlayByRule(order=order), ALL, heard)) == expected


def test_nothing_heard_yet() -> None:
    assert names(in_order(PlayByRule(), ALL, memory())) == "khan moi giua cu"
    oldest = PlayByRule(order=Order.OLDEST_FIRST)
    assert names(in_order(oldest, ALL, memory())) == "khan cu giua moi"


def test_what_waits_comes_before_what_is_new_and_who_waits_longest_is_first() -> None:
    waiting = memory(waiting="cu giua")
    assert names(in_order(PlayByRule(), ALL, waiting)) == "khan cu giua moi"
    waiting.hear(OLD.bulletin_id, DAY)
    assert names(in_order(PlayByRule(), ALL, waiting)) == "khan giua moi cu"


def test_what_was_heard_does_not_wait_again() -> None:
    heard = memory({"cu": [at(-20)]})
    heard.wait(OLD.bulletin_id)
    assert names(in_order(PlayByRule(), (OLD, NEW), heard)) == "moi cu"


@pytest.mark.parametrize(
    ("rule", "of", "heard", "expected"),
    [
        (PlayByRule(), NEW, {}, None),
        (PlayByRule(), notice(approved=at(6, 0, 1)), {}, Objection.NOT_YET_APPROVED),
        (PlayByRule(), notice(approved=at(6)), {}, None),
        (PlayByRule(), notice(valid_until=at(6)), {}, Objection.EXPIRED),
        (PlayByRule(topics=("y-te", "mua-vu")), NEW, {}, None),
        (PlayByRule(topics=("mua-vu",)), NEW, {}, Objection.OTHER_TOPIC),
        (PlayByRule(max_age_days=1), notice(approved=at(-18)), {}, None),
        (PlayByRule(max_age_days=1), notice(approved=at(-18, 0, -1)), {}, Objection.TOO_OLD),
        (PlayByRule(max_airings=2), NEW, {"moi": [at(-20)]}, None),
        (PlayByRule(max_airings=2), NEW, {"moi": [at(-20), at(-9)]}, Objection.AIRED_ENOUGH),
        (PlayByRule(max_airings_a_day=1), NEW, {"moi": [at(-1)]}, None),
        (PlayByRule(max_airings_a_day=1), NEW, {"moi": [at(1)]}, Objection.AIRED_ENOUGH_TODAY),
        (PlayByRule(max_ms=DurationMs(1), max_items=0), NEW, {}, None),
    ],
)
def test_whom_a_rule_takes_at_six(
    rule: PlayByRule, of: Notice, heard: dict[str, list[datetime]], expected: Objection | None
) -> None:
    assert objection(rule, of, at(6), DAY, memory(heard)) is expected


def urgent(name: str, height: int = 0, approved: int = -24) -> Notice:
    return notice(name, priority=True, height=height, approved=UtcInstant(at(approved)))


PROVINCE, EARLY, LATE = urgent("tinh", 2), urgent("som", approved=-48), urgent("muon")


def ids(*given: str) -> tuple[BulletinId, ...]:
    return tuple(BulletinId(each) for each in given)


def test_the_higher_owner_goes_first_and_then_the_earlier_approved() -> None:
    placed, decided = by_urgency((LATE, EARLY, PROVINCE), ())
    assert (names(placed), decided) == ("tinh som muon", False)
    assert by_urgency((LATE,), ()) == ([LATE], True)


def test_a_person_orders_those_that_the_decision_names() -> None:
    placed, decided = by_urgency((LATE, EARLY, PROVINCE), (ids("muon", "tinh", "gone"),))
    assert (names(placed), decided) == ("muon som tinh", False)
    placed, decided = by_urgency((LATE, EARLY, PROVINCE), (ids("muon", "som", "tinh"),))
    assert (names(placed), decided) == ("muon som tinh", True)


def test_the_later_decision_has_the_last_word() -> None:
    decisions = ids("muon", "som"), ids("som", "muon")
    assert names(by_urgency((LATE, EARLY), decisions)[0]) == "som muon"
