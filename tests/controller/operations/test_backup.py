"""A backup holds what an office would miss, and comes back whole or not at all."""

import contextlib
import hashlib
import resource
import signal
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_library.store.filesystem import FilesystemStore
from controller.errors import BackupRefused, ControllerError, DatabaseInUse
from controller.operations.backup import Made, make_backup
from controller.operations.restore import Restored, restore_backup
from controller.settings import Settings
from controller.storage import backup_file
from controller.storage.database import Database, open_database

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PASSPHRASE = "bốn chữ khó đoán lắm"


@pytest.fixture(autouse=True)
def _quick_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "SCRYPT_N", 2**4)


def seal_keys(data_dir: Path, passphrase: str) -> bytes:
    """Sealed keys as far as a backup is concerned: bytes that only the passphrase opens."""
    return passphrase.encode() + b"\0" + (data_dir / "keys" / "root.pem").read_bytes()


def open_keys(sealed: bytes, data_dir: Path, passphrase: str) -> None:
    code, _, root = sealed.partition(b"\0")
    assert code == passphrase.encode()
    (data_dir / "keys").mkdir(mode=0o700)
    (data_dir / "keys" / "root.pem").write_bytes(root)


class Here:
    """A data folder with a database, keys, two sounds and a voice; and what it is backed up to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.settings = Settings(data_dir=self.folder)
        self.file = folder / "out" / "office.backup"
        self.file.parent.mkdir()
        self.store = FilesystemStore(self.folder / "audio")
        path = self.settings.sqlite_path()
        assert path is not None
        self.database: Database = open_database(self.settings.sqlalchemy_url(), path)
        (self.folder / "keys").mkdir()
        (self.folder / "keys" / "root.pem").write_bytes(b"the root")
        (self.folder / "broker").mkdir()
        (self.folder / "broker" / "port").write_text("18831")
        (self.folder / "voices").mkdir()
        (self.folder / "voices" / "vi.onnx").write_bytes(b"a voice")
        (self.folder / "agents").mkdir()
        (self.folder / "agents" / ("a" * 64)).write_bytes(b"a program for boxes")
        self.sounds = [self.keep(b"one" * 1000), self.keep(b"two" * 900_000)]

    def keep(self, content: bytes) -> str:
        made = self.folder / "made"
        made.write_bytes(content)
        return self.store.put(made)

    def back_up(self) -> Made:
        return make_backup(
            *(self.settings, self.store, seal_keys, self.file, PASSPHRASE, "0.1", NOW),
            lambda _done, _all: None,
        )

    def restore(self, to: Path, passphrase: str = PASSPHRASE, **choices: bool) -> Restored:
        return restore_backup(
            Settings(data_dir=to), open_keys, self.file, passphrase, NOW, **choices
        )


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    here = Here(tmp_path)
    yield here
    here.database.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.endswith((".lock", "-wal", "-shm"))
    }


def test_all_comes_back_on_an_empty_machine(here: Here, tmp_path: Path) -> None:
    here.back_up()
    done = here.restore(tmp_path / "new")

    new = tmp_path / "new"
    assert (new / "keys" / "root.pem").read_bytes() == b"the root"
    assert (new / "broker" / "port").read_text() == "18831"
    assert (new / "voices" / "vi.onnx").read_bytes() == b"a voice"
    assert (new / "agents" / ("a" * 64)).read_bytes() == b"a program for boxes"
    store = FilesystemStore(new / "audio")
    for name in here.sounds:
        with store.open(name) as sound:
            assert hashlib.sha256(sound.read()).hexdigest() == name
    open_database(f"sqlite:///{new / 'loalang.sqlite3'}", new / "loalang.sqlite3").close()
    assert done.kept_aside is None
    strays = [p for p in new.iterdir() if p.name.startswith(".")]
    assert strays == []


def test_it_is_private_to_its_owner_and_nothing_lies_beside_it(here: Here) -> None:
    here.back_up()
    assert stat.S_IMODE(here.file.stat().st_mode) == 0o600
    assert list(here.file.parent.iterdir()) == [here.file]


def test_a_database_that_is_written_all_the_time_is_one_moment_of_it(
    here: Here, tmp_path: Path
) -> None:
    path = here.settings.sqlite_path()
    assert path is not None
    stop = threading.Event()
    begun = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=10)) as busy:
            busy.execute("create table pair (a integer, b integer)")
            number = 0
            while not stop.is_set():
                number += 1
                busy.executemany("insert into pair values (?, ?)", [(number, 1), (number, 2)])
                busy.commit()
                if number == 50:
                    begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(10)
        here.back_up()
    finally:
        stop.set()
        writer.join()
    here.restore(tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / "loalang.sqlite3")) as found:
        halves = found.execute("select a from pair group by a having count(*) != 2").fetchall()
        assert halves == []
        assert found.execute("select count(*) from pair").fetchone()[0] >= 100


def test_a_full_disk_leaves_the_older_backup(here: Here) -> None:
    here.back_up()
    before = here.file.read_bytes()
    # A file that may not grow past a size is what a full disk is to who writes it.
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(BackupRefused) as refused:
            here.back_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert refused.value.code == "disk_full"
    assert here.file.read_bytes() == before
    assert list(here.file.parent.iterdir()) == [here.file]


def test_a_folder_with_data_is_not_overwritten_unless_asked_and_then_kept(
    here: Here, tmp_path: Path
) -> None:
    here.back_up()
    new = tmp_path / "new"
    new.mkdir()
    (new / "precious").write_text("theirs")
    with pytest.raises(BackupRefused) as refused:
        here.restore(new)
    assert refused.value.code == "folder_not_empty"
    assert contents(new) == {"precious": b"theirs"}

    done = here.restore(new, replace=True)
    assert done.kept_aside is not None
    assert (done.kept_aside / "precious").read_text() == "theirs"
    assert (new / "loalang.sqlite3").exists()


def test_what_a_power_cut_left_of_a_restore_is_in_nobodys_way(here: Here, tmp_path: Path) -> None:
    here.back_up()
    half = tmp_path / "new" / ".restoring-abc"
    half.mkdir(parents=True)
    (half / "loalang.sqlite3").write_bytes(b"half")
    done = here.restore(tmp_path / "new")
    assert done.kept_aside is None
    assert not half.exists()
    assert (tmp_path / "new" / "loalang.sqlite3").exists()


@pytest.mark.parametrize("moves", [0, 1, 3, 5, 7, 9, 12])
def test_a_restore_that_a_power_cut_ends_leaves_no_empty_office_that_starts(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    here.back_up()
    new = tmp_path / "new"
    here.restore(new)
    left = moves

    def until_the_cut(move: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def moved(path: Path, target: Path) -> Path:
            nonlocal left
            if path.parent == new or path.parent.parent == new:
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
            return move(path, target)

        return moved

    monkeypatch.setattr(Path, "rename", until_the_cut(Path.rename))
    monkeypatch.setattr(Path, "replace", until_the_cut(Path.replace))
    with contextlib.suppress(KeyboardInterrupt):
        here.restore(new, replace=True)
    monkeypatch.undo()
    assert (new / "loalang.sqlite3").exists()
    whole = contents(new)
    stands = "keys/root.pem" in whole and "agents/" + "a" * 64 in whole
    assert stands or "keys/root.pem" not in whole, "without keys no controller starts"
    assert left == 0 or stands


def test_it_keeps_its_hands_off_a_running_controller(here: Here) -> None:
    here.back_up()
    before = contents(here.folder)
    with pytest.raises(DatabaseInUse):
        here.restore(here.folder, replace=True)
    assert contents(here.folder) == before


def test_another_passphrase_changes_nothing(here: Here, tmp_path: Path) -> None:
    here.back_up()
    with pytest.raises(BackupRefused) as refused:
        here.restore(tmp_path / "new", passphrase="một mật khẩu khác hẳn")
    assert refused.value.code == "passphrase_wrong"
    assert contents(tmp_path / "new") == {}


def test_who_changes_a_backup_and_its_hashes_is_found_out(here: Here, tmp_path: Path) -> None:
    """An account slipped into the database, the manifest written to fit."""
    here.back_up()
    forged = tmp_path / "forged"
    head = backup_file.check(here.file).head
    with backup_file.writing(forged, head) as writer:
        for name, size, content in backup_file.members_of(here.file):
            if name not in (backup_file.HEAD, backup_file.MANIFEST, backup_file.SEAL):
                writer.add(name, content, size)
        writer.finish("the thief's own passphrase")
    here.file = forged
    with pytest.raises(BackupRefused) as refused:
        here.restore(tmp_path / "new")
    assert refused.value.code == "passphrase_wrong"
    assert contents(tmp_path / "new") == {}


def test_a_damaged_sound_is_named_and_may_be_left_out(here: Here, tmp_path: Path) -> None:
    here.back_up()
    raw = bytearray(here.file.read_bytes())
    raw[raw.index(b"one" * 100) + 10] ^= 1
    here.file.write_bytes(raw)

    found = backup_file.check(here.file, PASSPHRASE)
    assert found.damaged == (f"audio/{here.sounds[0]}.opus",)
    with pytest.raises(BackupRefused) as refused:
        here.restore(tmp_path / "new")
    assert refused.value.code == "audio_damaged"

    done = here.restore(tmp_path / "new", without_damaged=True)
    assert done.left_out == found.damaged
    store = FilesystemStore(tmp_path / "new" / "audio")
    assert [store.exists(name) for name in here.sounds] == [False, True]


def test_a_damaged_database_is_never_restored(here: Here, tmp_path: Path) -> None:
    here.back_up()
    raw = bytearray(here.file.read_bytes())
    raw[raw.index(b"SQLite format 3") + 30_000] ^= 1
    here.file.write_bytes(raw)
    with pytest.raises(BackupRefused) as refused:
        here.restore(tmp_path / "new", without_damaged=True)
    assert refused.value.code == "backup_damaged"
    assert contents(tmp_path / "new") == {}


def test_a_backup_of_a_newer_program_waits_for_it(here: Here, tmp_path: Path) -> None:
    path = here.settings.sqlite_path()
    assert path is not None
    with closing(sqlite3.connect(path)) as database:
        database.execute("update alembic_version set version_num = 'm9999'")
        database.commit()
    here.back_up()
    with pytest.raises(BackupRefused) as refused:
        here.restore(tmp_path / "new")
    assert refused.value.code == "backup_newer"
    assert contents(tmp_path / "new") == {}


def test_settings_are_noted_without_passwords(here: Here) -> None:
    here.settings = Settings(
        data_dir=here.folder,
        broker_url="mqtts://office:very-secret@broker.example:8883",
        public_url="http://192.0.2.10:8077",
    )
    here.back_up()
    noted = backup_file.check(here.file).head.settings
    assert noted["public_url"] == "http://192.0.2.10:8077"
    assert noted["broker_url"] == "mqtts://office:…@broker.example:8883"
    assert b"very-secret" not in here.file.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup_file, "SCRYPT_N", 2**4)
        here = Here(tmp_path_factory.mktemp("whole"))
        here.back_up()
        here.database.close()
        yield here.file


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_always_called_so(whole: Path, tmp_path: Path, share: float) -> None:
    raw = whole.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(raw[: int(share * end_of_seal(raw))])
    with pytest.raises(BackupRefused) as refused:
        backup_file.check(cut, PASSPHRASE)
    assert refused.value.code in {"backup_cut", "no_backup"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.integers(0, 7))
def test_no_changed_bit_is_taken_for_a_whole_backup(
    whole: Path, tmp_path: Path, where: int, bit: int
) -> None:
    raw = bytearray(whole.read_bytes())
    raw[where % end_of_seal(raw)] ^= 1 << bit
    changed = tmp_path / "changed"
    changed.write_bytes(raw)
    try:
        found = backup_file.check(changed, PASSPHRASE)
    except ControllerError:
        return
    if found.damaged:
        return
    # Only what tar says of owners and times, or fills up with, may differ unseen.
    assert members(changed) == members(whole)


def end_of_seal(raw: bytes | bytearray) -> int:
    """What follows is padding."""
    return raw.rindex(backup_file.SEAL.encode() + bytes(20)) + 512 + 64


def members(path: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256(content.read(size)).hexdigest()
        for name, size, content in backup_file.members_of(path)
    }


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=3000))
def test_any_bytes_are_refused_in_plain_words(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(raw)
    with pytest.raises(BackupRefused):
        backup_file.check(path, PASSPHRASE)
