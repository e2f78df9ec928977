import pytest

from schedules.precedence import Enter, Leave, Rank, default_rules


def test_the_order_of_the_glossary() -> None:
    assert sorted(Rank, reverse=True) == [
        Rank.EMERGENCY_LIVE,
        Rank.EMERGENCY_RECORDED,
        Rank.LIVE,
        Rank.PRIORITY,
        Rank.RELAY,
        Rank.PROGRAMME,
        Rank.FILLER,
    ]
    assert [rank for rank in Rank if rank.is_emergency] == [
        Rank.EMERGENCY_RECORDED,
        Rank.EMERGENCY_LIVE,
    ]


def test_the_words_that_others_store() -> None:
    assert {each.value for each in Enter} == {"cut", "after_item", "duck"}
    assert {each.value for each in Leave} == {"resume", "restart", "drop"}


@pytest.mark.parametrize("rank", Rank)
def test_only_a_live_voice_or_an_emergency_cuts(rank: Rank) -> None:
    assert (default_rules(rank).enter is Enter.CUT) == (rank >= Rank.LIVE)


def test_an_interrupted_bulletin_is_heard_whole() -> None:
    assert default_rules(Rank.PROGRAMME).leave is Leave.RESTART
    assert default_rules(Rank.PRIORITY).leave is Leave.RESTART
