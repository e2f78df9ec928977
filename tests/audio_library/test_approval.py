from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.approval import (
    TRANSITIONS,
    Action,
    approve,
    diagram,
    edit,
    reading_changed,
    send_back,
    submit,
    target,
    withdraw,
)
from audio_library.bulletin import Bulletin, Kind, State, new_bulletin
from audio_library.errors import (
    BulletinExpired,
    FourEyes,
    NaiveTime,
    ReadingMissing,
    ReasonMissing,
    WrongTransition,
)
from audio_library.script import Script
from audio_library.wording.spoken_form import VERSION

NOW = datetime(2026, 8, 15, 7, 30, tzinfo=UTC)
SPOKEN = {"vi": "Gọi một một bốn.", "bdq": "bản tiếng Ba Na"}
NEW_WORDS = (Script("vi", "Gọi 115."),)


def draft() -> Bulletin:
    return new_bulletin(
        id="b1",
        title="Cháy rừng",
        kind=Kind.PRIORITY,
        topic="bao_ve_rung",
        scripts=[Script("vi", "Gọi 114."), Script("bdq", "bản tiếng Ba Na")],
        author="An",
        at=NOW,
    )


def approved() -> Bulletin:
    return approve(submit(draft()), "Bình", NOW, SPOKEN, four_eyes=True)


ACTS: dict[Action, Callable[[Bulletin], Bulletin]] = {
    Action.SUBMIT: submit,
    Action.APPROVE: lambda b: approve(b, "Bình", NOW, SPOKEN, four_eyes=True),
    Action.SEND_BACK: lambda b: send_back(b, "Bình", "Thiếu giờ", NOW),
    Action.EDIT: lambda b: edit(b, "An", b.scripts),
    Action.WITHDRAW: lambda b: withdraw(b, "Bình", "Đã hết nguy cơ", NOW),
}


def test_approval_pins_the_script_and_every_word_that_will_be_heard() -> None:
    bulletin = approved()
    assert bulletin.state is State.APPROVED
    assert (bulletin.approved_by, bulletin.approved_at) == ("Bình", NOW)
    assert {pin.language: pin.spoken for pin in bulletin.pins} == SPOKEN
    for script in bulletin.scripts:
        pin = bulletin.pin(script.language)
        assert pin is not None
        assert pin.script_sha256 == script.sha256
        assert pin.wording_version == VERSION


def test_an_edit_loses_the_approval() -> None:
    edited = edit(approved(), "An", NEW_WORDS)
    assert edited.state is State.DRAFT
    assert edited.pins == ()
    assert edited.approved_by is None
    assert edited.approved_at is None


def test_sent_back_keeps_the_reason_until_approved() -> None:
    back = send_back(submit(draft()), "Bình", "Thiếu giờ tiêm", NOW)
    assert back.state is State.DRAFT
    assert back.sent_back is not None
    assert (back.sent_back.by, back.sent_back.why) == ("Bình", "Thiếu giờ tiêm")
    again = submit(edit(back, "An", back.scripts))
    assert again.sent_back == back.sent_back
    assert approve(again, "Bình", NOW, SPOKEN, four_eyes=True).sent_back is None


def test_withdrawn_tells_who_why_and_when() -> None:
    gone = withdraw(approved(), "Bình", "Đã hết nguy cơ", NOW)
    assert gone.state is State.WITHDRAWN
    assert gone.withdrawn is not None
    assert (gone.withdrawn.by, gone.withdrawn.why, gone.withdrawn.at) == (
        "Bình",
        "Đã hết nguy cơ",
        NOW,
    )
    assert gone.pins


@pytest.mark.parametrize("person", ["An", "Chi"])
def test_whoever_wrote_the_words_may_not_approve_them_where_four_eyes_are_asked(
    person: str,
) -> None:
    waiting = submit(edit(draft(), "Chi", draft().scripts))
    with pytest.raises(FourEyes):
        approve(waiting, person, NOW, SPOKEN, four_eyes=True)
    assert approve(waiting, person, NOW, SPOKEN, four_eyes=False).state is State.APPROVED


def test_no_one_approves_words_that_another_edited_after_them() -> None:
    waiting = submit(edit(edit(draft(), "Chi", NEW_WORDS), "Dung", NEW_WORDS))
    for person in ("An", "Chi", "Dung"):
        with pytest.raises(FourEyes):
            approve(waiting, person, NOW, SPOKEN, four_eyes=True)
    assert approve(waiting, "Bình", NOW, SPOKEN, four_eyes=True).state is State.APPROVED


def test_words_that_were_approved_no_longer_bind_their_editor() -> None:
    first = approve(submit(edit(draft(), "Chi", NEW_WORDS)), "Bình", NOW, SPOKEN, four_eyes=True)
    waiting = submit(edit(first, "Dung", NEW_WORDS))
    with pytest.raises(FourEyes):
        approve(waiting, "Dung", NOW, SPOKEN, four_eyes=True)
    assert approve(waiting, "Chi", NOW, SPOKEN, four_eyes=True).approved_by == "Chi"


def test_no_approval_without_a_reading_of_every_script() -> None:
    with pytest.raises(ReadingMissing, match="bdq"):
        approve(submit(draft()), "Bình", NOW, {"vi": "Gọi một một bốn."}, four_eyes=True)


def test_no_approval_after_its_time_or_by_a_clock_without_zone() -> None:
    with pytest.raises(BulletinExpired):
        approve(submit(draft()), "Bình", NOW + timedelta(days=7), SPOKEN, four_eyes=True)
    with pytest.raises(NaiveTime):
        approve(submit(draft()), "Bình", datetime(2026, 8, 15), SPOKEN, four_eyes=True)


@pytest.mark.parametrize("why", ["", "  "])
def test_a_reason_is_asked_for(why: str) -> None:
    with pytest.raises(ReasonMissing):
        send_back(submit(draft()), "Bình", why, NOW)
    with pytest.raises(ReasonMissing):
        withdraw(approved(), "Bình", why, NOW)


def test_a_reading_that_changed_since_is_told_and_alters_nothing() -> None:
    bulletin = approved()
    assert reading_changed(bulletin, SPOKEN) == ()
    assert reading_changed(bulletin, {**SPOKEN, "vi": "Gọi trăm mười bốn."}) == ("vi",)
    assert bulletin.pins == approved().pins


@given(st.lists(st.sampled_from(list(Action)), max_size=12))
def test_the_table_is_the_law(actions: list[Action]) -> None:
    bulletin = draft()
    for action in actions:
        rows = [r for r in TRANSITIONS if r.action is action and r.source is bulletin.state]
        if not rows:
            with pytest.raises(WrongTransition):
                ACTS[action](bulletin)
            continue
        bulletin = ACTS[action](bulletin)
        assert bulletin.state is rows[0].target
        if action is Action.EDIT:
            assert bulletin.state is State.DRAFT
        assert bool(bulletin.pins) <= (Action.APPROVE in actions)
        assert (bulletin.state is State.APPROVED) <= bool(bulletin.pins)


def test_there_is_one_way_to_approved_and_none_back_from_withdrawn() -> None:
    assert [row.action for row in TRANSITIONS if row.target is State.APPROVED] == [Action.APPROVE]
    assert not [row for row in TRANSITIONS if row.source is State.WITHDRAWN]
    assert {row.target for row in TRANSITIONS if row.action is Action.EDIT} == {State.DRAFT}


def test_no_state_has_two_ways_for_one_action() -> None:
    keys = [(row.action, row.source) for row in TRANSITIONS]
    assert len(set(keys)) == len(keys)


def test_a_refusal_says_what_and_in_which_state() -> None:
    with pytest.raises(WrongTransition, match=r"Không thể duyệt.*nháp.*Cannot approve.*draft"):
        target(Action.APPROVE, State.DRAFT)


def test_the_diagram_draws_every_row() -> None:
    drawn = diagram()
    assert drawn.startswith("stateDiagram-v2\n")
    assert "    submitted --> approved: approve\n" in drawn
    assert drawn.count("-->") == len(TRANSITIONS) + 1
