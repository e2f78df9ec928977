"""A disk that rots or goes back in time: nothing acknowledged doubles, what is lost is told."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge_agent.contract.report import EventHead, EventKind, PlaybackEvent
from edge_agent.contract.types import decode
from edge_agent.spool import Spool
from tests.edge_agent.test_spool import FAR, NOW, event, play, stored

HEAD = 32
FRAME = 24 + 4_096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


def log_of(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def power_cut(file: Path, to: Path) -> Path:
    """What is on the disk of a running agent, as another one finds it."""
    to.mkdir()
    for each in (file, log_of(file)):
        if each.exists():
            shutil.copy(each, to)
    return to / file.name


def overwrite(file: Path, at: int, data: bytes) -> None:
    with file.open("r+b") as disk:
        disk.seek(at)
        disk.write(data)


def half(file: Path) -> None:
    with file.open("r+b") as disk:
        disk.truncate(file.stat().st_size // 2)


def zeroed(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def headless(file: Path) -> None:
    overwrite(file, 0, b"\xff" * 100)


def rotten_in_the_middle(file: Path) -> None:
    for page in range(1, file.stat().st_size // 4_096):
        overwrite(file, page * 4_096, b"\x5a" * 4_096)


@pytest.mark.parametrize("damage", [half, zeroed, headless, rotten_in_the_middle])
def test_a_damaged_file_begins_another_spool_and_the_loss_is_told(
    file: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    spool = Spool(file, NOW.utc_ms)
    for name in "abcdefgh":
        play(spool, name)
    spool.forget(spool.id, 10)
    spool.close()
    found = power_cut(file, tmp_path / "after")
    damage(found)
    after = Spool(found, NOW.utc_ms, expected=True)
    assert after.losses == ("spool.sqlite damaged",)
    assert after.id != spool.id
    assert after.history_from_ms == NOW.utc_ms
    assert stored(after) == []


@pytest.mark.parametrize("at", [0, HEAD, HEAD + 3 * FRAME + 100])
def test_a_rotten_log_that_hides_what_was_written_is_no_log_to_go_by(
    file: Path, tmp_path: Path, at: int
) -> None:
    spool = Spool(file, NOW.utc_ms)
    for name in "abcdef":
        play(spool, name)
    found = power_cut(file, tmp_path / "after")
    assert log_of(found).stat().st_size > HEAD + 10 * FRAME
    overwrite(log_of(found), at, b"\x5a" * 32)
    after = Spool(found, NOW.utc_ms, expected=True)
    assert after.losses == ("spool.sqlite damaged",)
    assert after.id != spool.id


def test_a_log_that_was_cut_off_in_its_last_write_is_as_it_was_before(
    file: Path, tmp_path: Path
) -> None:
    spool = Spool(file, NOW.utc_ms)
    play(spool, "a")
    before = [e.seq for e in stored(spool)]
    complete = log_of(file).stat().st_size
    play(spool, "b")
    for cut in range(complete + 1, complete + FRAME, 777):
        found = power_cut(file, tmp_path / f"after-{cut}")
        with log_of(found).open("r+b") as disk:
            disk.truncate(cut)
        after = Spool(found, NOW.utc_ms, expected=True)
        assert after.losses == ()
        assert (after.id, [e.seq for e in stored(after)]) == (spool.id, before)
        after.close()


def test_what_was_acknowledged_is_in_the_file_itself_and_no_lost_log_brings_it_back(
    file: Path, tmp_path: Path
) -> None:
    spool = Spool(file, NOW.utc_ms)
    play(spool, "a")
    spool.forget(spool.id, 2)
    found = power_cut(file, tmp_path / "after")
    log_of(found).unlink()
    after = Spool(found, NOW.utc_ms, expected=True)
    assert (after.range.first, after.range.last) == (3, 2)
    assert set(after.history) == {"c-a"}


def test_a_disk_that_went_back_in_time_uses_no_number_twice(file: Path, tmp_path: Path) -> None:
    spool = Spool(file, NOW.utc_ms)
    play(spool, "a")
    found = power_cut(file, tmp_path / "after")
    play(spool, "b")
    play(spool, "c")
    known_to_the_controller = {(spool.id, e.seq): e.play for e in stored(spool)}

    after = Spool(found, NOW.utc_ms, expected=True)
    play(after, "d")
    assert after.forget(after.id, 6)

    again = {(after.id, e.seq): e.play for e in stored(after)}
    assert again.keys().isdisjoint(known_to_the_controller)
    assert list(again.values()) == ["p-d", "p-d"]
    assert [e.seq for e in stored(after)] == [1, 2]
    play(after, "e")
    assert after.range.last == 4
    assert not after.forget(spool.id, 6)
    assert after.forget(after.id, 4)


def test_an_event_that_has_rotten_is_named_and_the_others_are_told(file: Path) -> None:
    spool = Spool(file, NOW.utc_ms)
    play(spool, "a")
    spool.close()
    with sqlite3.connect(file) as db:
        db.execute("update event set payload = x'7b00ff' where seq = 1")
    after = Spool(file, NOW.utc_ms)
    batch = after.batch(0)
    assert batch is not None
    head, whole = batch.events
    assert msgspec.json.decode(head, type=EventHead) == EventHead(1)
    assert decode(whole, PlaybackEvent).kind == EventKind.ENDED


def test_a_play_that_cannot_be_read_any_more_does_not_keep_the_box_from_starting(
    file: Path,
) -> None:
    spool = Spool(file, NOW.utc_ms)
    spool.release(event("a"), FAR)
    spool.close()
    with sqlite3.connect(file) as db:
        db.execute("update sounding set event = x'00'")
    for _ in range(2):
        after = Spool(file, NOW.utc_ms)
        assert after.recover(NOW, boot=2, reason="agent_died") == ()
        after.close()


def test_history_that_nobody_wrote_so_is_damage(file: Path) -> None:
    spool = Spool(file, NOW.utc_ms)
    play(spool, "a")
    spool.close()
    with sqlite3.connect(file) as db:
        db.execute("update occurrence set state = 'dona'")
    assert Spool(file, NOW.utc_ms).losses == ("spool.sqlite damaged",)
