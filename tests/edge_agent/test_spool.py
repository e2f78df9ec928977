"""Events on disk: numbered without gaps, kept until the controller has them."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.report import MAX_EVENTS, MAX_REPORT_BYTES, EventKind, PlaybackEvent
from edge_agent.contract.types import decode
from edge_agent.past import PastState
from edge_agent.spool import Spool
from tests.contract.samples import EVENT
from tests.edge_agent.fakes import FakeTime

NOW = FakeTime().reading()
FAR = NOW.utc_ms + 86_400_000


def event(name: str, kind: EventKind = EventKind.STARTED, **changes: object) -> PlaybackEvent:
    return msgspec.structs.replace(EVENT, play=f"p-{name}", cue=f"c-{name}", kind=kind, **changes)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool.sqlite", NOW.utc_ms)


def play(spool: Spool, name: str, state: PastState = PastState.DONE) -> None:
    spool.release(event(name), FAR)
    spool.started(event(name))
    finish(spool, name, state)


def finish(spool: Spool, name: str, state: PastState = PastState.DONE) -> None:
    over = event(name, EventKind.ENDED, played_ms=500)
    spool.over(over, state, position_ms=500, at_ms=NOW.utc_ms, keep_until_ms=FAR)


def stored(spool: Spool, after: int = 0) -> list[PlaybackEvent]:
    batch = spool.batch(after)
    return [decode(raw, PlaybackEvent) for raw in batch.events] if batch else []


def test_events_are_numbered_from_one_without_gaps(spool: Spool) -> None:
    play(spool, "a")
    play(spool, "b")
    assert [(e.seq, e.kind) for e in stored(spool)] == [
        (1, "started"),
        (2, "ended"),
        (3, "started"),
        (4, "ended"),
    ]
    assert (spool.range.first, spool.range.last) == (1, 4)


def test_only_its_own_receipt_lets_it_forget(spool: Spool) -> None:
    play(spool, "a")
    assert not spool.forget("another", 2)
    assert spool.forget(spool.id, 1)
    assert not spool.forget(spool.id, 1)
    assert [e.seq for e in stored(spool)] == [2]
    assert spool.forget(spool.id, 2)
    assert spool.batch(0) is None
    play(spool, "b")
    assert [e.seq for e in stored(spool)] == [3, 4]


def test_numbers_and_history_live_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "spool.sqlite"
    first = Spool(file, NOW.utc_ms)
    play(first, "a", PastState.INTERRUPTED)
    first.forget(first.id, 2)
    first.close()
    again = Spool(file, NOW.utc_ms)
    assert again.id == first.id
    assert again.history["c-a"].state is PastState.INTERRUPTED
    assert again.history["c-a"].played_ms == 500
    assert (again.range.first, again.range.last) == (3, 2)
    play(again, "a")
    assert [e.seq for e in stored(again)] == [3, 4]
    assert again.history["c-a"].starts == 2


@pytest.mark.parametrize(("told", "events"), [(False, 2), (True, 2)])
def test_a_death_after_release_is_told_as_start_and_interruption(
    tmp_path: Path, told: bool, events: int
) -> None:
    file = tmp_path / "spool.sqlite"
    dying = Spool(file, NOW.utc_ms)
    dying.release(event("a"), FAR)
    if told:
        dying.started(event("a"))
    dying.close()

    again = Spool(file, NOW.utc_ms)
    interrupted = again.recover(NOW, boot=9, reason="agent_died")
    assert [(e.kind, e.boot, e.reason) for e in interrupted] == [("interrupted", 9, "agent_died")]
    assert [e.kind for e in stored(again)] == ["started", "interrupted"]
    assert again.history["c-a"].state is PastState.INTERRUPTED
    assert again.recover(NOW, boot=9, reason="agent_died") == ()


def test_a_damaged_file_is_set_aside_and_counted_from_another_id(tmp_path: Path) -> None:
    file = tmp_path / "spool.sqlite"
    first = Spool(file, NOW.utc_ms)
    play(first, "a")
    first.close()
    file.write_bytes(b"\0" * 5_000)
    again = Spool(file, NOW.utc_ms)
    assert again.losses == ("spool.sqlite damaged",)
    assert again.id != first.id
    assert again.history_from_ms == NOW.utc_ms
    assert again.range.last == 0
    assert (tmp_path / "spool.sqlite.damaged").exists()


def test_a_skip_is_no_start(spool: Spool) -> None:
    skip = event("a", EventKind.SKIPPED, reason="missed")
    spool.over(skip, PastState.DONE, position_ms=0, at_ms=NOW.utc_ms, keep_until_ms=FAR)
    assert spool.history["c-a"].starts == 0


def test_history_is_pruned_when_nothing_can_come_of_it(spool: Spool) -> None:
    play(spool, "a")
    spool.prune(FAR - 1)
    assert "c-a" in spool.history
    spool.prune(FAR + 1)
    assert spool.history == {}


@given(
    titles=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300), max_size=40
    )
)
def test_law_batches_keep_order_and_bounds(
    tmp_path_factory: pytest.TempPathFactory, titles: list[str]
) -> None:
    spool = Spool(tmp_path_factory.mktemp("s") / "spool.sqlite", NOW.utc_ms)
    for title in titles:
        spool.started(event("a", title=title))
    after, seen = 0, []
    while batch := spool.batch(after):
        size = sum(len(raw) for raw in batch.events)
        assert len(batch.events) <= MAX_EVENTS
        assert size < MAX_REPORT_BYTES or len(batch.events) == 1
        seen += [decode(raw, PlaybackEvent) for raw in batch.events]
        after = batch.last
    spool.close()
    assert [e.seq for e in seen] == list(range(1, len(titles) + 1))
    assert [e.title for e in seen] == titles


def test_a_power_cut_while_it_recovers_tells_no_start_twice(tmp_path: Path) -> None:
    file = tmp_path / "spool.sqlite"
    Spool(file, NOW.utc_ms).release(event("a"), FAR)
    found: list[Path] = []

    class Cut(Spool):
        """Keeps what another start would find after each thing that is written."""

        def over(self, *args: Any, **kwargs: Any) -> None:
            found.append(copied(file, tmp_path / f"before-{len(found)}"))
            super().over(*args, **kwargs)

    assert len(Cut(file, NOW.utc_ms).recover(NOW, boot=2, reason="agent_died")) == 1
    for each in (*found, copied(file, tmp_path / "after")):
        again = Spool(each, NOW.utc_ms)
        again.recover(NOW, boot=3, reason="agent_died")
        assert [(e.seq, e.kind) for e in stored(again)] == [(1, "started"), (2, "interrupted")]


def copied(file: Path, to: Path) -> Path:
    """What stands on the disk now."""
    to.mkdir()
    for each in file.parent.glob(f"{file.name}*"):
        shutil.copy(each, to)
    return to / file.name
