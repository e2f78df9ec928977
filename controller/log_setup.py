"""Structured logs on standard error; every line has a stable `action`."""

import logging
import sys
from typing import TextIO

import structlog

QUIET = logging.CRITICAL
SECRET_WORDS = ("password", "token", "secret", "private", "cookie")


def _hide_secrets(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for key in event:
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = "…"
    return event


def set_up(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Write all logs as JSON lines to `stream`."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide_secrets,
            structlog.processors.EventRenamer("action"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
