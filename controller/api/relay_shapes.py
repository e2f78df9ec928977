"""Shapes of relays in the JSON API."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from audio_library.stream_check import Heard
from controller.api.shapes import Shape, Short
from controller.operations.relays import shown_address
from controller.storage.instants import to_utc
from controller.storage.schedule_tables import RelaySource


class RelayIn(Shape):
    """Another station's stream."""

    name: Short
    """What people call the station."""
    url: Annotated[str, Field(max_length=1_000)]
    """https; http only with `why_unproved`, from the administrator. 500 characters at most."""
    why_unproved: Annotated[str, Field(max_length=1_000)] = ""
    """Why a stream is accepted that does not prove whose it is; shown in the playback log."""


class RelayOut(Shape):
    """A stream as it is kept."""

    id: str
    """What templates say."""
    name: str
    """What people call the station."""
    url: str
    """What stands behind `?` is not shown: it may be a key."""
    why_unproved: str
    """Why it is accepted without proof of whose it is; empty for https."""
    added_by: str
    """Who added it, or changed it last."""
    added_at: AwareDatetime
    """When that was."""

    @staticmethod
    def of(row: RelaySource) -> "RelayOut":
        """From the table."""
        return RelayOut(
            id=row.id,
            name=row.name,
            url=shown_address(row.url),
            why_unproved=row.why_unproved,
            added_by=row.added_by,
            added_at=to_utc(row.added_ms),
        )


class HeardOut(Shape):
    """What was heard of a stream just now."""

    kind: str
    """Container and codec: `mp3 mp3float`."""
    sample_rate: int
    """In Hz."""
    channels: int
    """1: mono, 2: stereo."""
    bit_rate: int
    """In bit/s; 0 where the stream does not tell."""
    heard_s: float
    """Seconds of sound that came."""
    lufs: float
    """Loudness of it; -70 is silence."""
    silent: bool
    """The stream runs, but nothing is said or played in it."""

    @staticmethod
    def of(heard: Heard) -> "HeardOut":
        """From the domain."""
        return HeardOut(
            kind=heard.kind,
            sample_rate=heard.sample_rate,
            channels=heard.channels,
            bit_rate=heard.bit_rate,
            heard_s=heard.heard_s,
            lufs=heard.lufs,
            silent=heard.silent,
        )
