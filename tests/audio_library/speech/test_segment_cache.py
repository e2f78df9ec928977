"""What is kept comes back as it was, or not at all."""

import os
import sys
from pathlib import Path

import pytest

from audio_library.child_process import run_child
from audio_library.speech.segment_cache import SegmentCache


@pytest.fixture
def cache(tmp_path: Path) -> SegmentCache:
    return SegmentCache(tmp_path / "segments")


def files(cache: SegmentCache) -> list[Path]:
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def test_what_was_kept_is_found_by_its_key_only(cache: SegmentCache) -> None:
    assert cache.get("a") is None
    cache.put("a", b"sound")
    assert cache.get("a") == b"sound"
    assert cache.get("b") is None
    cache.put("a", b"other")
    assert SegmentCache(cache.folder).get("a") == b"other"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
        lambda content: bytes([content[0] ^ 0x80]) + content[1:],
        lambda content: content + b"\0",
    ],
)
def test_what_is_damaged_is_noticed_and_made_anew(cache: SegmentCache, damage: object) -> None:
    cache.put("a", b"sound" * 100)
    (file,) = files(cache)
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    assert cache.get("a") is None
    assert files(cache) == []
    cache.put("a", b"sound" * 100)
    assert cache.get("a") == b"sound" * 100


def test_a_file_under_another_name_is_not_taken(cache: SegmentCache) -> None:
    cache.put("a", b"sound of a")
    (file,) = files(cache)
    cache.put("b", b"sound of b")
    other = next(path for path in files(cache) if path != file)
    other.write_bytes(file.read_bytes())
    assert cache.get("b") is None


def test_nobody_else_may_look(cache: SegmentCache) -> None:
    cache.put("a", b"sound")
    (file,) = files(cache)
    assert file.stat().st_mode & 0o077 == 0
    assert cache.folder.stat().st_mode & 0o077 == 0


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = SegmentCache(tmp_path / "segments", max_bytes=1_000)
    for number in range(9):
        cache.put(str(number), bytes(100))
    assert sum(path.stat().st_size for path in files(cache)) <= 1_000
    newest = {number for number in range(9) if cache.get(str(number)) is not None}
    assert 8 in newest
    assert len(newest) == 7


def test_a_look_keeps_it_young(tmp_path: Path) -> None:
    cache = SegmentCache(tmp_path / "segments", max_bytes=450)
    for number, key in enumerate("abc"):
        cache.put(key, bytes(100))
        newest = max(files(cache), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, ns=(number * 10**9, number * 10**9))
    assert cache.get("a") is not None
    cache.put("d", bytes(100))
    assert [cache.get(key) is not None for key in "abcd"] == [True, False, True, True]


def test_a_folder_that_is_none_keeps_nothing_and_stops_nobody(cache: SegmentCache) -> None:
    cache.folder.write_text("a file in the way")
    cache.put("a", b"sound")
    assert cache.get("a") is None
    assert cache.folder.read_text() == "a file in the way"


def test_a_folder_in_the_place_of_a_file_stops_nobody(cache: SegmentCache) -> None:
    cache.put("a", b"sound")
    (file,) = files(cache)
    file.unlink()
    file.mkdir()
    assert cache.get("a") is None
    cache.put("a", b"sound")
    SegmentCache(cache.folder, max_bytes=1).put("b", b"sound")


WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from audio_library.errors import StoreFull
from audio_library.speech.segment_cache import SegmentCache

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    SegmentCache(Path(sys.argv[1])).put("a", bytes(5_000))
except StoreFull as error:
    print(error.code, end="")
"""


def test_a_full_disk_is_told_and_leaves_no_half_file(cache: SegmentCache) -> None:
    cache.put("before", b"sound")
    argv = [sys.executable, "-I", "-c", WITHOUT_ROOM, str(cache.folder)]
    ended = run_child(argv, given=b"", what="cache", timeout_s=30)
    assert (ended.out, ended.err) == (b"store_full", "")
    assert cache.get("before") == b"sound"
    assert len(files(cache)) == 1


TOGETHER = """
import sys
from pathlib import Path
from audio_library.speech.segment_cache import SegmentCache

cache = SegmentCache(Path(sys.argv[1]), max_bytes=20_000)
for number in range(400):
    key = str(number % 60)
    found = cache.get(key)
    assert found is None or found == key.encode() * 200, found
    cache.put(key, key.encode() * 200)
"""


def test_two_processes_share_it(cache: SegmentCache) -> None:
    argv = [sys.executable, "-I", "-c", TOGETHER, str(cache.folder)]
    both = ["sh", "-c", '"$@" & first=$!; "$@"; second=$?; wait $first && exit $second', "sh"]
    ended = run_child([*both, *argv], given=b"", what="cache", timeout_s=50)
    assert (ended.code, ended.err) == (0, "")
    assert all(not path.name.startswith(".") for path in files(cache))
