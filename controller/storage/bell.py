"""Bells that a transaction rings for the loops and screens that wait for its rows."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

OUTBOX = "outbox"
WORK = "work"
EVENTS = "events"
TROUBLE = "trouble"
ALERT = "alert"


def ring(session: Session, name: str) -> None:
    """Ring when, and only if, this transaction commits."""
    session.info.setdefault("bells", set()).add(name)


def rung(session: Session) -> frozenset[str]:
    """What this session's transaction rang."""
    return frozenset(session.info.get("bells", ()))


class Listener:
    """Remembers a ring until it is waited for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiting loop; safe from any thread, also while the loop closes."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, at_most_s: float) -> None:
        """Return at the next ring, or after `at_most_s`."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()


class BellTower:
    """Carries rings from committing threads to those who listen."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {
            name: set() for name in (OUTBOX, WORK, EVENTS, TROUBLE, ALERT)
        }

    def ring(self, names: frozenset[str]) -> None:
        """Wake all who listen to one of these bells."""
        for name in names:
            for listener in tuple(self._listeners[name]):
                listener.ring()

    @contextmanager
    def listening(self, name: str) -> Iterator[Listener]:
        """Listen to a bell, from the running event loop."""
        listener = Listener(asyncio.get_running_loop())
        self._listeners[name].add(listener)
        try:
            yield listener
        finally:
            self._listeners[name].discard(listener)
