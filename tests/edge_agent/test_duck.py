"""A voice over a programme: both go on, one is low, and never are two heard in full."""

import hashlib
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank
from edge_agent.decide import DUCK_DB, Policy
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.office import cue
from tests.edge_agent.patient import Lived, Sound, live

SECOND = 1_000
BEGIN = FakeTime().system_ms
MIXES = Policy(can_mix=True)


def asset(seconds: int) -> Asset:
    data = str(seconds * SECOND).encode()
    return Asset(hashlib.sha256(data).hexdigest(), len(data), seconds * SECOND)


MUSIC, NOTICE, WORD = asset(60), asset(20), asset(6)
ASSETS = (MUSIC, NOTICE, WORD)


def music(**changes: object) -> Cue:
    return cue(MUSIC, BEGIN + 10 * SECOND, id="music", rank=Rank.FILLER, **changes)


def notice(at_s: int, **changes: object) -> Cue:
    fields = {"id": "notice", "rank": Rank.PRIORITY, "enter": Enter.DUCK} | changes
    return cue(NOTICE, BEGIN + at_s * SECOND, **fields)


def lived(folder: Path, *cues: Cue, policy: Policy = MIXES, seconds: int = 200) -> Lived:
    in_order = tuple(sorted(cues, key=lambda c: (c.start, c.id)))
    within = (BEGIN, BEGIN + seconds * SECOND)
    return live(folder, in_order, ASSETS, within, policy=lambda _now: policy)


def told(life: Lived) -> list[tuple[str, str, int]]:
    """What is reported of the ends: cue, kind, seconds that sounded."""
    ends = (e for e in life.events if e.kind != "started")
    return [(e.cue, str(e.kind), round(e.played_ms / SECOND)) for e in ends]


def of(life: Lived, sound: Asset) -> Sound:
    (found,) = (heard for heard in life.sounds if heard.file == sound.sha256)
    return found


def test_the_programme_goes_on_low_and_comes_back(tmp_path: Path) -> None:
    life = lived(tmp_path, music(), notice(30))
    assert told(life) == [("notice", "ended", 20), ("music", "ended", 60)]
    low = of(life, MUSIC)
    at = lambda second: low.gain_db(BEGIN + round(second * SECOND))  # noqa: E731 - reads as asked
    assert [at(29.0), at(30.0), at(49.9), at(50.3)] == [0.0, DUCK_DB, DUCK_DB, 0.0]
    assert of(life, NOTICE).began_ms == BEGIN + 30 * SECOND
    assert of(life, NOTICE).gain_db(BEGIN + 40 * SECOND) == 0.0


def test_a_voice_that_outlasts_what_it_ducks_has_the_air_alone(tmp_path: Path) -> None:
    after = cue(WORD, BEGIN + 62 * SECOND, id="after", rank=Rank.FILLER, enter=Enter.AFTER_ITEM)
    life = lived(tmp_path, music(), notice(60), after)
    assert told(life) == [("music", "ended", 60), ("notice", "ended", 20), ("after", "ended", 6)]
    assert (of(life, WORD).began_ms or 0) >= BEGIN + 80 * SECOND


def test_where_the_player_has_one_voice_it_is_a_cut(tmp_path: Path) -> None:
    life = lived(tmp_path, music(), notice(30), policy=Policy())
    assert told(life) == [("music", "cut", 20), ("notice", "ended", 20)]


def test_an_emergency_silences_both(tmp_path: Path) -> None:
    siren = cue(WORD, BEGIN + 35 * SECOND, id="siren", rank=Rank.EMERGENCY_RECORDED)
    life = lived(tmp_path, music(leave=Leave.RESUME), notice(30, leave=Leave.RESUME), siren)
    assert sorted(told(life)[:2]) == [("music", "cut", 25), ("notice", "cut", 5)]
    assert told(life)[2:] == [
        ("siren", "ended", 6),
        ("notice", "ended", 15),
        ("music", "ended", 35),
    ]


def test_a_third_ducks_the_lowest_and_cuts_the_second(tmp_path: Path) -> None:
    word = cue(WORD, BEGIN + 35 * SECOND, id="word", rank=Rank.LIVE, enter=Enter.DUCK)
    life = lived(tmp_path, music(), notice(30), word)
    ends = [("notice", "cut", 5), ("word", "ended", 6), ("music", "ended", 60)]
    assert told(life) == ends


@pytest.mark.parametrize("switched_at_s", [20, 35])
def test_a_switch_silences_all_that_sounds(tmp_path: Path, switched_at_s: int) -> None:
    off_ms = BEGIN + switched_at_s * SECOND
    life = live(
        tmp_path,
        (music(), notice(30)),
        ASSETS,
        (BEGIN, BEGIN + 90 * SECOND),
        policy=lambda now: Policy(can_mix=True, silenced="maintenance" if now >= off_ms else ""),
        edges=(off_ms,),
    )
    assert all(not sound.sounds(off_ms + 1) for sound in life.sounds)
    assert all(e.reason == "maintenance" for e in life.events if e.kind in ("cut", "skipped"))


plans = st.lists(
    st.tuples(
        st.integers(0, 24).map(lambda fives: fives * 5),
        st.sampled_from(ASSETS),
        st.sampled_from([Rank.FILLER, Rank.PROGRAMME, Rank.PRIORITY, Rank.EMERGENCY_RECORDED]),
        st.sampled_from(list(Enter)),
        st.sampled_from(list(Leave)),
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=150, deadline=None)
@given(plans, st.booleans())
def test_law_at_no_instant_are_two_sounds_heard_in_full(
    plan: list[tuple[int, Asset, Rank, Enter, Leave]], mixes: bool
) -> None:
    cues = [
        cue(what, BEGIN + (10 + at) * SECOND, id=f"c{n}", rank=rank, enter=enter, leave=leave)
        for n, (at, what, rank, enter, leave) in enumerate(plan)
    ]
    folder = Path(tempfile.mkdtemp())
    try:
        life = lived(folder, *cues, policy=Policy(can_mix=mixes), seconds=700)
    finally:
        shutil.rmtree(folder)
    heard = [sound for sound in life.sounds if sound.began_ms is not None]
    corners = {at for s in heard for at in (s.began_ms or 0, s.ended_ms or 0)}
    turns = {at + over for s in heard for at, over, _ in s.turns}
    for at_ms in {at + by for at in corners | turns for by in (-1, 0, 1)}:
        on_air = [sound for sound in heard if sound.sounds(at_ms)]
        full = [sound for sound in on_air if sound.gain_db(at_ms) > DUCK_DB / 2]
        assert len(on_air) <= (2 if mixes else 1)
        assert len(full) <= 1
    ends = Counter(event.play for event in life.events if event.kind != "started")
    starts = Counter(event.play for event in life.events if event.kind == "started")
    assert set(ends.values()) | set(starts.values()) <= {1}
    assert len(starts) == len(heard)
