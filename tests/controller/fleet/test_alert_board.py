"""What the board says of a box: by its steps alone, in whatever order they come."""

from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.alert_board import (
    UNANSWERED_AFTER_MS,
    Answer,
    Step,
    progress,
    tally,
)

ISSUED = 1_786_000_000_000
STATUSES = ("received", "silent", "playing", "done", "ended")


def step(status: str, after_ms: int, round_: int = 0, **more: object) -> Step:
    at = ISSUED + after_ms
    fields: dict[str, object] = {"version": 2, "at_ms": at, "last_ms": at, **more}
    return Step(status=status, round=round_, received_ms=at, **fields)  # type: ignore[arg-type]


def test_silence_is_waited_for_ten_seconds_and_then_said() -> None:
    def judged(after_ms: int, *, online: bool) -> Answer:
        return progress((), 2, ISSUED, ISSUED + after_ms, online=online).answer

    assert judged(UNANSWERED_AFTER_MS, online=True) is Answer.WAITING
    assert judged(UNANSWERED_AFTER_MS + 1, online=True) is Answer.UNANSWERED
    assert judged(UNANSWERED_AFTER_MS + 1, online=False) is Answer.UNREACHED


def test_steps_of_a_former_version_answer_nothing() -> None:
    old = step("done", 500, version=1)
    assert progress((old,), 2, ISSUED, ISSUED + 500, online=True).answer is Answer.WAITING


def test_each_first_step_is_timed_by_the_offices_clock() -> None:
    steps = (
        step("received", 400, at_ms=5),
        step("playing", 900, at_ms=6),
        step("done", 31_000, at_ms=7),
        step("playing", 600_000, 1, at_ms=8),
    )
    found = progress(steps, 2, ISSUED, ISSUED + 700_000, online=True)
    assert (found.answer, found.round) == (Answer.PLAYING, 1)
    assert found.after_ms == {"received": 400, "playing": 900, "done": 31_000}


def test_a_switch_thrown_between_two_rounds_is_seen() -> None:
    steps = (step("done", 30_000), step("silent", 600_000, 1, reason="kill_switch"))
    found = progress(steps, 2, ISSUED, ISSUED + 601_000, online=True)
    assert (found.answer, found.reason) == (Answer.SILENT, "kill_switch")


def test_what_a_box_says_again_later_is_where_it_stands() -> None:
    steps = (
        step("playing", 900, last_ms=ISSUED + 60_000),
        step("silent", 30_000, reason="kill_switch"),
    )
    found = progress(steps, 2, ISSUED, ISSUED + 61_000, online=True)
    assert found.answer is Answer.PLAYING
    assert found.after_ms == {"playing": 900, "silent": 30_000}


@given(st.permutations(range(6)), st.booleans())
def test_the_order_in_which_rows_are_read_changes_nothing(order: list[int], online: bool) -> None:
    steps = [
        step("received", 300),
        step("playing", 300, at_ms=ISSUED + 310),
        step("done", 40_000),
        step("silent", 600_000, 1, reason="maintenance"),
        step("playing", 700_000, 1),
        step("done", 700_000, 1, at_ms=ISSUED + 700_500),
    ]
    shuffled = [steps[place] for place in order]
    found = progress(shuffled, 2, ISSUED, ISSUED + 800_000, online=online)
    assert (found.answer, found.round) == (Answer.DONE, 1)


def test_a_tally_names_every_answer() -> None:
    one = progress((), 2, ISSUED, ISSUED, online=True)
    counts = tally([one])
    assert set(counts) == set(Answer)
    assert counts[Answer.WAITING] == 1 == sum(counts.values())
