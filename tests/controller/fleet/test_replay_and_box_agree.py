"""What is replayed is what the box does: the true playout beside the replay, on one fake clock."""

import hashlib
import shutil
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as change

from controller.fleet.box_replay import Faults, Sent, Span, replay_box
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank
from edge_agent.contract.report import PlaybackEvent
from edge_agent.decide import Policy
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.patient import live

SECOND, MINUTE = 1_000, 60_000
LENGTHS = (20 * SECOND, 45 * SECOND, 90 * SECOND)
NEAR_MS = 1_500
"""The true box loads, switches on and hands over; a replay does not."""


def asset(length_ms: int) -> Asset:
    data = str(length_ms).encode()
    return Asset(hashlib.sha256(data).hexdigest(), len(data), length_ms)


def true_box(
    folder: Path,
    cues: tuple[Cue, ...],
    faults: Faults,
    policy: Policy,
    since_ms: int,
    until_ms: int,
) -> list[PlaybackEvent]:
    """Run the box's own playout over the time; gives all that it would report."""
    spans = (*faults.kill_switch, *faults.clock)

    def policy_at(now_ms: int) -> Policy:
        off = any(span.holds(now_ms) for span in faults.kill_switch)
        return replace(policy, silenced="kill_switch" if off else "")

    held = (each for each in map(asset, LENGTHS) if each.sha256 not in faults.never_held)
    return live(
        folder,
        cues,
        tuple(held),
        (since_ms, until_ms),
        policy=policy_at,
        trusted=lambda now_ms: not any(span.holds(now_ms) for span in faults.clock),
        edges=tuple(sorted(at for s in spans for at in (s.from_ms, s.until_ms))),
        alerts=faults.alerts,
    ).events


starts = st.integers(0, 18).map(lambda tens: tens * 10 * SECOND)
slots = st.lists(
    st.tuples(
        starts,
        st.sampled_from(LENGTHS),
        st.sampled_from([Rank.FILLER, Rank.PROGRAMME, Rank.PRIORITY, Rank.LIVE]),
        st.sampled_from(list(Enter)),
        st.sampled_from(list(Leave)),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda slot: slot[0],
)
spans = st.tuples(st.integers(0, 10), st.integers(1, 5)).map(
    lambda span: (span[0] * MINUTE + 11 * SECOND, (span[0] + span[1]) * MINUTE + 17 * SECOND)
)


@settings(max_examples=100, deadline=None)
@given(
    slots,
    st.lists(spans, max_size=1),
    st.lists(spans, max_size=1),
    st.sampled_from([frozenset(), frozenset({asset(LENGTHS[0]).sha256})]),
    st.builds(Policy, can_mix=st.booleans(), fallback=st.sampled_from([None, asset(LENGTHS[1])])),
)
def test_the_replay_says_what_the_true_playout_reports(
    plan: list[tuple[int, int, Rank, Enter, Leave]],
    switched: list[tuple[int, int]],
    lost: list[tuple[int, int]],
    missing: frozenset[str],
    policy: Policy,
) -> None:
    begin = FakeTime().system_ms
    faults = Faults(
        kill_switch=tuple(Span(begin + a, begin + b) for a, b in switched),
        clock=tuple(Span(begin + a, begin + b) for a, b in lost),
        never_held=missing,
    )
    agree(planned(plan, begin), faults, policy, begin)


def alert(name: str, at_ms: int, severity: Severity, length: int, **changes: Any) -> Alert:
    begin = FakeTime().system_ms
    spoken = (Spoken("vi", (asset(length),)),)
    plain = Alert(name, 1, severity, (), begin + at_ms, begin + at_ms + 15 * MINUTE, 3_600, spoken)
    return change(plain, **changes)


sevens = st.integers(1, 60).map(lambda seven: (seven * 7 + 3) * SECOND)
alerts = st.lists(
    st.builds(
        alert,
        st.sampled_from(["lu", "bao", "gio"]),
        sevens,
        st.sampled_from(list(Severity)),
        st.sampled_from(LENGTHS),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda alert: alert.id,
)


@settings(max_examples=15, deadline=None)
@given(alerts)
def test_alerts_are_replayed_as_the_true_playout_says_them(told: list[Alert]) -> None:
    agree((), Faults(alerts=tuple(told)), Policy(), FakeTime().system_ms)


def test_rounds_and_updates_are_replayed_as_the_true_playout_says_them() -> None:
    begin = FakeTime().system_ms
    flood = alert("lu", 10 * SECOND, Severity.SEVERE, LENGTHS[0], repeat_s=120)
    newer = change(flood, version=2, issued=begin + 315 * SECOND, severity=Severity.EXTREME)
    storm = alert("bao", 335 * SECOND, Severity.MINOR, LENGTHS[2], repeat_s=300)
    agree((), Faults(alerts=(flood, newer, storm)), Policy(), begin)


def planned(plan: list[tuple[int, int, Rank, Enter, Leave]], begin: int) -> tuple[Cue, ...]:
    """The cues of a plan in order of start."""
    return tuple(
        sorted(
            (
                Cue(
                    id=f"c{number}",
                    asset=asset(length),
                    start=begin + MINUTE + start,
                    latest_start=begin + MINUTE + start + 5 * MINUTE,
                    latest_end=begin + MINUTE + start + length + 5 * MINUTE,
                    valid_until=begin + 60 * MINUTE,
                    rank=rank,
                    enter=enter,
                    leave=leave,
                    gain_db=0.0,
                    title=f"c{number}",
                    language="vi",
                )
                for number, (start, length, rank, enter, leave) in enumerate(plan)
            ),
            key=lambda cue: cue.start,
        )
    )


def agree(cues: tuple[Cue, ...], faults: Faults, policy: Policy, begin: int) -> None:
    """Let both live through half an hour, and compare what they say of it."""
    until = begin + 30 * MINUTE
    folder = Path(tempfile.mkdtemp())
    try:
        reported = true_box(folder, cues, faults, policy, begin, until)
    finally:
        shutil.rmtree(folder)
    replayed = replay_box([Sent(cue, begin - 1) for cue in cues], begin, until, faults, policy)

    said: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for event in reported:
        if event.kind != "started":
            said[event.cue].append((_word(event.kind), event.played_ms))
    ours: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for heard in replayed:
        ours[heard.cue.id].append((heard.outcome.value, heard.sounded_ms))
    assert {k: [w for w, _ in v] for k, v in said.items()} == {
        k: [w for w, _ in v] for k, v in ours.items()
    }
    for cue_id, mine in ours.items():
        for (_, one), (_, other) in zip(mine, said[cue_id], strict=True):
            assert abs(one - other) <= NEAR_MS


def _word(kind: str) -> str:
    return {"ended": "played"}.get(kind, kind)
