"""Fetching by hash: resumed, bounded, verified; what is on the shelf is whole."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.download import AT_ONCE, Downloader, Fetched, Outcome, Request, fetch
from tests.edge_agent.office import FileServer, Office
from tests.edge_agent.real_parts import wait_for

DATA = bytes(range(256)) * 1_000


@dataclass
class Shop:
    office: Office
    server: FileServer
    cache: Cache
    wanted: Wanted

    def request(self, *sources: str) -> Request:
        self.cache.begin(self.wanted)
        path = self.cache.path(self.wanted.shelf, self.wanted.sha256)
        return Request(self.wanted, path, self.cache.part(self.wanted), sources)

    def fetch(self, *sources: str) -> Fetched:
        request = self.request(*(sources or (self.server.address,)))
        return fetch(request, threading.Event())

    @property
    def file(self) -> Path:
        return self.cache.path(self.wanted.shelf, self.wanted.sha256)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    office = Office.open(tmp_path / "files")
    server = FileServer(tmp_path / "files")
    asset = office.audio(DATA, 1_000)
    wanted = Wanted(Shelf.AUDIO, asset.sha256, asset.bytes)
    yield Shop(office, server, Cache(tmp_path / "state"), wanted)
    server.close()


def test_a_file_is_fetched_by_its_hash(shop: Shop) -> None:
    fetched = shop.fetch()
    assert (fetched.outcome, fetched.received) == (Outcome.HELD, len(DATA))
    assert shop.file.read_bytes() == DATA
    assert shop.server.requests == [(f"/audio/{shop.wanted.sha256}.opus", "")]
    assert not shop.cache.part(shop.wanted).exists()


def test_a_cut_download_goes_on_where_it_ended(shop: Shop) -> None:
    shop.server.cut_after = 100_000
    cut = shop.fetch()
    assert cut.outcome is Outcome.UNREACHABLE
    assert not shop.file.exists()
    have = shop.cache.parts()[shop.wanted.sha256]
    assert 0 < have <= 100_000
    assert shop.fetch().outcome is Outcome.HELD
    assert shop.server.requests[-1][1] == f"bytes={have}-"
    assert shop.file.read_bytes() == DATA


def test_a_spoiled_part_is_begun_anew_once(shop: Shop) -> None:
    part = shop.cache.part(shop.wanted)
    part.write_bytes(b"spoiled" * 100)
    assert shop.fetch().outcome is Outcome.HELD
    assert [asked for _, asked in shop.server.requests] == ["bytes=700-", ""]


def test_a_part_that_is_too_long_is_begun_anew(shop: Shop) -> None:
    shop.cache.part(shop.wanted).write_bytes(DATA + b"more")
    assert shop.fetch().outcome is Outcome.HELD


def test_a_whole_part_needs_no_network(shop: Shop) -> None:
    shop.cache.part(shop.wanted).write_bytes(DATA)
    assert shop.fetch().outcome is Outcome.HELD
    assert shop.server.requests == []


@pytest.mark.parametrize("lie", [b"x" * len(DATA), DATA + b"and more", DATA[:-1]])
def test_other_bytes_never_reach_the_shelf(shop: Shop, lie: bytes) -> None:
    shop.server.replace = lambda _path, _data: lie
    assert shop.fetch().outcome in (Outcome.MISMATCH, Outcome.UNREACHABLE)
    assert not shop.file.exists()


def test_the_next_source_helps_out(shop: Shop) -> None:
    dead = "http://127.0.0.1:9"
    assert shop.fetch(dead, shop.server.address + "/nowhere", shop.server.address).outcome is (
        Outcome.HELD
    )


@pytest.mark.parametrize("source", ["file:///etc", "ftp://x", "//x", "", "http://", "http://[bad"])
def test_only_http_is_spoken(shop: Shop, source: str) -> None:
    fetched = shop.fetch(source)
    assert fetched.outcome is Outcome.UNREACHABLE
    assert fetched.detail


def test_no_more_than_two_at_once_and_all_in_the_end(shop: Shop) -> None:
    busy, peak, lock = 0, 0, threading.Lock()
    plain = shop.server.replace

    def slowly(path: str, data: bytes) -> bytes:
        nonlocal busy, peak
        with lock:
            busy += 1
            peak = max(peak, busy)
        threading.Event().wait(0.02)
        with lock:
            busy -= 1
        return plain(path, data)

    shop.server.replace = slowly
    done: SimpleQueue[Fetched] = SimpleQueue()
    downloader = Downloader(done.put)
    for n in range(6):
        asset = shop.office.audio(b"%d" % n, 1)
        wanted = Wanted(Shelf.AUDIO, asset.sha256, asset.bytes)
        path = shop.cache.path(Shelf.AUDIO, asset.sha256)
        sources = (shop.server.address,)
        downloader.submit(Request(wanted, path, shop.cache.part(wanted), sources))
    outcomes = [done.get(timeout=10).outcome for _ in range(6)]
    assert outcomes == [Outcome.HELD] * 6
    assert 1 <= peak <= AT_ONCE
    downloader.close()


def test_the_cache_counts_what_is_whole_only(shop: Shop, tmp_path: Path) -> None:
    shop.cache.part(shop.wanted).write_bytes(DATA[:5])
    assert not Cache(tmp_path / "state").holds(shop.wanted)
    shop.fetch()
    assert Cache(tmp_path / "state").holds(shop.wanted)
    shop.file.write_bytes(DATA[:-1])
    assert not Cache(tmp_path / "state").holds(shop.wanted)


def test_a_rotten_file_is_found_and_deleted(shop: Shop) -> None:
    shop.fetch()
    shop.cache.admit(shop.wanted)
    assert shop.cache.is_sound(Shelf.AUDIO, shop.wanted.sha256)
    shop.file.write_bytes(b"x" + DATA[1:])
    assert not shop.cache.is_sound(Shelf.AUDIO, shop.wanted.sha256)
    assert not shop.file.exists()
    assert not shop.cache.holds(shop.wanted)


def test_closing_leaves_the_part_for_the_next_time(shop: Shop) -> None:
    closing = threading.Event()
    closing.set()
    fetched = fetch(shop.request(shop.server.address), closing)
    assert fetched.outcome is Outcome.CANCELLED
    assert not shop.file.exists()
    wait_for(lambda: shop.server.requests, "the request")
