"""Log of the agent: one JSON object a line on standard error, each with a stable `action`."""

import logging
import sys
import time
from typing import TextIO

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")


class JsonLines(logging.Formatter):
    """Writes a record as {"at", "level", "from", "action", …fields}; `at` is UTC.

    What a library logs has the action `library` and its `text`.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "from": record.name,
            "action": getattr(record, "action", "library"),
        }
        fields |= getattr(record, "fields", {"text": record.getMessage()})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        try:
            return _encoder.encode(fields).decode()
        except (UnicodeEncodeError, TypeError, OverflowError):
            # Such as the name of a folder that is no UTF-8: to tell of it must stop nobody.
            import json

            return json.dumps(fields, default=str)


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send everything the process logs to `stream` as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def note(
    logger: logging.Logger, action: str, *, level: int = logging.INFO, **fields: object
) -> None:
    """Log `action` with its fields; tests and operators search for the action's name."""
    logger.log(level, action, extra={"action": action, "fields": fields})
