"""What one zone hears: templates filled from the shelf, session after session."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from schedules.airtime import DEFAULT_AIRTIME_LAW, Action, Clause, Limit
from schedules.precedence import Leave, Rank
from schedules.rundown import GAP_MS, Lacking, MaterialKind
from schedules.shelf import Notice, Relay, Shelf
from schedules.template import Item, PlayByRule, PlayCart, PlayChosen, PlayFiller, PlayRelay
from schedules.timing import Change
from schedules.types import (
    BulletinId,
    CartId,
    DurationMs,
    RelayId,
    UtcInstant,
    later,
    utc_instant,
)
from schedules.zone_plan import ZoneInputs, ZonePlan, plan_zone
from tests.schedules.plans import (
    BANA,
    DAY,
    LONG_AFTER,
    SEDANG,
    VI,
    at,
    clip,
    daily,
    material,
    notice,
    programme,
    shelf,
    template,
    zone,
    zone_inputs,
)

CHIME, BYE = PlayCart(CartId("chuong")), PlayCart(CartId("het"))
MUSIC = PlayFiller(CartId("nhac"))
CARTS = {"chuong": clip("chuong", 5), "het": clip("het", 4), "thay": clip("thay", 900)}
VOV = PlayRelay(RelayId("vov"), DurationMs(300_000), CartId("thay"))


def minutes(count: float) -> DurationMs:
    return DurationMs(round(count * 60_000))


def chosen(*names: str) -> PlayChosen:
    return PlayChosen(tuple(BulletinId(each) for each in names))


def one_day(inputs: ZoneInputs, days: int = 1) -> ZonePlan:
    return plan_zone(inputs, at(0), at(24 * days))


def session(on: Shelf, *items: Item, **changes: object) -> ZonePlan:
    """One session at six with these items."""
    return one_day(zone_inputs([programme(template=template(*items), **changes)], on))


def titles(plan: ZonePlan) -> list[str]:
    return [cue.title.removeprefix("Tin ") for cue in plan.cues]


def by_day(plan: ZonePlan) -> list[str]:
    """The bulletins of each day, in order."""
    days: dict[str, list[str]] = {}
    for cue in plan.cues:
        days.setdefault(f"{cue.local_date}", []).append(cue.title.removeprefix("Tin "))
    return [" ".join(of_day) for of_day in days.values()]


def test_a_session_in_the_order_of_its_template() -> None:
    on = shelf(notice("a", VI, BANA), notice("b", VI, BANA), **CARTS)
    greeting = (clip("chao vi", 8), clip("chao bdq", 9, BANA), clip("chao", 7, VI))
    on = replace(on, carts={**on.carts, CartId("chao"): greeting})
    slot = programme(template=template(CHIME, PlayCart(CartId("chao")), chosen("b", "a"), BYE))
    plan = one_day(zone_inputs([slot], on, zone(BANA, VI)))
    assert [(cue.title, cue.language, cue.kind) for cue in plan.cues] == [
        ("Tin chuong", "zxx", MaterialKind.CART),
        ("Tin chao bdq", "bdq", MaterialKind.CART),
        ("Tin chao", "vi", MaterialKind.CART),
        ("Tin b", "bdq", MaterialKind.BULLETIN),
        ("Tin b", "vi", MaterialKind.BULLETIN),
        ("Tin a", "bdq", MaterialKind.BULLETIN),
        ("Tin a", "vi", MaterialKind.BULLETIN),
        ("Tin het", "zxx", MaterialKind.CART),
    ]
    assert plan.left_out == plan.refusals == plan.questions == plan.flags == ()


def test_a_cart_in_none_of_the_languages_is_wordless_or_said_to_be_lacking() -> None:
    greeting = (clip("chao bdq", 8, BANA), clip("nhac hieu", 3))
    plan = session(
        shelf(chao=greeting), PlayCart(CartId("chao")), PlayCart(CartId("khong-co")), BYE
    )
    assert titles(plan) == ["nhac hieu"]
    assert [(each.title, each.code) for each in plan.left_out] == [
        ("khong-co", "no_sound"),
        ("het", "no_sound"),
    ]
    assert "hãy thêm âm thanh" in plan.left_out[0].vi


def test_a_missing_language_is_listed_and_never_replaced() -> None:
    on = shelf(notice("a", VI), notice("b", BANA))
    slot = programme(template=template(PlayByRule(), chosen("c")))
    (rundown,) = one_day(zone_inputs([slot], on, zone(VI, SEDANG))).rundowns
    assert [(item.bulletin_id, item.language) for item in rundown.items] == [("a", "vi")]
    assert set(rundown.missing) == {
        Lacking(BulletinId("a"), SEDANG),
        Lacking(BulletinId("b"), VI),
        Lacking(BulletinId("b"), SEDANG),
        Lacking(BulletinId("c"), VI),
        Lacking(BulletinId("c"), SEDANG),
    }


def test_of_several_recordings_the_first_that_is_still_valid_speaks() -> None:
    old, fresh = material(valid_until=at(6)), material(valid_until=at(7))
    on = shelf(notice(materials=(old, fresh)), notice("b", materials=(replace(old),)))
    (rundown,) = session(on, chosen("tiem-chung", "b")).rundowns
    assert rundown.items == (fresh,)
    assert rundown.expired == (Lacking(BulletinId("b"), VI),)


def test_when_a_recording_runs_out_the_next_one_speaks() -> None:
    old, fresh = material(seconds=50, valid_until=at(30)), material(seconds=60)
    jingles = replace(clip("cu", 3), valid_until=at(30)), clip("moi", 4)
    on = shelf(notice(materials=(old, fresh)), nhac=jingles)
    slot = daily(template=template(PlayCart(CartId("nhac")), chosen("tiem-chung")))
    plan = one_day(zone_inputs([slot], on), days=3)
    assert [cue.duration_ms // 1_000 for cue in plan.cues] == [3, 50, 4, 60, 4, 60]


def test_a_bulletin_airs_once_a_session_and_a_chosen_one_where_it_was_chosen() -> None:
    on = shelf(notice("a"), notice("b"), notice("c"))
    plan = session(on, PlayByRule(max_items=1), chosen("a", "c", "a"), PlayByRule())
    assert titles(plan) == ["b", "a", "c"]


def test_a_rule_takes_what_another_rule_had_no_place_for() -> None:
    on = shelf(notice("a"), notice("b", topic="mua-vu"))
    plan = session(on, PlayByRule(max_items=1), PlayByRule(topics=("mua-vu",)))
    assert (titles(plan), plan.left_out) == (["a", "b"], ())


def test_what_found_no_place_waits_and_goes_before_what_is_new() -> None:
    old = [notice(name, approved=at(-hour)) for name, hour in (("a", 1), ("b", 2), ("c", 3))]
    new = notice("moi", approved=at(12))
    inputs = zone_inputs([daily(template=template(PlayByRule(max_items=1)))], shelf(*old, new))
    plan = one_day(inputs, days=5)
    assert by_day(plan) == ["a", "b", "c", "moi", "moi"]
    first = [each for each in plan.left_out if each.occurrence.start_utc == at(6)]
    assert [(each.bulletin_id, each.code) for each in first] == [
        ("b", "enough_items"),
        ("c", "enough_items"),
    ]
    assert "«Tin b» dài 1.0 phút, buổi phát đã đủ số tin; bản tin chờ buổi sau." in first[0].vi
    waited = replace(inputs, waiting=(BulletinId("c"),))
    assert by_day(one_day(waited, days=2)) == ["c", "a"]


def test_limits_count_what_aired_before_the_window_and_in_it() -> None:
    rule = PlayByRule(max_airings=3)
    inputs = zone_inputs([daily(template=template(rule))], shelf(notice("a")))
    assert by_day(one_day(inputs, days=5)) == ["a", "a", "a"]
    heard = {BulletinId("a"): (utc_instant(at(-18)),)}
    assert by_day(one_day(replace(inputs, aired=heard), days=5)) == ["a", "a"]


def test_once_a_day_although_two_sessions_ask_for_it() -> None:
    once = template(PlayByRule(max_airings_a_day=1))
    slots = [daily("sang", template=once), daily("chieu", time(17), template=once)]
    plan = one_day(zone_inputs(slots, shelf(notice("a"))), days=2)
    assert [cue.start_utc for cue in plan.cues] == [at(6), at(30)]


def test_a_session_with_an_end_is_filled_to_its_end() -> None:
    on = shelf(notice("a", seconds=120), nhac=(clip("m1", 95), clip("m2", 130)), **CARTS)
    plan = session(on, CHIME, chosen("a"), MUSIC, BYE, duration_ms=minutes(10))
    ends_by = utc_instant(at(6, 10))
    assert plan.cues[-1].end_utc == later(ends_by, -GAP_MS)
    assert (titles(plan)[:2], titles(plan)[-1]) == (["chuong", "a"], "het")
    music = plan.cues[2:-1]
    assert {cue.kind for cue in music} == {MaterialKind.FILLER}
    assert {cue.title for cue in music} == {"Tin m1", "Tin m2"}
    assert [cue.play_ms is not None for cue in music] == [False] * (len(music) - 1) + [True]
    assert {cue.leave for cue in music} == {Leave.DROP}
    assert {cue.latest_end for cue in plan.cues} == {ends_by}
    assert len({cue.id for cue in plan.cues}) == len(plan.cues)


def test_sessions_without_a_break_between_them_begin_and_end_on_time() -> None:
    on = shelf(notice("a"), nhac=clip("m1", 900), **CARTS)
    items = template(CHIME, chosen("a"), MUSIC, BYE)
    slots = [
        programme("mot", template=items, duration_ms=minutes(5)),
        programme("hai", time(6, 5), template=items, duration_ms=minutes(5)),
    ]
    plan = one_day(zone_inputs(slots, on))
    assert titles(plan) == ["chuong", "a", "m1", "het"] * 2
    assert [cue.start_utc for cue in plan.cues if cue.title == "Tin chuong"] == [at(6), at(6, 5)]
    assert [cue.end_utc for cue in plan.cues if cue.title == "Tin het"] == [
        at(6, 4, 59),
        at(6, 9, 59),
    ]


def test_below_five_seconds_there_is_silence_instead_of_music() -> None:
    on = shelf(notice("a", seconds=60), nhac=clip("m1", 95))
    plan = session(on, chosen("a"), MUSIC, duration_ms=DurationMs(66_999))
    assert titles(plan) == ["a"]
    plan = session(on, chosen("a"), MUSIC, duration_ms=DurationMs(67_000))
    assert [cue.duration_ms for cue in plan.cues] == [60_000, 5_000]


def test_music_begins_with_another_piece_each_day() -> None:
    on = shelf(nhac=(clip("m1", 60), clip("m2", 60)))
    slot = daily(template=template(replace(MUSIC, max_ms=minutes(1))))
    assert by_day(one_day(zone_inputs([slot], on), days=3)) in (
        ["m1", "m2", "m1"],
        ["m2", "m1", "m2"],
    )


def test_a_bulletin_is_fitted_in_all_its_languages_or_not_at_all() -> None:
    on = shelf(notice("a", VI, BANA, seconds=60), notice("b", VI, seconds=60))
    slot = programme(template=template(chosen("a", "b")), duration_ms=minutes(2))
    plan = one_day(zone_inputs([slot], on, zone(VI, BANA)))
    assert titles(plan) == ["b"]
    assert [(each.bulletin_id, each.code) for each in plan.left_out] == [("a", "session_full")]
    assert "dài 2.0 phút, buổi phát không còn đủ chỗ" in plan.left_out[0].vi


def test_what_is_left_out_is_told_once_and_every_cart_of_it() -> None:
    on = shelf(notice("a"), **CARTS)
    jingles = replace(CHIME, gives_way=2), replace(BYE, gives_way=3)
    plan = session(on, PlayByRule(), PlayByRule(), *jingles, duration_ms=minutes(0.05))
    assert [each.title for each in plan.left_out] == ["Tin a", "Tin chuong", "Tin het"]
    assert plan.left_out[1].vi == "«Tin chuong» dài 0.1 phút, buổi phát không còn đủ chỗ."


def test_where_there_is_nothing_to_say_no_chime_rings_either() -> None:
    plan = session(shelf(**CARTS), CHIME, PlayByRule(), BYE)
    assert plan.cues == ()
    assert [each.code for each in plan.left_out] == ["nothing_to_say"]
    assert len(session(shelf(**CARTS), CHIME, BYE).cues) == 2
    assert len(session(shelf(notice("tin"), **CARTS), CHIME, PlayByRule(), BYE).cues) == 3


def test_a_relay_is_a_stream_with_a_sound_in_its_place() -> None:
    (cue,) = session(shelf(**CARTS), VOV).cues
    assert (cue.title, cue.language, cue.kind) == ("VOV1", "und", MaterialKind.RELAY)
    assert cue.stream is not None
    assert (cue.stream.url, cue.stream.why_unproved) == ("https://vov.example/vov1", "")
    assert cue.asset_sha256 == CARTS["thay"].asset_sha256
    assert cue.play_ms == cue.duration_ms == 300_000
    assert cue.leave is Leave.RESUME


def test_the_sound_in_place_of_a_relay_is_long_enough_or_the_longest() -> None:
    sounds = clip("ngan", 60), clip("vua", 400), clip("dai", 900)
    (cue,) = session(shelf(thay=sounds), VOV).cues
    assert cue.asset_sha256 == sounds[1].asset_sha256
    (cue,) = session(shelf(thay=sounds[:1]), VOV).cues
    assert (cue.asset_sha256, cue.play_ms) == (sounds[0].asset_sha256, 300_000)


@pytest.mark.parametrize("on", [shelf(), replace(shelf(**CARTS), relays={})])
def test_a_relay_without_its_stream_or_a_sound_in_its_place_is_left_out(on: Shelf) -> None:
    plan = session(on, VOV)
    assert (plan.cues, [each.code for each in plan.left_out]) == ((), ["no_relay"])
    assert "«thay»" in plan.left_out[0].vi


def test_a_relay_over_an_open_line_says_who_let_it() -> None:
    open_line = Relay(RelayId("vov"), "Đài tỉnh", "http://dai.example/", "chủ tịch xã cho phép")
    (cue,) = session(replace(shelf(**CARTS), relays={open_line.relay_id: open_line}), VOV).cues
    assert cue.stream is not None
    assert cue.stream.why_unproved == "chủ tịch xã cho phép"


def test_a_relay_gives_up_its_time_before_a_bulletin_does() -> None:
    on = shelf(notice("a", seconds=120), **CARTS)
    plan = session(on, VOV, PlayByRule(), BYE, duration_ms=minutes(5))
    assert [(cue.title, cue.duration_ms) for cue in plan.cues] == [
        ("VOV1", 300_000 - 120_000 - 4_000 - 3_000),
        ("Tin a", 120_000),
        ("Tin het", 4_000),
    ]
    assert plan.cues[-1].end_utc == at(6, 4, 59)


def test_a_session_without_an_end_is_bounded_by_the_law() -> None:
    law = replace(DEFAULT_AIRTIME_LAW, max_session_ms=minutes(3))
    on = shelf(*(notice(name, seconds=80) for name in "abc"))
    plan = one_day(zone_inputs([programme(template=template(PlayByRule()))], on, law=law))
    assert (titles(plan), plan.refusals) == (["a", "b"], ())
    assert [each.bulletin_id for each in plan.left_out] == ["c"]
    late = programme(wall=time(6, 58), template=template(PlayByRule()))
    plan = one_day(zone_inputs([late], on, law=DEFAULT_AIRTIME_LAW))
    assert (titles(plan), plan.refusals) == (["a"], ())


PROVINCE = notice("tinh", priority=True, height=2, approved=at(-1), seconds=30)
OWN = notice("xa", priority=True, approved=at(-30), seconds=30)


def test_what_comes_from_above_goes_first_in_the_next_session_once() -> None:
    on = shelf(notice("a"), PROVINCE, **CARTS)
    slots = [
        daily("sang", template=template(CHIME, chosen("a"), BYE)),
        daily("chieu", time(17), template=template(CHIME, chosen("a"))),
    ]
    plan = one_day(zone_inputs(slots, on), days=2)
    assert by_day(plan) == ["chuong tinh a het chuong a", "chuong a het chuong a"]
    heard = {PROVINCE.bulletin_id: (utc_instant(at(-0, -30)),)}
    assert "tinh" not in titles(one_day(zone_inputs(slots, on, aired=heard)))


def test_what_comes_from_above_waits_for_a_lawful_session() -> None:
    night = daily("dem", time(3), template=template(chosen("a")))
    day = daily("sang", template=template(chosen("a")))
    inputs = zone_inputs([night, day], shelf(notice("a"), PROVINCE), law=DEFAULT_AIRTIME_LAW)
    plan = one_day(inputs)
    assert titles(plan) == ["tinh", "a"]
    assert {each.start_utc < at(5) for each in plan.refusals} == {True}


@pytest.mark.parametrize(
    ("bound", "airs"),
    [
        ({"approved_at": at(6)}, True),
        ({"approved_at": at(6, 0, 1)}, False),
        ({"valid_until": at(6)}, False),
        ({"valid_until": at(6, 0, 1)}, True),
    ],
)
def test_what_comes_from_above_airs_from_its_approval_to_the_end_of_its_time(
    bound: dict[str, datetime], airs: bool
) -> None:
    plan = session(shelf(notice("a"), replace(PROVINCE, **bound)), chosen("a"))
    assert titles(plan) == ["tinh", "a"][1 - airs :]


def test_what_comes_from_above_enters_no_music() -> None:
    on = shelf(PROVINCE, nhac=clip("m1", 60))
    filler = {"rank": Rank.FILLER, "duration_ms": minutes(1)}
    assert titles(session(on, MUSIC, **filler)) == ["m1"]


def test_colliding_uu_tien_are_a_question_with_a_default_that_holds_meanwhile() -> None:
    inputs = zone_inputs(
        [programme(template=template(CHIME, PlayByRule()))],
        shelf(notice("a"), OWN, PROVINCE, **CARTS),
    )
    plan = one_day(inputs)
    assert titles(plan) == ["chuong", "tinh", "xa", "a"]
    (question,) = plan.questions
    assert question.bulletin_ids == ("tinh", "xa")
    assert question.rundown.occurrence.start_utc == at(6)
    decided = one_day(replace(inputs, orders=((OWN.bulletin_id, PROVINCE.bulletin_id),)))
    assert (titles(decided), decided.questions) == (["chuong", "xa", "tinh", "a"], ())


def test_uu_tien_gives_way_to_no_other_bulletin() -> None:
    on = shelf(notice("a", seconds=60), OWN, **CARTS)
    plan = session(on, CHIME, chosen("a"), PlayByRule(gives_way=5), duration_ms=minutes(1))
    assert titles(plan) == ["chuong", "xa"]
    assert [each.bulletin_id for each in plan.left_out] == ["a"]


def test_uu_tien_that_a_person_put_in_order_is_no_question() -> None:
    earlier = notice("som", priority=True, approved=at(-90))
    plan = session(shelf(earlier, OWN, notice("a")), chosen("a", "xa", "som"))
    assert (titles(plan), plan.questions) == (["xa", "som", "a"], ())


def test_the_fallback_of_a_programme_is_in_the_first_language_that_has_it() -> None:
    on = shelf(notice("a", VI, BANA), thay=(clip("v", 60, VI), clip("b", 60, BANA)))
    slot = programme(template=template(chosen("a")), fallback=CartId("thay"))
    plan = one_day(zone_inputs([slot], on, zone(BANA, VI)))
    expected = on.carts[CartId("thay")][1].asset_sha256
    assert {cue.fallback_sha256 for cue in plan.cues} == {expected}
    without = one_day(zone_inputs([replace(slot, fallback=CartId("x"))], on, zone(BANA, VI)))
    assert {cue.fallback_sha256 for cue in without.cues} == {None}


def test_a_stronger_session_eats_the_music_and_the_end_stays_where_it_is() -> None:
    on = shelf(notice("a", seconds=120), notice("b", seconds=60), nhac=clip("m1", 900), **CARTS)
    slots = [
        programme("sang", template=template(chosen("a"), MUSIC, BYE), duration_ms=minutes(10)),
        programme("gap", time(6, 1), template=template(chosen("b")), rank=Rank.PRIORITY),
    ]
    plan = one_day(zone_inputs(slots, on))
    assert [(cue.title, cue.start_utc) for cue in plan.cues] == [
        ("Tin b", at(6, 1)),
        ("Tin a", at(6, 2, 1)),
        ("Tin m1", at(6, 4, 2)),
        ("Tin het", at(6, 9, 55)),
    ]
    assert plan.cues[2].end_utc == at(6, 9, 54)
    assert plan.cues[-1].end_utc == at(6, 9, 59)


def test_music_ends_where_a_stronger_session_begins() -> None:
    on = shelf(notice("b", seconds=60), nhac=clip("m1", 900), **CARTS)
    slots = [
        programme("sang", template=template(MUSIC, BYE), duration_ms=minutes(10)),
        programme("gap", time(6, 4), template=template(chosen("b")), rank=Rank.PRIORITY),
    ]
    plan = one_day(zone_inputs(slots, on))
    assert [(cue.title, cue.start_utc) for cue in plan.cues] == [
        ("Tin m1", at(6)),
        ("Tin b", at(6, 4)),
        ("Tin het", at(6, 9, 55)),
    ]
    assert plan.cues[0].end_utc == at(6, 3, 59)


def test_a_limit_that_only_warns_lets_the_session_air_and_is_told() -> None:
    clause = Clause(Limit.WINDOWS, "Điều 4 khoản 2", Action.FLAG)
    law = replace(DEFAULT_AIRTIME_LAW, clauses=(clause,))
    slot = programme(wall=time(9), template=template(chosen("a", "b")))
    plan = one_day(zone_inputs([slot], shelf(notice("a"), notice("b")), law=law))
    assert (titles(plan), plan.refusals) == (["a", "b"], ())
    (flag,) = plan.flags
    assert (flag.occurrence.start_utc, flag.breach.code) == (at(9), "outside_windows")
    assert "09:00–09:02" in flag.breach.vi
    assert "Điều 4 khoản 2" in flag.breach.vi


@pytest.mark.parametrize(
    "leave", [{"rank": Rank.EMERGENCY_RECORDED}, {"quiet_ok": "lễ mừng lúa mới"}]
)
def test_what_airs_outside_the_law_by_leave_is_told_too(leave: dict[str, object]) -> None:
    slot = programme(wall=time(2), template=template(chosen("a")), **leave)
    plan = one_day(zone_inputs([slot], shelf(notice("a")), law=DEFAULT_AIRTIME_LAW))
    assert titles(plan) == ["a"]
    assert {flag.breach.code for flag in plan.flags} == {"outside_windows", "quiet_hours"}


def test_a_session_that_has_begun_is_not_filled_anew() -> None:
    """The bulletin that it aired is withdrawn: what it had no place for airs later, not there."""
    slots = [
        daily("sang", template=template(PlayByRule(max_items=1, max_airings=1))),
        daily("trua", time(11), template=template(PlayByRule(max_items=1, max_airings=1))),
    ]
    inputs = zone_inputs(slots, shelf(notice("a"), notice("b")))
    assert titles(one_day(inputs)) == ["a", "b"]
    withdrawn = replace(
        inputs,
        shelf=shelf(notice("b")),
        aired={BulletinId("a"): (utc_instant(at(6)),)},
        begun_before=utc_instant(at(10)),
    )
    assert [(cue.title, cue.start_utc) for cue in one_day(withdrawn).cues] == [("Tin b", at(11))]
    kept = replace(withdrawn, shelf=shelf(notice("a"), notice("b")))
    assert titles(one_day(kept)) == ["a", "b"]


def test_nothing_airs_before_its_programme_stood() -> None:
    inputs = zone_inputs([daily(template=template(chosen("a")))], shelf(notice("a")))
    (standing,) = inputs.standing
    since = replace(standing, since=utc_instant(at(6, 0, 1)))
    plan = one_day(replace(inputs, standing=(since,)), days=2)
    assert [cue.start_utc for cue in plan.cues] == [at(30)]


def test_a_programme_of_another_zone_is_not_heard() -> None:
    elsewhere = zone_inputs([daily()], shelf(notice()), zone(zone_id="dak-mar"))
    assert one_day(elsewhere).rundowns == ()


def test_the_validity_of_a_bulletin_ends_its_airing() -> None:
    on = shelf(notice("a", valid_until=at(30)))
    plan = one_day(zone_inputs([daily(template=template(PlayByRule()))], on), days=3)
    assert by_day(plan) == ["a"]


def instants(plan: ZonePlan) -> list[tuple[UtcInstant, UtcInstant]]:
    return [(cue.start_utc, cue.end_utc) for cue in plan.cues]


def test_one_occurrence_may_be_longer_than_the_others() -> None:
    music = shelf(nhac=clip("m1", 900))
    second = datetime.combine(DAY, time(6)) + timedelta(days=1)
    longer = Change(second, second + timedelta(hours=1), minutes(4))
    when = replace(daily().timing, changes=(longer,))
    slot = programme(when=when, template=template(MUSIC), duration_ms=minutes(2))
    assert instants(one_day(zone_inputs([slot], music), days=3)) == [
        (at(6), at(6, 1, 59)),
        (at(31), at(31, 3, 59)),
        (at(54), at(54, 1, 59)),
    ]


def test_what_was_approved_after_a_session_was_not_heard_in_it() -> None:
    once = PlayByRule(max_airings_a_day=1)
    slots = [
        programme("sang", template=template(chosen("a"))),
        programme("chieu", time(17), template=template(once)),
    ]
    plan = one_day(zone_inputs(slots, shelf(notice("a", approved=at(10)))))
    assert [cue.start_utc for cue in plan.cues] == [at(6), at(17)]


def test_two_plans_side_by_side_are_the_plan_of_both_days() -> None:
    notices: list[Notice] = [notice(name, approved=at(-1)) for name in "abcd"]
    slot = daily(template=template(PlayByRule(max_items=1, max_airings=2)))
    inputs = zone_inputs([slot], shelf(*notices))
    whole = plan_zone(inputs, at(0), at(24 * 6))
    first = plan_zone(inputs, at(0), at(24 * 2))
    heard: dict[BulletinId, tuple[UtcInstant, ...]] = {}
    for cue in first.cues:
        assert cue.bulletin_id is not None
        heard[cue.bulletin_id] = (*heard.get(cue.bulletin_id, ()), cue.start_utc)
    waiting = tuple(
        each.bulletin_id for each in first.rundowns[-1].left_out if each.bulletin_id not in heard
    )
    second = plan_zone(
        replace(inputs, aired=heard, waiting=tuple(w for w in waiting if w)),
        at(24 * 2),
        at(24 * 6),
    )
    assert first.cues + second.cues == whole.cues
    assert later(whole.cues[0].start_utc, 0) + timedelta(days=1) == whole.cues[1].start_utc


def test_a_window_is_half_open() -> None:
    inputs = zone_inputs([programme(template=template(chosen("a")))], shelf(notice("a")))
    moment: datetime = at(6)
    assert plan_zone(inputs, at(0), moment).rundowns == ()
    assert len(plan_zone(inputs, moment, LONG_AFTER).rundowns) == 1
