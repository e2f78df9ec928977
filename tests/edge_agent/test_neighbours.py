"""Boxes of one LAN give each other audio by hash; over real sockets on loopback."""

import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.phrase_index import to_digest
from edge_agent.download import Fetched, Outcome, Request, fetch
from edge_agent.errand import Returned
from edge_agent.neighbours import (
    LIAR_MS,
    MAX_GUESTS,
    QUESTION_EVERY_MS,
    USELESS_MS,
    Enough,
    Neighbours,
    Question,
    is_near,
)
from edge_agent.settings import NeighbourSettings
from tests.edge_agent.real_parts import free_port, wait_for

DATA = bytes(range(256)) * 2_000
SHA = hashlib.sha256(DATA).hexdigest()
OTHER = "b" * 64
WANTED = Wanted(Shelf.AUDIO, SHA, len(DATA))
SECOND_MS = QUESTION_EVERY_MS


class House:
    """One box as far as its neighbours know it."""

    def __init__(self, folder: Path, port: int, *, holds: bool = False) -> None:
        self.cache = Cache(folder)
        if holds:
            self.cache.path(Shelf.AUDIO, SHA).write_bytes(DATA)
            self.cache.admit(WANTED)
        settings = NeighbourSettings(enabled=True, port=port, interface="127.0.0.1")
        self.events: SimpleQueue[Returned] = SimpleQueue()
        self.box = Neighbours(settings, self.cache, self.events.put)
        self.box.start()
        self._mono_ms = 0

    def ask(self, *hashes: str) -> None:
        self._mono_ms += SECOND_MS
        self.box.ask(hashes, self._mono_ms)

    def hears(self) -> bool:
        """Let the agent's turn come; whether somebody is known to have the file."""
        while not self.events.empty():
            self.events.get().then()
        return SHA in self.box.near

    def finds(self) -> str:
        """Ask until somebody has the file; gives the address."""

        def answered() -> bool:
            self.ask(SHA)
            return bool(wait_briefly(self.hears))

        wait_for(answered, "a neighbour's answer")
        return self.box.who_has(WANTED)[0]

    def request(self, *near: str, sources: tuple[str, ...] = ()) -> Fetched:
        path = self.cache.path(Shelf.AUDIO, SHA)
        return fetch(
            Request(WANTED, path, self.cache.part(WANTED), sources, near), threading.Event()
        )


def wait_briefly(what: Any) -> Any:
    until = time.monotonic() + 0.6
    while not (found := what()) and time.monotonic() < until:
        threading.Event().wait(0.02)
    return found


@contextmanager
def houses(tmp_path: Path, *holding: bool) -> Iterator[list[House]]:
    port = free_port()
    opened = [House(tmp_path / str(n), port, holds=h) for n, h in enumerate(holding)]
    try:
        yield opened
    finally:
        for house in opened:
            house.box.close()


def ask_raw(address: str, request: bytes) -> bytes:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 5) as guest:
        guest.sendall(request)
        answer = b""
        while more := guest.recv(65_536):
            answer += more
        return answer


def test_who_has_a_file_says_so_and_gives_it(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (_, poor):
        address = poor.finds()
        fetched = poor.request(address)
        assert (fetched.outcome, fetched.cost_bytes) == (Outcome.HELD, 0)
        assert poor.cache.path(Shelf.AUDIO, SHA).read_bytes() == DATA
        poor.box.fetched(fetched, mono_ms=0)
        assert SHA not in poor.box.near


def test_a_half_download_is_gone_on_with(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (_, poor):
        poor.cache.part(WANTED).write_bytes(DATA[:100_000])
        fetched = poor.request(poor.finds())
        assert (fetched.outcome, fetched.received) == (Outcome.HELD, len(DATA) - 100_000)


def test_nobody_answers_for_what_nobody_has(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (_, poor):
        poor.finds()
        poor.ask(OTHER)
        threading.Event().wait(0.4)
        poor.hears()
        assert OTHER in poor.box.asked
        assert OTHER not in poor.box.near


def test_only_whole_files_by_hash_are_served(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (rich, poor):
        address = poor.finds()
        (rich.cache.path(Shelf.AUDIO, OTHER)).write_bytes(b"never admitted")
        for path in (f"/audio/{OTHER}.opus", "/audio/", "/", "/../identity.json", f"/pages/{SHA}"):
            answer = ask_raw(address, f"GET {path} HTTP/1.1\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 404"), path
        for rubbish in (b"\x00" * 100 + b"\r\n\r\n", b"POST /audio HTTP/1.1\r\n\r\n", b"\r\n\r\n"):
            assert ask_raw(address, rubbish).startswith(b"HTTP/1.1 404")
        beyond = f"GET /audio/{SHA}.opus HTTP/1.1\r\nRange: bytes=99999999-\r\n\r\n"
        assert ask_raw(address, beyond.encode()).startswith(b"HTTP/1.1 416")


def test_no_more_guests_than_the_box_can_bear(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (_, poor):
        host, _, port = poor.finds().removeprefix("http://").partition(":")
        guests = [socket.create_connection((host, int(port)), 5) for _ in range(MAX_GUESTS + 1)]
        try:
            guests[-1].settimeout(5)
            assert guests[-1].recv(1) == b""
        finally:
            for guest in guests:
                guest.close()


def test_a_liar_and_a_useless_neighbour_are_left_alone_for_a_while(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (rich, poor):
        address = poor.finds()
        rich.cache.path(Shelf.AUDIO, SHA).write_bytes(DATA[::-1])
        fetched = poor.request(address)
        assert (fetched.outcome, fetched.failed) == (
            Outcome.UNREACHABLE,
            ((address, Outcome.MISMATCH),),
        )
        poor.box.fetched(fetched, mono_ms=1_000)
        assert poor.box.who_has(WANTED) == ()
        poor._mono_ms = USELESS_MS + 1_000
        poor.ask(SHA)
        assert not wait_briefly(poor.hears)
        poor._mono_ms = LIAR_MS + 1_000
        assert poor.finds() == address


def test_strangers_packets_change_nothing(tmp_path: Path) -> None:
    with houses(tmp_path, True, False) as (_, poor):
        poor.finds()
        settings_port = poor.box._door._settings.port
        packets = [
            b"",
            b"x" * 2_000,
            b"{}",
            b"[" * 1_300,
            b'{"type":"ask","nonce":"../..","files":[]}',
            msgspec.json.encode(Enough("0" * 16)),
            b'{"type":"have","nonce":"0000000000000000","files":[],"port":1}',
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            here = socket.inet_aton("127.0.0.1")
            stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
            for packet in packets:
                stranger.sendto(packet, ("239.192.76.76", settings_port))
            # After all of them a plain question still finds its answer, told to who asked.
            stranger.settimeout(5)
            question = Question("a" * 16, (to_digest(SHA),))
            stranger.sendto(msgspec.json.encode(question), ("239.192.76.76", settings_port))
            assert b'"have"' in stranger.recv(2_000)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.16.0.9", True),
        ("172.32.0.9", False),
        ("192.168.1.1", True),
        ("169.254.7.7", True),
        ("100.64.0.1", False),
        ("8.8.8.8", False),
        ("0.0.0.0", False),
        ("fe80::1", False),
        ("", False),
    ],
)
def test_only_private_addresses_are_near(address: str, near: bool) -> None:
    assert is_near(address) is near


def test_a_box_that_stands_alone_loads_nothing_of_this() -> None:
    loaded = "import edge_agent.wiring, sys; print('edge_agent.neighbours' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"
