"""Laws of a zone's plan, over programmes, templates, shelves and airtime laws made at random."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from schedules.airtime import (
    DEFAULT_AIRTIME_LAW,
    Action,
    Clause,
    Limit,
    lowest_gain,
    open_until,
)
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.rundown import GAP_MS, MaterialKind, Rundown
from schedules.shelf import Notice, Shelf
from schedules.template import (
    Item,
    Order,
    PlayByRule,
    PlayCart,
    PlayChosen,
    PlayFiller,
    PlayRelay,
    Template,
)
from schedules.types import (
    BulletinId,
    CartId,
    DurationMs,
    LanguageTag,
    RelayId,
    ZoneId,
    later,
    time_zone,
    wall_clock,
)
from schedules.zone_plan import ZoneInputs, ZonePlan, plan_zone
from tests.schedules.plans import (
    BANA,
    FREE_LAW,
    HOME,
    SEDANG,
    VI,
    at,
    clip,
    daily,
    notice,
    shelf,
    zone,
    zone_inputs,
)

DAYS = 3
PLACE = zone(VI, BANA)
NAMES = [BulletinId(name) for name in "abcdef"]
LENGTHS = st.sampled_from([1, 29, 60, 61, 240]) | st.integers(1, 600)
GIVES_WAY = st.integers(0, 3)

notices = st.builds(
    lambda name, languages, seconds, approved, valid_for, changes: notice(
        name,
        *languages,
        seconds=seconds,
        approved=at(approved),
        valid_until=at(approved + valid_for),
        **changes,
    ),
    name=st.sampled_from(NAMES),
    languages=st.lists(st.sampled_from([VI, BANA, SEDANG]), min_size=1, unique=True),
    seconds=LENGTHS,
    approved=st.integers(-48, 48),
    valid_for=st.integers(1, 96),
    changes=st.fixed_dictionaries(
        {
            "priority": st.booleans(),
            "height": st.integers(0, 2),
            "topic": st.sampled_from(["y-te", "mua-vu"]),
        }
    ),
)
rules = st.builds(
    PlayByRule,
    topics=st.sampled_from([(), ("y-te",), ("mua-vu",)]),
    order=st.sampled_from(Order),
    max_items=st.none() | st.integers(0, 3),
    max_ms=st.none() | st.integers(1, 300_000).map(DurationMs),
    max_age_days=st.none() | st.integers(0, 2),
    max_airings=st.none() | st.integers(1, 2),
    max_airings_a_day=st.none() | st.just(1),
    gives_way=GIVES_WAY,
)
items: st.SearchStrategy[Item] = st.one_of(
    st.builds(PlayCart, st.sampled_from(["chuong", "chao", "khong-co"]).map(CartId), GIVES_WAY),
    st.builds(
        PlayChosen, st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple), GIVES_WAY
    ),
    rules,
    st.builds(
        PlayRelay,
        st.sampled_from(["vov", "khong-co"]).map(RelayId),
        LENGTHS.map(lambda seconds: DurationMs(seconds * 1_000)),
        st.sampled_from(["chao", "khong-co"]).map(CartId),
        GIVES_WAY,
    ),
    st.builds(
        PlayFiller,
        st.just(CartId("nhac")),
        st.none() | LENGTHS.map(lambda seconds: DurationMs(seconds * 1_000)),
        GIVES_WAY,
    ),
)
slots = st.builds(
    lambda name, minute, made, rank, reason, most: daily(
        name,
        time(minute // 60, minute % 60),
        template=Template(tuple(made)),
        rank=rank,
        quiet_ok=reason,
        duration_ms=most,
    ),
    name=st.uuids().map(str),
    minute=st.integers(5 * 60, 7 * 60) | st.integers(0, 24 * 60 - 1),
    made=st.lists(items, min_size=1, max_size=5),
    rank=st.sampled_from(Rank),
    reason=st.sampled_from([None, None, "lễ hội"]),
    most=st.none() | st.integers(30_000, 900_000).map(DurationMs),
)
laws = st.builds(
    lambda law, sessions, ms, flagged: replace(
        law,
        max_sessions_per_day=sessions,
        max_session_ms=ms,
        clauses=tuple(Clause(limit, "Điều 4", Action.FLAG) for limit in flagged),
    ),
    st.sampled_from([DEFAULT_AIRTIME_LAW, FREE_LAW]),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(60_000, 1_800_000).map(DurationMs),
    st.sets(st.sampled_from(Limit), max_size=2).map(sorted),
)
CARTS = {
    "chuong": clip("chuong", 5),
    "chao": (clip("chao", 8, VI), clip("chao bdq", 9, BANA), clip("chao xong", 400)),
    "nhac": (clip("m1", 95), clip("m2", 11), clip("qua-ngan", 3)),
}


@st.composite
def situations(draw: st.DrawFn) -> ZoneInputs:
    on = draw(st.lists(notices, max_size=5, unique_by=lambda each: each.bulletin_id))
    orders = draw(st.lists(st.permutations(NAMES[:4]).map(tuple), max_size=2).map(tuple))
    return zone_inputs(
        draw(st.lists(slots, max_size=4)),
        shelf(*on, **CARTS),
        PLACE,
        law=draw(laws),
        orders=orders,
    )


def plan(inputs: ZoneInputs) -> ZonePlan:
    return plan_zone(inputs, at(0), at(24 * DAYS))


@given(situations())
def test_no_two_cues_overlap_and_each_keeps_its_time(inputs: ZoneInputs) -> None:
    made, tz = plan(inputs), time_zone(HOME)
    for cue, following in pairwise(made.cues):
        assert later(cue.end_utc, GAP_MS) <= following.start_utc
    for cue in made.cues:
        assert cue.start_utc <= cue.latest_start
        assert later(cue.latest_start, cue.duration_ms) == cue.latest_end <= cue.valid_until
        start, end = wall_clock(cue.start_utc, tz), wall_clock(cue.end_utc, tz)
        assert cue.gain_db == lowest_gain(inputs.law, start, end)
        if cue.rank.is_emergency or cue.quiet_ok is not None:
            continue
        late = wall_clock(cue.latest_end, tz)
        assert open_until(inputs.law, start, late) == late
    assert len({cue.id for cue in made.cues}) == len(made.cues)


def sessions(made: ZonePlan) -> Iterator[tuple[Rundown, list[int]]]:
    """Each rundown with the places of its cues in the plan."""
    of: dict[tuple[str, object], list[int]] = {}
    for place, cue in enumerate(made.cues):
        of.setdefault((cue.programme_id, cue.local_date), []).append(place)
    for rundown in made.rundowns:
        occurrence = rundown.occurrence
        yield rundown, of.get((occurrence.programme_id, occurrence.local_date), [])


@given(situations())
def test_a_session_begins_no_earlier_and_ends_no_later_than_its_window(
    inputs: ZoneInputs,
) -> None:
    made = plan(inputs)
    for rundown, places in sessions(made):
        cues = [made.cues[place] for place in places]
        assert all(cue.start_utc >= rundown.occurrence.start_utc for cue in cues)
        if rundown.ends_by is not None:
            assert all(cue.end_utc <= cue.latest_end <= rundown.ends_by for cue in cues)
            assert rundown.occurrence.duration_ms is not None
            assert rundown.duration_ms <= rundown.occurrence.duration_ms


@given(situations())
def test_speech_is_never_cut(inputs: ZoneInputs) -> None:
    made = plan(inputs)
    spoken = (cue for cue in made.cues if cue.kind in (MaterialKind.BULLETIN, MaterialKind.CART))
    lengths = {
        m.asset_sha256: m.duration_ms
        for m in (
            *(m for each in inputs.shelf.notices for m in each.materials),
            *(m for cart in inputs.shelf.carts.values() for m in cart),
        )
    }
    for cue in spoken:
        assert (cue.play_ms, cue.duration_ms) == (None, lengths[cue.asset_sha256])


@given(situations(), st.data())
def test_planning_twice_and_in_another_order_changes_nothing(
    inputs: ZoneInputs, data: st.DataObject
) -> None:
    shuffled = replace(
        inputs,
        standing=tuple(data.draw(st.permutations(inputs.standing))),
        shelf=replace(
            inputs.shelf, notices=tuple(data.draw(st.permutations(inputs.shelf.notices)))
        ),
    )
    assert plan(shuffled) == plan(inputs) == plan(inputs)


@given(situations(), st.lists(slots, max_size=2))
def test_a_programme_of_another_place_changes_nothing(
    inputs: ZoneInputs, others: list[Programme]
) -> None:
    elsewhere = [replace(each, zone_ids=(ZoneId("dak-mar"),)) for each in others]
    together = zone_inputs(
        [*(each.programme for each in inputs.standing), *elsewhere], inputs.shelf
    )
    assert plan(replace(inputs, standing=together.standing)) == plan(inputs)


def eligible(inputs: ZoneInputs, rundown: Rundown) -> set[BulletinId]:
    """Bulletins that the template names, or that a rule takes however often they aired."""
    start = rundown.occurrence.start_utc
    items = rundown.programme.template.items
    free_rules = [
        item
        for item in items
        if isinstance(item, PlayByRule)
        and item.max_airings is None
        and item.max_airings_a_day is None
    ]

    def is_taken(rule: PlayByRule, each: Notice) -> bool:
        young = rule.max_age_days is None or start - each.approved_at <= timedelta(
            days=rule.max_age_days
        )
        return young and (not rule.topics or each.topic in rule.topics)

    by_rule = {
        each.bulletin_id
        for each in inputs.shelf.notices
        if each.approved_at <= start < each.valid_until
        and any(is_taken(rule, each) for rule in free_rules)
    }
    return by_rule.union(rundown.programme.template.chosen)


@given(situations())
def test_nothing_is_lost_silently(inputs: ZoneInputs) -> None:
    made = plan(inputs)
    refused = Counter((each.occurrence, each.item.asset_sha256) for each in made.refusals)
    for rundown, places in sessions(made):
        aired = Counter(made.cues[place].asset_sha256 for place in places)
        for item in rundown.items:
            assert aired[item.asset_sha256] + refused[rundown.occurrence, item.asset_sha256]
        assert len(places) == len(rundown.items) - sum(
            count for (occurrence, _), count in refused.items() if occurrence == rundown.occurrence
        )
        spoken = {(i.bulletin_id, i.language) for i in rundown.items if i.bulletin_id}
        lacking = {*rundown.missing, *rundown.expired}
        assert not spoken & lacking
        assert len(lacking) == len(rundown.missing) + len(rundown.expired)
        out = [each.bulletin_id for each in rundown.left_out if each.bulletin_id]
        assert len(set(out)) == len(out)
        assert not {name for name, _ in spoken | lacking}.intersection(out)
        told: set[tuple[BulletinId | None, LanguageTag]] = spoken | lacking
        for bulletin_id in eligible(inputs, rundown) - set(out):
            assert {language for name, language in told if name == bulletin_id} == {VI, BANA}
        assert all(each.vi and each.en for each in rundown.left_out)


@given(situations())
def test_a_bulletin_airs_in_no_more_sessions_than_a_rule_allows(inputs: ZoneInputs) -> None:
    only_rules = [
        replace(
            each.programme,
            template=Template((PlayByRule(max_airings=2, max_airings_a_day=1),)),
        )
        for each in inputs.standing
    ]
    below = [replace(each, height=0) for each in inputs.shelf.notices]
    made = plan(zone_inputs(only_rules, Shelf(tuple(below)), PLACE, law=inputs.law))
    heard = {
        (cue.bulletin_id, cue.programme_id, cue.local_date) for cue in made.cues if cue.bulletin_id
    }
    assert all(count <= 2 for count in Counter(name for name, _, _ in heard).values())
    assert all(count <= 1 for count in Counter((name, day) for name, _, day in heard).values())


@given(situations(), st.integers(1, 2), st.integers(1, 14))
def test_what_the_night_must_not_air_is_as_fresh_for_the_morning(
    inputs: ZoneInputs, items: int, days: int
) -> None:
    morning = daily("sang", template=Template((PlayByRule(max_airings=1, max_items=items),)))
    night = replace(morning, id=daily("dem").id, timing=daily("dem", time(2)).timing)
    law = DEFAULT_AIRTIME_LAW

    def aired(*programmes: Programme) -> set[tuple[date, BulletinId | None]]:
        given_in = zone_inputs(programmes, inputs.shelf, PLACE, law=law)
        made = plan_zone(given_in, at(0), at(24 * days))
        return {(cue.local_date, cue.bulletin_id) for cue in made.cues}

    assert aired(night, morning) == aired(morning)
