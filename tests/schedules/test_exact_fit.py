from hypothesis import given
from hypothesis import strategies as st

from schedules.exact_fit import Firmness, NoRoom, Share, Wish, fit
from schedules.rundown import GAP_MS
from schedules.types import BulletinId, DurationMs

FULL, ENOUGH, USED, TWICE = (
    NoRoom.SESSION_FULL,
    NoRoom.ENOUGH_ITEMS,
    NoRoom.SHARE_FULL,
    NoRoom.TWICE,
)


def speech(ms: int, gives_way: int = 0, name: str | None = None, share: int | None = None) -> Wish:
    return Wish(ms, ms, gives_way, Firmness.WHOLE, BulletinId(name) if name else None, share)


def cart(ms: int, gives_way: int = 0) -> Wish:
    return Wish(ms, ms, gives_way, Firmness.FIXED)


def elastic(least_ms: int, most_ms: int | None, gives_way: int) -> Wish:
    return Wish(least_ms, most_ms, gives_way, Firmness.ELASTIC)


def test_the_gap_between_two_pieces_counts() -> None:
    two = [speech(5_000), speech(4_000)]
    assert fit(two, (), 10_000, None) == [5_000, 4_000]
    assert fit(two, (), 9_999, None) == [5_000, FULL]


def test_the_closing_has_its_place_before_the_last_bulletin() -> None:
    wishes = [cart(2_000), speech(5_000), speech(5_000), cart(2_000)]
    assert fit(wishes, (), 11_000, None) == [2_000, 5_000, FULL, 2_000]


def test_what_gives_way_most_is_left_out_first_and_the_shorter_one_after_it_airs() -> None:
    wishes = [speech(6_000, 2), speech(5_000, 1), speech(2_000, 2)]
    assert fit(wishes, (), 9_000, None) == [FULL, 5_000, 2_000]


def test_a_relay_is_shortened_before_it_is_left_out() -> None:
    wishes = [speech(5_000, 1), elastic(3_000, 10_000, 2)]
    assert fit(wishes, (), 17_000, None) == [5_000, 10_000]
    assert fit(wishes, (), 10_000, None) == [5_000, 3_000]
    assert fit(wishes, (), 9_999, None) == [5_000, FULL]


def test_music_takes_what_is_left_but_nothing_of_a_session_without_an_end() -> None:
    wishes = [speech(5_000), elastic(5_000, None, 9)]
    assert fit(wishes, (), 20_000, None) == [5_000, 13_000]
    assert fit(wishes, (), None, None) == [5_000, FULL]


def test_the_law_leaves_what_always_airs_to_the_cue_sheet() -> None:
    assert fit([speech(9_000), speech(5_000, 1)], (), None, 6_000) == [9_000, FULL]
    assert fit([speech(1_000), speech(4_000, 1)], (), None, 6_000) == [1_000, 4_000]


def test_a_rule_takes_so_many_items_and_so_much_time() -> None:
    three = [speech(2_000, 1, name, 0) for name in "abc"]
    assert fit(three, [Share(max_items=2)], None, None) == [2_000, 2_000, ENOUGH]
    assert fit(three, [Share(max_ms=DurationMs(5_000))], None, None) == [2_000, 2_000, USED]


def test_a_bulletin_that_two_items_want_airs_once() -> None:
    wishes = [speech(2_000, 1, "a", 0), speech(2_000, 0, "a"), speech(2_000, 1, "b", 0)]
    assert fit(wishes, [Share(max_items=1)], None, None) == [TWICE, 2_000, 2_000]


@st.composite
def wished(draw: st.DrawFn) -> Wish:
    least = draw(st.integers(1, 9_000))
    if draw(st.booleans()):
        most = draw(st.none() | st.integers(least, 20_000))
        return elastic(least, most, draw(st.integers(0, 3)))
    name = draw(st.sampled_from("abcdef"))
    return speech(least, draw(st.integers(0, 3)), name, draw(st.sampled_from([None, 0])))


@given(
    st.lists(wished(), max_size=8),
    st.integers(0, 60_000),
    st.none() | st.integers(0, 60_000),
    st.none() | st.integers(0, 3),
)
def test_what_is_given_never_passes_the_session(
    wishes: list[Wish], room_ms: int, lawful_ms: int | None, most: int | None
) -> None:
    given_ms = fit(wishes, [Share(max_items=most)], room_ms, lawful_ms)
    got = [(w, ms) for w, ms in zip(wishes, given_ms, strict=True) if not isinstance(ms, NoRoom)]
    assert sum(ms + GAP_MS for _, ms in got) <= room_ms + GAP_MS
    assert all(w.least_ms <= ms <= (w.most_ms or ms) for w, ms in got)
    aired = [w.bulletin_id for w, _ in got if w.bulletin_id is not None]
    assert len(set(aired)) == len(aired)
    if most is not None:
        assert sum(w.share == 0 for w, _ in got) <= most
