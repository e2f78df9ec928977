"""Boxes of one LAN give each other audio by hash: a question to all, answers, plain HTTP.

Nobody is trusted: who lies about a file is found out by its hash. Loaded only where it is wanted.
"""

import contextlib
import ipaddress
import logging
import random
import re
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import msgspec

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.phrase_index import Digest, to_digest, to_sha256
from edge_agent.download import Fetched, Outcome
from edge_agent.errand import Returned
from edge_agent.log_setup import note
from edge_agent.settings import NeighbourSettings
from edge_agent.stock import MAX_ASKED

log = logging.getLogger("edge_agent.neighbours")

QUESTION_EVERY_MS = 1_000
LIAR_MS, USELESS_MS = 3_600_000, 300_000
"""So long a neighbour is not asked that gave wrong bytes, or none."""

MAX_GUESTS = 4
GUEST_BYTES_PER_S = 2_000_000
GUEST_S = 300.0
ANSWER_JITTER_S = 0.25
ENOUGH_ANSWERS = 2
MAX_ANSWERS = 8
MAX_PENDING = 32
MAX_KNOWN = 5_000
_TRY_AGAIN_S = 30.0
_PACKET = 1_400
_HEAD = 4_096
_BLOCK = 64 * 1024
_PATIENCE_S = 5.0
_ASKED_FOR = re.compile(rb"^GET /(audio|pages)/([0-9a-f]{64})\.(?:opus|json\.gz) HTTP/1\.[01]\r\n")
_RANGE = re.compile(rb"^range: *bytes=([0-9]{1,12})-\r?$", re.IGNORECASE | re.MULTILINE)

Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
Digests = Annotated[tuple[Digest, ...], msgspec.Meta(max_length=MAX_ASKED)]


class Question(msgspec.Struct, frozen=True, tag="ask"):
    """To all: who has one of these?"""

    nonce: Nonce
    files: Digests


class Answer(msgspec.Struct, frozen=True, tag="have"):
    """To the one who asked: these are served at this port."""

    nonce: Nonce
    files: Digests
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]


class Enough(msgspec.Struct, frozen=True, tag="enough"):
    """To all: this question needs no more answers."""

    nonce: Nonce


class Neighbours:
    """What is known of the neighbours; its methods belong to the agent's thread.

    `near` are the addresses that have a file, by hash; `asked` says when a hash was asked about.
    """

    def __init__(
        self, settings: NeighbourSettings, cache: Cache, emit: Callable[[Returned], None]
    ) -> None:
        self.near: dict[str, tuple[str, ...]] = {}
        self.asked: dict[str, int] = {}
        self._asked_at_ms: int | None = None
        self._blocked: dict[str, int] = {}
        self._mono_ms = 0
        self._door = Door(
            settings, cache, lambda *offer: emit(Returned(partial(self._offered, *offer)))
        )

    def start(self) -> None:
        """Begin to serve and to listen."""
        self._door.start()

    def close(self) -> None:
        """Stop serving and listening."""
        self._door.close()

    def ask(self, hashes: tuple[str, ...], mono_ms: int) -> None:
        """Ask all neighbours about at most 20 files; nothing if that was done a moment ago."""
        self._mono_ms = mono_ms
        if self._asked_at_ms is not None and mono_ms - self._asked_at_ms < QUESTION_EVERY_MS:
            return
        self._asked_at_ms = mono_ms
        if len(self.asked) > MAX_KNOWN:
            self.asked.clear()
        self.asked.update(dict.fromkeys(hashes, mono_ms))
        self._door.ask(hashes)

    def who_has(self, wanted: Wanted) -> tuple[str, ...]:
        """Addresses to try for this file, in no order that others would try too."""
        addresses = self.near.get(wanted.sha256, ())
        return tuple(random.sample(addresses, len(addresses)))

    def fetched(self, fetched: Fetched, *, mono_ms: int) -> None:
        """Learn from the end of a fetch who is of no help."""
        self._mono_ms = mono_ms
        if fetched.outcome is Outcome.HELD:
            self.near.pop(fetched.wanted.sha256, None)
            self.asked.pop(fetched.wanted.sha256, None)
        known = {address for several in self.near.values() for address in several}
        for address, outcome in fetched.failed:
            if address not in known:
                continue
            lied = outcome is Outcome.MISMATCH
            self._blocked[address] = mono_ms + (LIAR_MS if lied else USELESS_MS)
            self._drop(address)
            note(log, "neighbour_left", level=logging.WARNING, address=address, why=outcome)

    def _offered(self, address: str, hashes: tuple[str, ...]) -> None:
        """A neighbour has these."""
        if self._blocked.get(address, 0) > self._mono_ms:
            return
        self._blocked.pop(address, None)
        for sha256 in hashes:
            held = self.near.get(sha256, ())
            if sha256 in self.asked and address not in held and len(held) < MAX_ANSWERS:
                self.near[sha256] = (*held, address)

    def _drop(self, address: str) -> None:
        left = {
            sha256: tuple(each for each in several if each != address)
            for sha256, several in self.near.items()
        }
        self.near = {sha256: several for sha256, several in left.items() if several}


@dataclass(slots=True)
class _Pending:
    """An answer that waits for its moment."""

    due: float
    to: tuple[str, int]
    answer: Answer


class _Sockets:
    """Where questions arrive, where own questions leave and are answered, where guests knock."""

    def __init__(self, settings: NeighbourSettings) -> None:
        self._opened = contextlib.ExitStack()
        try:
            self.group = self._udp()
            self.group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self.group.bind((settings.group, settings.port))
            member = socket.inet_aton(settings.group) + socket.inet_aton(settings.interface)
            self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            self.own = self._udp()
            here = socket.inet_aton(settings.interface)
            self.own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
            self.own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            self.own.bind((settings.interface, 0))
            self.knock = self._listening(settings)
        except OSError:
            self.close()
            raise
        for each in (self.group, self.own, self.knock):
            each.setblocking(False)

    def close(self) -> None:
        """Let go of them all."""
        self._opened.close()

    def wake(self) -> None:
        """Let whoever waits for these look up."""
        with contextlib.suppress(OSError):
            self.own.sendto(b"", self.own.getsockname())

    def _udp(self) -> socket.socket:
        return self._opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def _listening(self, settings: NeighbourSettings) -> socket.socket:
        """Where files are served: the port of the settings, or another if that is taken."""
        for port in (settings.port, 0):
            knock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            knock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                knock.bind((settings.interface, port))
            except OSError:
                knock.close()
                if port == 0:
                    raise
                continue
            knock.listen(MAX_GUESTS)
            break
        return self._opened.enter_context(knock)


class Door:
    """One thread that answers questions and lets guests in; each guest has a thread of its own.

    `offered` is called from that thread with an address and the hashes that are served there.
    """

    def __init__(
        self,
        settings: NeighbourSettings,
        cache: Cache,
        offered: Callable[[str, tuple[str, ...]], None],
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._offered = offered
        self._closing = threading.Event()
        self._guests = threading.BoundedSemaphore(MAX_GUESTS)
        self._pending: dict[str, _Pending] = {}
        # Own questions and how often each was answered; the agent's thread adds, this one counts.
        self._answers: dict[str, int] = {}
        self._sockets: _Sockets | None = None
        self._thread = threading.Thread(target=self._run, name="neighbours", daemon=True)

    def start(self) -> None:
        """Open the door."""
        self._thread.start()

    def close(self) -> None:
        """Shut it; guests lose their connection at their next block."""
        self._closing.set()
        if (sockets := self._sockets) is not None:
            sockets.wake()
        if self._thread.is_alive():
            self._thread.join(2 * _PATIENCE_S)

    def ask(self, hashes: tuple[str, ...]) -> None:
        """Put a question to all; without a network it is not heard."""
        nonce = secrets.token_hex(8)
        self._answers = dict([*self._answers.items()][-MAX_PENDING:]) | {nonce: 0}
        self._say_to_all(Question(nonce, tuple(map(to_digest, hashes))))

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._sockets = _Sockets(self._settings)
            except OSError as e:
                note(log, "neighbours_unreachable", level=logging.WARNING, error=str(e))
                self._closing.wait(_TRY_AGAIN_S)
                continue
            try:
                self._serve(self._sockets)
            except OSError as e:
                note(log, "neighbours_lost", level=logging.WARNING, error=str(e))
                self._closing.wait(_TRY_AGAIN_S)
            finally:
                sockets, self._sockets = self._sockets, None
                sockets.close()

    def _serve(self, sockets: _Sockets) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (sockets.group, sockets.own, sockets.knock):
                selector.register(each, selectors.EVENT_READ)
            while not self._closing.is_set():
                due = min((p.due for p in self._pending.values()), default=None)
                wait_s = None if due is None else max(0.0, due - time.monotonic())
                for key, _ in selector.select(wait_s):
                    if key.fileobj is sockets.knock:
                        self._let_in(sockets.knock)
                    else:
                        self._hear(sockets.group if key.fileobj is sockets.group else sockets.own)
                self._give_due_answers(sockets)

    def _hear(self, sock: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            packet, sender = sock.recvfrom(_PACKET + 1)
            if not is_near(sender[0]) or len(packet) > _PACKET:
                return
            try:
                said = msgspec.json.decode(packet, type=Question | Answer | Enough)
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                return
            self._heed(said, sender)

    def _heed(self, said: Question | Answer | Enough, sender: tuple[str, int]) -> None:
        match said:
            case Question(nonce, files) if nonce not in self._answers:
                have = tuple(file for file in files if self._holds(to_sha256(file)))
                sockets = self._sockets
                if have and sockets is not None and len(self._pending) < MAX_PENDING:
                    due = time.monotonic() + random.uniform(0, ANSWER_JITTER_S)
                    port = sockets.knock.getsockname()[1]
                    self._pending[nonce] = _Pending(due, sender, Answer(nonce, have, port))
            case Answer(nonce, files, port) if nonce in self._answers:
                self._answers[nonce] += 1
                if self._answers[nonce] > MAX_ANSWERS:
                    return
                if self._answers[nonce] == ENOUGH_ANSWERS:
                    self._say_to_all(Enough(nonce))
                self._offered(f"http://{sender[0]}:{port}", tuple(map(to_sha256, files)))
            case Enough(nonce):
                self._pending.pop(nonce, None)

    def _holds(self, sha256: str) -> bool:
        return any(sha256 in shelf for shelf in self._cache.shelves.values())

    def _give_due_answers(self, sockets: _Sockets) -> None:
        now = time.monotonic()
        for nonce in [nonce for nonce, each in self._pending.items() if each.due <= now]:
            pending = self._pending.pop(nonce)
            with contextlib.suppress(OSError):
                sockets.own.sendto(msgspec.json.encode(pending.answer), pending.to)

    def _say_to_all(self, message: Question | Enough) -> None:
        sockets = self._sockets
        if sockets is None:
            return
        with contextlib.suppress(OSError):
            to = (self._settings.group, self._settings.port)
            sockets.own.sendto(msgspec.json.encode(message), to)

    def _let_in(self, knock: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            guest, address = knock.accept()
            if not is_near(address[0]) or not self._guests.acquire(blocking=False):
                guest.close()
                return
            threading.Thread(target=self._host, args=(guest,), name="guest", daemon=True).start()

    def _host(self, guest: socket.socket) -> None:
        try:
            with guest, contextlib.suppress(OSError):
                guest.settimeout(_PATIENCE_S)
                for block in self._reply(guest):
                    guest.sendall(block)
        finally:
            self._guests.release()

    def _reply(self, guest: socket.socket) -> Iterator[bytes]:
        """The whole answer to a guest, no faster than the box can spare."""
        ends = time.monotonic() + GUEST_S
        head = _read_head(guest)
        asked, span = _ASKED_FOR.match(head), _RANGE.search(head)
        shelf, sha256 = (Shelf(asked[1].decode()), asked[2].decode()) if asked else (None, "")
        size = self._cache.shelves[shelf].get(sha256) if shelf else None
        if shelf is None or size is None:
            yield b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            return
        begin = int(span[1]) if span else 0
        if begin >= size:
            yield b"HTTP/1.1 416 Range Not Satisfiable\r\nConnection: close\r\n\r\n"
            return
        with self._cache.path(shelf, sha256).open("rb") as file:
            file.seek(begin)
            status = f"206 Partial Content\r\nContent-Range: bytes {begin}-{size - 1}/{size}"
            lines = (
                f"HTTP/1.1 {status if span else '200 OK'}",
                f"Content-Length: {size - begin}",
                "Connection: close",
            )
            yield ("\r\n".join(lines) + "\r\n\r\n").encode()
            while (block := file.read(_BLOCK)) and time.monotonic() < ends:
                yield block
                if self._closing.wait(len(block) / GUEST_BYTES_PER_S):
                    return


def is_near(address: str) -> bool:
    """Whether an IPv4 address is of this machine, this link or a private network."""
    try:
        ip = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return ip.is_loopback or ip.is_link_local or any(ip in network for network in _PRIVATE)


_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _read_head(guest: socket.socket) -> bytes:
    """What a guest asks for, in time and within bounds, or nothing."""
    ends, head = time.monotonic() + _PATIENCE_S, b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD and time.monotonic() < ends:
        more = guest.recv(_HEAD)
        if not more:
            break
        head += more
    return head
