"""Bounded building blocks of the wire: ids, hashes, instants, lengths, gains."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

MAX_PAYLOAD_BYTES = 256 * 1024
"""A larger payload is dropped before its signature is checked."""

DeviceId = Annotated[str, Meta(pattern=r"^[a-z0-9]{12}\Z")]
"""Opaque id of one box."""

ScopeId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
"""Opaque id of an area or group; a merger of communes changes no id."""

Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}\Z")]
"""Opaque id of a cue, play, command, alert, key or spool."""

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]

# 2020-01-01 … 2100-01-01: an instant outside is a fault, not a plan.
UtcMs = Annotated[int, Meta(ge=1_577_836_800_000, le=4_102_444_800_000)]
"""Milliseconds since 1970-01-01T00:00:00Z."""

MAX_CLOCK_MS = 4_102_444_800_000

ClockMs = Annotated[int, Meta(ge=0, le=MAX_CLOCK_MS)]
"""What a box's clock says, which may be wrong: milliseconds since 1970."""

DurationMs = Annotated[int, Meta(ge=0, le=24 * 3_600_000)]
MonotonicMs = Annotated[int, Meta(ge=0, le=1 << 53)]
Serial = Annotated[int, Meta(ge=1, le=1 << 53)]
Sequence = Annotated[int, Meta(ge=1, le=1 << 53)]
Counter = Annotated[int, Meta(ge=0, le=1 << 53)]
AssetBytes = Annotated[int, Meta(ge=1, le=512 * 1024 * 1024)]
"""Size of one audio file: 512 MB is a day of 48 kbit/s."""

GainDb = Annotated[float, Meta(ge=-60.0, le=0.0)]
LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*\Z")]
RulesNumber = Annotated[int, Meta(ge=0, le=1_000_000)]
OffsetMs = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
# No NUL: databases refuse it, and one bad event must not spoil the batch it comes in.
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*\Z")]
Address = Annotated[str, Meta(min_length=1, max_length=500)]
Title = Annotated[str, Meta(max_length=300, pattern=r"^[^\x00]*\Z")]
LocalDate = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]
WallTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z")]

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="deterministic")


def encode(message: msgspec.Struct) -> bytes:
    """Give the one JSON form of `message`: same content, same bytes."""
    return _encoder.encode(message)


class Unreadable(Exception):
    """A payload that is not the message it claims to be; nothing of it is obeyed."""


def decode(payload: bytes, kind: type[T]) -> T:
    """Read `payload` as `kind`; unknown fields are ignored. Raises `Unreadable`."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Unreadable(f"payload of {len(payload)} bytes is over {MAX_PAYLOAD_BYTES}")
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as e:
        raise Unreadable(f"not a {kind.__name__}: {e}") from e
