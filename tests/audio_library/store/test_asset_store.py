"""What every store must do, on disk and in a bucket alike."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audio_library.errors import AssetDamaged, AssetMissing, NotAnAssetName, StoreFull
from audio_library.store.asset_store import Store
from audio_library.store.filesystem import FilesystemStore
from tests.audio_library.store.s3_server import S3Server

SOUND = b"OggS" + bytes(range(256)) * 20
SHA256 = hashlib.sha256(SOUND).hexdigest()
NewStore = Callable[..., Store]


@pytest.fixture(params=["filesystem", "s3"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> NewStore:
    if request.param == "filesystem":
        return lambda suffix=".opus", max_bytes=None: FilesystemStore(
            tmp_path / "assets", suffix, max_bytes
        )
    server: S3Server = request.getfixturevalue("s3")
    return server.store


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.opus"
    path.write_bytes(SOUND)
    return path


def read(store: Store, sha256: str) -> bytes:
    with store.open(sha256) as content:
        return content.read()


def test_what_is_put_is_found_under_its_hash(store: Store, file: Path) -> None:
    assert not store.exists(SHA256)
    assert store.put(file) == SHA256
    assert store.exists(SHA256)
    assert read(store, SHA256) == SOUND
    assert file.read_bytes() == SOUND


def test_twice_is_once(store: Store, file: Path) -> None:
    store.put(file)
    store.put(file, sha256=SHA256)
    assert store.used_bytes() == len(SOUND)


def test_a_file_that_is_not_what_it_should_be_is_not_stored(store: Store, file: Path) -> None:
    with pytest.raises(AssetDamaged):
        store.put(file, sha256="ab" * 32)
    assert not store.exists(SHA256)
    assert not store.exists("ab" * 32)


def test_deleted_is_gone_and_deleting_again_is_no_error(store: Store, file: Path) -> None:
    store.put(file)
    store.delete(SHA256)
    store.delete(SHA256)
    assert not store.exists(SHA256)
    with pytest.raises(AssetMissing):
        store.open(SHA256)


def test_a_full_store_says_so_and_keeps_what_it_has(
    new_store: NewStore, file: Path, tmp_path: Path
) -> None:
    store = new_store(max_bytes=len(SOUND) + 100)
    store.put(file)
    other = tmp_path / "other.opus"
    other.write_bytes(SOUND[:200])
    with pytest.raises(StoreFull, match="100 bytes are free"):
        store.put(other)
    assert read(store, SHA256) == SOUND
    assert not store.exists(hashlib.sha256(SOUND[:200]).hexdigest())
    assert store.used_bytes() == len(SOUND)
    assert store.free_bytes() == 100
    store.put(file)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_a_hash_is_a_name(store: Store, file: Path, name: str) -> None:
    for act in (store.open, store.exists, store.delete):
        with pytest.raises(NotAnAssetName):
            act(name)
    with pytest.raises(NotAnAssetName):
        store.put(file, sha256=name)


def test_an_empty_store_is_empty(store: Store) -> None:
    assert store.used_bytes() == 0
    assert not store.exists(SHA256)


def test_it_is_read_from_any_place_as_a_file(store: Store, file: Path) -> None:
    store.put(file)
    with store.open(SHA256) as content:
        content.seek(1000)
        assert content.read(10) == SOUND[1000:1010]
        assert content.seek(0, os.SEEK_END) == len(SOUND)
        assert content.read() == b""
        content.seek(-5, os.SEEK_END)
        assert content.read() == SOUND[-5:]


def test_an_empty_file_is_kept_like_any_other(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    sha256 = store.put(tmp_path / "empty")
    assert read(store, sha256) == b""


def test_it_lists_what_it_holds_and_since_when(store: Store, file: Path) -> None:
    store.put(file)
    (held,) = store.held()
    assert (held.sha256, held.bytes) == (SHA256, len(SOUND))
    assert abs(held.stored_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_stores_of_other_sounds_in_the_same_place_do_not_meet(
    new_store: NewStore, file: Path
) -> None:
    audio, recordings = new_store(), new_store(suffix=".flac")
    recordings.put(file)
    assert not audio.exists(SHA256)
    assert (list(audio.held()), audio.used_bytes()) == ([], 0)
    assert recordings.used_bytes() == len(SOUND)


def test_a_large_file_is_stored_whole_and_broken_off_whole(store: Store, tmp_path: Path) -> None:
    large = tmp_path / "large.opus"
    large.write_bytes(os.urandom(13 * 2**20))
    with pytest.raises(AssetDamaged):
        store.put(large, sha256=SHA256)
    assert (list(store.held()), store.exists(SHA256)) == ([], False)
    sha256 = store.put(large)
    assert hashlib.sha256(read(store, sha256)).hexdigest() == sha256


PUT = """
import os, resource, sys
from pathlib import Path
from audio_library.store.address import open_store
store = open_store(sys.argv[1], folder=Path(sys.argv[2]), environment=os.environ)
store.put(Path(sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.put(Path(sys.argv[4]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["filesystem", "s3"])
def test_a_long_file_takes_no_more_memory_than_a_short_one(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    address = request.getfixturevalue("s3").address() if kind == "s3" else "file:"
    short, long = tmp_path / "short", tmp_path / "long"
    short.write_bytes(bytes(6 * 2**20))
    with long.open("wb") as sparse:
        sparse.truncate(80 * 2**20)
    argv = [sys.executable, "-c", PUT, address, str(tmp_path / "kept"), str(short), str(long)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 25
