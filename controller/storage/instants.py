"""Instants in tables are whole milliseconds since 1970 UTC; in the domain, aware datetimes."""

from datetime import UTC, datetime


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC; a naive datetime is refused."""
    if at.utcoffset() is None:
        raise ValueError("a naive datetime names no instant")
    return round(at.timestamp() * 1000)


def to_utc(ms: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)
