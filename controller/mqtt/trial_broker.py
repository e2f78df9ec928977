"""amqtt as a stand-in for mosquitto: one machine, loopback only, for trying out.

Its own process: `python -m controller.mqtt.trial_broker`, told {host, port, folder} on stdin.
Accounts are read from the same password file that mosquitto would read, again at SIGHUP.
"""

import asyncio
import json
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from controller.access.passwords import box_password_holds
from controller.mqtt.broker_files import CONTROLLER_USER
from edge_agent.contract import topics


def covers(allowed: str, asked: str) -> bool:
    """Is every topic of filter `asked` also one of filter `allowed`?"""
    wide, narrow = allowed.split("/"), asked.split("/")
    for i, part in enumerate(wide):
        if part == "#":
            return True
        if i >= len(narrow) or (part != narrow[i] and (part != "+" or narrow[i] == "#")):
            return False
    return len(wide) == len(narrow)


def allowed(user: str, topic: str, *, writing: bool) -> bool:
    """The ACL of `broker_files`, for one user and topic or filter."""
    if user == CONTROLLER_USER:
        return covers(f"{topics.PREFIX}/#", topic)
    own = f"{topics.PREFIX}/d/{user}"
    if writing:
        return topic in [topics.up(user, word) for word in topics.UP_WORDS]
    readable = (f"{own}/dn/#", f"{topics.PREFIX}/g/+/dn/#", f"{topics.PREFIX}/c/#")
    return any(covers(r, topic) for r in readable)


class PasswordFile(BaseAuthPlugin):  # type: ignore[misc]
    """A user's name, password and client id must belong together."""

    @dataclass
    class Config:
        """Path of the password file."""

        path: str = ""

    async def authenticate(self, *, session: Session) -> bool:
        """Check one CONNECT against the file as it is now."""
        if session.username != CONTROLLER_USER and session.client_id != session.username:
            return False
        lines = await asyncio.to_thread(Path(self.config.path).read_text)
        known = dict(line.split(":", 1) for line in lines.splitlines())
        hashed = known.get(session.username or "")
        return hashed is not None and box_password_holds(session.password or "", hashed)


class TopicLaw(BaseTopicPlugin):  # type: ignore[misc]
    """Nobody publishes, subscribes or receives outside the ACL."""

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """Judge one publish, subscribe or delivery."""
        if session is None or topic is None or not session.username:
            return False
        return allowed(session.username, topic, writing=action == Action.PUBLISH)


class TrialBroker(Broker):  # type: ignore[misc]
    """amqtt that does not hand retained messages to those who did not ask or may not read."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        holders = self._subscriptions.get(subscription[0], [])
        if any(
            s.client_id == session.client_id for s, _ in holders
        ) and await self._topic_filtering(session, subscription[0], Action.RECEIVE):
            await super()._publish_retained_messages_for_subscription(subscription, session)


async def serve(host: str, port: int, folder: Path) -> None:
    """Run until SIGTERM."""
    plugins = {
        "controller.mqtt.trial_broker.PasswordFile": {"path": str(folder / "passwd")},
        "controller.mqtt.trial_broker.TopicLaw": {},
    }
    listener = {"type": "tcp", "bind": f"{host}:{port}", "max_connections": 200}
    broker = TrialBroker({"listeners": {"default": listener}, "plugins": plugins})
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    # The file is read at each sign-in: nothing to reload.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    await broker.start()
    await ended.wait()
    await broker.shutdown()


def main() -> None:
    """Entry point of the child process."""
    logging.basicConfig(level=logging.CRITICAL)
    # A bare TCP probe, such as the readiness check, is an ERROR to amqtt.
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    order = json.load(sys.stdin)
    asyncio.run(serve(order["host"], order["port"], Path(order["folder"])))


if __name__ == "__main__":
    main()
