"""Shapes of calendar feeds."""

from datetime import datetime
from typing import Self

from controller.api.shapes import Shape, Short
from controller.operations.calendar_feed import Feed


class FeedIn(Shape):
    """For whom an address is wanted."""

    unit: Short
    """Id, official code or name of the unit whose programmes it shows, with all below it."""


class FeedOut(Shape):
    """A calendar feed that was made."""

    id: str
    """Names the feed; it does not open it."""
    unit: str
    """Id of the unit whose programmes it shows."""
    unit_name: str
    """Its name."""
    made_by: str
    """Account that made it."""
    made_at: datetime
    """When."""
    revoked_at: datetime | None
    """Since when the address is closed; null: it is open."""

    @classmethod
    def of(cls, feed: Feed) -> Self:
        """As the API says it."""
        return cls(
            id=feed.id,
            unit=feed.unit_id,
            unit_name=feed.unit,
            made_by=feed.made_by,
            made_at=feed.made_at,
            revoked_at=feed.revoked_at,
        )


class NewFeedOut(FeedOut):
    """A calendar feed just made: its address is said this once and kept nowhere."""

    url: str
    """Give it to a phone's calendar; whoever has it reads the programmes until it is revoked."""
