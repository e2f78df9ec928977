"""What every store must do; another kind joins by one more entry in STORES."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from audio_library.errors import AssetDamaged, AssetMissing, NotAnAssetName, StoreFull
from audio_library.store.asset_store import AssetStore
from audio_library.store.filesystem import FilesystemStore

STORES: dict[str, Callable[[Path, int | None], AssetStore]] = {
    "filesystem": lambda folder, max_bytes: FilesystemStore(folder / "assets", max_bytes=max_bytes),
}
SOUND = b"OggS" + bytes(range(256)) * 20
SHA256 = hashlib.sha256(SOUND).hexdigest()


@pytest.fixture(params=sorted(STORES))
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., AssetStore]:
    make = STORES[request.param]
    return lambda max_bytes=None: make(tmp_path, max_bytes)


@pytest.fixture
def store(new_store: Callable[..., AssetStore]) -> AssetStore:
    return new_store()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.opus"
    path.write_bytes(SOUND)
    return path


def read(store: AssetStore, sha256: str) -> bytes:
    with store.open(sha256) as content:
        return content.read()


def test_what_is_put_is_found_under_its_hash(store: AssetStore, file: Path) -> None:
    assert not store.exists(SHA256)
    assert store.put(file) == SHA256
    assert store.exists(SHA256)
    assert read(store, SHA256) == SOUND
    assert file.read_bytes() == SOUND


def test_twice_is_once(store: AssetStore, file: Path) -> None:
    store.put(file)
    store.put(file, sha256=SHA256)
    assert store.used_bytes() == len(SOUND)


def test_a_file_that_is_not_what_it_should_be_is_not_stored(store: AssetStore, file: Path) -> None:
    with pytest.raises(AssetDamaged):
        store.put(file, sha256="ab" * 32)
    assert not store.exists(SHA256)
    assert not store.exists("ab" * 32)


def test_deleted_is_gone_and_deleting_again_is_no_error(store: AssetStore, file: Path) -> None:
    store.put(file)
    store.delete(SHA256)
    store.delete(SHA256)
    assert not store.exists(SHA256)
    with pytest.raises(AssetMissing):
        store.open(SHA256)


def test_a_full_store_says_so_and_keeps_what_it_has(
    new_store: Callable[..., AssetStore], file: Path, tmp_path: Path
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
def test_only_a_hash_is_a_name(store: AssetStore, file: Path, name: str) -> None:
    for act in (store.open, store.exists, store.delete):
        with pytest.raises(NotAnAssetName):
            act(name)
    with pytest.raises(NotAnAssetName):
        store.put(file, sha256=name)


def test_an_empty_store_is_empty(store: AssetStore) -> None:
    assert store.used_bytes() == 0
    assert not store.exists(SHA256)
