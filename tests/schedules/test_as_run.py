from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.as_run import Event, EventKind, Heard, Outcome, PlayState, fold
from schedules.errors import NaiveTime
from schedules.types import DurationMs, UtcInstant, later, utc_instant
from tests.schedules.plans import at

PLANNED = utc_instant(at(6))
LENGTH = DurationMs(60_000)


def event(
    kind: EventKind,
    after_ms: int,
    played_ms: int = 0,
    boot: int = 1,
    reason: str = "",
    heard: Heard = Heard.UNKNOWN,
) -> Event:
    """Reported `after_ms` after the planned start by a box that started 1,000 s earlier."""
    return Event(
        kind=kind,
        at=later(PLANNED, after_ms),
        boot=boot,
        mono_ms=1_000_000 + after_ms,
        planned_start=PLANNED,
        duration_ms=LENGTH,
        played_ms=DurationMs(played_ms),
        reason=reason,
        heard=heard,
    )


STARTED = event(EventKind.STARTED, 12)
ENDED = event(EventKind.ENDED, 60_020, 60_000)


def test_a_full_play() -> None:
    assert fold([STARTED, ENDED]) == PlayState(
        outcome=Outcome.PLAYED,
        started_at=STARTED.at,
        ended_at=ENDED.at,
        start_error_ms=DurationMs(12),
        played_ms=DurationMs(60_000),
    )


def test_a_start_without_an_end_is_unknown_and_so_is_silence() -> None:
    open_play = fold([STARTED])
    assert open_play.outcome is Outcome.UNKNOWN
    assert open_play.started_at == STARTED.at
    assert open_play.ended_at is None
    assert fold([]) == PlayState(Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (EventKind.CUT, Outcome.CUT),
        (EventKind.FAILED, Outcome.FAILED),
        (EventKind.INTERRUPTED, Outcome.INTERRUPTED),
    ],
)
def test_a_play_that_did_not_go_to_its_end_says_why(kind: EventKind, outcome: Outcome) -> None:
    state = fold([STARTED, event(kind, 20_000, 19_000, reason="khẩn cấp")])
    assert (state.outcome, state.reason, state.played_ms) == (outcome, "khẩn cấp", 19_000)
    assert state.ended_at == later(PLANNED, 20_000)


@pytest.mark.parametrize("kind", [EventKind.SKIPPED, EventKind.FAILED])
def test_what_never_sounded_has_no_times(kind: EventKind) -> None:
    state = fold([event(kind, 0, reason="hash")])
    assert state == PlayState(Outcome(kind.value), reason="hash")


def test_an_end_that_came_too_early_is_a_cut() -> None:
    assert fold([STARTED, event(EventKind.ENDED, 57_020, 57_000)]).outcome is Outcome.PLAYED
    assert fold([STARTED, event(EventKind.ENDED, 30_000, 29_000)]).outcome is Outcome.CUT


def test_an_end_whose_start_is_still_on_its_way_stands() -> None:
    state = fold([ENDED])
    assert (state.outcome, state.started_at, state.ended_at) == (
        Outcome.PLAYED,
        None,
        ENDED.at,
    )


POWER_CUT = event(EventKind.INTERRUPTED, 300_000, 20_000, boot=2, reason="mất điện")
AGAIN = event(EventKind.STARTED, 301_000, boot=2)


def test_after_a_power_cut_the_second_start_counts() -> None:
    assert fold([STARTED, POWER_CUT]).outcome is Outcome.INTERRUPTED
    assert fold([STARTED, POWER_CUT, AGAIN]).outcome is Outcome.UNKNOWN
    state = fold([STARTED, POWER_CUT, AGAIN, event(EventKind.ENDED, 361_000, 60_000, boot=2)])
    assert (state.outcome, state.started_at) == (Outcome.PLAYED, STARTED.at)


def test_a_wall_clock_that_steps_back_in_mid_play_changes_no_outcome() -> None:
    cut = replace(
        event(EventKind.CUT, 20_000, 19_000), at=later(PLANNED, -3_600_000), reason="dừng"
    )
    assert fold([STARTED, cut]).outcome is Outcome.CUT


def test_a_cut_in_the_millisecond_of_the_start_comes_after_it() -> None:
    assert fold([event(EventKind.CUT, 12), STARTED]).outcome is Outcome.CUT


def test_an_early_start_has_a_negative_error() -> None:
    assert fold([event(EventKind.STARTED, -7)]).start_error_ms == -7


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTime):
        replace(STARTED, at=UtcInstant(STARTED.at.replace(tzinfo=None)))


def test_what_the_ear_said_last_of_a_play_counts() -> None:
    unheard = replace(ENDED, heard=Heard.NO, heard_dbfs=-58.5)
    state = fold([STARTED, unheard])
    assert (state.outcome, state.heard, state.heard_dbfs) == (Outcome.PLAYED, Heard.NO, -58.5)
    assert fold([STARTED, ENDED]).heard is Heard.UNKNOWN


events = st.builds(
    event,
    kind=st.sampled_from(EventKind),
    after_ms=st.integers(-2_000, 2_000),
    played_ms=st.sampled_from([0, 100, 57_000, 60_000]),
    boot=st.integers(1, 2),
    reason=st.sampled_from(["", "khẩn cấp"]),
    heard=st.sampled_from(Heard),
)


@given(st.lists(events, max_size=8), st.data())
def test_neither_order_nor_repetition_changes_what_is_known(
    reported: list[Event], data: st.DataObject
) -> None:
    resent = data.draw(st.lists(st.sampled_from(reported))) if reported else []
    arrived = data.draw(st.permutations(reported + resent))
    assert fold(arrived) == fold(reported)


@given(st.lists(events, min_size=1, max_size=8))
def test_played_is_said_only_of_a_full_end(reported: list[Event]) -> None:
    full = any(each.kind is EventKind.ENDED and each.played_ms >= 57_000 for each in reported)
    assert (fold(reported).outcome is Outcome.PLAYED) == full
