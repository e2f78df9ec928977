from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.airtime import DEFAULT_AIRTIME_LAW, EVERY_DAY, AirtimeLaw, Window, open_until
from schedules.busy_air import LATE_START_MS
from schedules.cue_sheet import Cue, CueSheet, cue_sheet
from schedules.errors import NaiveTime, RepeatedOccurrence, WrongZone
from schedules.precedence import Enter, Leave, Rank
from schedules.recurrence import occurrences
from schedules.rundown import GAP_MS, Material, Rundown
from schedules.types import DurationMs, later, time_zone, wall_clock
from tests.schedules.plans import (
    BANA,
    HOME,
    VI,
    at,
    daily,
    material,
    programme,
    rundown,
    zone,
)

LAW = DEFAULT_AIRTIME_LAW
FREE = replace(LAW, windows=(), quiet=None)
LATE = timedelta(milliseconds=LATE_START_MS)


def plan(*rundowns: Rundown, law: AirtimeLaw = LAW, now: datetime | None = None) -> CueSheet:
    return cue_sheet(rundowns, zone(), law, now or at(0))


def refused(sheet: CueSheet) -> list[tuple[str | None, list[str]]]:
    return [
        (each.item.bulletin_id, [reason.code for reason in each.reasons]) for each in sheet.refusals
    ]


def test_a_bulletin_becomes_a_cue_with_its_rules_as_data() -> None:
    item = material(seconds=60)
    (cue,) = plan(rundown(programme(), item)).cues
    assert cue == Cue(
        id=cue.id,
        zone_id=zone().id,
        asset_sha256=item.asset_sha256,
        start_utc=cue.start_utc,
        duration_ms=DurationMs(60_000),
        latest_start=later(cue.start_utc, LATE_START_MS),
        latest_end=later(cue.start_utc, LATE_START_MS + 60_000),
        valid_until=item.valid_until,
        rank=Rank.PROGRAMME,
        enter=Enter.AFTER_ITEM,
        leave=Leave.RESTART,
        gain_db=cue.gain_db,
        quiet_ok=None,
        title="Tin tiem-chung",
        language=VI,
        kind=item.kind,
        bulletin_id=item.bulletin_id,
        rendition_id=item.rendition_id,
        spoken_sha256=item.spoken_sha256,
        approved_by="Y Bia",
        programme_id=programme().id,
        local_date=date(2026, 8, 15),
    )
    assert cue.start_utc == at(6)
    assert cue.gain_db == 0.0


def test_items_follow_each_other_with_a_second_between() -> None:
    sheet = plan(rundown(programme(), material("a", VI, 60), material("a", BANA, 30)))
    assert [cue.start_utc for cue in sheet.cues] == [at(6), at(6, 1, 1)]
    assert [cue.language for cue in sheet.cues] == [VI, BANA]


def test_before_six_and_near_a_school_it_is_quieter() -> None:
    early = rundown(programme(wall=time(5, 40)), material())
    assert [cue.gain_db for cue in plan(early).cues] == [-15.0]
    near = cue_sheet([early], zone(), LAW, at(0), places=frozenset({"school"}))
    assert [cue.gain_db for cue in near.cues] == [-25.0]


def test_what_breaks_the_airtime_law_is_refused_in_plain_words() -> None:
    sheet = plan(rundown(programme(wall=time(9)), material("a"), material("b")))
    assert sheet.cues == ()
    assert refused(sheet) == [("a", ["outside_windows"]), ("b", ["outside_windows"])]
    assert "09:00–09:01 ngày 15/08/2026 nằm ngoài khung giờ" in sheet.refusals[0].vi
    assert "outside the windows" in sheet.refusals[0].en


def test_a_reason_opens_the_air_and_travels_with_the_cue() -> None:
    slot = programme(wall=time(23), quiet_ok="lễ mừng lúa mới")
    (cue,) = plan(rundown(slot, material())).cues
    assert cue.quiet_ok == "lễ mừng lúa mới"
    assert cue.latest_start == at(23, 10)


def test_an_emergency_passes_without_a_reason() -> None:
    slot = programme(wall=time(2), rank=Rank.EMERGENCY_RECORDED)
    (cue,) = plan(rundown(slot, material(seconds=3_600))).cues
    assert (cue.start_utc, cue.enter, cue.quiet_ok) == (at(2), Enter.CUT, None)


def test_what_no_longer_fits_the_window_is_refused_and_the_shorter_one_after_it_airs() -> None:
    slot = programme(wall=time(6, 50))
    sheet = plan(
        rundown(slot, material("a", seconds=300), material("b", seconds=400), material("c"))
    )
    assert [cue.bulletin_id for cue in sheet.cues] == ["a", "c"]
    assert refused(sheet) == [("b", ["outside_windows"])]
    assert sheet.refusals[0].position == 1


def test_the_latest_start_is_bounded_by_the_window_and_by_validity() -> None:
    by_window = rundown(programme(wall=time(6, 50)), material(seconds=300))
    assert plan(by_window).cues[0].latest_start == at(6, 55)
    assert plan(by_window).cues[0].latest_end == at(7)
    by_validity = rundown(programme(), material(seconds=60, valid_until=at(6, 3)))
    assert plan(by_validity).cues[0].latest_start == at(6, 2)
    assert plan(by_validity).cues[0].latest_end == at(6, 3)


def test_what_would_expire_before_its_end_is_refused() -> None:
    slot = programme()
    sheet = plan(rundown(slot, material("a", seconds=60, valid_until=at(6, 0, 59)), material("b")))
    assert refused(sheet) == [("a", ["expired"])]
    assert [cue.start_utc for cue in sheet.cues] == [at(6)]


def test_a_session_and_a_programme_have_a_length() -> None:
    law = replace(FREE, max_session_ms=DurationMs(121_000))
    items = material("a"), material("b"), material("c")
    assert refused(plan(rundown(programme(), *items), law=law)) == [("c", ["session_too_long"])]
    short = programme(duration_ms=DurationMs(60_000))
    assert refused(plan(rundown(short, *items), law=FREE)) == [
        ("b", ["programme_full"]),
        ("c", ["programme_full"]),
    ]


def test_sessions_a_day_are_counted_and_the_stronger_comes_first() -> None:
    law = replace(FREE, max_sessions_per_day=1)
    sheet = plan(
        rundown(programme("sang", time(6)), material("a"), material("b")),
        rundown(programme("chieu", time(17), rank=Rank.PRIORITY), material("c")),
        law=law,
    )
    assert [cue.bulletin_id for cue in sheet.cues] == ["c"]
    assert refused(sheet) == [("a", ["too_many_sessions"]), ("b", ["too_many_sessions"])]


def test_the_weaker_goes_around_the_stronger() -> None:
    sheet = plan(
        rundown(programme("sang", time(6)), material("a", seconds=120), material("b")),
        rundown(programme("uu-tien", time(6, 1), rank=Rank.PRIORITY), material("c")),
    )
    assert [(cue.bulletin_id, cue.start_utc) for cue in sheet.cues] == [
        ("c", at(6, 1)),
        ("a", at(6, 2, 1)),
        ("b", at(6, 4, 2)),
    ]


def test_of_two_of_one_rank_the_earlier_is_first_and_the_other_waits_ten_minutes_at_most() -> None:
    long, waits = programme("a", time(6)), programme("b", time(6, 1))
    sheet = plan(rundown(waits, material("b")), rundown(long, material("a", seconds=600)))
    assert [cue.start_utc for cue in sheet.cues] == [at(6), at(6, 10, 1)]
    sheet = plan(rundown(waits, material("b")), rundown(long, material("a", seconds=660)))
    assert refused(sheet) == [("b", ["no_room"])]
    assert "06:01 đã có mục khác phát" in sheet.refusals[0].vi


@pytest.mark.parametrize(
    ("wall", "seconds", "start"),
    [
        (time(6), 59, at(6)),
        (time(6), 60, at(6, 6, 1)),
        (time(6, 6), 10, at(6, 6, 1)),
        (time(6, 7), 10, at(6, 7)),
    ],
)
def test_a_second_of_silence_on_both_sides_of_the_stronger(
    wall: time, seconds: int, start: datetime
) -> None:
    strong = programme("uu-tien", time(6, 1), rank=Rank.PRIORITY)
    sheet = plan(
        rundown(strong, material("c", seconds=300)),
        rundown(programme("sang", wall), material("a", seconds=seconds)),
    )
    assert [cue.start_utc for cue in sheet.cues if cue.bulletin_id == "a"] == [start]


@pytest.mark.parametrize(("seconds", "found"), [(659, []), (660, [("b", ["no_room"])])])
def test_ten_minutes_late_is_still_in_time(
    seconds: int, found: list[tuple[str | None, list[str]]]
) -> None:
    sheet = plan(
        rundown(programme("a", time(6)), material("a", seconds=seconds)),
        rundown(programme("b", time(6, 1)), material("b")),
    )
    assert refused(sheet) == found


def test_over_midnight() -> None:
    slot = programme(wall=time(23, 59), quiet_ok="đêm giao thừa")
    sheet = plan(rundown(slot, material("a", seconds=90), material("b")))
    assert [cue.start_utc for cue in sheet.cues] == [at(23, 59), at(24, 0, 31)]
    assert {cue.local_date for cue in sheet.cues} == {date(2026, 8, 15)}


def test_the_hour_that_berlin_repeats_leaves_a_cue_its_time() -> None:
    berlin = replace(zone(), time_zone="Europe/Berlin")
    law = replace(FREE, windows=(Window(EVERY_DAY, time(1), time(3, 10)),))
    slot = programme(wall=time(1, 55), time_zone="Europe/Berlin", day=date(2026, 10, 25))
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    (occurrence,) = occurrences(slot, begin, begin + timedelta(days=1))
    item = material(seconds=4_200, valid_until=begin + timedelta(days=7))
    (cue,) = cue_sheet([Rundown(slot, occurrence, berlin.id, (item,))], berlin, law, begin).cues
    assert cue.start_utc == datetime(2026, 10, 24, 23, 55, tzinfo=UTC)
    assert cue.latest_start == cue.start_utc + LATE


def test_what_is_over_is_refused_as_past_yet_moves_nothing() -> None:
    rundowns = (
        rundown(programme("a", time(6)), material("a", seconds=300)),
        rundown(programme("b", time(6, 1)), material("b", seconds=600)),
    )
    whole = plan(*rundowns)
    later_on = plan(*rundowns, now=at(6, 15))
    assert later_on.cues == whole.cues[1:]
    assert refused(later_on) == [("a", ["past"])]


def test_a_cue_that_may_still_sound_is_kept() -> None:
    assert len(plan(rundown(programme(), material()), now=at(6, 10, 59)).cues) == 1
    assert len(plan(rundown(programme(), material()), now=at(6, 11)).cues) == 0


def test_a_cue_keeps_its_id_when_others_come_and_go() -> None:
    slot = programme()
    first, second, inserted = material("a"), material("b"), material("c")
    ids = {cue.bulletin_id: cue.id for cue in plan(rundown(slot, first, second)).cues}
    again = {cue.bulletin_id: cue.id for cue in plan(rundown(slot, inserted, second, first)).cues}
    assert {name: again[name] for name in ids} == ids
    (changed,) = plan(rundown(slot, material("a", seconds=61))).cues
    assert changed.id not in ids.values()


def test_the_same_asset_twice_is_two_cues() -> None:
    sheet = plan(rundown(programme(), material(), material()))
    assert len({cue.id for cue in sheet.cues}) == 2


def test_a_rundown_of_another_zone_and_one_given_twice_are_refused() -> None:
    morning = rundown(programme(), material())
    with pytest.raises(WrongZone):
        cue_sheet([morning], zone(zone_id="dak-mar"), LAW, at(0))
    with pytest.raises(RepeatedOccurrence):
        plan(morning, morning)


def test_now_is_an_instant() -> None:
    with pytest.raises(NaiveTime):
        plan(now=datetime(2026, 8, 15))


slots = st.builds(
    lambda name, minute, rank, reason, most: daily(
        name,
        time(minute // 60, minute % 60),
        rank=rank,
        quiet_ok=reason,
        duration_ms=most,
    ),
    name=st.uuids().map(str),
    minute=st.integers(5 * 60, 7 * 60 + 30) | st.integers(0, 24 * 60 - 1),
    rank=st.sampled_from(Rank),
    reason=st.sampled_from([None, None, "lễ hội"]),
    most=st.none() | st.integers(60_000, 900_000).map(DurationMs),
)
items = st.builds(
    material,
    bulletin=st.sampled_from("abc"),
    language=st.sampled_from([VI, BANA]),
    seconds=st.sampled_from([59, 60, 119, 300]) | st.integers(1, 900),
    valid_until=st.integers(0, 60).map(at),
)
laws = st.builds(
    lambda law, sessions, ms: replace(law, max_sessions_per_day=sessions, max_session_ms=ms),
    st.sampled_from([LAW, FREE]),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(60_000, 1_800_000).map(DurationMs),
)


@st.composite
def two_days(draw: st.DrawFn) -> list[Rundown]:
    made = []
    for slot in draw(st.lists(slots, max_size=6)):
        for occurrence in occurrences(slot, at(0), at(48)):
            spoken: list[Material] = draw(st.lists(items, max_size=4))
            made.append(Rundown(slot, occurrence, slot.zone_ids[0], tuple(spoken)))
    return made


@given(two_days(), laws, st.integers(0, 48).map(at))
def test_the_laws_of_a_cue_sheet(rundowns: list[Rundown], law: AirtimeLaw, now: datetime) -> None:
    sheet = cue_sheet(rundowns, zone(), law, now)
    programmes = {each.programme.id: each.programme for each in rundowns}
    tz = time_zone(HOME)

    for cue, following in pairwise(sheet.cues):
        assert later(cue.end_utc, GAP_MS) <= following.start_utc
    for cue in sheet.cues:
        assert cue.start_utc <= cue.latest_start
        if programmes[cue.programme_id].duration_ms is None:
            assert cue.latest_start <= cue.start_utc + LATE
        assert later(cue.latest_start, cue.duration_ms) == cue.latest_end <= cue.valid_until
        assert cue.latest_end > now
        if not cue.rank.is_emergency and cue.quiet_ok is None:
            start, end = wall_clock(cue.start_utc, tz), wall_clock(cue.latest_end, tz)
            assert open_until(law, start, end) == end
        assert cue.rank is programmes[cue.programme_id].rank

    aired = [(cue.programme_id, cue.local_date, cue.asset_sha256) for cue in sheet.cues]
    turned_away = [
        (each.occurrence.programme_id, each.occurrence.local_date, each.item.asset_sha256)
        for each in sheet.refusals
    ]
    given_in = [
        (each.programme.id, each.occurrence.local_date, item.asset_sha256)
        for each in rundowns
        for item in each.items
    ]
    assert sorted(aired + turned_away) == sorted(given_in)
    assert len({cue.id for cue in sheet.cues}) == len(sheet.cues)
    places = [(each.occurrence, each.position) for each in sheet.refusals]
    assert len(set(places)) == len(places)
    assert all(each.reasons and each.vi and each.en for each in sheet.refusals)


@given(two_days(), laws, st.data())
def test_neither_the_order_of_rundowns_nor_planning_again_changes_the_plan(
    rundowns: list[Rundown], law: AirtimeLaw, data: st.DataObject
) -> None:
    sheet = cue_sheet(rundowns, zone(), law, at(0))
    shuffled = data.draw(st.permutations(rundowns))
    assert cue_sheet(shuffled, zone(), law, at(0)) == sheet
    now = at(data.draw(st.integers(0, 48)))
    again = cue_sheet(shuffled, zone(), law, now)
    assert again.cues == tuple(cue for cue in sheet.cues if cue.latest_end > now)


@given(two_days(), two_days())
def test_a_weaker_rank_never_moves_a_stronger_one(one: list[Rundown], two: list[Rundown]) -> None:
    strong = [each for each in one if each.programme.rank >= Rank.PRIORITY]
    weak = [each for each in two if each.programme.rank < Rank.PRIORITY]
    alone = cue_sheet(strong, zone(), LAW, at(0))
    together = cue_sheet(strong + weak, zone(), LAW, at(0))
    assert alone.cues == tuple(cue for cue in together.cues if cue.rank >= Rank.PRIORITY)


def test_the_sheet_of_a_zone_without_rundowns_is_empty() -> None:
    assert plan() == CueSheet(zone().id, (), ())


def test_two_weeks_of_a_daily_programme() -> None:
    slot = daily()
    rundowns = [
        Rundown(slot, each, slot.zone_ids[0], (material(valid_until=at(24 * 20)),))
        for each in occurrences(slot, at(0), at(24 * 14))
    ]
    sheet = plan(*rundowns)
    assert [cue.start_utc for cue in sheet.cues] == [at(6 + 24 * day) for day in range(14)]
