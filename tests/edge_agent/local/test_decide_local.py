"""What is raised at the box, in the decision: no clock needed, no voice doubled, none lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank
from edge_agent.contract.report import Source
from edge_agent.decide import LOCAL_ALERT, Act, Candidate, Current, Policy, Situation, decide
from edge_agent.past import Past, PastState
from edge_agent.rounds import voiced
from tests.edge_agent.office import cue as planned

NOW = 1_795_386_600_000
CLIP, OTHER, BULLETIN, CENTRAL = (Asset(name * 64, 9_000, 8_000) for name in "abcd")
HELD = frozenset(asset.sha256 for asset in (CLIP, OTHER, BULLETIN, CENTRAL))


def raised(name: str = "local-1.0.vi", asset: Asset = CLIP, start: int = NOW) -> Candidate:
    end = start + 1_800_000
    cue = Cue(
        name,
        asset,
        start,
        end,
        end,
        end,
        Rank.EMERGENCY_RECORDED,
        Enter.CUT,
        Leave.RESTART,
        0.0,
        "Lũ quét",
        "vi",
    )
    return Candidate(cue, asset.duration_ms, Severity.EXTREME, "local-1", source=Source.LOCAL)


def situation(*local: Candidate, trusted: bool = True, **changes: object) -> Situation:
    bare = Situation(NOW, trusted, (), HELD, {}, local=local)
    return replace(bare, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("trusted", [True, False])
def test_it_sounds_at_once_with_and_without_a_clock(trusted: bool) -> None:
    found = decide(situation(raised(), trusted=trusted))
    assert (found.act, found.reason, found.at_ms) == (Act.PLAY, LOCAL_ALERT, NOW)


def test_it_sounds_on_a_machine_that_believes_it_is_1970() -> None:
    found = decide(replace(situation(raised(), trusted=False), now_ms=1_000))
    assert (found.act, found.at_ms) == (Act.PLAY, 1_000)


@pytest.mark.parametrize("trusted", [True, False])
def test_it_cuts_a_programme_and_goes_on_once_it_sounds(trusted: bool) -> None:
    programme = Current(Candidate(planned(BULLETIN, NOW - 1_000), 8_000), 1_000)
    found = decide(situation(raised(), trusted=trusted, current=programme))
    assert (found.act, found.cut_at_ms) == (Act.PLAY, NOW)
    on_air = Current(raised(), 2_000)
    assert decide(situation(raised(), trusted=trusted, current=on_air)).act is Act.KEEP


@pytest.mark.parametrize("trusted", [True, False])
def test_its_end_is_heard_at_once(trusted: bool) -> None:
    found = decide(situation(trusted=trusted, current=Current(raised(), 2_000)))
    assert (found.act, found.reason, found.cut_at_ms) == (Act.SILENT, "alert_ended", NOW)


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("switch", ["kill_switch", "maintenance"])
def test_a_switch_silences_it_too(trusted: bool, switch: str) -> None:
    policy = Policy(silenced=switch)
    found = decide(situation(raised(), trusted=trusted, policy=policy))
    assert (found.act, found.reason) == (Act.SILENT, switch)


@pytest.mark.parametrize("trusted", [True, False])
def test_what_is_not_held_or_was_withdrawn_never_sounds(trusted: bool) -> None:
    assert decide(situation(raised(), trusted=trusted, held=frozenset())).act is Act.SILENT
    policy = Policy(withdrawn=frozenset({CLIP.sha256}))
    assert decide(situation(raised(), trusted=trusted, policy=policy)).act is Act.SILENT


def test_an_alert_of_the_office_and_one_of_the_box_take_turns() -> None:
    central = Alert(
        "lu", 1, Severity.EXTREME, (), NOW - 60_000, NOW + 600_000, 600, (Spoken("vi", (CENTRAL,)),)
    )
    first = decide(situation(raised(), alerts=(voiced(central),)))
    assert first.play is not None
    assert first.play.source is Source.LOCAL
    on_air = situation(raised(), alerts=(voiced(central),), current=Current(raised(), 1_000))
    assert decide(on_air).act is Act.KEEP
    said = {"local-1.0.vi": Past(PastState.DONE, 8_000, NOW)}
    then = decide(situation(alerts=(voiced(central),), history=said))
    assert then.play is not None
    assert then.play.cue.asset == CENTRAL


@given(
    trusted=st.booleans(),
    now=st.integers(0, NOW),
    silenced=st.sampled_from(["", "kill_switch", "maintenance"]),
    names=st.lists(st.sampled_from(["x", "y", "z"]), unique=True),
    playing=st.sampled_from([None, "x", "w"]),
)
def test_a_raised_alert_sounds_unless_a_switch_is_set(
    trusted: bool, now: int, silenced: str, names: list[str], playing: str | None
) -> None:
    local = tuple(raised(f"local-{name}.0.vi", start=now) for name in names)
    current = None if playing is None else Current(raised(f"local-{playing}.0.vi"), 500)
    found = decide(
        Situation(
            now, trusted, (), HELD, {}, current=current, policy=Policy(silenced=silenced),
            local=local,
        )
    )  # fmt: skip
    if silenced or not names:
        assert found.act is Act.SILENT
    elif playing == "w":
        # What has ended falls silent first; what is active begins with the next decision.
        assert found.cut_at_ms == now
    elif playing in names:
        assert found.act is Act.KEEP
