"""A programme as people handle it: made, looked at first, changed, cancelled, brought back."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlmodel import select

from controller.errors import BreaksAirtimeLaw, ControllerError, NotFound
from controller.operations.asked_work import PLAN
from controller.operations.programme_draft import Draft
from controller.operations.review_bulletin import withdraw_bulletin
from controller.operations.save_programme import (
    Saved,
    cancel_programme,
    restore_version,
    save_programme,
)
from controller.operations.show_programmes import show_programme, show_programmes
from controller.storage import events, programmes
from controller.storage.schedule_tables import ProgrammeChange
from controller.storage.tables import Unit, WorkItem
from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.errors import NeverAirs, RuleTooDense, StartInPast
from schedules.lunar import LunarRule
from schedules.precedence import Rank
from schedules.template import PlayByRule, PlayRelay, Template, chosen_alone
from schedules.timing import OnHolidays, Timing
from schedules.types import BulletinId, CartId, DurationMs, RelayId
from tests.controller.office import NOW, RULES, Box, Office

HOME = "Asia/Ho_Chi_Minh"
EVENING = datetime(2026, 8, 10, 17)
DAILY = Timing(EVENING, HOME, rules=("FREQ=DAILY",))
BY_RULE = Template((PlayByRule(),))


def draft(boxes: list[Box], **wanted: object) -> Draft:
    """A programme of whatever is approved, every evening, for these boxes' places."""
    zones = tuple(b.village.cluster_id.replace("cum-", "vung-") for b in boxes)
    return replace(Draft(zones, DAILY, BY_RULE, "Buổi chiều"), **wanted)  # type: ignore[arg-type]


def saved(office: Office, wanted: Draft, by: str = "Cô Lan", **how: object) -> Saved:
    return save_programme(office.database, wanted, by, NOW, RULES, **how)  # type: ignore[arg-type]


def stored(office: Office, programme_id: str) -> programmes.Planned:
    with office.database.read() as session:
        return programmes.load(session, programme_id)


def test_the_whole_model_is_kept_as_it_was_wanted(office: Office) -> None:
    boxes = office.boxes(2)
    timing = Timing(
        EVENING,
        HOME,
        rules=("freq=weekly; byday=mo,th",),
        dates=(datetime(2026, 8, 19, 17),),
        excluded=(datetime(2026, 8, 13, 17),),
        lunar=(LunarRule(1), LunarRule(15)),
        on_holidays=OnHolidays.SKIP,
        valid_until=datetime(2027, 1, 1).date(),
    )
    wanted = draft(
        boxes,
        timing=timing,
        duration_ms=900_000,
        rank=Rank.PRIORITY,
        quiet_ok="mùa bão",
        fallback="chime_normal",
    )

    made = saved(office, wanted)

    assert made.kept
    found = stored(office, made.planned.programme.id)
    assert found == made.planned
    assert found.programme.timing == replace(timing, rules=("FREQ=WEEKLY;BYDAY=MO,TH",))
    assert (found.programme.duration_ms, found.programme.rank) == (900_000, Rank.PRIORITY)
    assert found.uid.endswith("@loalang")
    assert (found.sequence, found.created_by) == (0, "Cô Lan")


def test_looking_first_keeps_nothing_and_says_what_would_air(office: Office) -> None:
    (box,) = office.boxes(1)
    office.approved()

    seen = saved(office, draft([box]), check_only=True)

    assert (seen.airs, seen.kept) == (True, False)
    with office.database.read() as session:
        assert programmes.standing(session) == {}
        assert session.exec(select(ProgrammeChange)).all() == []


def test_an_edit_is_a_version_and_says_who_and_when(office: Office) -> None:
    boxes = office.boxes(1)
    made = saved(office, draft(boxes))
    mine = made.planned.programme.id

    later = replace(draft(boxes), timing=replace(DAILY, start=EVENING + timedelta(minutes=30)))
    edited = saved(office, later, "Anh Tú", programme_id=mine, sequence=0)

    assert (edited.planned.sequence, edited.planned.uid) == (1, made.planned.uid)
    with office.database.read() as session:
        history = [(v.sequence, v.what, v.by) for v in programmes.versions(session, mine)]
        told = [e.body for e in events.after(session, 0) if e.kind == "programme"]
    assert history == [(0, "created", "Cô Lan"), (1, "changed", "Anh Tú")]
    assert told[-1] == {
        "id": mine,
        "state": "planned",
        "what": "changed",
        "by": "Anh Tú",
        "sequence": 1,
    }


def test_an_edit_that_changes_nothing_is_no_version(office: Office) -> None:
    boxes = office.boxes(1)
    made = saved(office, draft(boxes))

    again = saved(office, draft(boxes), "Anh Tú", programme_id=made.planned.programme.id)

    assert not again.kept
    assert stored(office, made.planned.programme.id).sequence == 0


def test_two_officers_do_not_overwrite_each_other(office: Office) -> None:
    boxes = office.boxes(1)
    mine = saved(office, draft(boxes)).planned.programme.id
    saved(office, draft(boxes, title="Của Tú"), "Anh Tú", programme_id=mine, sequence=0)

    with pytest.raises(ControllerError, match=r"Anh Tú .* 08:00 10/08/2026") as refusal:
        saved(office, draft(boxes, title="Của Lan"), programme_id=mine, sequence=0)

    assert refusal.value.code == "changed_meanwhile"
    assert stored(office, mine).programme.title == "Của Tú"


def test_a_cancelled_one_comes_back_only_by_undoing(office: Office) -> None:
    boxes = office.boxes(1)
    mine = saved(office, draft(boxes)).planned.programme.id
    cancel_programme(office.database, mine, "Anh Tú", NOW)
    cancel_programme(office.database, mine, "Y Bia", NOW)
    assert stored(office, mine).changed_by == "Anh Tú", "twice is once"

    with pytest.raises(ControllerError, match="Anh Tú đã huỷ"):
        saved(office, draft(boxes), programme_id=mine)
    back = restore_version(office.database, mine, 0, "Cô Lan", NOW, RULES)

    assert back.planned.cancelled_ms is None
    assert back.planned.sequence == 2
    with office.database.read() as session:
        assert list(programmes.standing(session)) == [mine]
        assert programmes.versions(session, mine)[-1].what == "restored 0"


def test_undo_brings_an_older_version_back_as_a_new_one(office: Office) -> None:
    boxes = office.boxes(2)
    mine = saved(office, draft(boxes)).planned.programme.id
    saved(office, draft(boxes[:1], title="Khác"), programme_id=mine)

    restore_version(office.database, mine, 0, "Cô Lan", NOW, RULES)

    found = stored(office, mine)
    assert (found.programme.title, found.sequence) == ("Buổi chiều", 2)
    assert len(found.programme.zone_ids) == 2
    with pytest.raises(NotFound):
        restore_version(office.database, mine, 9, "Cô Lan", NOW, RULES)


def test_only_the_places_that_it_leaves_or_enters_are_planned(office: Office) -> None:
    boxes = office.boxes(3)
    mine = saved(office, draft(boxes[:1])).planned.programme.id
    zones_to_plan(office)

    saved(office, draft(boxes[1:2]), programme_id=mine)

    assert zones_to_plan(office) == {*draft(boxes[:2]).zone_ids}


def zones_to_plan(office: Office) -> set[str]:
    """Zones whose planning is asked for; forgets the asking."""
    with office.database.write() as session:
        items = session.exec(select(WorkItem).where(WorkItem.kind == PLAN)).all()
        for item in items:
            session.delete(item)
    return {item.key for item in items}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"zone_ids": ("vung-khong-co",)}, "unknown_zone"),
        ({"zone_ids": ()}, "unknown_zone"),
        ({"template": Template(())}, "programme_empty"),
        ({"title": ""}, "no_title"),
        ({"rank": Rank.EMERGENCY_LIVE}, "rank_not_given"),
        ({"duration_ms": 0}, "bad_session_length"),
        ({"duration_ms": 90_000_000}, "bad_session_length"),
        (
            {"template": Template((PlayRelay(RelayId("vov"), DurationMs(1), CartId("nhạc")),))},
            "unknown_relay",
        ),
        ({"timing": replace(DAILY, rules=("FREQ=DAILY",) * 11)}, "programme_too_large"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_kept(
    office: Office, wrong: dict[str, object], code: str
) -> None:
    wanted = draft(office.boxes(1), **wrong)

    with pytest.raises(Exception, match=r".+ / .+") as refusal:
        saved(office, wanted)

    assert getattr(refusal.value, "code", "") == code
    with office.database.read() as session:
        assert programmes.standing(session) == {}


@pytest.mark.parametrize(
    ("timing", "error"),
    [
        (Timing(EVENING - timedelta(days=1), HOME), StartInPast),
        (replace(DAILY, rules=("FREQ=MINUTELY",)), RuleTooDense),
        (replace(DAILY, rules=("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",)), NeverAirs),
    ],
)
def test_what_never_or_always_airs_is_refused(
    office: Office, timing: Timing, error: type[Exception]
) -> None:
    with pytest.raises(error):
        saved(office, draft(office.boxes(1), timing=timing))


@pytest.mark.parametrize("days", [0, 40])
def test_a_session_at_a_forbidden_hour_is_refused_even_before_its_speech_is_made(
    tmp_path_factory: pytest.TempPathFactory, days: int
) -> None:
    office = Office(tmp_path_factory.mktemp("law"), law=DEFAULT_AIRTIME_LAW)
    (box,) = office.boxes(1)
    night = replace(DAILY, start=datetime.combine(EVENING + timedelta(days=days), time(23)))

    with pytest.raises(BreaksAirtimeLaw, match="Chưa lưu gì"):
        saved(office, draft([box], timing=night))
    excused = saved(office, draft([box], timing=night, quiet_ok="báo bão"))

    assert excused.kept
    office.database.close()


def test_a_refusal_names_the_nearest_free_time(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    office = Office(tmp_path_factory.mktemp("law"), law=DEFAULT_AIRTIME_LAW)
    (box,) = office.boxes(1)
    bulletin = office.approved()
    noon = replace(DAILY, start=EVENING.replace(hour=13))

    with pytest.raises(BreaksAirtimeLaw) as refused:
        saved(office, draft([box], timing=noon, template=chosen_alone((BulletinId(bulletin),))))

    assert "Giờ còn trống gần nhất: 11:00." in refused.value.vi
    assert "The nearest free time: 11:00." in refused.value.en
    office.database.close()


def test_an_edit_may_keep_a_bulletin_that_was_withdrawn_since(office: Office) -> None:
    boxes = office.boxes(1)
    bulletin = office.approved()
    template = chosen_alone((BulletinId(bulletin),))
    mine = saved(office, draft(boxes, template=template)).planned.programme.id
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai giờ", NOW)

    later = replace(DAILY, start=EVENING + timedelta(minutes=10))
    edited = saved(office, draft(boxes, template=template, timing=later), programme_id=mine)

    assert (edited.kept, edited.airs) == (True, False)
    with pytest.raises(ControllerError, match="chưa được duyệt"):
        saved(office, draft(boxes, template=template))


def test_the_list_says_what_will_not_air(office: Office) -> None:
    boxes = office.boxes(1)
    bulletin = office.approved()
    mine = saved(office, draft(boxes, template=chosen_alone((BulletinId(bulletin),))))
    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai giờ", NOW)

    with office.database.read() as session:
        (shown,) = show_programmes(session, RULES, NOW)
        one = show_programme(session, mine.planned.programme.id, RULES, NOW)
        below = show_programmes(session, RULES, NOW, unit="51")

    assert (mine.airs, shown.airs) == (True, False)
    assert shown.missing == one.missing
    assert [each.planned for each in below] == [shown.planned]


def test_the_list_says_after_planning_what_it_said_before(office: Office) -> None:
    (box, *_) = boxes = office.boxes(2)
    saved(office, draft(boxes, template=chosen_alone((BulletinId(office.approved()),))))
    saved(office, draft([box], title="Trùng giờ", rank=Rank.FILLER, duration_ms=1_000))

    def listed() -> list[tuple[str, bool, int, int]]:
        with office.database.read() as session:
            shown = show_programmes(session, RULES, NOW)
        return sorted(
            (s.planned.programme.title, s.airs, len(s.refusals), len(s.missing)) for s in shown
        )

    before = listed()
    office.publish()

    assert listed() == before
    assert [airs for _, airs, _, _ in before] == [True, False]


def test_a_loop_in_the_area_tree_hides_no_programme_of_anywhere_else(office: Office) -> None:
    here, there = office.boxes(2)
    saved(office, draft([here]))
    saved(office, draft([there], title="Nơi khác"))
    with office.database.write() as session:
        session.get_one(Unit, "dv-00051").parent_id = here.village.village_id

    with office.database.read() as session:
        shown = show_programmes(session, RULES, NOW)

    by_title = {s.planned.programme.title: s for s in shown}
    assert by_title.keys() == {"Buổi chiều", "Nơi khác"}
    assert "vòng quanh" in by_title["Buổi chiều"].refusals[0].vi
