import pytest

from schedules.errors import BadDuration, NegativeLimit, TemplateTooLong
from schedules.template import (
    MAX_ITEMS,
    PlayByRule,
    PlayChosen,
    PlayFiller,
    PlayRelay,
    Template,
    chosen_alone,
)
from schedules.types import BulletinId, CartId, DurationMs, RelayId

A, B, C = (BulletinId(name) for name in "abc")


def test_what_a_person_named_is_listed_once_in_order() -> None:
    items = (PlayChosen((B, A)), PlayByRule(), PlayChosen((A, C)))
    assert Template(items).chosen == (B, A, C)
    assert chosen_alone((A,)).items == (PlayChosen((A,)),)


@pytest.mark.parametrize("limit", ["max_items", "max_age_days", "max_airings", "max_airings_a_day"])
def test_a_limit_is_not_negative(limit: str) -> None:
    with pytest.raises(NegativeLimit):
        PlayByRule(**{limit: -1})
    assert PlayByRule(**{limit: 0})


def test_what_has_a_length_lasts() -> None:
    nothing, music = DurationMs(0), CartId("nhac")
    with pytest.raises(BadDuration):
        PlayByRule(max_ms=nothing)
    with pytest.raises(BadDuration):
        PlayFiller(music, nothing)
    with pytest.raises(BadDuration):
        PlayRelay(RelayId("vov"), nothing, music)
    with pytest.raises(BadDuration):
        PlayRelay(RelayId("vov"), DurationMs(1), music, min_ms=nothing)


def test_a_template_is_bounded_with_all_that_it_names() -> None:
    named = tuple(BulletinId(str(number)) for number in range(MAX_ITEMS))
    assert chosen_alone(named).chosen == named
    with pytest.raises(TemplateTooLong):
        Template((PlayChosen(named), PlayByRule()))
