"""The comparison of what boxes did with what is written: exact, event by event."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from controller.simulator.spool import Deed
from controller.simulator.verdict import Record, Written, judge
from edge_agent.contract.report import EventKind

STARTED, ENDED, SKIPPED = EventKind.STARTED, EventKind.ENDED, EventKind.SKIPPED
PLAY = (Deed(1, STARTED, "1-1", "a"), Deed(2, ENDED, "1-1", "a"))


def record(*deeds: Deed, planned: tuple[str, ...] = (), refused: int = 0) -> Record:
    return Record(
        {"box": [Written("s", deed) for deed in deeds]},
        {"box": {deed.play for deed in deeds}},
        {"box": planned},
        Counter(box=refused),
        {"box"},
    )


def test_what_is_written_as_it_was_done_is_sound() -> None:
    verdict = judge("box", "s", PLAY, record(*PLAY, planned=("a",)))

    assert verdict.sound
    assert (verdict.expected, verdict.made, verdict.recorded, verdict.untold) == (1, 1, 1, 0)


def test_an_event_that_is_not_written_is_lost() -> None:
    assert judge("box", "s", PLAY, record(PLAY[0])).lost == 1


def test_an_event_that_was_never_made_is_one_too_many() -> None:
    invented = Deed(3, STARTED, "1-2", "b")

    assert judge("box", "s", PLAY, record(*PLAY, invented)).doubled == 1
    assert judge("box", "another", PLAY, record(*PLAY)).doubled == 2


def test_an_occurrence_that_sounded_whole_twice_is_doubled_though_it_is_written_well() -> None:
    again = (*PLAY, Deed(3, STARTED, "1-2", "a"), Deed(4, ENDED, "1-2", "a"))

    assert judge("box", "s", again, record(*again)).doubled == 1


def test_a_skipped_play_was_expected_and_not_made_and_one_in_silence_is_untold() -> None:
    skipped = Deed(1, SKIPPED, "1-1", "a")
    verdict = judge("box", "s", (skipped,), record(skipped, planned=("a", "b")))

    assert (verdict.expected, verdict.made, verdict.untold) == (2, 0, 1)


def test_an_event_that_was_set_aside_is_refused_and_lost() -> None:
    verdict = judge("box", "s", PLAY, record(PLAY[0], refused=1))

    assert (verdict.refused, verdict.lost, verdict.sound) == (1, 1, False)


deeds = st.lists(
    st.tuples(st.sampled_from((STARTED, SKIPPED)), st.sampled_from("abc")), max_size=12
).map(
    lambda kinds: [
        Deed(seq, kind, f"1-{seq}", cue) for seq, (kind, cue) in enumerate(kinds, start=1)
    ]
)


@given(done=deeds, kept=st.data())
def test_lost_and_written_are_together_what_was_done(done: list[Deed], kept: st.DataObject) -> None:
    """Law: whatever part of the truth is written, the rest is lost, and nothing is doubled."""
    written = kept.draw(st.lists(st.sampled_from(done), unique=True) if done else st.just([]))
    verdict = judge("box", "s", done, record(*written))

    assert verdict.lost == len(done) - len(written)
    assert verdict.doubled == 0
