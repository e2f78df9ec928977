"""The last lines of the log, in memory: shown to who asks at the box or from the controller."""

import logging
import re
from collections import deque
from collections.abc import Iterable

from edge_agent.log_setup import JsonLines

MAX_LINES = 400
MAX_BYTES = 64 * 1024
MAX_LINE_CHARS = 2_000
FAULTS_KEPT = 10
HIDDEN = "***"
SHORTEST_SECRET = 6
"""To hide a shorter one would hide letters of every line."""

_LOGIN = re.compile(r"(?<=://)[^/\s\"@]+(?=@)")
_NAMED = re.compile(r"(?i)\b(password|passwd|token|secret|api_?key|sig|signature)=[^&\s\"\\]+")


class LogBook(logging.Handler):
    """Keeps at most `MAX_LINES` lines and `MAX_BYTES`, and the last faults for longer.

    `secrets` are never in it, nor what an address says before its host or calls a password.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self._secrets = tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._lines: deque[str] = deque()
        self._bytes = 0
        self._faults: deque[str] = deque(maxlen=FAULTS_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; the oldest make room."""
        line = self._without_secrets(self.format(record))[:MAX_LINE_CHARS]
        self._lines.append(line)
        self._bytes += len(line.encode())
        while len(self._lines) > MAX_LINES or self._bytes > MAX_BYTES:
            self._bytes -= len(self._lines.popleft().encode())
        if record.levelno >= logging.WARNING:
            self._faults.append(line)

    def lines(self, most: int = MAX_LINES) -> tuple[str, ...]:
        """The last lines, oldest first."""
        self.acquire()
        try:
            return tuple(self._lines)[-most:] if most > 0 else ()
        finally:
            self.release()

    def faults(self) -> tuple[str, ...]:
        """The last warnings and errors, oldest first."""
        self.acquire()
        try:
            return tuple(self._faults)
        finally:
            self.release()

    def _without_secrets(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return _NAMED.sub(rf"\1={HIDDEN}", _LOGIN.sub(HIDDEN, line))
