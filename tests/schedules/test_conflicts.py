"""Each conflict is one plain sentence that names place and time, with a mend that helps."""

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.airtime import DEFAULT_AIRTIME_LAW, EVERY_DAY, AirtimeLaw, Window
from schedules.conflicts import Conflict, Horn, Kind, conflicts
from schedules.day_calendar import DayCalendar
from schedules.mends import Scene
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.rundown import Material
from schedules.shelf import Notice, Shelf
from schedules.template import PlayByRule, PlayCart, Template, chosen_alone
from schedules.types import BulletinId, CartId, ClusterId, DurationMs, ZoneId, utc_instant
from schedules.zone import Zone
from schedules.zone_plan import Standing, ZoneInputs, plan_zone
from tests.schedules.plans import BANA, SEDANG, VI, at, daily, material, programme, timing, zone

FREE = replace(DEFAULT_AIRTIME_LAW, windows=(), quiet=None)
START = utc_instant(at(0))


def shelf(**materials: Material) -> Shelf:
    return Shelf(
        tuple(
            Notice(
                BulletinId(name), f"Tin {name}", "y-te", False, 0, None, START, m.valid_until, (m,)
            )
            for name, m in materials.items()
        )
    )


SHORT = shelf(tin=material("tin", seconds=600))


def scene(
    *programmes: Programme,
    where: Zone | None = None,
    law: AirtimeLaw = FREE,
    on: Shelf = SHORT,
    hours: int = 24,
) -> Scene:
    inputs = ZoneInputs(
        where or zone(), law, DayCalendar(), tuple(Standing(p, START) for p in programmes), on
    )
    return Scene(inputs, plan_zone(inputs, at(0), at(hours)))


def airing(name: str, wall: time, *zones: str, **changes: object) -> Programme:
    given = {
        "title": name,
        "template": chosen_alone((BulletinId("tin"),)),
        "zone_ids": tuple(ZoneId(z) for z in zones) or (ZoneId("kon-dao"),),
    }
    return programme(name, wall, **(given | changes))


def horn(name: str, *zones: str, north_m: float = 0, radius_m: int | None = 300) -> Horn:
    return Horn(
        ClusterId(name),
        name,
        tuple(ZoneId(z) for z in zones) or (ZoneId("kon-dao"),),
        14.6 + north_m / 111_195,
        107.9,
        radius_m,
    )


def found(
    programme: Programme, *scenes: Scene, horns: tuple[Horn, ...] = (horn("A"),)
) -> list[Conflict]:
    return list(conflicts(programme, scenes, horns))


def test_what_stands_alone_runs_into_nothing() -> None:
    mine = airing("sang", time(6))
    assert found(mine, scene(mine)) == []


def test_two_sessions_at_one_time_are_named_and_the_next_free_time_is_proposed() -> None:
    mine, other = airing("Tin xã", time(6, 5)), airing("Tiếp sóng", time(6))
    (conflict,) = found(mine, scene(mine, other))
    assert conflict.kind is Kind.OVERLAP
    assert "«Tin xã» và «Tiếp sóng» cùng phát ở Kon Đao, lần đầu 06:05 15/08/2026" in conflict.vi
    assert conflict.mend.start == time(6, 10)
    moved = airing("Tin xã", time(6, 10))
    assert found(moved, scene(moved, other)) == []


def test_the_mend_obeys_the_law() -> None:
    law = replace(
        FREE,
        windows=(Window(EVERY_DAY, time(6), time(6, 18)), Window(EVERY_DAY, time(17), time(18))),
    )
    mine, other = airing("Tin xã", time(6, 5)), airing("Tiếp sóng", time(6))
    clash = next(c for c in found(mine, scene(mine, other, law=law)) if c.kind is Kind.OVERLAP)
    assert clash.mend.start == time(17)


def test_a_time_in_the_past_is_not_proposed() -> None:
    law = replace(
        FREE,
        windows=(Window(EVERY_DAY, time(6), time(7, 15)), Window(EVERY_DAY, time(17), time(18))),
    )
    mine, other = airing("Tin xã", time(7)), airing("Tiếp sóng", time(7))
    now = utc_instant(at(6, 30))
    clash = next(
        c
        for c in found(mine, replace(scene(mine, other, law=law), since=now))
        if c.kind is Kind.OVERLAP
    )
    assert clash.mend.start == time(17)


def test_the_proposed_time_leaves_room_for_the_gap_after_what_is_before_it() -> None:
    law = replace(
        FREE,
        windows=(Window(EVERY_DAY, time(6), time(6, 20)), Window(EVERY_DAY, time(17), time(18))),
    )
    mine, other = airing("Tin xã", time(6, 5)), airing("Tiếp sóng", time(6))
    clash = next(c for c in found(mine, scene(mine, other, law=law)) if c.kind is Kind.OVERLAP)
    assert clash.mend.start == time(17)
    moved = airing("Tin xã", time(17))
    assert found(moved, scene(moved, other, law=law)) == []


@given(
    st.integers(0, 11),
    st.lists(st.integers(0, 11), max_size=3),
    st.lists(st.integers(0, 11), max_size=3),
)
def test_whatever_time_is_proposed_is_free(
    mine_at: int, here_at: list[int], beside_at: list[int]
) -> None:
    law = replace(FREE, windows=(Window(EVERY_DAY, time(6), time(8)),))
    there = zone(zone_id="lang-ben")
    here = [airing(f"Ở đây {n}", time(6, 5 * each)) for n, each in enumerate(here_at)]
    beside = [
        airing(f"Bên cạnh {n}", time(6, 5 * each), "lang-ben") for n, each in enumerate(beside_at)
    ]
    theirs = scene(*beside, where=there, on=shelf(tin=material("khac", seconds=600)))

    def look(mine: Programme) -> list[Conflict]:
        return found(mine, scene(mine, *here, law=law), theirs, horns=BESIDE)

    for conflict in look(airing("Tin xã", time(6, 5 * mine_at))):
        if conflict.mend.start is not None:
            assert look(airing("Tin xã", conflict.mend.start)) == []


def test_where_no_time_is_free_the_mend_says_so() -> None:
    law = replace(FREE, windows=(Window(EVERY_DAY, time(6), time(6, 12)),))
    mine, other = airing("Tin xã", time(6)), airing("Tiếp sóng", time(6))
    clash = next(c for c in found(mine, scene(mine, other, law=law)) if c.kind is Kind.OVERLAP)
    assert (clash.mend.code, clash.mend.start) == ("other_day", None)


def test_an_overlap_every_day_is_one_sentence() -> None:
    plan = {"template": chosen_alone((BulletinId("tin"),))}
    mine, other = daily("a", time(6, 5), title="A", **plan), daily("b", title="B", **plan)
    (conflict,) = found(mine, scene(mine, other, hours=24 * 5))
    assert conflict.times == 5
    assert "(5 lần trong kỳ xem trước)" in conflict.vi
    assert "(5 times in the days looked at)" in conflict.en


@pytest.mark.parametrize("rank", [Rank.FILLER, Rank.EMERGENCY_RECORDED])
def test_where_precedence_alone_decides_there_is_no_conflict(rank: Rank) -> None:
    mine, other = airing("Tin xã", time(6)), airing("Nhạc", time(6), rank=rank)
    assert not [c for c in found(mine, scene(mine, other)) if c.kind is Kind.OVERLAP]


def test_the_weaker_of_two_ranks_is_said_to_give_way() -> None:
    mine, other = airing("Tin xã", time(6)), airing("Ưu tiên", time(6), rank=Rank.PRIORITY)
    clash = next(c for c in found(mine, scene(mine, other)) if c.kind is Kind.OVERLAP)
    assert "«Tin xã» sẽ phải nhường." in clash.vi


def test_two_zones_that_share_a_loudspeaker_overlap() -> None:
    there = zone(zone_id="lang-ben")
    mine, other = airing("Tin xã", time(6)), airing("Tin bên", time(6, 5), "lang-ben")
    scenes = (scene(mine), scene(other, where=there))
    assert found(mine, *scenes, horns=(horn("A"), horn("B", "lang-ben", north_m=9_000))) == []
    (conflict,) = found(mine, *scenes, horns=(horn("A", "kon-dao", "lang-ben"),))
    assert conflict.kind is Kind.OVERLAP


BESIDE = (horn("A"), horn("B", "lang-ben", north_m=350))


def test_horns_in_earshot_that_say_different_things_are_staggered() -> None:
    there = zone(zone_id="lang-ben")
    mine, other = airing("Tin xã", time(6)), airing("Tin bên", time(6, 5), "lang-ben")
    theirs = scene(other, where=there, on=shelf(tin=material("khac", seconds=600)))
    (conflict,) = found(mine, scene(mine), theirs, horns=BESIDE)
    assert conflict.kind is Kind.EARSHOT
    assert "cách nhau 350 m" in conflict.vi
    assert "06:05:00 15/08/2026" in conflict.vi
    assert (conflict.mend.code, conflict.mend.start) == ("stagger", time(6, 15))


def test_one_programme_in_two_orders_of_languages_is_to_be_aligned() -> None:
    mine = airing("Tin xã", time(6), "kon-dao", "lang-ben")
    both = Shelf(
        (
            Notice(
                BulletinId("tin"),
                "Tin",
                "y-te",
                False,
                0,
                None,
                START,
                utc_instant(at(200)),
                (material("tin", VI, 60), material("tin", BANA, 60)),
            ),
        )
    )
    here = scene(mine, where=zone(VI, BANA), on=both)
    there = scene(mine, where=zone(BANA, VI, zone_id="lang-ben"), on=both)
    (conflict,) = [c for c in found(mine, here, there, horns=BESIDE) if c.kind is Kind.EARSHOT]
    assert conflict.mend.code == "align"
    aligned = scene(mine, where=zone(VI, BANA, zone_id="lang-ben"), on=both)
    assert found(mine, here, aligned, horns=BESIDE) == []


@pytest.mark.parametrize(
    "far",
    [
        horn("B", "lang-ben", north_m=700),
        horn("B", "lang-ben", north_m=350, radius_m=None),
        replace(horn("B", "lang-ben", north_m=350), latitude=None),
    ],
)
def test_horns_too_far_apart_or_not_on_the_map_disturb_nobody(far: Horn) -> None:
    mine, other = airing("Tin xã", time(6)), airing("Tin bên", time(6), "lang-ben")
    theirs = scene(other, where=zone(zone_id="lang-ben"), on=shelf(tin=material("khac")))
    assert found(mine, scene(mine), theirs, horns=(horn("A"), far)) == []


def test_what_the_law_refuses_is_quoted_with_a_lawful_time() -> None:
    mine = airing("Tin trưa", time(13))
    (conflict,) = found(mine, scene(mine, law=DEFAULT_AIRTIME_LAW))
    assert conflict.kind is Kind.REFUSED
    assert "nằm ngoài khung giờ" in conflict.vi
    assert conflict.mend.start == time(11)


def test_a_session_over_the_law_is_to_be_shortened() -> None:
    mine = airing("Tin dài", time(6))
    law = replace(FREE, max_session_ms=DurationMs(300_000))
    (conflict,) = found(mine, scene(mine, law=law))
    assert (conflict.kind, conflict.mend.code) == (Kind.REFUSED, "shorten")


def test_a_missing_recording_is_named_by_bulletin_language_and_place() -> None:
    mine = airing("Tin xã", time(6))
    scenes = (scene(mine, where=zone(VI, SEDANG)),)
    (conflict,) = conflicts(mine, scenes, (horn("A"),), languages={SEDANG: "Xơ Đăng"})
    assert conflict.kind is Kind.MISSING
    assert conflict.vi == "«Tin tin» chưa có bản tiếng Xơ Đăng: Kon Đao sẽ không nghe phần ấy."
    assert conflict.mend.code == "record"


def test_a_zone_without_loudspeaker_hears_nothing() -> None:
    mine = airing("Tin xã", time(6))
    (conflict,) = found(mine, scene(mine), horns=())
    assert conflict.kind is Kind.NO_LOUDSPEAKER


def test_a_programme_that_never_plays_says_only_that() -> None:
    mine = replace(airing("Tin xã", time(6)), timing=timing(rules=("FREQ=DAILY",)))
    (conflict,) = conflicts(mine, (scene(mine),), (), airs_at_all=False)
    assert conflict.kind is Kind.NEVER
    assert "sẽ không bao giờ phát" in conflict.vi


def test_what_a_person_chose_and_has_no_room_is_said_and_what_a_rule_left_waits() -> None:
    chosen = airing("Tin xã", time(6), duration_ms=DurationMs(60_000))
    (conflict,) = found(chosen, scene(chosen))
    assert (conflict.kind, conflict.mend.code) == (Kind.LEFT_OUT, "shorten")
    ruled = replace(chosen, template=Template((PlayByRule(),)))
    assert found(ruled, scene(ruled)) == []


def test_a_cart_without_a_sound_is_said_with_what_to_bring() -> None:
    items = (PlayCart(CartId("chuong")), *chosen_alone((BulletinId("tin"),)).items)
    mine = airing("Tin xã", time(6), template=Template(items))
    (conflict,) = found(mine, scene(mine))
    assert conflict.mend.code == "bring_sound"
    assert "Chưa có âm thanh cho «chuong»" in conflict.vi
