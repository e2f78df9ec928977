"""Word to systemd that the agent works: sent by the loop alone, so that a hung loop is ended.

The protocol of sd_notify(3): datagrams to the socket that the environment names.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.watchdog")

MAX_STATUS_CHARS = 200


@dataclass(frozen=True, slots=True)
class ThreadDied:
    """A thread of this process ended by an exception; what it did is not done any more."""

    name: str


def watch_threads(emit: Callable[[ThreadDied], None]) -> None:
    """From now on, tell of every thread that dies of an exception."""

    def died(what: threading.ExceptHookArgs) -> None:
        name = what.thread.name if what.thread is not None else "?"
        trace: TracebackType | None = what.exc_traceback
        error = what.exc_value if what.exc_value is not None else what.exc_type()
        log.error(
            "thread_died",
            exc_info=(what.exc_type, error, trace),
            extra={"action": "thread_died", "fields": {"thread": name, "error": repr(error)}},
        )
        emit(ThreadDied(name))

    threading.excepthook = died


class Watchdog:
    """Speaks to the service manager, if there is one; never waits for it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._every_ms = _every_ms(environment)
        self._pinged_at: int | None = None
        self._status = ""

    def ready(self) -> None:
        """The agent works now."""
        self._tell("READY=1")

    def turned(self, mono_ms: int, status: str) -> None:
        """The loop has turned and everything that it needs lives; `status` is for people."""
        if status != self._status:
            self._status = status
            self._tell(f"STATUS={status[:MAX_STATUS_CHARS]}".replace("\n", " "))
        due = self._pinged_at is None or mono_ms - self._pinged_at >= self._every_ms / 3
        if self._every_ms and due:
            self._pinged_at = mono_ms
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The agent ends in order."""
        self._tell("STOPPING=1")

    def _tell(self, word: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        address = self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                # "@" stands for the zero byte of an abstract address.
                out.connect("\0" + address[1:] if address[0] == "@" else address)
                out.send(word.encode(), socket.MSG_DONTWAIT)
        except OSError as e:
            note(log, "watchdog_unheard", level=logging.DEBUG, error=str(e))


def _every_ms(environment: Mapping[str, str]) -> int:
    """How often systemd wants to hear of this process; 0 = never."""
    told = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(told) // 1_000 if told.isdigit() and meant else 0
