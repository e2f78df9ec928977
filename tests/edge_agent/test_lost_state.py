"""State that is lost, empty, locked or not even a file: told, and nothing sounds twice."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge_agent import identity
from edge_agent.clock import BUILD_FLOOR_MS, BoxClock
from edge_agent.commands import CommandLog, Obeyed, Refused
from edge_agent.contract.commands import Command
from edge_agent.contract.report import EventKind
from edge_agent.errors import StateUnreadable
from edge_agent.held import HeldStore
from edge_agent.past import PastState
from edge_agent.spool import Spool
from tests.contract.samples import EVENT
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.office import DID

NOW = FakeTime().reading()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def missing(file: Path) -> None:
    file.unlink()


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "something").touch()


def filled_spool(file: Path) -> Spool:
    spool = Spool(file, NOW.utc_ms)
    over = msgspec.structs.replace(EVENT, kind=EventKind.ENDED, cue="c-1", play="p-1")
    spool.over(
        over, PastState.DONE, position_ms=1, at_ms=NOW.utc_ms, keep_until_ms=NOW.utc_ms + 1_000
    )
    return spool


@pytest.mark.parametrize(
    ("lose", "loss"),
    [
        (empty, "spool.sqlite damaged"),
        (missing, "spool.sqlite missing"),
        (folder, "spool.sqlite damaged"),
    ],
)
def test_a_lost_spool_is_told_and_what_was_due_before_is_not_known(
    tmp_path: Path, lose: Callable[[Path], None], loss: str
) -> None:
    file = tmp_path / "spool.sqlite"
    filled_spool(file).close()
    lose(file)
    for _ in range(2):
        again = Spool(file, NOW.utc_ms, expected=True)
        assert again.history_from_ms == NOW.utc_ms
        assert again.losses == (loss,)
        again.close()
        lose(file)


def test_a_box_at_its_first_start_has_lost_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite", NOW.utc_ms, expected=False)
    assert (spool.losses, spool.history_from_ms) == ((), 0)


@pytest.mark.parametrize("lose", [empty, missing, folder])
def test_a_box_that_lost_its_commands_obeys_none_of_before_also_after_the_next_start(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    file = tmp_path / "commands.sqlite"
    CommandLog(file, 0).close()
    lose(file)
    old = Command("cmd-1", "stop", DID, NOW.utc_ms - 1_000, NOW.utc_ms + 60_000)
    new = msgspec.structs.replace(old, id="cmd-2", issued=NOW.utc_ms + 1_000)
    log = CommandLog(file, NOW.utc_ms, expected=True)
    assert log.losses != ()
    log.close()
    later = CommandLog(file, NOW.utc_ms + 2_000, expected=True)
    verdict = later.judge(old, NOW.utc_ms + 2_000)
    assert isinstance(verdict, Refused)
    assert verdict.reason == "history_lost"
    assert isinstance(later.judge(new, NOW.utc_ms + 2_000), Obeyed)


def test_a_locked_spool_is_left_alone_and_a_person_is_told(tmp_path: Path) -> None:
    file = tmp_path / "spool.sqlite"
    filled_spool(file).close()
    other = sqlite3.connect(file)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin exclusive")
    with pytest.raises(StateUnreadable, match=r"vẫn còn nguyên.*Close the program"):
        Spool(file, NOW.utc_ms)
    other.rollback()
    other.close()
    again = Spool(file, NOW.utc_ms)
    assert again.range.last == 1
    assert [entry.name for entry in tmp_path.glob("*.damaged*")] == []


def test_a_damaged_spool_keeps_its_log_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "spool.sqlite"
    filled_spool(file).close()
    file.write_bytes(b"no database" * 500)
    log = tmp_path / "spool.sqlite-wal"
    log.write_bytes(b"reports that nobody has read")
    Spool(file, NOW.utc_ms).close()
    kept = tmp_path / "spool.sqlite.damaged-wal"
    assert kept.read_bytes() == b"reports that nobody has read"


def test_a_folder_in_the_place_of_a_file_is_set_aside_each_time(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "desired.json").mkdir()
        (tmp_path / "desired.json" / "something").touch()
        assert HeldStore(tmp_path).losses == ("desired.json damaged",)


@pytest.mark.parametrize("content", [b"damaged", None])
def test_a_damaged_counter_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "boot"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    assert identity.Counter(file, 7).losses == ("boot damaged",)
    assert identity.Counter(file, 7).losses == ()


def test_a_damaged_time_floor_is_told(tmp_path: Path) -> None:
    file = tmp_path / "time_floor"
    file.mkdir()
    time = FakeTime()
    clock = BoxClock(
        file,
        system_ms=lambda: time.system_ms,
        mono_ms=lambda: time.mono_ms,
        vouch=lambda _system_ms: None,
    )
    assert (clock.losses, clock.floor_ms) == (("time_floor damaged",), BUILD_FLOOR_MS)
    clock.save()
    assert file.is_file()
