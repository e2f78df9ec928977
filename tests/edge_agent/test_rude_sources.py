"""Whatever a source answers over a real socket: never a wrong file, never for ever, never twice."""

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.download import Fetched, Outcome, Patience, Request, fetch
from tests.edge_agent.cutting import cut_downloads
from tests.edge_agent.raw_server import Answer, RawServer, begin_of, part, plain, whole

DATA = bytes(range(256)) * 400
WANTED = Wanted(Shelf.AUDIO, hashlib.sha256(DATA).hexdigest(), len(DATA))
HASTE = Patience(silence_s=0.4, window_s=0.4, floor_bytes=2_000)
BEGUN = 30_000


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], RawServer]]:
    opened: list[RawServer] = []

    def open_one(answer: Answer) -> RawServer:
        opened.append(RawServer(answer))
        return opened[-1]

    yield open_one
    for server in opened:
        server.close()


def ask(cache: Cache, *sources: str, near: tuple[str, ...] = ()) -> Fetched:
    path, part_file = cache.path(WANTED.shelf, WANTED.sha256), cache.part(WANTED)
    request = Request(WANTED, path, part_file, sources, near, HASTE)
    return fetch(request, threading.Event())


def is_held(cache: Cache) -> bool:
    path = cache.path(WANTED.shelf, WANTED.sha256)
    return path.exists() and path.read_bytes() == DATA


def say(*pieces: bytes) -> Answer:
    def answer(connection: socket.socket, _head: str) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return answer


def endless(head: bytes, again: bytes) -> Answer:
    def answer(connection: socket.socket, _head: str) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(again)

    return answer


def dripping(head: bytes, drop: bytes) -> Answer:
    def answer(connection: socket.socket, _head: str) -> None:
        connection.sendall(head)
        for _ in range(100):
            connection.sendall(drop)
            threading.Event().wait(0.02)

    return answer


def chunked(data: bytes) -> bytes:
    chunks = [data[n : n + 10_000] for n in range(0, len(data), 10_000)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return plain("200 OK", "Transfer-Encoding: chunked") + body + b"0\r\n\r\n"


GOOD = {
    "with its length": whole(DATA),
    "without length": plain("200 OK", "Connection: close") + DATA,
    "chunked": chunked(DATA),
    "after a word that it goes on": plain("100 Continue") + whole(DATA),
}


@pytest.mark.parametrize("answer", GOOD.values(), ids=GOOD)
def test_every_honest_way_to_give_a_file_is_understood(
    cache: Cache, serve: Callable[[Answer], RawServer], answer: bytes
) -> None:
    assert ask(cache, serve(say(answer)).address).outcome is Outcome.HELD
    assert is_held(cache)


BAD = {
    "an error": (plain("500 Oops", "Content-Length: 0"), Outcome.UNREACHABLE),
    "not there": (plain("404 Not Found", "Content-Length: 0"), Outcome.ABSENT),
    "gone": (plain("410 Gone", "Content-Length: 0"), Outcome.ABSENT),
    "not modified": (plain("304 Not Modified"), Outcome.UNREACHABLE),
    "elsewhere": (plain("302 Found", "Location: http://127.0.0.1:9/"), Outcome.UNREACHABLE),
    "no range": (plain("416 Range Not Satisfiable"), Outcome.UNREACHABLE),
    "unasked part": (part(DATA, 100), Outcome.UNREACHABLE),
    "too short": (whole(DATA[:-1]), Outcome.MISMATCH),
    "too long": (whole(DATA + b"x"), Outcome.MISMATCH),
    "longer than it said": (plain("200 OK") + DATA + b"more", Outcome.MISMATCH),
    "other bytes": (whole(DATA[::-1]), Outcome.MISMATCH),
    "packed": (
        plain("200 OK", "Content-Encoding: gzip") + gzip.compress(DATA, mtime=0),
        Outcome.UNREACHABLE,
    ),
    "no HTTP": (b"220 mail.example ready\r\n" * 100, Outcome.UNREACHABLE),
    "bad chunks": (plain("200 OK", "Transfer-Encoding: chunked") + b"zz\r\n", Outcome.UNREACHABLE),
    "nothing": (b"", Outcome.UNREACHABLE),
    "negative length": (plain("200 OK", "Content-Length: -5"), Outcome.UNREACHABLE),
    "two hundred headers": (plain("200 OK", *["X: y"] * 200), Outcome.UNREACHABLE),
}


@pytest.mark.parametrize(("answer", "outcome"), BAD.values(), ids=BAD)
def test_every_other_answer_is_given_up_for_the_next_source(
    cache: Cache, serve: Callable[[Answer], RawServer], answer: bytes, outcome: Outcome
) -> None:
    bad = serve(say(answer))
    assert ask(cache, bad.address).outcome is outcome
    assert not is_held(cache)
    fetched = ask(cache, bad.address, serve(say(whole(DATA))).address)
    assert (fetched.outcome, fetched.failed) == (Outcome.HELD, ((bad.address, outcome),))
    assert is_held(cache)


ENDLESS = {
    "a head": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
    "one line": endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1_000),
    "promises": endless(b"", plain("100 Continue")),
    "a body": endless(plain("200 OK"), b"x" * 10_000),
    "chunks": endless(plain("200 OK", "Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 100),
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_that_does_not_end_is_cut_short(
    cache: Cache, serve: Callable[[Answer], RawServer], answer: Answer
) -> None:
    fetched = ask(cache, serve(answer).address)
    assert fetched.outcome in (Outcome.UNREACHABLE, Outcome.MISMATCH)
    assert fetched.cost_bytes < 3 * len(DATA)
    assert not is_held(cache)


DRIPPING = {
    "its head": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "its body": dripping(plain("200 OK", f"Content-Length: {len(DATA)}"), b"x"),
    "nothing at all": dripping(b"", b""),
}


@pytest.mark.parametrize("answer", DRIPPING.values(), ids=DRIPPING)
def test_a_source_that_drips_is_given_up_for_the_next(
    cache: Cache, serve: Callable[[Answer], RawServer], answer: Answer
) -> None:
    began = time.monotonic()
    slow, good = serve(answer), serve(say(whole(DATA)))
    assert ask(cache, slow.address, good.address).outcome is Outcome.HELD
    assert time.monotonic() - began < 3
    assert is_held(cache)


def test_a_range_is_gone_on_with_from_any_source(
    cache: Cache, serve: Callable[[Answer], RawServer]
) -> None:
    cache.part(WANTED).write_bytes(DATA[:BEGUN])

    def answer(connection: socket.socket, head: str) -> None:
        connection.sendall(part(DATA, begin_of(head)))

    fetched = ask(cache, serve(answer).address)
    assert (fetched.outcome, fetched.received) == (Outcome.HELD, len(DATA) - BEGUN)


NO_RANGES = {
    "the whole": whole(DATA),
    "another part": part(DATA, 100),
    "a part of another file": part(DATA + b"x", BEGUN),
    "416": plain("416 Range Not Satisfiable"),
}


@pytest.mark.parametrize("answer", NO_RANGES.values(), ids=NO_RANGES)
def test_who_cannot_go_on_where_the_part_ends_gives_all_of_it(
    cache: Cache, serve: Callable[[Answer], RawServer], answer: bytes
) -> None:
    cache.part(WANTED).write_bytes(DATA[:BEGUN])

    def respond(connection: socket.socket, head: str) -> None:
        connection.sendall(answer if begin_of(head) else whole(DATA))

    assert ask(cache, serve(respond).address).outcome is Outcome.HELD
    assert is_held(cache)


def test_what_a_power_cut_left_of_a_part_is_begun_anew(
    cache: Cache, serve: Callable[[Answer], RawServer]
) -> None:
    cache.part(WANTED).write_bytes(DATA[: BEGUN // 2] + bytes(BEGUN // 2))

    def respond(connection: socket.socket, head: str) -> None:
        begin = begin_of(head)
        connection.sendall(part(DATA, begin) if begin else whole(DATA))

    server = serve(respond)
    assert ask(cache, server.address).outcome is Outcome.HELD
    assert [begin_of(head) for head in server.asked] == [BEGUN, 0]


def test_a_liar_is_asked_once_only(cache: Cache, serve: Callable[[Answer], RawServer]) -> None:
    server = serve(say(whole(DATA[::-1])))
    assert ask(cache, server.address).outcome is Outcome.MISMATCH
    assert len(server.asked) == 1


def test_a_folder_counts_only_where_the_box_names_it_itself(cache: Cache, tmp_path: Path) -> None:
    shelf = tmp_path / "stick" / "loalang" / "audio"
    shelf.mkdir(parents=True)
    (shelf / f"{WANTED.sha256}.opus").write_bytes(DATA)
    folder = shelf.parent.as_uri()
    refused = ask(cache, folder)
    assert refused.outcome is Outcome.UNREACHABLE
    assert "is not http(s)" in refused.detail
    fetched = ask(cache, near=(folder,))
    assert (fetched.outcome, fetched.cost_bytes) == (Outcome.HELD, 0)
    assert is_held(cache)


def test_a_folder_gives_no_link_no_pipe_and_no_file_of_another_size(
    cache: Cache, tmp_path: Path, serve: Callable[[Answer], RawServer]
) -> None:
    shelf = tmp_path / "stick" / "audio"
    shelf.mkdir(parents=True)
    file = shelf / f"{WANTED.sha256}.opus"
    (tmp_path / "elsewhere").write_bytes(DATA)
    file.symlink_to(tmp_path / "elsewhere")
    assert ask(cache, near=(shelf.parent.as_uri(),)).outcome is Outcome.UNREACHABLE
    file.unlink()
    file.write_bytes(DATA[1:])
    good = serve(say(whole(DATA))).address
    fetched = ask(cache, good, near=(shelf.parent.as_uri(),))
    assert (fetched.outcome, fetched.cost_bytes > len(DATA)) == (Outcome.HELD, True)


def test_a_neighbour_costs_nothing_and_a_far_source_its_head_too(
    cache: Cache, serve: Callable[[Answer], RawServer]
) -> None:
    server = serve(say(whole(DATA)))
    assert ask(cache, near=(server.address,)).cost_bytes == 0
    cache.forget(WANTED.shelf, WANTED.sha256)
    far = ask(cache, server.address)
    assert len(DATA) < far.cost_bytes < len(DATA) + 1_000


def test_a_disk_that_takes_nothing_asks_no_source(
    cache: Cache, serve: Callable[[Answer], RawServer]
) -> None:
    server = serve(say(whole(DATA)))
    cache.part(WANTED).mkdir()
    fetched = ask(cache, server.address)
    assert fetched.outcome is Outcome.UNWRITABLE
    assert server.asked == []


def test_downloads_cut_at_every_tenth_are_whole_in_the_end(tmp_path: Path) -> None:
    cut = cut_downloads(range(200), tmp_path)
    assert (cut.seeds, cut.held, cut.spoiled) == (200, 200, 0)
    assert cut.injected >= 1_800
    assert cut.wasted == 0
