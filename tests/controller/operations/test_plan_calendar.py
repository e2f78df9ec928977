"""The plan of a village as a calendar, and its day sheet."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.operations.day_sheet import DaySheet, day_sheet
from controller.operations.find_village import find_village
from controller.operations.load_sample import AT_ANY_HOUR
from controller.operations.plan_calendar import VillageCalendar, lay_out, plan_calendar
from controller.operations.schedule_programme import Repeat
from schedules.day_calendar import DayCalendar
from schedules.precedence import Rank
from schedules.shelf import Notice, Shelf
from schedules.template import chosen_alone
from schedules.types import BulletinId
from schedules.zone_plan import Standing, ZoneInputs, plan_zone
from tests.controller.office import NOW, RULES, Box, Office
from tests.schedules import plans

AT = NOW + timedelta(hours=2)
MONDAY = date(2026, 8, 10)


def shown(office: Office, box: Box, since: date = MONDAY, days: int = 7) -> VillageCalendar:
    with office.database.read() as session:
        village = find_village(session, box.village.path)
        return plan_calendar(session, village, since, days, RULES, NOW)


def sheet(office: Office, box: Box, day: date = MONDAY) -> DaySheet:
    with office.database.read() as session:
        village = find_village(session, box.village.path)
        return day_sheet(session, village, day, RULES, NOW)


@pytest.fixture
def box(office: Office) -> Box:
    return office.boxes(1)[0]


def test_sessions_stand_under_their_date_with_what_is_heard_and_what_is_not(
    office: Office, box: Box
) -> None:
    office.scheduled(office.approved(), [box], AT, kind=Repeat.DAILY)
    [zone] = shown(office, box).zones
    assert len(zone.days) == 7
    sitting = zone.days[0].sittings[0]
    assert f"{sitting.start:%H:%M:%S}" == "10:00:00"
    [sound] = sitting.sounds
    assert (sound.language, sound.length_ms) == ("vi", 20_000)
    assert sitting.end - sitting.start == timedelta(seconds=20)
    [unheard] = sitting.unheard
    assert (unheard.code, unheard.languages) == ("missing", ("sed", "ren"))
    assert "chưa có tiếng Xơ Đăng, Rơ Ngao" in unheard.vi


def test_a_session_that_the_law_refuses_stands_there_with_the_reason(office: Office) -> None:
    office._law = None
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], NOW + timedelta(hours=9, minutes=30), quiet_ok="")
    [zone] = shown(office, box).zones
    assert zone.law[0].startswith("mặc định")
    assert zone.days[0].sittings[0].sounds
    assert AT_ANY_HOUR.source_vi not in zone.law


def test_days_carry_the_lunar_date_and_the_name_of_a_holiday(office: Office, box: Box) -> None:
    [zone] = shown(office, box, date(2026, 9, 2), 1).zones
    [day] = zone.days
    assert str(day.lunar) == "21/7"
    assert day.holiday is not None
    assert "Quốc khánh" in day.holiday[0]


def test_the_day_sheet_says_who_answers_for_the_day(office: Office, box: Box) -> None:
    office.scheduled(office.approved(), [box], AT)
    made = sheet(office, box)
    assert [a.by for a in made.answerable] == ["Cô Lan"]
    assert made.approvers == ("Cô Lan",)
    assert len(made.sittings) == 1
    assert f"{made.made_at:%H:%M %d/%m/%Y}" == "08:00 10/08/2026"
    assert sheet(office, box, MONDAY + timedelta(days=1)).sittings == ()


SLOTS = st.lists(
    st.tuples(
        st.sampled_from(["FREQ=DAILY", "FREQ=HOURLY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=SA,SU"]),
        st.times(min_value=time(4), max_value=time(22)).map(lambda t: t.replace(microsecond=0)),
        st.integers(20, 4_000),
        st.sampled_from([Rank.PROGRAMME, Rank.PRIORITY]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(SLOTS)
def test_every_cue_stands_in_exactly_one_session_and_every_session_is_there(
    slots: list[tuple[str, time, int, Rank]],
) -> None:
    programmes = [
        plans.programme(
            f"p{n}",
            wall,
            rules=(rule,),
            rank=rank,
            template=chosen_alone((BulletinId(f"b{n}"),)),
            quiet_ok="thử",
        )
        for n, (rule, wall, _, rank) in enumerate(slots)
    ]
    notices = tuple(
        Notice(
            BulletinId(f"b{n}"),
            f"Tin {n}",
            "",
            False,
            0,
            None,
            plans.at(0),  # type: ignore[arg-type]
            plans.at(24 * 7),  # type: ignore[arg-type]
            (plans.material(f"b{n}", seconds=seconds),),
        )
        for n, (_, _, seconds, _) in enumerate(slots)
    )
    inputs = ZoneInputs(
        plans.zone(),
        AT_ANY_HOUR,
        DayCalendar(),
        tuple(Standing(p, plans.at(0)) for p in programmes),  # type: ignore[arg-type]
        Shelf(notices),
    )
    plan = plan_zone(inputs, plans.at(0), plans.at(72))
    days = [plans.DAY + timedelta(days=n) for n in range(4)]
    sittings = [s for each in lay_out(plan, plans.HOME, {}, days).values() for s in each]
    heard = sorted((x.at, x.title) for s in sittings for x in s.sounds)
    assert heard == sorted((cue.start_utc, cue.title) for cue in plan.cues)
    assert len(sittings) == len(plan.rundowns)
