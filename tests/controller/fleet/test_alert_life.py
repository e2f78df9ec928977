"""The life of an alert: only what the table says, and nothing comes back from its end."""

import pytest

from controller.fleet.alert_life import TRANSITIONS, Action, AlertOver, State, target


def test_the_table_is_the_whole_life() -> None:
    rows = {(row.action, row.source): row.target for row in TRANSITIONS}
    assert len(rows) == len(TRANSITIONS)
    for action in Action:
        for source in (None, *State):
            if (action, source) in rows:
                assert target(action, source) is rows[action, source]
            else:
                with pytest.raises(AlertOver):
                    target(action, source)


def test_nothing_leads_out_of_an_end() -> None:
    assert not [row for row in TRANSITIONS if row.source is not None and row.source.over]
    reached = {row.target for row in TRANSITIONS}
    assert reached == set(State), "and every state is reached"


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(AlertOver) as refused:
        target(Action.UPDATE, State.EXPIRED)
    assert "đã hết hạn" in refused.value.vi
    assert "raise a new one" in refused.value.en
