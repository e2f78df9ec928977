"""Send what waits in the outbox, in order, whenever the broker is there."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from controller.storage import bell, outbox
from controller.storage.database import Database
from controller.storage.instants import to_ms

log = structlog.get_logger()

AT_ONCE = 200
LOOK_AGAIN_S = 1.0
KEEP_SENT = timedelta(hours=1)


class Publisher(Protocol):
    """The way to the broker."""

    connected: asyncio.Event

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool) -> None:
        """Publish and wait until the broker has it; raises `OSError` when it does not."""


async def send_outbox(
    database: Database, link: Publisher, bells: bell.BellTower, clock: Callable[[], datetime]
) -> None:
    """Publish for ever; a message leaves the outbox only when the broker has taken it."""
    with bells.listening(bell.OUTBOX) as listener:
        while True:
            await link.connected.wait()
            try:
                more = await _send_waiting(database, link, clock)
            except SQLAlchemyError as e:
                # What was sent and could not be marked is sent once more: boxes know it already.
                log.error("outbox_failed", why=str(e)[:300])
                more = False
            if not more:
                await listener.wait(LOOK_AGAIN_S)


async def _send_waiting(database: Database, link: Publisher, clock: Callable[[], datetime]) -> bool:
    """Send one helping; False when nothing is left to do now."""

    def take() -> list[tuple[int, str, bytes, bool]]:
        with database.read() as session:
            waiting = outbox.waiting(session, to_ms(clock()), AT_ONCE)
            return [(m.id or 0, m.topic, m.payload, m.retain) for m in waiting]

    def tidy() -> None:
        with database.write() as session:
            now_ms = to_ms(clock())
            outbox.mark_expired(session, now_ms)
            outbox.forget_sent(session, now_ms - int(KEEP_SENT.total_seconds() * 1000))

    def mark(sent: list[tuple[int, bytes]]) -> None:
        with database.write() as session:
            outbox.mark_sent(session, sent, to_ms(clock()))

    async def send(message: tuple[int, str, bytes, bool]) -> tuple[int, bytes] | None:
        number, topic, payload, retain = message
        try:
            await link.publish(topic, payload, retain=retain)
        except OSError:
            return None
        return number, payload

    messages = await asyncio.to_thread(take)
    if not messages:
        await asyncio.to_thread(tidy)
        return False
    sent = [n for n in await asyncio.gather(*map(send, messages)) if n is not None]
    if sent:
        await asyncio.to_thread(mark, sent)
    log.info("outbox_sent", sent=len(sent), kept=len(messages) - len(sent))
    return len(sent) == len(messages)
