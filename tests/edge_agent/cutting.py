"""Downloads that are cut at every tenth of their way, by seed; counts what came of them."""

import hashlib
import random
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.download import Outcome, Patience, Request, fetch
from tests.edge_agent.raw_server import RawServer, begin_of, part, whole

_PATIENCE = Patience(silence_s=5.0, window_s=5.0, floor_bytes=1)
_TRIES = 30
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Cut:
    """`injected` cuts; `held` files whole at the end, `spoiled` ones that were not what they said.

    `wasted` bytes came twice although the server honours ranges.
    """

    seeds: int
    injected: int
    held: int
    spoiled: int
    wasted: int


def cut_downloads(seeds: Iterable[int], folder: Path) -> Cut:
    """Fetch one file a seed from a server that cuts each answer somewhere."""
    done = [_one(seed, folder / str(seed)) for seed in seeds]
    return Cut(
        seeds=len(done),
        injected=sum(each.injected for each in done),
        held=sum(each.held for each in done),
        spoiled=sum(each.spoiled for each in done),
        wasted=sum(each.wasted for each in done),
    )


def _one(seed: int, folder: Path) -> Cut:
    chance = random.Random(seed)
    data = chance.randbytes(chance.randint(10, 60_000))
    cache = Cache(folder)
    wanted = Wanted(Shelf.AUDIO, hashlib.sha256(data).hexdigest(), len(data))
    path = cache.path(wanted.shelf, wanted.sha256)
    marks = [len(data) * tenth // 10 for tenth in range(10)]
    injected = 0

    def answer(connection: socket.socket, head: str) -> None:
        nonlocal injected
        begin = begin_of(head)
        full = part(data, begin) if begin else whole(data)
        body_at = len(full) - (len(data) - begin)
        ahead = [mark for mark in marks if mark >= begin]
        if not ahead:
            connection.sendall(full)
            return
        marks.remove(ahead[0])
        injected += 1
        # The first cut falls into the head, the others after so much of the body.
        cut = body_at + ahead[0] - begin if ahead[0] else chance.randrange(body_at)
        connection.sendall(full[:cut])
        if chance.random() < 0.3:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    server, received, spoiled = RawServer(answer), 0, 0
    try:
        request = Request(wanted, path, cache.part(wanted), (server.address,), patience=_PATIENCE)
        for _ in range(_TRIES):
            fetched = fetch(request, threading.Event())
            received += fetched.received
            if path.exists():
                spoiled += path.read_bytes() != data
            if fetched.outcome is Outcome.HELD:
                break
    finally:
        server.close()
    held = path.exists() and Cache(folder).holds(wanted)
    return Cut(1, injected, int(held), spoiled, max(0, received - len(data)))
