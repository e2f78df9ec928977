"""What is replayed is what the box does: the true playout beside the replay, on one fake clock."""

import hashlib
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.fleet.box_replay import Faults, Sent, Span, replay_box
from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.types import decode
from edge_agent.decide import Policy, Situation, decide
from edge_agent.player import Ended, Ready, Started
from edge_agent.playout import Playout
from edge_agent.spool import Spool
from edge_agent.streams import Streams
from tests.edge_agent.fakes import FakeSwitch, FakeTime

SECOND, MINUTE = 1_000, 60_000
LENGTHS = (20 * SECOND, 45 * SECOND, 90 * SECOND)
NEAR_MS = 1_500
"""The true box loads, switches on and hands over; a replay does not."""


def asset(length_ms: int) -> Asset:
    data = str(length_ms).encode()
    return Asset(hashlib.sha256(data).hexdigest(), len(data), length_ms)


@dataclass
class PatientPlayer:
    """Does what it is told at the instant it is told, and says so."""

    time: FakeTime
    lengths: dict[str, int]
    can_seek: bool = True
    can_mix: bool = True
    restarts: int = 0
    events: list[tuple[int, Ready | Started | Ended]] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    length_ms: dict[str, int] = field(default_factory=dict)

    def load(self, play: str, path: Path, *, gain_db: float, from_ms: int) -> None:
        self.length_ms[play] = self.lengths[path.stem] - from_ms
        self.events.append((self.time.system_ms, Ready(play, self.length_ms[play])))

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        raise NotImplementedError

    def play_at(self, play: str, at_unix: float) -> None:
        self.began[play] = round(at_unix * 1000)
        self.events.append((self.began[play], Started(play, at_unix)))
        over = self.began[play] + self.length_ms[play]
        self.events.append((over, Ended(play, self.length_ms[play], "eof")))

    def stop(self, play: str) -> None:
        self.events = [(at, e) for at, e in self.events if e.play != play]
        sounded = max(0, self.time.system_ms - self.began.get(play, self.time.system_ms))
        self.events.append((self.time.system_ms, Ended(play, sounded, "stopped")))

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        pass

    def abandon(self, play: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


def true_box(
    folder: Path,
    cues: tuple[Cue, ...],
    faults: Faults,
    policy: Policy,
    since_ms: int,
    until_ms: int,
) -> list[PlaybackEvent]:
    """Run the box's own playout over the time; gives all that it would report."""
    time = FakeTime(system_ms=since_ms)
    cache = Cache(folder)
    for each in map(asset, LENGTHS):
        if each.sha256 not in faults.never_held:
            path = cache.path(Shelf.AUDIO, each.sha256)
            path.write_bytes(str(each.duration_ms).encode())
            cache.admit(Wanted(Shelf.AUDIO, each.sha256, each.bytes))
    player = PatientPlayer(time, {asset(ms).sha256: ms for ms in LENGTHS})
    spool = Spool(folder / "spool.sqlite", since_ms - 86_400_000)
    playout = Playout(
        player=player,
        streams=Streams(lambda url: None),
        amplifier=Amplifier(FakeSwitch(), lead_ms=0, hold_ms=5_000),
        spool=spool,
        cache=cache,
        boot=1,
        progress=lambda *step: None,
    )
    edges = sorted(
        at for s in (*faults.kill_switch, *faults.clock) for at in (s.from_ms, s.until_ms)
    )
    while time.system_ms < until_ms:
        due = sorted((e for e in player.events if e[0] <= time.system_ms), key=lambda e: e[0])
        for happened in due:
            if happened in player.events:
                player.events.remove(happened)
                playout.heard(happened[1], time.reading())
        now = time.reading()
        off = any(span.holds(now.utc_ms) for span in faults.kill_switch)
        decision = decide(
            Situation(
                now_ms=now.utc_ms,
                clock_trusted=not any(span.holds(now.utc_ms) for span in faults.clock),
                cues=cues,
                held=cache.shelves[Shelf.AUDIO].keys(),
                history=spool.history,
                current=playout.current(now),
                policy=replace(policy, silenced="kill_switch" if off else ""),
                under=playout.under(now),
                known_sound_ms=playout.known_sound_ms,
            )
        )
        playout.apply(decision, now)
        coming = [at - now.utc_ms for at in (*(at for at, _ in player.events), *edges)]
        waits = [decision.next_deadline_ms - now.utc_ms, *playout.waits_ms(decision, now)]
        following = [ms for ms in (*coming, *waits) if ms > 0]
        soon = any(at <= now.utc_ms for at, _ in player.events)
        time.pass_ms(1 if soon else max(1, min([*following, MINUTE])))
    batches, after = [], 0
    while (batch := spool.batch(after)) is not None:
        batches += [decode(raw, PlaybackEvent) for raw in batch.events]
        after = batches[-1].seq
    spool.close()
    return batches


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
    cues = tuple(
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
    faults = Faults(
        kill_switch=tuple(Span(begin + a, begin + b) for a, b in switched),
        clock=tuple(Span(begin + a, begin + b) for a, b in lost),
        never_held=missing,
    )
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
