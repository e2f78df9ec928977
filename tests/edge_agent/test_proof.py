"""A box proves what it holds before it plays: in time, once, and again when something changes."""

import hashlib
from pathlib import Path
from queue import SimpleQueue

from edge_agent.contract.manifest import Asset, Cue
from edge_agent.contract.state import ClockSource
from edge_agent.proof import (
    AHEAD_MS,
    NOT_WITHIN_MS,
    PROVE_BEFORE_MS,
    SPREAD_MS,
    Hashed,
    Proved,
    Prover,
    Reader,
    hashes,
    is_due,
    spread_ms,
)
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.office import DID, cue

MINUTE = 60_000
T0 = FakeTime().system_ms
HOUR = 60 * MINUTE


def audio(letter: str) -> Asset:
    return Asset(letter * 64, 100, MINUTE)


def at(minutes: int, letter: str = "a", name: str = "", **changes: object) -> Cue:
    return cue(audio(letter), T0 + minutes * MINUTE, id=name or f"c-{minutes}", **changes)


class Box:
    """A prover whose disk is read at once."""

    def __init__(self, *cues: Cue, held: str = "") -> None:
        self.time = FakeTime()
        self.cues = cues
        self.held = {letter * 64 for letter in held}
        self.asked: list[tuple[str, ...]] = []
        self.said: list[Proved] = []
        self.prover = Prover(DID, self.asked.append)

    def live(self, minutes: float) -> "Box":
        """Look each second, and say what is proved."""
        for _ in range(int(minutes * 60)):
            self.prover.look(self.cues, self.held, self.time.reading())
            while self.asked:
                asked = self.asked.pop()
                proved = self.prover.hashed(Hashed(asked, frozenset(self.held) & set(asked)))
                assert proved is not None
                self.prover.told(proved)
                self.said.append(proved)
            self.time.pass_ms(1_000)
        return self


def test_a_cue_is_proved_within_the_hour_before_it_and_only_once() -> None:
    box = Box(at(90), held="a")
    box.live((90 * MINUTE - PROVE_BEFORE_MS + spread_ms(DID)) / MINUTE)
    assert box.said == []
    box.live(0.1)
    assert [(p.held, p.lacking) for p in box.said] == [({"a" * 64}, frozenset())]
    box.live(70)
    assert len(box.said) == 1


def test_boxes_keep_apart_each_at_its_own_instant() -> None:
    spread = {spread_ms(f"{n:012d}") for n in range(300)}
    assert len(spread) > 250
    assert all(0 <= ms < SPREAD_MS for ms in spread)
    assert spread_ms(DID) == spread_ms(DID)


def test_what_arrives_is_proved_at_once_but_not_more_than_once_a_minute() -> None:
    box = Box(at(30, "a"), at(31, "b"), held="").live(1)
    assert [len(p.lacking) for p in box.said] == [2]
    box.held.add("a" * 64)
    box.live(0.2)
    assert [len(p.lacking) for p in box.said] == [2]
    box.live(0.5)
    assert [len(p.lacking) for p in box.said] == [2, 1]
    box.held.add("b" * 64)
    box.live(0.2)
    assert [len(p.lacking) for p in box.said] == [2, 1]
    box.live(1)
    assert [len(p.lacking) for p in box.said] == [2, 1, 0]


def test_what_is_being_fetched_is_waited_for_a_moment() -> None:
    box = Box(at(30, "a"), held="").live(0.1)
    box.held.add("a" * 64)
    box.live(1)
    assert [(len(p.held), len(p.lacking)) for p in box.said] == [(1, 0)]


def test_what_is_lost_and_what_is_new_in_the_plan_is_proved_again() -> None:
    box = Box(at(30, "a"), held="ab").live(2)
    box.held.discard("a" * 64)
    box.live(1)
    assert box.said[-1].lacking == {"a" * 64}
    box.cues = (*box.cues, at(31, "b"))
    box.live(1)
    assert box.said[-1].held == {"b" * 64}
    assert len(box.said) == 3


def test_a_day_without_gap_is_proved_as_it_comes_near() -> None:
    box = Box(*(at(n, "a") for n in range(70, 200)), held="a").live(190)
    proved = set().union(*(p.cues for p in box.said))
    assert proved == {c.id for c in box.cues}
    assert len(box.said) < 15
    for earlier, later in zip(box.said, box.said[1:], strict=False):
        assert later.until_ms - earlier.until_ms >= NOT_WITHIN_MS


def test_what_may_sound_instead_is_proved_too() -> None:
    box = Box(at(30, "a", fallback=audio("b")), held="b").live(1)
    assert (box.said[0].held, box.said[0].lacking) == ({"b" * 64}, {"a" * 64})


def test_a_new_connection_is_told_anew() -> None:
    box = Box(at(30), held="a").live(2)
    box.prover.reconnected()
    box.live(1)
    assert len(box.said) == 2


def test_without_a_trusted_clock_nothing_is_said() -> None:
    box = Box(at(30), held="a")
    box.prover.look(box.cues, box.held, box.time.reading(ClockSource.UNTRUSTED))
    assert box.asked == []


def test_far_or_past_cues_ask_for_nothing() -> None:
    assert not is_due((at(-1), at(120)), (), None, T0, 0)
    assert is_due((at(60),), (), None, T0, 0)
    assert AHEAD_MS > PROVE_BEFORE_MS + SPREAD_MS


def test_each_hash_is_named_once_in_order_of_need() -> None:
    assert hashes((at(1, "b"), at(2, "a"), at(3, "b"))) == ("b" * 64, "a" * 64)


def test_only_a_file_that_has_its_hash_counts(tmp_path: Path) -> None:
    good = hashlib.sha256(b"sound").hexdigest()
    (tmp_path / good).write_bytes(b"sound")
    (tmp_path / ("c" * 64)).write_bytes(b"rotten")
    done: SimpleQueue[Hashed] = SimpleQueue()
    asked = (good, "c" * 64, "d" * 64)
    Reader(lambda sha256: tmp_path / sha256, done.put)(asked)
    assert done.get(timeout=5) == Hashed(asked, frozenset([good]))
