import errno
import os
import resource
import stat
import sys
from pathlib import Path

import pytest

from audio_library.child_process import run_child
from audio_library.store.filesystem import FilesystemStore

PUT_WITH_A_SMALL_DISK = f"""
import resource, signal, sys
from pathlib import Path
from audio_library.errors import StoreFull
from audio_library.store.filesystem import FilesystemStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    FilesystemStore(Path(sys.argv[1])).put(Path(sys.argv[2]))
except StoreFull as full:
    assert full.__cause__.errno == {errno.EFBIG}
    sys.exit(42)
"""


def test_files_are_private_and_sorted_by_the_start_of_their_hash(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"sound")
    store = FilesystemStore(tmp_path / "assets")
    sha256 = store.put(tmp_path / "made")
    path = store.path(sha256)
    assert path == tmp_path / "assets" / sha256[:2] / f"{sha256}.opus"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "assets").stat().st_mode) == 0o700


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path) -> None:
    assert resource.RLIMIT_FSIZE is not None
    (tmp_path / "made").write_bytes(os.urandom(100_000))
    argv = [sys.executable, "-I", "-c", PUT_WITH_A_SMALL_DISK]
    argv += [str(tmp_path / "assets"), str(tmp_path / "made")]
    ended = run_child(argv, given=b"", what="put", timeout_s=30)
    assert ended.code == 42, ended.err
    assert list((tmp_path / "assets").rglob("*")) == []


def test_putting_again_heals_a_file_that_was_damaged_on_disk(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"sound")
    store = FilesystemStore(tmp_path / "assets")
    sha256 = store.put(tmp_path / "made")
    store.path(sha256).write_bytes(b"bad")
    store.put(tmp_path / "made")
    assert store.path(sha256).read_bytes() == b"sound"


def test_a_source_that_is_missing_is_no_full_store(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FilesystemStore(tmp_path / "assets").put(tmp_path / "nothing")


def test_a_store_of_recordings_ends_its_names_otherwise_and_counts_only_its_own(
    tmp_path: Path,
) -> None:
    (tmp_path / "take").write_bytes(b"a reader's voice")
    recordings = FilesystemStore(tmp_path / "kept", suffix=".flac")
    sha256 = recordings.put(tmp_path / "take")
    assert recordings.path(sha256).name == f"{sha256}.flac"
    assert recordings.used_bytes() == 16
    assert FilesystemStore(tmp_path / "kept").used_bytes() == 0
