"""A disk that takes nothing more: the box says so and plays on, with what it knows in memory."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge_agent import durable, identity
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.commands import Stop, Volume
from edge_agent.contract.report import EventKind
from edge_agent.held import Held
from edge_agent.past import PastState
from edge_agent.spool import Spool
from edge_agent.supply import make_room
from tests.contract.samples import EVENT
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.office import Office, cue
from tests.edge_agent.test_clock import Bench
from tests.edge_agent.test_orders import Desk, play

NOW = FakeTime().reading()
FAR = NOW.utc_ms + 86_400_000


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Let the system refuse every write of this process to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class FullCache(Cache):
    """A cache on a disk without room."""

    def free_bytes(self) -> int:
        return 0


def test_what_the_disk_refuses_is_kept_in_memory_and_written_in_order_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool.sqlite", NOW.utc_ms)
    over = msgspec.structs.replace(EVENT, kind=EventKind.ENDED)
    with no_room():
        spool.release(EVENT, FAR)
        spool.started(EVENT)
        spool.over(over, PastState.DONE, position_ms=1, at_ms=NOW.utc_ms, keep_until_ms=FAR)
        assert EVENT.cue in spool.history
        assert (spool.range.first, spool.range.last) == (1, 0)
        assert spool.batch(0) is None
        assert spool.is_unwritable
    assert [record.message for record in caplog.records] == ["state_unwritable"]
    spool.flush()
    assert not spool.is_unwritable
    assert spool.range.last == 2
    batch = spool.batch(0)
    assert batch is not None
    assert batch.last == 2
    spool.close()
    again = Spool(tmp_path / "spool.sqlite", NOW.utc_ms)
    assert again.recover(NOW, boot=2, reason="agent_died") == ()
    assert set(again.history) == {EVENT.cue}


def test_counters_go_on_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counter = identity.Counter(tmp_path / "boot", 0)
    counter.next()
    with no_room():
        assert [counter.next(), counter.next()] == [2, 3]
    assert {record.message for record in caplog.records} == {"disk_full"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["boot"]


def test_a_file_that_could_not_be_written_is_what_it_was(tmp_path: Path) -> None:
    file = tmp_path / "state"
    durable.write_checked(file, b"before")
    with no_room(), pytest.raises(OSError, match="large"):
        durable.write_checked(file, b"after")
    assert durable.read_checked(file) == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_the_time_floor_goes_on_in_memory(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.clock.lift_floor(bench.time.system_ms)
    with no_room():
        bench.clock.save()
    assert bench.clock.floor_ms == bench.time.system_ms


def test_an_order_that_cannot_be_remembered_is_refused_by_name_but_a_stop_is_obeyed(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    with no_room():
        desk.orders.take(desk.command("play", play(), "cmd-1"), desk.time.reading())
        desk.orders.take(desk.command("volume", Volume(-3.0), "cmd-2"), desk.time.reading())
        desk.orders.take(desk.command("stop", Stop(), "cmd-3"), desk.time.reading())
        desk.work()
        desk.orders.forget(FAR)
    refused = "refused state_unwritable"
    assert desk.steps() == ["received"] * 3 + [refused, refused, "accepted", "done nothing to stop"]
    assert desk.orders.candidates == ()
    assert desk.orders.volume_db == 0.0


def test_a_file_that_cannot_be_deleted_is_not_counted_any_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path)
    stuck = cache.path(Shelf.AUDIO, "a" * 64)
    stuck.mkdir()
    cache.admit(Wanted(Shelf.AUDIO, "a" * 64, 1))
    assert not cache.is_sound(Shelf.AUDIO, "a" * 64)
    assert cache.shelves[Shelf.AUDIO] == {}
    assert [record.message for record in caplog.records] == ["state_unwritable"]


def test_before_a_start_on_a_full_disk_only_what_no_plan_needs_is_deleted(
    tmp_path: Path,
) -> None:
    office = Office.open(tmp_path)
    needed, old = office.asset(1_000, note="needed"), office.asset(1_000, note="old")
    desired = office.desired((cue(needed, NOW.utc_ms),), serial=1, now_ms=NOW.utc_ms)
    cache = Cache(tmp_path)
    part = cache.part(Wanted(Shelf.AUDIO, "0" * 64, 1))
    part.touch()
    make_room(cache, Held(desired=desired), NOW.utc_ms)
    assert part.exists()
    assert set(cache.shelves[Shelf.AUDIO]) == {needed.sha256, old.sha256}

    pageless = FullCache(tmp_path)
    pageless.shelves[Shelf.PAGES].clear()
    make_room(pageless, Held(desired=desired), NOW.utc_ms)
    assert not part.exists()
    assert set(pageless.shelves[Shelf.AUDIO]) == {needed.sha256, old.sha256}

    full = FullCache(tmp_path)
    make_room(full, Held(desired=desired), NOW.utc_ms)
    assert set(full.shelves[Shelf.AUDIO]) == {needed.sha256}
    assert set(full.shelves[Shelf.PAGES]) == {desired.manifest.pages[0].sha256}
