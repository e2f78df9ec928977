from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from controller.operations.asked_work import NIGHT, PLAN, ask_for_lost_nights, ask_for_plan
from controller.operations.change_occurrence import cancel_occurrence
from controller.operations.publish_plans import claim_plans, do_plan, next_night
from controller.operations.review_bulletin import edit_bulletin, withdraw_bulletin
from controller.operations.save_programme import cancel_programme
from controller.operations.schedule_programme import Repeat
from controller.operations.zone_inputs import PlanRules
from controller.operations.zone_languages import order_languages
from controller.storage import events, tables, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.schedule_tables import BoxPage, ZoneDay
from schedules.airtime import DEFAULT_AIRTIME_LAW
from tests.controller.office import NOW, RULES, Box, Office

SOON = NOW + timedelta(hours=1)
AFTER_A_WHILE = NOW + timedelta(minutes=5)
TONIGHT = NOW + timedelta(hours=21)
NEAR = ["2026-08-10", "2026-08-11", "2026-08-12"]
"""Days that begin within 48 hours of NOW."""


def zone_of(box: Box) -> str:
    return box.village.cluster_id.replace("cum-", "vung-")


def on_air(office: Office, box: Box) -> dict[str, list[str]]:
    """Titles that a box is told, by date."""
    return {page.date: [cue.title for cue in page.cues] for page in office.pages(box.did)}


def told(office: Office, kind: str) -> list[dict[str, object]]:
    with office.database.read() as session:
        return [event.body for event in events.after(session, 0) if event.kind == kind]


def test_a_first_plan_fills_the_horizon(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)

    assert office.planned() == (box.did,)

    assert list(on_air(office, box)) == [f"2026-08-{day}" for day in range(10, 17)]


def test_what_is_added_reaches_near_days_at_once_and_far_ones_by_night(office: Office) -> None:
    box = office.boxes(1)[0]
    life = NOW + timedelta(days=20)
    office.scheduled(office.approved(valid_until=life), [box], SOON, kind=Repeat.DAILY)
    office.planned()
    before = {page.date: page for page in office.pages(box.did)}

    later = SOON + timedelta(hours=1)
    second = office.approved("Tin thứ hai.", valid_until=life, title="Tin thứ hai")
    office.scheduled(second, [box], later, kind=Repeat.DAILY)
    office.planned()

    airing = on_air(office, box)
    assert [day for day, titles in airing.items() if "Tin thứ hai" in titles] == NEAR
    far = {page.date: page for page in office.pages(box.did) if page.date not in NEAR}
    assert far == {day: page for day, page in before.items() if day not in NEAR}

    office.planned(TONIGHT)
    assert all("Tin thứ hai" in titles for titles in on_air(office, box).values())
    assert list(on_air(office, box))[-1] == "2026-08-18", "the night brings a new last day"


def test_a_withdrawn_bulletin_leaves_all_days_at_once(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON, kind=Repeat.DAILY)
    office.planned()

    withdraw_bulletin(office.database, bulletin, "Cô Lan", "sai giờ", AFTER_A_WHILE)
    office.planned(AFTER_A_WHILE)

    assert office.pages(box.did) == []
    assert len(office.desired(box.did).withdrawn) == 1


def test_an_edited_bulletin_leaves_all_days_at_once(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], SOON, kind=Repeat.DAILY)
    office.planned()

    edit_bulletin(office.database, bulletin, {"vi": "Lời khác."}, "Y Hạnh", AFTER_A_WHILE)
    office.planned(AFTER_A_WHILE)

    assert office.pages(box.did) == []


def test_a_cancelled_programme_leaves_all_days_at_once(office: Office) -> None:
    box = office.boxes(1)[0]
    kept = office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)
    office.planned()

    cancel_programme(office.database, kept.planned.programme.id, "Y Bia", AFTER_A_WHILE)
    office.planned(AFTER_A_WHILE)

    assert office.pages(box.did) == []


def test_a_cancelled_occurrence_leaves_its_far_day_and_no_other(office: Office) -> None:
    box = office.boxes(1)[0]
    kept = office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)
    office.planned()
    of = datetime(2026, 8, 15, 9, 0)

    programme = kept.planned.programme.id
    cancel_occurrence(office.database, programme, of, "Y Bia", AFTER_A_WHILE, RULES)
    office.planned(AFTER_A_WHILE)

    days = list(on_air(office, box))
    assert "2026-08-15" not in days
    assert days[-1] == "2026-08-16"


def test_an_edit_plans_and_writes_only_what_it_touches(office: Office) -> None:
    box, other = office.boxes(2)
    bulletin = office.approved(valid_until=NOW + timedelta(days=20))
    office.scheduled(bulletin, [box, other], SOON, kind=Repeat.DAILY)
    office.planned()
    serial = office.desired(other.did).serial
    with office.database.read() as session:
        pages = {row.local_date: row for row in session.exec(_pages_of(box))}

    order_languages(office.database, zone_of(box), ["vi"], "Y Bia", AFTER_A_WHILE)
    with office.database.read() as session:
        waiting = select(tables.WorkItem.key).where(
            tables.WorkItem.kind == PLAN, tables.WorkItem.state == "waiting"
        )
        assert session.exec(waiting).all() == [zone_of(box)]
    assert office.planned(AFTER_A_WHILE) == (box.did,), "its clips are in one language now"

    assert office.desired(other.did).serial == serial
    with office.database.read() as session:
        after = {row.local_date: row for row in session.exec(_pages_of(box))}
    assert {d: r.page_sha256 for d, r in after.items()} == {
        d: r.page_sha256 for d, r in pages.items()
    }


def _pages_of(box: Box) -> SelectOfScalar[BoxPage]:
    return select(BoxPage).where(BoxPage.device_id == box.did)


def test_what_is_told_again_is_no_longer_taken_back(office: Office) -> None:
    box = office.boxes(1)[0]
    kept = office.scheduled(office.approved(), [box], SOON)
    office.planned()
    order_languages(office.database, zone_of(box), ["sed"], "Y Bia", NOW)
    office.planned()
    with office.database.read() as session:
        assert len(session.exec(select(tables.UnplannedPlay)).all()) == 1

    order_languages(office.database, zone_of(box), ["vi"], "Y Bia", NOW)
    office.planned()

    with office.database.read() as session:
        assert session.exec(select(tables.UnplannedPlay)).all() == []
        (play,) = session.exec(select(tables.PlannedPlay)).all()
    assert play.programme_id == kept.planned.programme.id


def test_what_was_planned_is_never_changed_only_taken_back(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    slot = office.scheduled(bulletin, [box], SOON, kind=Repeat.DAILY)
    office.planned()
    before = _planned_plays(office)

    withdraw_bulletin(office.database, bulletin, "Y Bia", "sai ngày", NOW)
    office.planned()
    cancel_programme(office.database, slot.planned.programme.id, "Y Bia", NOW)
    office.planned()

    after = _planned_plays(office)
    assert before
    assert {cue: after[cue] for cue in before} == before
    with office.database.read() as session:
        taken_back = {row.cue_id for row in session.exec(select(tables.UnplannedPlay))}
    assert taken_back == set(before)


def _planned_plays(office: Office) -> dict[str, dict[str, object]]:
    with office.database.read() as session:
        return {row.cue_id: row.model_dump() for row in session.exec(select(tables.PlannedPlay))}


def test_a_zone_without_a_box_is_planned_to_nothing_and_says_so_once(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)
    office.planned()
    with office.database.write() as session:
        (stood,) = session.exec(select(tables.Installation)).all()
        stood.until_ms = to_ms(AFTER_A_WHILE)
        session.add(stood)

    for minutes in (10, 20):
        now = NOW + timedelta(minutes=minutes)
        with office.database.write() as session:
            ask_for_plan(session, now)
        office.planned(now)

    with office.database.read() as session:
        assert session.exec(select(ZoneDay)).all() == []
    assert told(office, "zone_box") == [{"id": zone_of(box), "has_box": False}]
    assert "no longer installed" in office.desired(box.did).empty_because


def test_a_circle_of_units_stops_its_own_zone_and_no_other(office: Office) -> None:
    box, other = office.boxes(2)
    office.scheduled(office.approved(), [box, other], SOON)
    with office.database.write() as session:
        village = session.get_one(tables.Unit, box.village.village_id)
        village.parent_id = village.id
        session.add(village)

    assert office.planned() == (other.did,)

    (failed,) = told(office, "plan_failed")
    assert failed["zone"] == zone_of(box)
    assert "vòng quanh" in str(failed["vi"])
    with office.database.read() as session:
        item = work_items.find(session, PLAN, zone_of(box))
    assert item is not None
    assert (item.state, item.error_code) == ("failed", "unit_cycle")


def test_what_runs_over_midnight_stays_on_the_plan_until_it_ends(office: Office) -> None:
    box = office.boxes(1)[0]
    # 23:58 in Viet Nam, and four minutes long: what is due at 23:59 waits until 00:02.
    at = datetime(2026, 8, 10, 16, 58, tzinfo=UTC)
    first = office.approved("Chuyện dài.", title="Chuyện dài")
    office.voiced(first, duration_ms=240_000)
    office.scheduled(first, [box], at)
    second = office.approved("Sau nửa đêm.", title="Sau nửa đêm")
    office.scheduled(second, [box], at + timedelta(minutes=1))
    office.planned()
    whole = on_air(office, box)
    assert whole == {"2026-08-10": ["Chuyện dài"], "2026-08-11": ["Sau nửa đêm"]}

    just_after = datetime(2026, 8, 10, 17, 1, tzinfo=UTC)
    with office.database.write() as session:
        ask_for_plan(session, just_after)
    office.planned(just_after)
    assert on_air(office, box) == whole

    office.publish(just_after + timedelta(hours=1))
    assert on_air(office, box) == {"2026-08-11": ["Sau nửa đêm"]}


def test_the_night_is_spread_over_four_hours_and_each_zone_has_its_own_second() -> None:
    nights = [next_night(RULES, f"vung-{n}", NOW) for n in range(400)]

    since, until = (
        datetime(2026, 8, 10, 17, 30, tzinfo=UTC),
        datetime(2026, 8, 10, 21, 30, tzinfo=UTC),
    )
    assert all(since <= night < until for night in nights)
    assert len(set(nights)) > 300
    assert nights[7] == next_night(RULES, "vung-7", NOW + timedelta(hours=3))
    assert next_night(RULES, "vung-7", nights[7]) == nights[7] + timedelta(days=1)


def test_each_zone_is_planned_once_a_night_and_set_for_the_next(office: Office) -> None:
    box = office.boxes(1)[0]
    office.planned()

    def due() -> int:
        with office.database.read() as session:
            item = work_items.find(session, NIGHT, zone_of(box))
            assert item is not None
            return item.due_ms

    first = due()
    assert first == to_ms(next_night(RULES, zone_of(box), NOW))
    office.planned(TONIGHT)
    assert due() == first + 86_400_000
    assert office.planned(TONIGHT) == ()


def test_a_clock_that_was_a_year_ahead_leaves_no_zone_unplanned(office: Office) -> None:
    (box,) = office.boxes(1)
    office.scheduled(
        office.approved(valid_until=NOW + timedelta(days=9)), [box], SOON, kind=Repeat.DAILY
    )
    office.planned()
    told = [cue.start for page in office.pages(box.did) for cue in page.cues]

    office.planned(NOW + timedelta(days=365))
    assert office.pages(box.did) == []
    with office.database.write() as session:
        ask_for_lost_nights(session, NOW)
    office.planned()

    assert [cue.start for page in office.pages(box.did) for cue in page.cues] == told
    assert night_of(office, box) == next_night(RULES, zone_of(box), NOW)


def test_a_night_that_somebody_stopped_comes_with_the_next_edit_or_day(office: Office) -> None:
    (box,) = office.boxes(1)
    office.planned()
    with office.database.write() as session:
        item = work_items.find(session, NIGHT, zone_of(box))
        assert item is not None
        assert item.id is not None
        work_items.stop(session, item.id, to_ms(NOW))

    with office.database.write() as session:
        ask_for_lost_nights(session, TONIGHT)
    office.planned(TONIGHT)

    assert night_of(office, box) == next_night(RULES, zone_of(box), TONIGHT)


def night_of(office: Office, box: Box) -> datetime:
    """When the zone of a box is planned whole again."""
    with office.database.read() as session:
        item = work_items.find(session, NIGHT, zone_of(box))
        assert item is not None
        assert item.state == "waiting"
        return to_utc(item.due_ms)


@contextmanager
def replica(folder: Path) -> Iterator[Database]:
    """Another controller on the same database file."""
    database = Database(f"sqlite:///{folder / 'loalang.sqlite3'}")
    yield database
    database.close()


def test_two_planners_share_the_zones_and_none_is_planned_twice(office: Office) -> None:
    boxes = office.boxes(20)
    office.scheduled(office.approved(), boxes, SOON)
    done: list[str] = []
    with replica(office.folder) as other:
        pair = [office.database, other]
        while claimed := claim_plans(pair[0], NOW):
            for work in claimed:
                do_plan(pair[0], office.authority, RULES, work, NOW)
                done.append(work.key)
            pair.reverse()

    assert len(done) == len(set(done)) == 20
    with office.database.read() as session:
        serials = session.exec(select(tables.DesiredState.serial)).all()
    assert len(serials) == 20


def test_zones_of_a_dead_planner_come_back_and_its_late_word_counts_nothing(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON)
    with replica(office.folder) as other:
        (lost,) = claim_plans(other, NOW)
        assert claim_plans(office.database, NOW) == ()

        later = NOW + timedelta(milliseconds=work_items.LEASE_MS + 1)
        (again,) = claim_plans(office.database, later)
        assert again.key == lost.key
        assert do_plan(other, office.authority, RULES, lost, later) == ()
        assert do_plan(office.database, office.authority, RULES, again, later) == (box.did,)


class Meanwhile(Database):
    """Another controller, to which something happens between its reading and its writing."""

    happens: Callable[[], object] | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        with super().write() as session:
            yield session


def test_a_night_that_an_edit_overtakes_writes_nothing_and_begins_again(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], SOON, kind=Repeat.DAILY)
    office.planned()
    slow = Meanwhile(f"sqlite:///{office.folder / 'loalang.sqlite3'}")
    (night,) = claim_plans(slow, TONIGHT)
    assert night.kind == NIGHT

    def edit() -> None:
        order_languages(office.database, zone_of(box), ["sed"], "Y Bia", TONIGHT)
        office.planned(TONIGHT)

    slow.happens = edit
    assert do_plan(slow, office.authority, RULES, night, TONIGHT) == ()
    assert "2026-08-12" not in on_air(office, box), "the edit stands"
    slow.close()

    office.planned(TONIGHT)
    assert office.pages(box.did) == [], "and the night was done after it"


def test_what_somebody_waits_for_comes_before_what_a_start_asked_for(office: Office) -> None:
    boxes = office.boxes(18)
    office.planned()
    with office.database.write() as session:
        ask_for_plan(session, NOW)
    with office.database.write() as session:
        ask_for_plan(session, AFTER_A_WHILE, [zone_of(boxes[-1])])

    assert claim_plans(office.database, AFTER_A_WHILE)[0].key == zone_of(boxes[-1])


def test_each_commune_has_its_quiet_hours_told(tmp_path: Path) -> None:
    office = Office(tmp_path, law=DEFAULT_AIRTIME_LAW)
    box = office.boxes(1)[0]
    office.planned()

    quiet = office.desired(box.did).quiet_hours
    assert quiet is not None
    assert quiet.since == "21:00"
    office.database.close()


@pytest.mark.parametrize("days", [1, 14])
def test_the_plan_covers_the_days_that_were_asked_for(office: Office, days: int) -> None:
    box = office.boxes(1)[0]
    office.scheduled(
        office.approved(valid_until=NOW + timedelta(days=30)), [box], SOON, kind=Repeat.DAILY
    )
    rules = PlanRules(RULES.time_zone, days, RULES.sources)
    for work in claim_plans(office.database, NOW):
        do_plan(office.database, office.authority, rules, work, NOW)

    manifest = office.desired(box.did).manifest
    assert len(manifest.pages) == days + 1
    last = datetime.combine(date(2026, 8, 11) + timedelta(days=days), datetime.min.time())
    assert manifest.covers_until == to_ms(last.replace(tzinfo=UTC) - timedelta(hours=7))
