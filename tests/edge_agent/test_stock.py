"""What to fetch, to wait with and to throw away: by need, within the disk and the data budget."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.cache import Shelf, Wanted
from edge_agent.contract.desired import PhraseRef
from edge_agent.contract.manifest import Asset, PageRef
from edge_agent.contract.state import Waits
from edge_agent.stock import (
    ANSWERS_WITHIN_MS,
    ASK_NEIGHBOURS_EVERY_MS,
    AT_ONCE_MS,
    FETCHES_AT_ONCE,
    MAX_ASKED,
    MAX_SPREAD_MS,
    PINNED_MS,
    SOON_MS,
    AskNeighbours,
    Fetch,
    Forget,
    Stock,
    Wait,
    Wants,
    spread_ms,
    stock_up,
)

NOW, MONO = 1_795_386_600_000, 500_000_000
LATER = NOW + PINNED_MS
HOUR = 3_600_000


def sha(letter: str) -> str:
    return letter * 64


def asset(letter: str, size: int = 100) -> Asset:
    return Asset(sha(letter), size, 1_000)


def wanted(letter: str, size: int = 100) -> Wanted:
    return Wanted(Shelf.AUDIO, sha(letter), size)


def page(letter: str, date: str = "2026-11-23") -> PageRef:
    return PageRef(date, sha(letter), 10)


def there(**changes: Any) -> Stock:
    plain = Stock(pages={}, audio={}, free_bytes=10_000, reserve_bytes=1_000)
    return replace(plain, **changes)


def todo(wants: Wants, now_ms: int = NOW, **changes: Any) -> list[Any]:
    return list(stock_up(wants, there(**changes), now_ms, MONO))


def fetched(actions: list[Any]) -> list[str]:
    return [action.wanted.sha256[0] for action in actions if isinstance(action, Fetch)]


def forgotten(actions: list[Any]) -> list[str]:
    return [action.sha256[0] for action in actions if isinstance(action, Forget)]


def waiting(actions: list[Any]) -> dict[str, int]:
    return {action.reason: action.files for action in actions if isinstance(action, Wait)}


def audio(*needs: tuple[str, int], size: int = 100) -> tuple[tuple[Asset, int], ...]:
    return tuple((asset(letter, size), at_ms) for letter, at_ms in needs)


def test_pages_come_before_phrases_and_these_before_audio_by_need() -> None:
    wants = Wants(
        pages=(page("2", "2026-11-24"), page("1", "2026-11-23")),
        kept_pages=(PhraseRef("vi", sha("3"), 10),),
        audio=audio(("b", NOW + 2), ("a", NOW + 1)),
    )
    assert fetched(todo(wants)) == ["1", "2", "3"]
    held = {sha("1"): 10, sha("2"): 10}
    assert fetched(todo(wants, pages=held)) == ["3", "a"]
    assert fetched(todo(wants, pages=held | {sha("3"): 10})) == ["a", "b"]


def test_no_more_than_two_are_under_way() -> None:
    wants = Wants(audio=audio(*((letter, NOW) for letter in "abcdef")))
    assert len(fetched(todo(wants))) == FETCHES_AT_ONCE
    both = {sha(letter): wanted(letter) for letter in "ab"}
    assert fetched(todo(wants, fetching=both)) == []
    assert fetched(todo(wants, fetching={sha("a"): wanted("a")})) == ["b"]


def test_an_emergency_does_not_wait_for_slow_downloads_to_end() -> None:
    slow = {sha(letter): wanted(letter) for letter in "ab"}
    wants = Wants(
        audio=audio(*((letter, 0) for letter in "abcde")), urgent=frozenset(map(sha, "de"))
    )
    assert fetched(todo(wants, fetching=slow)) == ["d"]
    assert fetched(todo(wants, fetching=slow | {sha("d"): wanted("d")})) == []
    assert fetched(todo(Wants(pages=(page("1"),)), fetching=slow)) == ["1"]


def test_a_failed_fetch_waits_its_time_and_lets_others_pass() -> None:
    actions = todo(Wants(audio=audio(("a", NOW), ("b", NOW))), not_before={sha("a"): MONO + 1})
    assert (fetched(actions), waiting(actions)) == (["b"], {Waits.RETRY: 1})


def test_withdrawn_audio_is_not_fetched_and_is_forgotten() -> None:
    wants = Wants(audio=audio(("a", NOW)), withdrawn=frozenset([sha("a")]))
    assert todo(wants) == []
    assert todo(wants, audio={sha("a"): 100}) == [Forget(Shelf.AUDIO, sha("a"), "withdrawn")]


def test_a_file_of_another_size_is_fetched_again() -> None:
    assert todo(Wants(audio=audio(("a", NOW))), audio={sha("a"): 99})[0].wanted == wanted("a")


def test_nothing_goes_while_the_plan_is_not_wholly_known() -> None:
    shelves: dict[str, Any] = {"pages": {sha("1"): 10}, "audio": {sha("a"): 100}, "free_bytes": 0}
    assert todo(Wants(complete=False), **shelves) == []
    assert forgotten(todo(Wants(complete=True), **shelves)) == ["1", "a"]


def test_pages_of_phrases_stay() -> None:
    wants = Wants(kept_pages=(PhraseRef("vi", sha("3"), 10),), complete=True)
    assert todo(wants, pages={sha("3"): 10}) == []


def test_what_was_begun_and_is_not_wanted_any_more_goes() -> None:
    parts = {sha("a"): 5, sha("b"): 5, sha("c"): 5}
    wants = Wants(complete=True, audio=audio(("a", LATER)))
    actions = todo(wants, parts=parts, fetching={sha("b"): wanted("b")})
    assert forgotten(actions) == ["c"]


def test_audio_that_no_plan_names_stays_until_the_disk_is_short() -> None:
    pinned = frozenset([sha("d")])
    wants = Wants(complete=True, pinned=pinned, audio=audio(("c", NOW + 10**9)))
    held = {sha(letter): 100 for letter in "abcd"}
    assert todo(wants, audio=held) == []
    assert forgotten(todo(wants, audio=held, free_bytes=999)) == ["a"]
    assert forgotten(todo(wants, audio=held, free_bytes=850)) == ["a", "b"]


def test_a_full_disk_refuses_downloads_and_says_so() -> None:
    wants = Wants(audio=audio(("a", NOW)))
    assert waiting(todo(wants, free_bytes=1_099)) == {Waits.DISK_FULL: 1}
    assert fetched(todo(wants, free_bytes=1_100)) == ["a"]


def test_pages_and_what_is_urgent_may_use_half_of_the_reserve() -> None:
    wants = Wants(
        pages=(page("1"),), audio=audio(("u", 0), ("a", NOW)), urgent=frozenset([sha("u")])
    )
    assert fetched(todo(wants, free_bytes=700)) == ["1", "u"]
    assert fetched(todo(wants, free_bytes=550)) == ["1"]
    assert fetched(todo(wants, free_bytes=509)) == []


def test_what_is_there_of_a_download_and_what_others_still_need_counts() -> None:
    wants = Wants(audio=audio(("a", NOW), ("b", NOW)))
    assert fetched(todo(wants, free_bytes=1_010, parts={sha("a"): 90})) == ["a"]
    coming = {sha("a"): wanted("a")}
    assert fetched(todo(wants, free_bytes=1_150, fetching=coming)) == []
    assert fetched(todo(wants, free_bytes=1_150, fetching=coming, parts={sha("a"): 60})) == ["b"]


def test_what_is_needed_latest_makes_room_for_what_is_needed_sooner() -> None:
    needs = audio(("a", NOW + HOUR), ("b", LATER + 1), ("c", LATER + 2), ("d", LATER + 3))
    wants = Wants(complete=True, audio=needs)
    held = {sha(letter): 100 for letter in "bcd"}
    assert forgotten(todo(wants, audio=held, free_bytes=1_000)) == ["d"]
    bigger = replace(wants, audio=((asset("a", 180), NOW + HOUR), *needs[1:]))
    assert forgotten(todo(bigger, audio=held, free_bytes=1_000)) == ["d", "c"]
    assert fetched(todo(wants, audio={sha("b"): 100, sha("c"): 100}, free_bytes=1_100)) == ["a"]


def test_what_no_plan_needs_goes_before_what_is_needed_late() -> None:
    wants = Wants(complete=True, audio=audio(("a", NOW + HOUR), ("d", LATER + 3)))
    held = {sha("d"): 100, sha("x"): 100}
    assert forgotten(todo(wants, audio=held, free_bytes=1_000)) == ["x"]


def test_nothing_goes_for_what_would_still_not_fit_or_is_needed_later() -> None:
    wants = Wants(complete=True, audio=audio(("a", LATER + 9), ("d", LATER + 3)))
    actions = todo(wants, audio={sha("d"): 100}, free_bytes=1_000)
    assert (forgotten(actions), waiting(actions)) == ([], {Waits.DISK_FULL: 1})
    huge = Wants(complete=True, audio=((asset("a", 500), NOW), *audio(("d", LATER + 3))))
    assert forgotten(todo(huge, audio={sha("d"): 100}, free_bytes=1_000)) == []


def test_what_is_needed_within_two_days_or_pinned_never_goes() -> None:
    near = audio(("a", NOW), ("b", NOW + PINNED_MS), ("c", LATER + 5))
    held = {sha("b"): 100, sha("c"): 100}
    wants = Wants(complete=True, audio=near, pinned=frozenset([sha("c")]))
    assert forgotten(todo(wants, audio=held, free_bytes=1_000)) == []
    unsure = replace(wants, pinned=frozenset())
    assert forgotten(todo(unsure, audio=held, free_bytes=1_000)) == ["c"]
    assert forgotten(todo(unsure, audio=held, free_bytes=1_000, clock_trusted=False)) == []


def test_what_waits_keeps_its_claim_to_room_and_what_nobody_has_keeps_none() -> None:
    wants = Wants(complete=True, audio=audio(("a", NOW), ("b", LATER + 3)))
    short: dict[str, Any] = {"free_bytes": 1_150, "not_before": {sha("a"): MONO + 1}}
    assert fetched(todo(wants, **short)) == []
    assert fetched(todo(wants, **short, absent={sha("a")})) == ["b"]


def test_near_needs_begin_at_once_and_others_at_a_moment_of_the_box() -> None:
    begins = {sha("a"): MONO + 1, sha("b"): MONO + 1, sha("c"): MONO}
    needs = audio(("a", NOW + AT_ONCE_MS), ("b", NOW + AT_ONCE_MS + 1), ("c", NOW + HOUR))
    actions = todo(Wants(audio=needs), begins=begins)
    assert (fetched(actions), waiting(actions)) == (["a", "c"], {Waits.SPREAD: 1})


def test_the_moments_of_many_boxes_lie_apart_within_ten_minutes() -> None:
    moments = [spread_ms(f"box{n:09}", 7, 48 * HOUR) for n in range(1_000)]
    assert 0 <= min(moments) < 20_000
    assert MAX_SPREAD_MS - 20_000 < max(moments) <= MAX_SPREAD_MS
    assert 270_000 < sum(moments) / 1_000 < 330_000
    assert spread_ms("box", 7, AT_ONCE_MS) == 0
    assert spread_ms("box", 7, 700_000) <= 70_000
    assert spread_ms("box", 7, 48 * HOUR) != spread_ms("box", 8, 48 * HOUR)


def test_dear_hours_are_waited_out_by_what_is_needed_late() -> None:
    needs = audio(("a", NOW + SOON_MS), ("b", NOW + SOON_MS + 1))
    actions = todo(Wants(audio=needs), is_cheap=False)
    assert (fetched(actions), waiting(actions)) == (["a"], {Waits.OFF_PEAK: 1})
    assert fetched(todo(Wants(audio=needs), is_cheap=False, clock_trusted=False)) == ["a", "b"]


def test_without_budget_only_pages_and_what_is_urgent_still_come() -> None:
    wants = Wants(
        pages=(page("1"),), audio=audio(("u", 0), ("a", NOW)), urgent=frozenset([sha("u")])
    )
    actions = todo(wants, data_left=0)
    assert (fetched(actions), waiting(actions)) == (["1", "u"], {Waits.DATA_BUDGET: 1})


def test_the_rest_of_a_budget_is_spent_once() -> None:
    wants = Wants(audio=audio(("a", NOW), ("b", NOW)))
    assert fetched(todo(wants, data_left=150)) == ["a"]
    assert fetched(todo(wants, data_left=150, parts={sha("a"): 60})) == ["a", "b"]


def test_what_is_on_its_way_is_already_spent_of_the_budget() -> None:
    wants = Wants(audio=audio(("a", NOW), ("b", NOW)))
    coming = {sha("a"): wanted("a")}
    actions = todo(wants, data_left=150, fetching=coming, parts={sha("a"): 90})
    assert (fetched(actions), waiting(actions)) == ([], {Waits.DATA_BUDGET: 1})
    assert fetched(todo(wants, data_left=200, fetching=coming)) == ["b"]


def test_neighbours_are_asked_before_a_far_source_but_not_for_what_is_needed_at_once() -> None:
    wants = Wants(audio=audio(("a", NOW + HOUR), ("b", NOW)))
    actions = todo(wants, asked={})
    assert fetched(actions) == ["b"]
    assert AskNeighbours((sha("b"), sha("a")), "before a far source is") in actions
    asked = {sha("a"): MONO - ANSWERS_WITHIN_MS, sha("b"): MONO}
    assert fetched(todo(wants, asked=asked)) == ["b", "a"]
    waits = todo(wants, asked=asked | {sha("a"): MONO - ANSWERS_WITHIN_MS + 1})
    assert waiting(waits) == {Waits.NEIGHBOURS: 1}


def test_what_a_neighbour_has_costs_nothing_and_waits_for_nothing() -> None:
    wants = Wants(audio=audio(("a", NOW + 24 * HOUR)))
    near: dict[str, Any] = {"asked": {sha("a"): MONO}, "near": {sha("a")}}
    dear = todo(wants, **near, is_cheap=False, data_left=0, begins={sha("a"): MONO + 1})
    assert dear == [Fetch(wanted("a"), "audio is missing", far=False)]
    asked = {sha("a"): MONO - ANSWERS_WITHIN_MS}
    assert todo(wants, near={sha("a")}, asked=asked)[0].far


def test_a_question_is_bounded_and_asked_again_only_after_a_while() -> None:
    many = tuple((Asset(f"{n:064x}", 100, 1_000), NOW + 24 * HOUR) for n in range(60))
    actions = todo(Wants(audio=many), asked={}, is_cheap=False)
    questions = [action for action in actions if isinstance(action, AskNeighbours)]
    assert [len(question.hashes) for question in questions] == [MAX_ASKED]
    recent = dict.fromkeys((a.sha256 for a, _ in many), MONO - ASK_NEIGHBOURS_EVERY_MS + 1)
    assert not any(isinstance(a, AskNeighbours) for a in todo(Wants(audio=many), asked=recent))


@dataclass
class Village:
    """A disk that obeys every action at once; remembers what happened."""

    wants: Wants
    free: int
    held: dict[str, int]
    lost: frozenset[str] = frozenset()
    history: list[Any] = field(default_factory=list)

    def turn(self, waits: frozenset[str]) -> bool:
        """One round; whether anything changed."""
        stock = Stock(
            pages={},
            audio=dict(self.held),
            free_bytes=self.free,
            reserve_bytes=0,
            not_before=dict.fromkeys(waits, MONO + 1),
            absent=self.lost,
        )
        changed = False
        for action in stock_up(self.wants, stock, NOW, MONO):
            if isinstance(action, Forget):
                self.free += self.held.pop(action.sha256)
            elif isinstance(action, Fetch) and action.wanted.sha256 not in self.lost:
                self.held[action.wanted.sha256] = action.wanted.size
                self.free -= action.wanted.size
            else:
                continue
            changed = True
            self.history.append(action)
        assert self.free >= 0
        return changed


LETTERS = "abcdefgh"
NEEDS = st.dictionaries(
    st.sampled_from(LETTERS),
    st.tuples(st.integers(1, 50), st.integers(-1, 96).map(lambda hour: NOW + hour * HOUR)),
)


@settings(max_examples=300)
@given(
    needs=NEEDS,
    held=st.dictionaries(st.sampled_from(LETTERS + "xyz"), st.integers(1, 50)),
    pinned=st.frozensets(st.sampled_from(LETTERS)),
    free=st.integers(0, 120),
    lost=st.frozensets(st.sampled_from(LETTERS)),
    waits=st.lists(st.frozensets(st.sampled_from(LETTERS)), max_size=8),
)
def test_law_by_need_never_what_is_pinned_and_never_to_and_fro(
    needs: dict[str, tuple[int, int]],
    held: dict[str, int],
    pinned: frozenset[str],
    free: int,
    lost: frozenset[str],
    waits: list[frozenset[str]],
) -> None:
    at = {sha(letter): at_ms for letter, (_, at_ms) in needs.items()}
    on_disk = {
        sha(letter): needs[letter][0] if letter in needs else size for letter, size in held.items()
    }
    wants = Wants(
        audio=tuple((asset(letter, size), at_ms) for letter, (size, at_ms) in needs.items()),
        pinned=frozenset(map(sha, pinned)),
        complete=True,
    )
    village = Village(wants, free, on_disk, frozenset(map(sha, lost)))
    for waiting_now in [*waits, *[frozenset[str]()] * 40]:
        before = dict(village.held), len(village.history)
        village.turn(frozenset(map(sha, waiting_now)))
        actions = village.history[before[1] :]
        gone = [action.sha256 for action in actions if isinstance(action, Forget)]
        for sha256 in gone:
            assert sha256 not in wants.pinned
            assert at.get(sha256, NOW + PINNED_MS + 1) > NOW + PINNED_MS
            lacking_sooner = (
                [
                    other
                    for other, when in at.items()
                    if other not in before[0] and when < at[sha256]
                ]
                if sha256 in at
                else [None]
            )
            assert lacking_sooner, "thrown away for something that is needed later"
    assert not village.turn(frozenset()), "it never comes to rest"
    fetched_ones = [a.wanted.sha256 for a in village.history if isinstance(a, Fetch)]
    assert len(fetched_ones) == len(set(fetched_ones)), "fetched twice"
    thrown = [a.sha256 for a in village.history if isinstance(a, Forget)]
    if not lost:
        assert not set(fetched_ones) & set(thrown), "fetched in vain, or thrown away in vain"
