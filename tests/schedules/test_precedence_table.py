"""Who interrupts whom, asked of the box's own decision with cues as a plan makes them."""

from itertools import product

import pytest

from controller.fleet.plan import to_ms, wire_cue
from edge_agent.contract import manifest
from edge_agent.decide import Act, Candidate, Current, Situation, decide
from edge_agent.past import Past, PastState
from schedules.cue_sheet import Cue, cue_sheet
from schedules.precedence import Enter, Leave, Rank, default_rules
from tests.schedules.plans import FREE_LAW, at, material, programme, rundown, zone

SECONDS = 60
HEARD_MS = 20_000
PAIRS = list(product(Rank, Rank))


def cue(name: str, rank: Rank, enter: Enter | None = None, leave: Leave | None = None) -> Cue:
    """One minute at six o'clock."""
    slot = programme(name, rank=rank, enter=enter, leave=leave)
    (made,) = cue_sheet(
        [rundown(slot, material(name, seconds=SECONDS))], zone(), FREE_LAW, at(0)
    ).cues
    return made


def wired(*cues: Cue) -> tuple[manifest.Cue, ...]:
    assets = {c.asset_sha256: manifest.Asset(c.asset_sha256, 1_000, SECONDS * 1_000) for c in cues}
    return tuple(wire_cue(c, assets) for c in cues)


def situation(
    *cues: manifest.Cue,
    on_air: manifest.Cue | None = None,
    history: dict[str, Past] | None = None,
    seconds: int = 0,
) -> Situation:
    return Situation(
        now_ms=to_ms(at(6, 0, seconds)),
        clock_trusted=True,
        cues=cues,
        held={each.asset.sha256 for each in cues},
        history=history or {},
        current=Current(Candidate(on_air, SECONDS * 1_000), HEARD_MS) if on_air else None,
    )


@pytest.mark.parametrize(("holds", "comes"), PAIRS)
@pytest.mark.parametrize("enter", Enter)
def test_only_a_stronger_one_that_does_not_wait_interrupts(
    holds: Rank, comes: Rank, enter: Enter
) -> None:
    on_air, due = wired(cue("a", holds), cue("b", comes, enter))
    decision = decide(situation(on_air, due, on_air=on_air))
    if comes > holds and enter is not Enter.AFTER_ITEM:
        assert (decision.act, decision.cut_at_ms) == (Act.PLAY, to_ms(at(6)))
        assert decision.play is not None
        assert decision.play.cue.id == due.id
    else:
        assert decision.act is Act.KEEP


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_of_two_that_are_due_together_the_stronger_plays(one: Rank, other: Rank) -> None:
    due = wired(cue("a", one), cue("b", other))
    decision = decide(situation(*due))
    assert decision.play is not None
    played = next(c for c in (cue("a", one), cue("b", other)) if c.id == decision.play.cue.id)
    assert played.rank == max(one, other)


@pytest.mark.parametrize("rank", Rank)
@pytest.mark.parametrize("leave", Leave)
def test_what_was_interrupted_leaves_as_its_cue_says(rank: Rank, leave: Leave) -> None:
    (cut,) = wired(cue("a", rank, leave=leave))
    past = Past(PastState.INTERRUPTED, HEARD_MS, to_ms(at(6, 0, 20)))
    decision = decide(situation(cut, history={cut.id: past}, seconds=40))
    if leave is Leave.DROP:
        assert decision.act is Act.SILENT
        return
    assert decision.play is not None
    assert decision.play.from_ms == (HEARD_MS if leave is Leave.RESUME else 0)


@pytest.mark.parametrize("rank", Rank)
def test_a_programme_without_rules_of_its_own_has_those_of_its_rank(rank: Rank) -> None:
    usual = default_rules(rank)
    (said,) = wired(cue("a", rank))
    assert (said.rank.name, said.enter.value, said.leave.value) == (
        rank.name,
        usual.enter.value,
        usual.leave.value,
    )
    (own,) = wired(cue("a", rank, Enter.DUCK, Leave.DROP))
    assert (own.enter.value, own.leave.value) == ("duck", "drop")


def test_what_the_plan_interleaves_the_box_plays_in_turn() -> None:
    """A weaker session goes around a stronger one, so the box never has to choose."""
    strong = rundown(programme("b", rank=Rank.PRIORITY), material("b", seconds=SECONDS))
    weak = rundown(programme("a"), material("a", seconds=SECONDS))
    first, second = wired(*cue_sheet([weak, strong], zone(), FREE_LAW, at(0)).cues)
    assert first.rank is manifest.Rank.PRIORITY
    assert second.start == first.start + SECONDS * 1_000 + 1_000
    over = {first.id: Past(PastState.DONE, SECONDS * 1_000, second.start - 1_000)}
    decision = decide(situation(first, second, history=over, seconds=SECONDS + 1))
    assert decision.play is not None
    assert decision.play.cue.id == second.id
